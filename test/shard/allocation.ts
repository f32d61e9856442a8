/**
 * Prints, as JSON, how many bytes a packet allocates on its way through decode, router and bar builder: in each mode,
 * refused ones, frames far ahead of market time (each of another time: every one replaces the one kept before), and
 * of a control that allocates on purpose. Run by `allocation.test.ts` in a process of its own with a young generation
 * so large that nothing is collected meanwhile.
 */
import { Packet } from '../../src/market/packet.js';
import { Shard } from '../../src/shard/shard.js';
import type { Engine } from '../../src/ingest/engine.js';
import { decode } from '../../src/broker/angel/frames.js';
import type { NaiveMode } from '../naive.js';
import { at, engineOf, INSTRUMENTS } from './drive.js';
import { frame } from './schedule.js';

const COUNT = 300_000;
const packet = new Packet();
const control: { kept: unknown } = { kept: undefined };
const zero = (): number => 0;

/** An engine with its shards, and frames of one mode; the clock advances by 4 ms a packet and wraps within the day. */
class Line {
  readonly #engine: Engine;
  readonly #shards: Shard[];
  readonly #frames: Uint8Array[];
  readonly #arrival = { connection: 1, monoMs: 0.5, marketMs: 0.5 };
  #at = 0;

  constructor(mode: NaiveMode, change: (k: number) => { price?: bigint; aheadMs?: number }) {
    this.#engine = engineOf(mode, 2);
    this.#shards = this.#engine.memories.map((memory) => new Shard(memory));
    this.#frames = Array.from({ length: 60_000 }, (_, k) => {
      const { exchangeType, token } = INSTRUMENTS[k % INSTRUMENTS.length];
      const { price, aheadMs } = change(k);
      const second = Math.floor((at('10:00') + k * 4 + (aheadMs ?? 0)) / 1000);
      return frame({
        mode, exchangeType, token, sequence: BigInt(k + 1), exchangeMs: BigInt(second * 1000), price: price ?? BigInt(1000 + (k % 50)),
        volume: BigInt(k), lastTradeSeconds: BigInt(second),
      }); // prettier-ignore
    });
  }

  run(count: number): void {
    const { router } = this.#engine;
    for (let k = 0; k < count; k++) {
      if (this.#at === this.#frames.length) this.#at = 0;
      this.#arrival.marketMs = at0 + this.#at * 4 + 0.5;
      this.#arrival.monoMs = this.#at + 0.5;
      if (decode(this.#frames[this.#at++], packet) === undefined) router.packet(packet, this.#arrival);
      if (k % 64 === 0 || router.aboveHighWater) {
        router.publish();
        for (const shard of this.#shards) shard.step(zero, 256);
      }
    }
  }
}

const at0 = at('10:00');

function allocateOnPurpose(count: number): void {
  for (let k = 0; k < count; k++) control.kept = [k];
}

function allocated(run: () => void): number {
  const before = process.memoryUsage().heapUsed;
  run();
  return process.memoryUsage().heapUsed - before;
}

const lines: Readonly<Record<string, Line>> = {
  ltp: new Line(1, () => ({})),
  quote: new Line(2, () => ({})),
  snapquote: new Line(3, () => ({})),
  refused: new Line(1, () => ({ price: 0n })),
  ahead: new Line(1, (k) => ({ aheadMs: k % 2 === 0 ? 0 : 100_000 + (k % 7) * 70_000 })),
};
for (let warm = 0; warm < 10; warm++) {
  for (const line of Object.values(lines)) line.run(20_000);
  allocateOnPurpose(20_000);
  await new Promise((resolve) => setImmediate(resolve));
}
const result: Record<string, number> = {};
for (const [name, line] of Object.entries(lines)) result[name] = allocated(() => line.run(COUNT)) / COUNT;
result.control = allocated(() => allocateOnPurpose(COUNT)) / COUNT;
console.log(JSON.stringify(result));
