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
import { MessageBatch, viewOf } from '../src/broker/messages.js';
import { plain } from './baselines.js';
import { engineAnswer, framesOf, MODES, OPEN_MS, Reads, subscribed, type Frames } from './market.js';
import { inTurns, nsEach, rowOf, type Bench, type Row } from './row.js';

/** Market ms from frame to frame. */
const STEP_MS = 2;

/** Plays all frames of `reads` through a new engine of one shard, on this thread. */
function playLine(reads: Reads | Turns, { tokens, mode }: Frames, connections = 1): Engine {
  const { engine, intake, arrival } = subscribed(tokens, 1, { mode });
  for (let connection = 2; connection <= connections; connection++)
    intake.subscribed({ ...arrival, connection });
  const { router } = engine;
  const shard = new Shard(engine.memories[0]);
  const { i32 } = shard.memory;
  for (let k = 0; k < reads.count;) {
    const size = reads.next(k);
    arrival.monoMs = monoMs();
    arrival.marketMs = OPEN_MS + k * STEP_MS;
    arrival.connection = reads instanceof Turns && connections > 1 ? reads.connection : 1;
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

/** Frames of a read where connections take turns. */
const TURN_FRAMES = 64;

/** Small reads, each of one third of the instruments, in turns. */
class Turns {
  readonly messages = new MessageBatch();
  /** Of the current read, 1 to 3. */
  connection = 1;
  readonly count: number;
  readonly #reads = new Map<number, { bytes: Buffer; view: DataView; count: number; connection: number }>();

  constructor({ buf, frameBytes, tokens }: Frames, count: number) {
    this.count = count;
    const placeOf = new Map(tokens.map((token, index) => [token, index]));
    const waiting = [1, 2, 3].map(() => ({ bytes: Buffer.alloc(TURN_FRAMES * frameBytes), count: 0 }));
    let from = 0;
    const add = (socket: number): void => {
      const { bytes, count: frames } = waiting[socket];
      if (frames === 0) return;
      this.#reads.set(from, { bytes, view: viewOf(bytes), count: frames, connection: socket + 1 });
      from += frames;
      waiting[socket] = { bytes: Buffer.alloc(TURN_FRAMES * frameBytes), count: 0 };
    };
    for (let k = 0; k < count; k++) {
      const frame = buf.subarray(k * frameBytes, (k + 1) * frameBytes);
      const socket = placeOf.get(frame.toString('latin1', 2, 27).replace(/\0.*$/, ''))! % 3;
      const one = waiting[socket];
      one.bytes.set(frame, one.count++ * frameBytes);
      if (one.count === TURN_FRAMES) add(socket);
    }
    for (const socket of [0, 1, 2]) add(socket);
    for (let k = 0; k < TURN_FRAMES; k++) this.messages.add(k * frameBytes, frameBytes);
  }

  /** Makes the read that begins at frame `from` the current one. Returns its number of frames. */
  next(from: number): number {
    const { bytes, view, count, connection } = this.#reads.get(from)!;
    this.messages.bytes = bytes;
    this.messages.view = view;
    this.messages.count = count;
    this.connection = connection;
    return count;
  }
}

/** Three connections that take turns, compared with the same reads on one. */
async function rowOfTurns(mode: ModeName, smoke: boolean): Promise<Row> {
  const count = smoke ? SMOKE_COUNT : COUNTS[mode] / 2;
  const all = framesOf(mode, count, STEP_MS);
  const turns = new Turns(all, count);
  for (const connections of [1, 3]) {
    const answer = engineAnswer(playLine(turns, all, connections));
    if (answer !== all.expected)
      throw new Error(`line: ${answer} on ${connections} where a plain fold has ${all.expected}`);
  }
  const ns = await inTurns(smoke ? 3 : 7, {
    three: () => nsEach(count, () => void playLine(turns, all, 3)),
    one: () => nsEach(count, () => void playLine(turns, all, 1)),
  });
  return rowOf({
    name: `line ${mode}, three connections vs one`,
    unit: 'ns/frame',
    values: ns.three,
    baseline: ns.one,
    target: 0.9,
  });
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
    for (const mode of ['ltp', 'snapquote'] as const) rows.push(await rowOfTurns(mode, smoke));
    return rows;
  },
};
