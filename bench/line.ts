/**
 * The whole line on one thread: what it costs a frame to become part of a candle, through the real modules, without
 * sockets and threads.
 *
 *   frames in memory ──► Intake: decode ─► Router: admit, seal, route ══ ring ══► Shard: fold, histogram ──► candles
 *   (reads of 64 KiB)├─► plain: objects, strings, BigInt, maps ──────────────────────────────────────────► candles
 *                    └─► floor: one loop, all inlined, typed arrays ─────────────────────────────────────► candles
 *
 * Frames come as reads of a busy socket: the pipeline publishes once a read, and the shard takes each batch at once, as
 * the thread of a busy shard does.
 */
import { monoMs } from '../src/clock.js';
import { SHARD } from '../src/memory/layout.js';
import type { Engine } from '../src/ingest/engine.js';
import { BATCH_RECORDS, Shard } from '../src/shard/shard.js';
import { floor, frames, plain } from './baselines.js';
import { engineAnswer, naiveAnswer, OPEN_MS, Reads, subscribed } from './market.js';
import { inTurns, nsEach, rowOf, type Bench } from './row.js';

/** Market ms from frame to frame. */
const STEP_MS = 2;

/** Plays all frames of `reads` through a new engine of one shard, on this thread. */
function playLine(reads: Reads, tokens: readonly string[]): Engine {
  const { engine, intake, arrival } = subscribed(tokens, 1);
  const { router } = engine;
  const shard = new Shard(engine.memories[0]);
  const { i32 } = shard.memory;
  for (let k = 0; k < reads.count;) {
    const size = reads.next(k);
    arrival.monoMs = monoMs();
    arrival.marketMs = OPEN_MS + k * STEP_MS;
    intake.batch(reads.messages, arrival);
    router.publish();
    while (((shard.tail - i32[SHARD.head]) | 0) >= BATCH_RECORDS) shard.step(monoMs, BATCH_RECORDS);
    k += size;
  }
  intake.end();
  router.publish();
  while (shard.step(monoMs, BATCH_RECORDS) > 0);
  return engine;
}

export const line: Bench = {
  name: 'line',
  topology:
    'frames -> Intake -> Router == ring ==> Shard -> candles, on one thread; compared with `plain` and `floor` of the same frames',
  async run({ smoke }) {
    const count = smoke ? 20_000 : 4_000_000;
    const { buf, tokens } = frames(count, 50, STEP_MS);
    const expected = naiveAnswer(buf, count, tokens);
    const reads = new Reads(buf, count);
    const answer = engineAnswer(playLine(reads, tokens));
    if (answer !== expected) throw new Error(`line: ${answer} where a plain fold has ${expected}`);
    const known = floor(buf, count, tokens);
    const other = plain(buf, count, tokens);
    if (known.checksum !== other.checksum || known.candles !== other.candles)
      throw new Error('line: the yardsticks differ');
    const ns = await inTurns(smoke ? 3 : 7, {
      line: () => nsEach(count, () => void playLine(reads, tokens)),
      plain: () => nsEach(count, () => void plain(buf, count, tokens)),
      floor: () => nsEach(count, () => void floor(buf, count, tokens)),
    });
    return [
      rowOf({
        name: 'line vs floor',
        unit: 'ns/frame',
        values: ns.line,
        baseline: ns.floor,
        target: 0.5,
      }),
      rowOf({ name: 'line vs plain', unit: 'ns/frame', values: ns.line, baseline: ns.plain, target: 12 }),
    ];
  },
};
