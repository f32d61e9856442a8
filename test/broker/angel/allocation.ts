/**
 * Prints, as JSON, how many bytes a million decodes allocate: of each mode, of refusals, and of a control that
 * allocates on purpose. Run by `allocation.test.ts` in a process of its own with a young generation so large that
 * nothing is collected meanwhile: then the growth of the heap is what was allocated.
 */

import { Packet } from '../../../src/market/packet.js';
import { decode } from '../../../src/broker/angel/frames.js';
import { bytesOf, valid } from './vectors.js';

const COUNT = 1_000_000;
const packet = new Packet();
const control: { kept: unknown } = { kept: undefined };

function decodeAll(frames: readonly Uint8Array[], count: number): void {
  for (let i = 0; i < count; i++) decode(frames[i % frames.length], packet);
}

function decodeWithBigInt(frames: readonly Buffer[], count: number): void {
  for (let i = 0; i < count; i++) {
    decode(frames[i % frames.length], packet);
    control.kept = frames[i % frames.length].readBigInt64LE(43) + 1n;
  }
}

/** The least of several goes, because compiling and the timer of the measurement allocate too, now and then. */
function allocated(run: () => void): number {
  let least = Infinity;
  for (let go = 0; go < 5; go++) {
    const before = process.memoryUsage().heapUsed;
    run();
    least = Math.min(least, process.memoryUsage().heapUsed - before);
  }
  return least;
}

const byMode = [1, 2, 3].map((mode) => valid.filter((vector) => vector.mode === mode).map(bytesOf));
const refused = [Buffer.alloc(0), Buffer.alloc(51), Buffer.alloc(102, 1), Buffer.alloc(65_536, 0xff)];

// Before it is compiled, code allocates for every double it handles; with every kind of frame seen, it is compiled
// for good.
for (let warm = 0; warm < 20; warm++) {
  for (const frames of [...byMode, refused]) decodeAll(frames, 20_000);
  decodeWithBigInt(byMode[0], 20_000);
  await new Promise((resolve) => setImmediate(resolve));
}

const result: Record<string, number> = {};
for (const [index, frames] of byMode.entries())
  result[`mode ${index + 1}`] = allocated(() => decodeAll(frames, COUNT));
result['refused'] = allocated(() => decodeAll(refused, COUNT));
result['control'] = allocated(() => decodeWithBigInt(byMode[0], COUNT));
console.log(JSON.stringify(result));
