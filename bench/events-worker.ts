/** Thread entry of bench `events`: notes when a minute's candles come as events, and when a message comes. */
import '../src/memory/io-ledger.js';
import { parentPort, workerData } from 'node:worker_threads';
import { monoMs } from '../src/clock.js';
import { CandleStream } from '../src/candles/stream.js';
import { ShardMemory, type ShardShape } from '../src/memory/layout.js';
import type { RowPlace } from '../src/memory/shard-reader.js';

export interface EventsTask {
  readonly shape: ShardShape;
  readonly buffer: SharedArrayBuffer;
  readonly places: readonly RowPlace[];
  /** Monotonic ms: first candle of the last minute, its last candle, the last message. */
  readonly times: SharedArrayBuffer;
  /** Minutes of which all candles came; messages. */
  readonly counts: SharedArrayBuffer;
}

const { shape, buffer, places, times, counts } = workerData as EventsTask;
const at = new Float64Array(times);
const done = new Int32Array(counts);
parentPort!.on('message', () => {
  at[2] = monoMs();
  Atomics.add(done, 1, 1);
});
parentPort!.postMessage('ready');

const stream = new CandleStream([{ memory: new ShardMemory(shape, buffer), places }]);
const { signal } = new AbortController();
let candles = 0;
while (!stream.ended) {
  await stream.changed(signal);
  for (const { type } of stream.read()) {
    if (type !== 'candle') continue;
    if (candles % places.length === 0) at[0] = monoMs();
    candles++;
    if (candles % places.length > 0) continue;
    at[1] = monoMs();
    Atomics.add(done, 0, 1);
  }
}
parentPort!.close();
