/** A market that ticks by a schedule while something else happens, for benches `seal` and `isolation`. */
import { Piscina } from 'piscina';
import { monoMs, sleep } from '../src/clock.js';
import { MINUTE_MS } from '../src/market/session.js';
import { SHARD } from '../src/memory/layout.js';
import type { Packet } from '../src/market/packet.js';
import { ShardPool } from '../src/threads/shard-pool.js';
import { inFolder } from '../test/parquet/candles.js';
import { nap, Since, turn } from './latency.js';
import {
  encodeTick,
  FRAME_BYTES,
  OPEN_MS,
  packetOf,
  Singly,
  subscribed,
  tokensOf,
  type Subscribed,
} from './market.js';
import type { Encoder, SealTask } from './seal-writer.js';

/** Ticks a second: the feed's ceiling. */
const RATE = 12_000;
/** Real ms between two looks at the schedule. */
const NAP_MS = 0.2;
/** Minutes before the boundary, and the minute's end that is the boundary. */
export const BEFORE = 374;
export const EDGE_MS = OPEN_MS + (BEFORE + 1) * MINUTE_MS;
/** Market ms after a minute's end at which it is certainly sealed. */
export const SEALED_BY_MS = 4000;

/** A market of `symbols` that ticks on, one symbol after the other. */
class Ticking {
  readonly line: Subscribed;
  readonly #packets: readonly Packet[];
  readonly #frame = Buffer.alloc(FRAME_BYTES);
  readonly #single = new Singly(this.#frame, 1);
  #sent = 0;

  constructor(symbols: number) {
    const tokens = tokensOf(symbols);
    this.#packets = tokens.map((token) => packetOf(token));
    this.line = subscribed(tokens, 1);
  }

  /** One tick of the next symbol at market time `ms`, due at `dueMs`. */
  tick(ms: number, dueMs: number): void {
    const { intake, arrival } = this.line;
    const packet = this.#packets[this.#sent % this.#packets.length];
    encodeTick(packet, this.#frame, ++this.#sent, Math.floor(ms), 100_000 + (this.#sent % 97));
    arrival.monoMs = dueMs;
    arrival.marketMs = ms;
    intake.batch(this.#single.at(0), arrival);
  }

  /** Ticks at the rate until `over`. Market time continues from `fromMs`. Returns the p99 of due-to-applied, us. */
  async run(fromMs: number, over: (elapsedMs: number) => boolean): Promise<number> {
    const { router } = this.line.engine;
    const [memory] = this.line.engine.memories;
    const applied = new Since(memory, memory.histogram);
    const startMs = monoMs();
    for (let k = 0; !over(monoMs() - startMs); await turn()) {
      // In between it sleeps, as in a poll for the socket: three busy threads would share two cores, and the schedule
      // itself be late.
      nap(NAP_MS);
      for (const dueBy = ((monoMs() - startMs) * RATE) / 1000; k < dueBy; k++)
        this.tick(fromMs + (k / RATE) * 100, startMs + (k * 1000) / RATE);
      router.publish();
    }
    while (!router.isDrained) await turn();
    return applied.percentile(99);
  }

  /** A tick of each symbol in each minute before the boundary's, as fast as the shard takes them. */
  async fill(): Promise<void> {
    const { router } = this.line.engine;
    for (let minute = 0; minute < BEFORE; minute++) {
      for (let k = 0; k < this.#packets.length; k++)
        this.tick(OPEN_MS + minute * MINUTE_MS + 5000 + k, monoMs());
      router.publish();
      while (!router.belowLowWater) await sleep(0);
    }
    await this.seal(BEFORE - 1);
  }

  /** Moves market time over the end of minute `bar`, and waits until it is sealed. */
  async seal(bar: number): Promise<void> {
    const { router, memories } = this.line.engine;
    this.tick(OPEN_MS + (bar + 1) * MINUTE_MS + SEALED_BY_MS, monoMs());
    router.publish();
    while (Atomics.load(memories[0].i32, SHARD.sealed) < bar) await turn();
  }
}

/** A ticking market with its shard's thread, filled up to the boundary, and a writer's thread. */
export interface BesideWriter {
  readonly market: Ticking;
  readonly writer: Piscina;
  /** All symbols, into a folder that is removed afterwards. */
  readonly task: SealTask;
}

/** Runs `body` with them, and ends both threads whatever comes of it. */
export function besideWriter<T>(
  symbols: number,
  encoder: Encoder,
  body: (all: BesideWriter) => Promise<T>,
): Promise<T> {
  return inFolder(async (outDir) => {
    const market = new Ticking(symbols);
    const { memories, counters, places } = market.line.engine;
    const [{ shape, buffer }] = memories;
    const pool = new ShardPool({ memories, counters });
    const writer = new Piscina({
      filename: new URL('./seal-writer.js', import.meta.url).href,
      minThreads: 1,
      maxThreads: 1,
      idleTimeout: Infinity,
    });
    // Without a listener a thread's late error would end the process.
    writer.on('error', () => undefined);
    try {
      await pool.start();
      await market.fill();
      return await body({ market, writer, task: { shape, buffer, places, outDir, encoder } });
    } finally {
      await Promise.all([pool.stop(), writer.destroy()]);
    }
  });
}
