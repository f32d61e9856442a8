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
import type { ModeName } from '../src/market/packet.js';
import { turn } from './latency.js';
import { engineAnswer, framesOf, MODES, OPEN_MS, Reads, subscribed, type Frames } from './market.js';
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
export async function play(all: Frames, shards: number, breathes = false): Promise<number> {
  const { count, mode, expected } = all;
  const { engine, intake, arrival } = subscribed(all.tokens, shards, { mode });
  const pool = new ShardPool({ memories: engine.memories, counters: engine.counters });
  await pool.start();
  try {
    const { router } = engine;
    let start = 0;
    let warm = 0;
    const reads = new Reads(all.buf, count, all.frameBytes);
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

/** Frames a round, and rounds. A SnapQuote day's frames take 400 bytes each. */
const SIZES = {
  ltp: { count: 8_000_000, rounds: 3, target: 0.5 },
  quote: { count: 3_000_000, rounds: 3, target: 0.4 },
  snapquote: { count: 2_000_000, rounds: 3, target: 0.4 },
} as const;
const SMOKE_COUNT = 20_000;

async function rowsOf(mode: ModeName, smoke: boolean): Promise<Row[]> {
  const { count, rounds, target } = smoke ? { ...SIZES[mode], count: SMOKE_COUNT, rounds: 1 } : SIZES[mode];
  const all = framesOf(mode, count, STEP_MS);
  const ns = new Map<number, number[]>(SHARDS.map((shards) => [shards, []]));
  const least: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const shards of SHARDS) ns.get(shards)!.push(await play(all, shards));
    least.push(nsEach(count, () => void all.floor()));
  }
  const name = mode === 'ltp' ? 'storm' : `storm ${mode}`;
  const best = least.map((_, round) => Math.min(...SHARDS.map((shards) => ns.get(shards)![round])));
  return [
    ...SHARDS.map((shards): Row =>
      rowOf({
        name: `${name}, ${shards} shard${shards === 1 ? '' : 's'}`,
        unit: 'ns/frame',
        values: ns.get(shards)!,
        baseline: least,
      }),
    ),
    rowOf({ name: `${name}, best setting`, unit: 'ns/frame', values: best, baseline: least, target }),
  ];
}

export const storm: Bench = {
  name: 'storm',
  topology:
    'main: frames -> Intake -> Router == rings ==> 1, 2, 4 shard threads -> sealed candles, hashed; compared with `floor` on one thread',
  async run({ smoke }) {
    const rows: Row[] = [];
    for (const mode of MODES) rows.push(...(await rowsOf(mode, smoke)));
    return rows;
  },
};
