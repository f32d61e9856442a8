/** The writer of a run: its files, and the momentum rule. */
import type { WarmUpCandles } from '../candles/warm-up-candles.js';
import type { Engine } from '../ingest/engine.js';
import type { JournalSummary } from '../ingest/journal-source.js';
import type { OutLock } from '../parquet/out-lock.js';
import { WriterHost } from '../threads/writer-host.js';
import type { RunRoom } from './output-folders.js';
import type { Plan } from './plan.js';
import { seenBetterBy } from './resume.js';

export interface RunWriterOptions {
  readonly plan: Plan;
  readonly engine: Engine;
  readonly lock: OutLock;
  readonly room: RunRoom;
  /** The run that this one resumes. */
  readonly killed: JournalSummary | undefined;
  readonly given: WarmUpCandles | undefined;
  readonly ledger: SharedArrayBuffer;
  /** Each failure, for the log. */
  readonly onFailure: (sentence: string) => void;
  /** For people. */
  readonly say: (sentence: string) => void;
}

/** Not started: `prepare` starts its thread. */
export function runWriter(options: RunWriterOptions): WriterHost {
  const { plan, engine, lock, room, killed, given, ledger } = options;
  return new WriterHost({
    memories: engine.memories,
    places: engine.places,
    outDir: plan.outDir,
    lock: lock.token,
    reserve: room.token,
    seenBetter: seenBetterBy(killed, plan.startsMs),
    identity: plan.identity,
    timeframes: plan.config.timeframes,
    historyDir: plan.config.history,
    marketDateMs: plan.startsMs,
    given,
    ledger,
    onFailure: (sentence) => {
      options.onFailure(sentence);
      void lock.refresh();
    },
    onTrouble: options.say,
  });
}
