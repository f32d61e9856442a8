/** The back-fill at a run's end: polls, journals, and shows what it polled. */
import type { BackFillFigures } from '../gates/facts.js';
import type { Engine } from '../ingest/engine.js';
import type { BlockStamp } from '../journal/format.js';
import type { JournalWriter } from '../journal/writer.js';
import { layPolled, tellPolled, type PolledMinute } from '../memory/polled.js';
import type { NetworkAudit } from '../monitor/network-audit.js';
import { missingMinutes, notAsked, pollMissing, putPolled, type RunSpan } from './back-fill.js';
import type { Plan } from './plan.js';
import type { Source } from './source.js';

export interface RunBackFillOptions {
  readonly plan: Pick<Plan, 'config' | 'runId' | 'volumeKind'>;
  readonly source: Source;
  readonly engine: Engine;
  readonly journal: JournalWriter | undefined;
  readonly network: Pick<NetworkAudit, 'enter'>;
  /** Undefined if no connection was ever open. */
  readonly span: RunSpan | undefined;
  /** How the run ended before its time, after "The run"; then nothing is asked for. */
  readonly early: string | undefined;
  readonly say: (sentence: string) => void;
  /** Ends the polling: what was had until then is kept. */
  readonly abort: AbortController;
}

/**
 * Call it when every shard has applied END and before the files are finished. Undefined without `--back-fill`. Never
 * throws EngineError.
 */
export async function backFillRun(options: RunBackFillOptions): Promise<BackFillFigures | undefined> {
  const { plan, source, engine, journal, network, span, early, say, abort } = options;
  if (!plan.config.backFill || journal === undefined) return undefined;
  const missing = span === undefined ? [] : missingMinutes(engine, span);
  if (early !== undefined)
    return notAsked(
      missing,
      `The run ${early}: \`tickshard backfill\` polls them, with ${journal.figures.folder}.`,
    );
  if (missing.length === 0) return notAsked(missing);
  const { stepper } = source;
  // A simulator that has gone gives no answers.
  stepper?.start(() => abort.abort());
  network.enter('back-fill');
  const { rows, figures } = await pollMissing(missing, {
    source,
    hasVolume: plan.volumeKind === 'traded',
    say,
    signal: abort.signal,
  }).finally(async () => {
    await stepper?.stop();
    network.enter('after');
  });
  if (rows.length === 0) return figures;
  if (!(await journaled(rows, journal, stampOf(source)))) {
    const note = 'The journal does not take the polled candles, so none is used.';
    return { ...figures, polled: 0, left: figures.left + rows.length, notes: [...figures.notes, note] };
  }
  for (const row of rows) layPolled(engine, row);
  tellPolled(engine.memories);
  return figures;
}

function stampOf({ clock }: Source): BlockStamp {
  return { connection: 0, monoMs: clock.monoMs(), wallMs: clock.wallMs(), marketMs: clock.marketMs() };
}

/** False if the disk does not take them. */
async function journaled(
  rows: readonly PolledMinute[],
  journal: JournalWriter,
  stamp: BlockStamp,
): Promise<boolean> {
  putPolled(rows, stamp, {
    open: (at) => journal.open(at),
    numbers: (kind, numbers) => journal.numbers(kind, ...numbers),
  });
  return journal.durable();
}
