/**
 * The engine with its threads: 50 symbols as fast as they can be read from memory, over rings into shards, until the
 * last candle is sealed.
 *
 *   main: frames ─► Intake ─► Router ─┬══ ring ══► shard 1 ─► candles ─┐
 *                                     ├══ ring ══► shard 2 ─► candles ─┼─► hash, as of a plain fold
 *                                     └══ ring ══► ...                 ┘
 *   compared with `floor` on the main thread alone
 */
import { monoMs } from '../src/clock.js';
import { ShardPool } from '../src/threads/shard-pool.js';
import { floor, frames } from './baselines.js';
import { turn } from './latency.js';
import { engineAnswer, naiveAnswer, OPEN_MS, Reads, subscribed } from './market.js';
import { nsEach, rowOf, type Bench, type Row } from './row.js';

const STEP_MS = 2;
const SHARDS = [1, 2, 4] as const;

/**
 * The share of the frames that comes before the clock starts: threads are new in every round, and their code is
 * compiled first, on the same cores. That takes some 80 ms, three million frames of a shard; of a shorter run the
 * compiler would be measured.
 */
const WARM = 0.4;

/**
 * Real ns a frame from the first that is measured to the moment at which every shard has applied END. `breathes`: the
 * event loop gets its turn meanwhile, as profilers need it.
 */
export async function play(
  buf: Buffer,
  count: number,
  tokens: readonly string[],
  shards: number,
  expected: string,
  breathes = false,
): Promise<number> {
  const { engine, intake, arrival } = subscribed(tokens, shards);
  const pool = new ShardPool({ memories: engine.memories, counters: engine.counters });
  await pool.start();
  try {
    const { router } = engine;
    let start = 0;
    let warm = 0;
    const reads = new Reads(buf, count);
    for (let k = 0; k < count;) {
      if (start === 0 && k >= count * WARM) {
        while (!router.isDrained) await turn();
        warm = k;
        start = monoMs();
      }
      const size = reads.next(k);
      arrival.monoMs = monoMs();
      arrival.marketMs = OPEN_MS + k * STEP_MS;
      intake.batch(reads.messages, arrival);
      router.publish();
      // A turn of the event loop and not a timer's: in a millisecond a shard empties its ring twice.
      if (router.aboveHighWater) while (!router.belowLowWater) await turn();
      if (breathes) await turn();
      k += size;
    }
    intake.end();
    router.publish();
    await pool.done;
    const ns = ((monoMs() - start) * 1e6) / (count - warm);
    const answer = engineAnswer(engine);
    if (answer !== expected)
      throw new Error(`storm, ${shards} shards: ${answer} where a plain fold has ${expected}`);
    return ns;
  } finally {
    await pool.stop();
  }
}

export const storm: Bench = {
  name: 'storm',
  topology:
    'main: frames -> Intake -> Router == rings ==> 1, 2, 4 shard threads -> sealed candles, hashed; compared with `floor` on one thread',
  async run({ smoke }) {
    const count = smoke ? 20_000 : 8_000_000;
    const { buf, tokens } = frames(count, 50, STEP_MS);
    const expected = naiveAnswer(buf, count, tokens);
    const rounds = smoke ? 1 : 5;
    const ns = new Map<number, number[]>(SHARDS.map((shards) => [shards, []]));
    const least: number[] = [];
    for (let round = 0; round < rounds; round++) {
      for (const shards of SHARDS) ns.get(shards)!.push(await play(buf, count, tokens, shards, expected));
      least.push(nsEach(count, () => void floor(buf, count, tokens)));
    }
    const rows = SHARDS.map((shards): Row =>
      rowOf({
        name: `storm, ${shards} shard${shards === 1 ? '' : 's'}`,
        unit: 'ns/frame',
        values: ns.get(shards)!,
        baseline: least,
      }),
    );
    const best = least.map((_, round) => Math.min(...SHARDS.map((shards) => ns.get(shards)![round])));
    return [
      ...rows,
      rowOf({ name: 'storm, best setting', unit: 'ns/frame', values: best, baseline: least, target: 0.5 }),
    ];
  },
};
