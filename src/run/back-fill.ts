/**
 * `--back-fill`: polls the minutes that gaps touched, when the feed is closed and every shard has ended. Polled minutes
 * are journaled, and on the disk for good, before anything shows them.
 */
import type { CandlePoller } from '../broker/broker.js';
import {
  ANSWERS_APART_MS,
  FINAL_AFTER_MS,
  SETTLE_MS,
  stableCandles,
  type StableCandles,
} from '../broker/stable-answers.js';
import type { CandleRow } from '../candles/candle.js';
import { pause, type Clock } from '../clock.js';
import { EngineError } from '../errors.js';
import { logInPatiently } from '../feed/patient-log-in.js';
import type { BackFillFigures } from '../gates/facts.js';
import { priceScale } from '../market/instrument.js';
import { istStamp, MINUTE_MS } from '../market/session.js';
import { KIND, type BlockStamp } from '../journal/format.js';
import type { BlockBuilder } from '../journal/blocks.js';
import { polledEntry } from '../ingest/polled-entry.js';
import type { ShardMemory } from '../memory/layout.js';
import { isGapMinute, readPolled, type PolledMinute } from '../memory/polled.js';
import { readBar, type RowPlace } from '../memory/shard-reader.js';
import { barLabelMs, isAuction } from '../memory/bar-times.js';
import { count } from '../text/count.js';
import { broker } from './broker.js';
import type { Source } from './source.js';

/** Polled minutes of one block of the journal. */
const BLOCK_ENTRIES = 1000;

interface Candles {
  readonly memories: readonly ShardMemory[];
  readonly places: readonly RowPlace[];
}

/** The span of a run, market time, epoch ms. */
export interface RunSpan {
  readonly openedMs: number;
  readonly endedMs: number;
}

/** The minutes of one instrument that are to be polled: starts, epoch ms, ascending; at least one. */
export interface MissingMinutes {
  readonly place: RowPlace;
  readonly minutes: readonly number[];
}

/**
 * What a run did not see whole because of a gap, from the minute of its first connection to the last that ended before
 * it, and did not poll yet. Call it when every shard has applied END.
 */
export function missingMinutes(
  { memories, places }: Candles,
  { openedMs, endedMs }: RunSpan,
): MissingMinutes[] {
  const fromMs = Math.floor(openedMs / MINUTE_MS) * MINUTE_MS;
  return places.flatMap((place) => {
    const m = memories[place.shard];
    const { row } = place;
    const minutes: number[] = [];
    for (let bar = 0; bar < m.shape.bars; bar++) {
      if (!m.hasBar(row, bar) || isAuction(m, row, bar)) continue;
      const startMs = barLabelMs(m, row, bar);
      if (startMs < fromMs || startMs + MINUTE_MS > endedMs) continue;
      if (isGapMinute(m, row, bar, readBar(m, row, bar)) && readPolled(m, row, bar) === undefined)
        minutes.push(startMs);
    }
    return minutes.length === 0 ? [] : [{ place, minutes }];
  });
}

export interface BackFillOptions {
  readonly source: Pick<Source, 'clock' | 'endpoint' | 'credentials'>;
  /** False in a run whose volume is a number of ticks: then polled volume is 0. */
  readonly hasVolume: boolean;
  readonly say: (sentence: string) => void;
  /** Ends it early. */
  readonly signal: AbortSignal;
}

export interface BackFilled {
  readonly rows: readonly PolledMinute[];
  readonly figures: BackFillFigures;
}

const sumOf = (missing: readonly MissingMinutes[]): number =>
  missing.reduce((sum, { minutes }) => sum + minutes.length, 0);

/** Start of the last minute of all. */
const lastOf = (missing: readonly MissingMinutes[]): number =>
  Math.max(...missing.map(({ minutes }) => minutes.at(-1)!));

const NONE = { minutes: 0, polled: 0, disagreed: 0, refused: 0, absent: 0, left: 0, requests: 0, notes: [] };

/** Figures of a back-fill that asked for nothing, and why; without `why` there was nothing to ask for. */
export function notAsked(missing: readonly MissingMinutes[], why?: string): BackFillFigures {
  const minutes = sumOf(missing);
  return { ...NONE, minutes, left: minutes, notes: why === undefined || minutes === 0 ? [] : [why] };
}

/**
 * Logs in and polls until two answers agree. Never throws EngineError: what could not be had is in the figures, with a
 * sentence. Gives what was had until then.
 */
