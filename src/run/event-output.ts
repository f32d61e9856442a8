/** A run's notices, and its `--stream` if one was asked for. */
import { SystemClock } from '../clock.js';
import type { Facts } from '../gates/facts.js';
import type { RunVerdict } from '../gates/gate.js';
import type { Engine } from '../ingest/engine.js';
import { Notices } from '../memory/notices.js';
import { Staleness } from '../monitor/staleness.js';
import { StreamHost } from '../threads/stream-host.js';
import type { Plan } from './plan.js';

export class EventOutput {
  readonly notices: Notices;
  readonly #staleness: Staleness;
  readonly #host: StreamHost | undefined;

  /** `say`: a sentence for people when the stream ends before the run. */
  constructor(
    { config, instruments, sessionOf }: Pick<Plan, 'config' | 'instruments' | 'sessionOf'>,
    engine: Engine,
    ledger: SharedArrayBuffer,
    say: (sentence: string) => void,
  ) {
    this.notices = new Notices(instruments.length);
    this.#staleness = new Staleness(this.notices, instruments.map(sessionOf));
    if (!config.stream) return;
    this.#host = new StreamHost({
      engine,
      notices: this.notices,
      timeframes: config.timeframes,
      ledger,
      clock: new SystemClock(),
      onBroken: say,
    });
  }

  start(): void {
    this.#host?.start();
  }

  /** Notes what changed since the facts before. */
  update({ feed, market, symbols }: Pick<Facts, 'feed' | 'market' | 'symbols'>): void {
    this.#staleness.update(
      feed.connected,
      market.timeMs,
      symbols.map(({ figures }) => figures.lastTickMs),
    );
  }

  /** The stream ends with the verdict. Waits while its reader reads. */
  async conclude(verdict: RunVerdict): Promise<void> {
    this.notices.conclude(verdict);
    await this.#host?.finish();
  }

  async stop(): Promise<void> {
    await this.#host?.stop();
  }
}
