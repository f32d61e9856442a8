/** What follows a replay, if it was asked for: `--stream` and `--publish`. */
import type { ValuesOf } from '../../cli/options/table.js';
import { SystemClock } from '../../clock.js';
import type { Engine } from '../../ingest/engine.js';
import type { JournalSummary } from '../../ingest/journal-source.js';
import { identityOf } from '../../journal/meta.js';
import { DAY_MS } from '../../market/session.js';
import type { Timeframe } from '../../market/timeframe.js';
import { LEDGER } from '../../memory/io-ledger.js';
import { Notices, type RunVerdict } from '../../memory/notices.js';
import type { PublishFigures } from '../../publish/figures.js';
import { publishAccess } from '../../run/source.js';
import { PublishHost } from '../../threads/publish-host.js';
import { StreamHost } from '../../threads/stream-host.js';

export interface Followers {
  /** Undefined without `--publish`. */
  readonly published: PublishFigures | undefined;
  start(): void;
  /** When no candle changes any more: waits until all is taken, in bounded time. */
  finish(verdict: RunVerdict | null): Promise<void>;
  /** At once. */
  stop(): Promise<void>;
}

/** A replay notes no connections, and no instruments that were stale. Throws EngineError CONFIG. */
export function followersOf(
  { meta }: JournalSummary,
  engine: Engine,
  options: Pick<ValuesOf<'replay'>, 'stream' | 'publish' | 'publishCa'> & {
    readonly timeframes: readonly Timeframe[];
  },
): Followers {
  const notices = new Notices(engine.places.length);
  const common = {
    engine,
    timeframes: options.timeframes,
    ledger: new SharedArrayBuffer(LEDGER.words * 4),
    clock: new SystemClock(),
  };
  const say = (sentence: string): void => void process.stderr.write(`tickshard: ${sentence}\n`);
  const stream = options.stream ? new StreamHost({ ...common, notices, onBroken: say }) : undefined;
  const access = publishAccess(options);
  const sinceMs = meta.feed === 'live' ? meta.marketDateMs - DAY_MS : undefined;
  const publisher =
    access &&
    new PublishHost({ ...common, access, run: meta.runId, identity: identityOf(meta), sinceMs, say });
  return {
    get published() {
      return publisher?.figures;
    },
    start() {
      stream?.start();
      publisher?.start();
    },
    async finish(verdict) {
      await publisher?.finish();
      notices.conclude(verdict);
      await stream?.finish();
    },
    async stop() {
      await Promise.all([stream?.stop(), publisher?.stop()]);
    },
  };
}
