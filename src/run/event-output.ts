/** A run's notices, its `--stream` and its `--publish` if they were asked for. */
import { SystemClock } from '../clock.js';
import type { Facts } from '../gates/facts.js';
import type { RunVerdict } from '../gates/gate.js';
import type { Engine } from '../ingest/engine.js';
import { Notices } from '../memory/notices.js';
import { Staleness } from '../monitor/staleness.js';
import { DAY_MS } from '../market/session.js';
import type { PublishFigures } from '../publish/figures.js';
import { PublishHost } from '../threads/publish-host.js';
import { StreamHost } from '../threads/stream-host.js';
import type { Plan } from './plan.js';
import { publishAccess } from './source.js';

export class EventOutput {
  readonly notices: Notices;
  readonly #staleness: Staleness;
  readonly #host: StreamHost | undefined;
  readonly #publisher: PublishHost | undefined;

  /** `say`: for people, when the stream ends before the run or publishing fails. Throws EngineError CONFIG. */
  constructor(
    plan: Pick<Plan, 'config' | 'instruments' | 'sessionOf' | 'runId' | 'startsMs' | 'identity'>,
    engine: Engine,
    ledger: SharedArrayBuffer,
    say: (sentence: string) => void,
  ) {
    const { config, instruments, sessionOf } = plan;
    this.notices = new Notices(instruments.length);
    this.#staleness = new Staleness(this.notices, instruments.map(sessionOf));
    const common = { engine, timeframes: config.timeframes, ledger, clock: new SystemClock() };
    if (config.stream) this.#host = new StreamHost({ ...common, notices: this.notices, onBroken: say });
    const access = publishAccess(config);
    if (access !== undefined)
      this.#publisher = new PublishHost({
        ...common,
        access,
        run: plan.runId,
        identity: plan.identity,
        // Only the live feed's market time is the time of the servers.
        sinceMs: config.feed.kind === 'live' ? plan.startsMs - DAY_MS : undefined,
        say,
      });
  }

  start(): void {
    this.#host?.start();
    this.#publisher?.start();
  }

  /** Undefined without `--publish`. */
  get published(): PublishFigures | undefined {
    return this.#publisher?.figures;
  }

  /** When no candle changes any more: waits for a while until all are published. */
  async finishPublishing(): Promise<void> {
    await this.#publisher?.finish();
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
    await Promise.all([this.#host?.stop(), this.#publisher?.stop()]);
  }
}
