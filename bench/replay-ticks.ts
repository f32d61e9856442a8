/** The ticks of bench `replay`, by one formula in two languages: as a journal by ours, as a Parquet file by DuckDB. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { SystemClock } from '../src/clock.js';
import { BlockBuilder } from '../src/journal/blocks.js';
import { KIND } from '../src/journal/format.js';
import type { RunMeta } from '../src/journal/meta.js';
import { BEGINNING, Segments } from '../src/journal/segments.js';
import { MAIN, SHARD } from '../src/memory/layout.js';
import { MINUTE_MS } from '../src/market/session.js';
import { FRAME_LENGTH } from '../src/broker/angel/frames.js';
import { MessageBatch } from '../src/broker/messages.js';
import { FIELD, MODE, type Packet } from '../src/market/packet.js';
import { duckdb } from '../test/parquet/candles.js';
import {
  encodeTick,
  IDENTITY,
  instrumentsOf,
  OPEN_MS,
  packetOf,
  SESSION,
  SUBSCRIBED_BEFORE_MS,
  tokensOf,
  unsubscribed,
} from './market.js';

const SYMBOLS = 50;
const TOKENS = tokensOf(SYMBOLS);
const DAY_MS = 375 * MINUTE_MS;
/** Messages of a read of the socket, and so of a journal block: 250 reads a second at 2,000 messages. */
const READ = 8;
/** Blocks that are written together. */
const GROUP = 4000;
const SEGMENT_BYTES = 64 * 1024 * 1024;

// Tick i of n, all whole numbers below 2^53: which symbol, when, at which price.
const HASH = 2654435761;
const symbolOf = (i: number): number => (Math.imul(i, HASH) >>> 0) % SYMBOLS;
const timeOf = (i: number, count: number): number => OPEN_MS + Math.floor((i * DAY_MS) / count);
const baseOf = (i: number): number => 100_000 + symbolOf(i) * 1000;
const priceOf = (i: number): number => baseOf(i) + ((Math.imul(i, 40_503) & 0xffff) % 977);
/** Of SnapQuote: the day's volume, which rises by at least the last quantity. */
const volumeOf = (i: number): number => 1000 + 7 * i;
const quantityOf = (i: number): number => 1 + (i % 7);
const RANGE = 1000;

const SQL_SYMBOL = `((i * ${HASH}) & 4294967295) % ${SYMBOLS}`;
/** The ticks as a query; `i` is their sequence. */
const sqlTicks = (count: number): string =>
  `SELECT i + 1 AS sequence, ${SQL_SYMBOL} AS symbol, ${OPEN_MS} + (i * ${DAY_MS}) // ${count} AS exchange_ms, 100000 + ${SQL_SYMBOL} * 1000 + (((i * 40503) & 65535) % 977) AS price, 1000 + 7 * i AS volume FROM range(${count}) AS ticks(i)`;

/** Writes the ticks as a Parquet file, as DuckDB does it by itself. */
export async function writeTicks(path: string, count: number): Promise<void> {
  await duckdb(`COPY (${sqlTicks(count)}) TO '${path}' (FORMAT parquet)`);
}

/** Modes of the bench's journals. */
export type ReplayMode = 'ltp' | 'snapquote';

function metaOf(mode: ReplayMode, runId: string, out: string): RunMeta {
  const instruments = instrumentsOf(TOKENS);
  const at = OPEN_MS - SUBSCRIBED_BEFORE_MS;
  return {
    version: '0',
    runId,
    processId: 0,
    processStart: null,
    stage: 2,
    durationMin: null,
    mode,
    feed: IDENTITY.feed,
    volumeKind: mode === 'ltp' ? 'tick' : 'traded',
    speed: 1,
    graceMs: 3000,
    silenceMs: 3000,
    marketDateMs: OPEN_MS,
    wallMs: at,
    marketMs: at,
    opensMs: null,
    out,
    history: null,
    given: null,
    instruments,
    sessions: instruments.map(() => SESSION),
  };
}

async function startedSegments(folder: string, runId: string): Promise<Segments> {
  mkdirSync(folder, { recursive: true });
  const segments = new Segments({
    folder,
    runId,
    wallMs: () => new SystemClock().wallMs(),
    from: BEGINNING,
    segmentBytes: SEGMENT_BYTES,
  });
  await segments.start();
  return segments;
}

/**
 * Writes the ticks as the journal of a run, with the decisions that a run makes on its way, and without hashes of its
 * rows. Returns its folder.
 */