export async function pollMissing(
  missing: readonly MissingMinutes[],
  options: BackFillOptions,
): Promise<BackFilled> {
  if (missing.length === 0) return { rows: [], figures: NONE };
  const { source, signal, say } = options;
  const { clock, endpoint, credentials } = source;
  say(
    `Back-fill: ${count(sumOf(missing), 'minute')} of ${count(missing.length, 'symbol')} are missing or partial because of a gap.`,
  );
  const settled: (StableCandles | undefined)[] = missing.map(() => undefined);
  let poller: CandlePoller | undefined;
  let trouble: string | undefined;
  try {
    await settle(lastOf(missing), clock, signal, say);
    const session = await logInPatiently(broker.access, { endpoint, credentials }, clock, signal, say);
    poller = broker.candles.poller({ endpoint, session, clock, signal, say });
    await pollEach(missing, poller, settled, options);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    trouble = signal.aborted ? 'The back-fill was interrupted.' : error.message;
  }
  return summed(missing, settled, { ...options, requests: poller?.requests ?? 0, trouble });
}

/** Until the broker no longer changes the minute that begins at `lastMs`. */
async function settle(
  lastMs: number,
  clock: Clock,
  signal: AbortSignal,
  say: BackFillOptions['say'],
): Promise<void> {
  const settlesMs = lastMs + MINUTE_MS + SETTLE_MS;
  const waitMs = (settlesMs - clock.marketMs()) / clock.speed;
  if (waitMs <= 0) return;
  say(`Back-fill: waiting until ${istStamp(settlesMs)}, when the last of them has settled.`);
  await pause(waitMs, clock, signal);
}

/** One window for each symbol, from its first missing minute to its last. Writes each result to `settled`. */
async function pollEach(
  missing: readonly MissingMinutes[],
  poller: CandlePoller,
  settled: (StableCandles | undefined)[],
  { source: { clock }, signal, say }: BackFillOptions,
): Promise<void> {
  const finalMs = lastOf(missing) + MINUTE_MS + FINAL_AFTER_MS;
  const results = await stableCandles(
    missing.map(({ place: { instrument }, minutes }) => ({
      instrument,
      fromMs: minutes[0],
      toMs: minutes.at(-1)!,
    })),
    {
      ask: (instrument, fromMs, toMs) => poller.candles(instrument, fromMs, toMs),
      apart: () => pause(clock.marketMs() > finalMs ? 0 : ANSWERS_APART_MS, clock, signal),
      say: (sentence) => say(`Back-fill: ${sentence}`),
      onResult: (index, result) => (settled[index] = result),
    },
  );
  for (const [index, result] of results.entries()) settled[index] = result;
}

/** The broker's candle in wire units. */
function polledMinute(
  { instrument }: RowPlace,
  { timestampMs, open, high, low, close, volume }: CandleRow,
  answers: number,
  hasVolume: boolean,
): PolledMinute {
  const wire = (rupees: number): number => Math.round(rupees * priceScale(instrument.exchangeType));
  return {
    instrument: instrument.index,
    minuteMs: timestampMs,
    open: wire(open),
    high: wire(high),
    low: wire(low),
    close: wire(close),
    volume: hasVolume ? volume : 0,
    answers,
  };
}

const isCandle = ({ open, high, low, close }: PolledMinute): boolean =>
  low > 0 && low <= Math.min(open, close) && high >= Math.max(open, close);

/** What came of each minute. */
function summed(
  missing: readonly MissingMinutes[],
  settled: readonly (StableCandles | undefined)[],
  rest: Pick<BackFillOptions, 'hasVolume'> & {
    readonly requests: number;
    readonly trouble: string | undefined;
  },
): BackFilled {
  const rows: PolledMinute[] = [];
  const sums = { disagreed: 0, refused: 0, absent: 0, left: 0 };
  const notes = rest.trouble === undefined ? [] : [rest.trouble];
  for (const [k, { place, minutes }] of missing.entries()) {
    const answer = settled[k];
    if (answer === undefined) sums.left += minutes.length;
    else if (answer.refused !== undefined) {
      sums.refused += minutes.length;
      notes.push(answer.refused);
    } else if (answer.agreedAfter === undefined) sums.disagreed += minutes.length;
    else {
      const wanted = new Set(minutes);
      const polled = answer.rows
        .filter(({ timestampMs }) => wanted.has(timestampMs))
        .map((row) => polledMinute(place, row, answer.agreedAfter!, rest.hasVolume))
        .filter(isCandle);
      rows.push(...polled);
      sums.absent += minutes.length - polled.length;
    }
  }
  const { requests } = rest;
  return { rows, figures: { minutes: sumOf(missing), polled: rows.length, ...sums, requests, notes } };
}

/** Puts polled minutes into blocks of a journal; the last stays open. */
export function putPolled(
  rows: readonly PolledMinute[],
  stamp: BlockStamp,
  blocks: Pick<BlockBuilder, 'open' | 'numbers'>,
): void {
  for (let from = 0; from < rows.length; from += BLOCK_ENTRIES) {
    blocks.open(stamp);
    for (const row of rows.slice(from, from + BLOCK_ENTRIES)) blocks.numbers(KIND.polled, polledEntry(row));
  }
}
