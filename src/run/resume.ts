/** `--resume`: finds the killed run and restores its state in this process. */
import { RULES } from '../candles/rules.js';
import { rulesOf, timeframesOf } from '../journal/meta.js';
import { type Clock, sleep } from '../clock.js';
import { isStepped, type StageConfig } from '../cli/config.js';
import { EngineError } from '../errors.js';
import { runsIn } from '../journal/folder.js';
import type { BlockStamp } from '../journal/format.js';
import { cutTornTail, type JournalPosition } from '../journal/segments.js';
import { istDate, istStamp, MINUTE_MS } from '../market/session.js';
import type { MinuteRange } from '../parquet/merge.js';
import type { ConnectionRecord } from '../monitor/connection-record.js';
import { count } from '../text/count.js';
import type { Engine } from '../ingest/engine.js';
import { isAlive } from '../text/process-liveness.js';
import type { Intake } from '../ingest/intake.js';
import { readJournalSummary, JournalSource, type JournalSummary } from '../ingest/journal-source.js';
import { type Plan, feedName } from './plan.js';
import type { WriterHost } from '../threads/writer-host.js';
import { nameOf, type Instrument } from '../market/instrument.js';

/** Real ms between checks that the shards have read everything. */
const LOOK_MS = 2;
/** Market ms, besides grace, from the label of a minute or of the auction until it is sealed: at most this. */
const UNSEALED_MS = 3 * MINUTE_MS;

function nothing(folder: string, why: string): EngineError {
  return new EngineError(
    'JOURNAL',
    `There is nothing to resume in ${folder}: ${why}; without --resume a new run begins.`,
  );
}

/**
 * Market time now, epoch ms, by the killed run's clock. In stepped time `resumeAfterS` after what the journal has last.
 */
function marketNow({ meta, last }: JournalSummary, config: StageConfig, nowWallMs: number): number {
  if (config.resumeAfterS !== undefined) return last.marketMs + config.resumeAfterS * 1000;
  return meta.marketMs + (nowWallMs - meta.wallMs) * meta.speed;
}

/** How a journaled run differs from the requested one, a phrase; undefined if it does not. */
function otherThan(about: JournalSummary, config: StageConfig, nowWallMs: number): string | undefined {
  const { meta } = about;
  const lasted = (minutes: number | null | undefined): string =>
    typeof minutes === 'number' ? `--duration ${minutes}` : '--until-close';
  if (rulesOf(meta) !== RULES)
    return `followed rules ${rulesOf(meta)}, and this version follows rules ${RULES}`;
  if (config.shadow !== (meta.shadow === true))
    return meta.shadow === true ? 'was a shadow run' : 'was a stage run';
  if (lasted(config.durationMin) !== lasted(meta.durationMin)) return `had ${lasted(meta.durationMin)}`;
  if (isStepped(config.feed) !== (meta.stepped === true))
    return meta.stepped === true ? 'had --speed max' : 'had another --speed than max';
  const asked = {
    '--mode': config.mode,
    '--stage': config.stage,
    '--grace': config.graceMs,
    '--feed': feedName(config.feed),
    '--timeframes': config.timeframes.join(),
  };
  const was = {
    '--mode': meta.mode,
    '--stage': meta.stage,
    '--grace': meta.graceMs,
    '--feed': meta.feed,
    '--timeframes': timeframesOf(meta).join(),
  };
  const name = (Object.keys(asked) as (keyof typeof asked)[]).find((option) => asked[option] !== was[option]);
  if (name !== undefined) return `had ${name} ${name === '--grace' ? meta.graceMs / 1000 : was[name]}`;
  if (istDate(marketNow(about, config, nowWallMs)) !== istDate(meta.marketDateMs))
    return `was of ${istDate(meta.marketDateMs)}`;
  return undefined;
}

/**
 * The newest killed run in the journals' folder that matches `config`. Throws EngineError JOURNAL without one, or if
 * its process still runs or its journal is damaged.
 */
export async function findKilled(config: StageConfig, nowWallMs: number): Promise<JournalSummary> {
  const folder = config.journal!;
  const others: string[] = [];
  for (const { folder: run, runId } of runsIn(folder)) {
    let about: JournalSummary;
    try {
      about = await readJournalSummary(run);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      others.push(`${runId} cannot be used (${error.message})`);
      continue;
    }
    // A run killed after END still has files to write, so only the sum excludes it.
    if (about.sum !== undefined) continue;
    if (about.over) {
      others.push(
        `${runId} came to its end, and its journal, which has nothing after ${istStamp(about.last.marketMs)}, has no more to give`,
      );
      continue;
    }
    const other = otherThan(about, config, nowWallMs);
    if (other !== undefined) {
      others.push(`${runId} ${other}`);
      continue;
    }
    const { processId, processStart } = about.lastProcess;
    if (isAlive(processId, processStart))
      throw nothing(folder, `run ${runId} is still going on in process ${processId}`);
    if (about.extent.broken === 'damaged')
      throw nothing(
        folder,
        `the journal of run ${runId} is damaged in segment ${about.extent.segment} at byte ${about.extent.offset}; \`tickshard replay\` shows what can be read`,
      );
    return about;
  }
  throw nothing(folder, others.length === 0 ? 'no run was killed there' : others[0]);
}

