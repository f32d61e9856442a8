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
import type { ModeName } from '../src/market/packet.js';
import { plain } from './baselines.js';
import { engineAnswer, framesOf, MODES, OPEN_MS, Reads, subscribed, type Frames } from './market.js';
import { inTurns, nsEach, rowOf, type Bench, type Row } from './row.js';

/** Market ms from frame to frame. */
const STEP_MS = 2;

/** Plays all frames of `reads` through a new engine of one shard, on this thread. */
function playLine(reads: Reads, { tokens, mode }: Frames): Engine {
  const { engine, intake, arrival } = subscribed(tokens, 1, { mode });
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

/** Frames a round: of each mode some 200 MB, and little where only answers are checked. */
const COUNTS = { ltp: 4_000_000, quote: 1_500_000, snapquote: 600_000 } as const;
const SMOKE_COUNT = 20_000;

/** The rows of one mode. */
async function rowsOf(mode: ModeName, smoke: boolean): Promise<Row[]> {
  const count = smoke ? SMOKE_COUNT : COUNTS[mode];
  const all = framesOf(mode, count, STEP_MS);
  const reads = new Reads(all.buf, count, all.frameBytes);
  const answer = engineAnswer(playLine(reads, all));
  if (answer !== all.expected) throw new Error(`line: ${answer} where a plain fold has ${all.expected}`);
  const rounds = smoke ? 3 : 7;
  const ours = (): number => nsEach(count, () => void playLine(reads, all));
  const least = (): number => nsEach(count, () => void all.floor());
  if (mode !== 'ltp') {
    const ns = await inTurns(rounds, { line: ours, floor: least });
    return [
      rowOf({
        name: `line ${mode} vs floor`,
        unit: 'ns/frame',
        values: ns.line,
        baseline: ns.floor,
        target: 0.4,
      }),
    ];
  }
  const known = all.floor();
  const other = plain(all.buf, count, all.tokens);
  if (known.checksum !== other.checksum || known.candles !== other.candles)
    throw new Error('line: the yardsticks differ');
  const ns = await inTurns(rounds, {
    line: ours,
    plain: () => nsEach(count, () => void plain(all.buf, count, all.tokens)),
    floor: least,
  });
  return [
    rowOf({ name: 'line vs floor', unit: 'ns/frame', values: ns.line, baseline: ns.floor, target: 0.5 }),
    rowOf({ name: 'line vs plain', unit: 'ns/frame', values: ns.line, baseline: ns.plain, target: 12 }),
  ];
}

export const line: Bench = {
  name: 'line',
  topology:
    'frames -> Intake -> Router == ring ==> Shard -> candles, on one thread; compared with `plain` and `floor` of the same frames',
  async run({ smoke }) {
    const rows: Row[] = [];
    for (const mode of MODES) rows.push(...(await rowsOf(mode, smoke)));
    return rows;
  },
};