export async function writeJournal(folder: string, mode: ReplayMode, count: number): Promise<string> {
  const runId = `bench-${mode}-${count}`;
  const run = join(folder, runId);
  const segments = await startedSegments(run, runId);
  const builder = new BlockBuilder(0);
  let spare: Buffer = Buffer.alloc(0);
  const arrival = { connection: 1, monoMs: 0, wallMs: 0, marketMs: 0 };
  const stamp = (marketMs: number): void => {
    Object.assign(arrival, { monoMs: marketMs - OPEN_MS + 60_000, wallMs: marketMs, marketMs });
    builder.open(arrival);
  };
  const { engine, intake } = unsubscribed(TOKENS, { mode });
  const [memory] = engine.memories;
  engine.router.observeDecisions({
    sealed: (through) => builder.numbers(KIND.seal, [through]),
    gap: (startMs, endMs) => builder.numbers(KIND.gap, [startMs, endMs]),
    ended: (endMs) => builder.numbers(KIND.sealedEnd, [endMs]),
  });
  stamp(OPEN_MS - SUBSCRIBED_BEFORE_MS);
  builder.put(KIND.meta, Buffer.from(JSON.stringify(metaOf(mode, runId, folder))));
  builder.put(KIND.opened, Buffer.alloc(0));
  builder.put(KIND.subscribed, Buffer.alloc(0));
  intake.subscribed(arrival);
  const packets = TOKENS.map((token) => packetOf(token, mode));
  const frameBytes = FRAME_LENGTH[MODE[mode]];
  const bytes = Buffer.alloc(READ * frameBytes);
  const frames = Array.from({ length: READ }, (_, k) => bytes.subarray(k * frameBytes, (k + 1) * frameBytes));
  const messages = new MessageBatch();
  messages.within(bytes);
  for (let k = 0; k < READ; k++) messages.add(k * frameBytes, frameBytes);
  for (let first = 0; first < count; first += READ) {
    if (first % (READ * GROUP) === 0) {
      const group = builder.take(spare);
      await segments.write(group);
      spare = group.bytes;
    }
    messages.count = Math.min(READ, count - first);
    stamp(timeOf(first + messages.count - 1, count) + 5);
    for (let k = 0; k < messages.count; k++) {
      const i = first + k;
      const packet = packets[symbolOf(i)];
      if (mode === 'snapquote') setDay(packet, i, timeOf(i, count));
      encodeTick(packet, frames[k], i + 1, timeOf(i, count), priceOf(i));
    }
    builder.frames(messages, 0, messages.count);
    intake.batch(messages, arrival);
    // No shard reads the ring: only the decisions matter.
    engine.router.publish();
    Atomics.store(memory.i32, SHARD.head, memory.i32[MAIN.tail]);
  }
  builder.put(KIND.end, Buffer.alloc(0));
  intake.end();
  await segments.write(builder.take(spare));
  await segments.end(false);
  return run;
}

/** Sets what a SnapQuote tells of the day at tick `i`. */
function setDay(packet: Packet, i: number, timeMs: number): void {
  packet.setNumber(FIELD.lastQuantity, quantityOf(i));
  packet.setNumber(FIELD.averagePrice, baseOf(i));
  packet.setNumber(FIELD.volume, volumeOf(i));
  packet.setNumber(FIELD.dayOpen, baseOf(i));
  packet.setNumber(FIELD.dayHigh, baseOf(i) + RANGE);
  packet.setNumber(FIELD.dayLow, baseOf(i));
  packet.setNumber(FIELD.lastTradeSeconds, Math.floor(timeMs / 1000));
}

/** How a plain query makes candles of ticks. */
const CANDLES = `SELECT symbol, (exchange_ms - ${OPEN_MS}) // 60000 AS minute, arg_min(price, sequence) AS open, max(price) AS high, min(price) AS low, arg_max(price, sequence) AS close`;
/** By mode, the query over the Parquet file `ticks`: the first packet of a symbol in SnapQuote begins its volume. */
export const candlesOf = (mode: ReplayMode, ticks: string): string =>
  mode === 'ltp'
    ? `${CANDLES}, count(*) AS volume FROM '${ticks}' GROUP BY ALL`
    : `${CANDLES}, sum(rise) AS volume FROM (SELECT *, volume - lag(volume) OVER (PARTITION BY symbol ORDER BY sequence) AS rise FROM '${ticks}') WHERE rise > 0 GROUP BY ALL`;