/** Continues the killed run's market clock to now. */
export function resumedConfig(
  config: StageConfig,
  about: JournalSummary,
  now: { readonly wallMs: number; readonly monoMs: number },
): StageConfig {
  const { feed } = config;
  const atMs = marketNow(about, config, now.wallMs);
  // The simulated market starts at a whole second.
  if (feed.kind === 'sim') return { ...config, feed: { ...feed, atMs: Math.floor(atMs / 1000) * 1000 } };
  if (feed.kind === 'url' && feed.marketClock !== undefined)
    return {
      ...config,
      feed: { ...feed, marketClock: { ...feed.marketClock, originMs: atMs, anchorMonoMs: now.monoMs } },
    };
  return config;
}

/** Throws EngineError JOURNAL if the plan's symbols are not the run's. */
export function checkSymbols({ meta }: JournalSummary, { instruments }: Plan): void {
  const names = (list: readonly Instrument[]): string =>
    list.map((one) => `${nameOf(one)} ${one.token}`).join(',');
  if (names(meta.instruments) !== names(instruments))
    throw new EngineError(
      'JOURNAL',
      `Run ${meta.runId} had other symbols: ${count(meta.instruments.length, 'symbol')}, ${meta.instruments
        .slice(0, 3)
        .map(nameOf)
        .join(', ')}${meta.instruments.length > 3 ? ', ...' : ''}; give it the same command line.`,
    );
}

/**
 * Takes in the killed process's journal and writes its candles: this process then owns those rows and may correct
 * them. Cuts off an incomplete write. Returns the position where this process's journal continues.
 */
export async function replayKilledRun(
  { folder, extent, frames, last }: JournalSummary,
  engine: Engine,
  intake: Intake,
  writer: WriterHost,
): Promise<JournalPosition> {
  await new JournalSource({ folder, engine, intake }).run();
  while (!engine.router.isDrained) await sleep(LOOK_MS);
  await writer.settle();
  cutTornTail(folder, extent);
  return {
    segment: extent.segment + 1,
    block: extent.blocks,
    frames,
    bytes: extent.bytes,
    marketMs: last.marketMs,
  };
}

/**
 * Minutes of which killed processes saw more than the journal holds; undefined if none. Minutes that were not sealed
 * when the journal ended are among them. `nowMs`: market time.
 */
export function seenBetterBy(killed: JournalSummary | undefined, nowMs: number): MinuteRange | undefined {
  const [first] = killed?.lacks ?? [];
  if (killed === undefined || first === undefined) return undefined;
  return {
    fromMs: first.after.marketMs - killed.meta.graceMs - UNSEALED_MS,
    toMs: killed.lacks.at(-1)!.resumed?.marketMs ?? nowMs,
  };
}

/**
 * Maps the killed process's times to this process's monotonic time by the wall clock, which continues through a
 * restart of the machine.
 */
export function restore(record: ConnectionRecord, about: JournalSummary, clock: Clock): void {
  const at = ({ wallMs, marketMs }: BlockStamp): { monoMs: number; marketMs: number } => ({
    monoMs: clock.monoMs() - (clock.wallMs() - wallMs),
    marketMs,
  });
  let connection = 0;
  let openedMs = 0;
  const killed = (stamp: BlockStamp): void => {
    if (!record.connected) return;
    const early = about.lacks.some(({ after }) => after === stamp);
    const sentence = `The program was killed ${early ? 'after its journal had ended, ' : ''}at ${istStamp(stamp.marketMs)} of market time; the run went on with --resume.`;
    record.closed(
      {
        connection,
        cause: 'killed',
        code: undefined,
        reason: '',
        sentence,
        livedMs: stamp.wallMs - openedMs,
      },
      at(stamp),
    );
  };
  for (const event of about.connections) {
    if ('opened' in event) {
      connection = event.opened.connection;
      openedMs = event.opened.wallMs;
      record.opened(at(event.opened));
    } else if ('ended' in event) record.closed(event.ended, at(event.stamp));
    else killed(event.killed);
  }
  if (about.ended === undefined) killed(about.last);
  else record.end(at(about.ended));
}

/** The first connection's opening, and real ms from then to the market's; undefined if none opened. */
export function firstOpening({
  connections,
  meta,
}: JournalSummary): { readonly openedMarketMs: number; readonly earlyMs: number } | undefined {
  const first = connections.find((event) => 'opened' in event);
  if (first === undefined) return undefined;
  const openedMarketMs = Math.max(first.opened.marketMs, meta.opensMs ?? 0);
  return { openedMarketMs, earlyMs: (openedMarketMs - first.opened.marketMs) / meta.speed };
}

/** The journal ends before the killed process did. */
function endsEarly({ lacks }: JournalSummary): boolean {
  return lacks.some(({ resumed }) => resumed === undefined);
}

export function resumingText(killed: JournalSummary, nowMarketMs: number): string {
  const { meta, last, frames, extent } = killed;
  const lacking = endsEarly(killed)
    ? ' The journal ends there, before the killed process did: what came next is a gap, and better candles of it that are stored stay.'
    : '';
  const cut =
    extent.tornBytes === 0
      ? ''
      : `; ${count(extent.tornBytes, 'byte')} of a write that was cut off were left out`;
  return `Resuming run ${meta.runId}: ${count(frames, 'frame')} from its journal, until ${istStamp(last.marketMs)}${cut}.${lacking} ${Math.max(0, Math.round((nowMarketMs - last.marketMs) / 1000))} s of market time have passed since.`;
}
