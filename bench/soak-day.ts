/**
 * One trading day of 50 symbols through the line, as fast as it goes, in a process of its own: `node --expose-gc
 * soak-day.js COUNT LOOKS`. Prints, as JSON, the memory in use after each part of the day, with everything collected
 * that can be, and the bytes of heap that each frame took on its way from decode to fold.
 */
import { monoMs } from '../src/clock.js';
import { Shard } from '../src/shard/shard.js';
import { frames } from './baselines.js';
import { engineAnswer, FRAME_BYTES, naiveAnswer, OPEN_MS, Singly, subscribed } from './market.js';

export interface Soaked {
  /** MiB resident, one a look. */
  readonly rssMb: readonly number[];
  readonly bytesPerFrame: number;
  /** Of the control, which allocates on purpose: that the measurement sees something. */
  readonly controlBytes: number;
  readonly answer: string;
  readonly expected: string;
}

const MINUTES = 375;
const READ = 100;
const PAGE_DOUBLES = 512;
const [count, looks] = process.argv.slice(2).map(Number);
const stepMs = (MINUTES * 60_000) / count;
const { buf, tokens } = frames(count, 50, stepMs);
const { engine, intake, arrival } = subscribed(tokens, 1);
const shard = new Shard(engine.memories[0]);
// The tables of the day are there from the beginning, and the system gives their pages when they are first written:
// now, or it would look like a slope.
const { f64 } = engine.memories[0];
for (let at = 0; at < f64.length; at += PAGE_DOUBLES) f64[at] += 0;
const message = Buffer.alloc(FRAME_BYTES);
const single = new Singly(message, 1);
const beganMs = monoMs();
function play(from: number, to: number): void {
  for (let k = from; k < to; k++) {
    if (k % READ === 0) {
      engine.router.publish();
      while (shard.step(monoMs, 256) > 0);
      arrival.monoMs = beganMs + k / 1000 + 0.5;
      arrival.marketMs = OPEN_MS + k * stepMs;
    }
    // One message's memory for all: what is measured is ours.
    for (let at = 0; at < FRAME_BYTES; at++) message[at] = buf[k * FRAME_BYTES + at];
    intake.batch(single.at(0), arrival);
  }
}

const control: { kept: unknown } = { kept: undefined };
function allocateOnPurpose(times: number): void {
  for (let k = 0; k < times; k++) control.kept = [k];
}

/** The least that a part of the day took a frame: compiling takes some now and then. */
let bytesPerFrame = Infinity;
const rssMb: number[] = [];
const part = Math.floor(count / looks);
for (let look = 0; look < looks; look++) {
  global.gc!();
  const before = process.memoryUsage().heapUsed;
  play(look * part, look === looks - 1 ? count : (look + 1) * part);
  bytesPerFrame = Math.min(bytesPerFrame, (process.memoryUsage().heapUsed - before) / part);
  global.gc!();
  rssMb.push(process.memoryUsage.rss() / 2 ** 20);
}
intake.end();
engine.router.publish();
while (shard.step(monoMs, 256) > 0);
allocateOnPurpose(10_000);
const before = process.memoryUsage().heapUsed;
allocateOnPurpose(100_000);
const controlBytes = (process.memoryUsage().heapUsed - before) / 100_000;
const soaked: Soaked = {
  rssMb,
  bytesPerFrame,
  controlBytes,
  answer: engineAnswer(engine),
  expected: naiveAnswer(buf, count, tokens),
};
process.stdout.write(JSON.stringify(soaked));
