/** A run told by hand whose candles are published from its memory by the thread that a run has. */
import { afterEach, vi } from 'vitest';
import { openShards, sharedShards } from '../../src/candles/shared-shards.js';
import { CandleStream } from '../../src/candles/stream.js';
import { SystemClock } from '../../src/clock.js';
import { LEDGER } from '../../src/memory/io-ledger.js';
import { readServers, type NatsServers } from '../../src/publish/servers.js';
import type { PublishedCandle } from '../../src/publish/message.js';
import { PublishHost, type PublishHostOptions } from '../../src/threads/publish-host.js';
import { IDENTITY } from '../parquet/candles.js';
import { at, drain } from '../shard/drive.js';
import { Script } from '../shard/script.js';

const TIMEFRAMES = ['1m', '5m'] as const;
const SYMBOLS = ['RELIANCE', 'INFY'] as const;
const MINUTE_MS = 60_000;
const FIRST_MS = at('11:00');

const running: PublishHost[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

const NO_CREDENTIALS = { user: undefined, password: undefined, token: undefined, nkeySeed: undefined };

export class PublishedRun {
  readonly script = new Script().subscribe(FIRST_MS - 30_000);
  readonly said: string[] = [];
  readonly ledger = new SharedArrayBuffer(LEDGER.words * 4);
  #minute = 0;

  /** `offset`: added to prices, for a run that saw other trades. */
  constructor(readonly offset = 0) {}

  publisher(url: string, more: Partial<PublishHostOptions> = {}): PublishHost {
    const host = new PublishHost({
      engine: this.script.engine,
      timeframes: TIMEFRAMES,
      access: { servers: readServers(url) as NatsServers, credentials: NO_CREDENTIALS, ca: undefined },
      run: 'run-1',
      identity: IDENTITY,
      sinceMs: undefined,
      ledger: this.ledger,
      clock: new SystemClock(),
      say: (sentence) => this.said.push(sentence),
      ...more,
    });
    running.push(host);
    return host;
  }

  /** Minutes of trading, all but the last of them sealed; in each a packet of a minute that is sealed comes late. */
  minutes(count: number): this {
    for (let k = 0; k < count; k++) {
      const startMs = FIRST_MS + this.#minute * MINUTE_MS;
      for (const [s, symbol] of SYMBOLS.entries()) {
        const price = 10_000 + 100 * this.#minute + 10 * s + this.offset;
        for (const second of [1, 12, 23, 34, 45, 56]) {
          this.script.frame(symbol, startMs + second * 1000 + s * 100, price + second);
        }
        // Sealed in the step before.
        if (this.#minute > 1)
          this.script.frame(symbol, startMs + 57_000, price - 500, { exchangeMs: BigInt(startMs - 60_500) });
      }
      this.#minute++;
      this.script.engine.router.publish();
      drain(this.script.engine);
    }
    return this;
  }

  end(): this {
    this.script.end();
    return this;
  }

  /** Candles and revisions of the run as its memory has them now. */
  get events(): PublishedCandle[] {
    const stream = new CandleStream(openShards(sharedShards(this.script.engine)), { timeframes: TIMEFRAMES });
    return [...stream.read()].filter(
      (event): event is PublishedCandle => event.type === 'candle' || event.type === 'revision',
    );
  }
}

/** Waits for a condition, however long the machine takes. */
export const eventually = (holds: () => boolean): Promise<void> =>
  vi.waitFor(
    () => {
      if (!holds()) throw new Error('not yet');
    },
    { timeout: 120_000, interval: 20 },
  );
