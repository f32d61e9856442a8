/** Thread entry of bench `seal`: writes all sealed candles through the real sink with a given encoder, and times it. */
import { parquetWriteBuffer } from 'hyparquet-writer';
import { monoMs, sleep } from '../src/clock.js';
import type { RowPlace } from '../src/memory/shard-reader.js';
import { readCandles } from '../src/candles/read-candles.js';
import { ShardMemory, type ShardShape } from '../src/memory/layout.js';
import { evaluateAll } from '../src/momentum/series.js';
import type { ParquetFile } from '../src/parquet/parquet.js';
import { ParquetStore, BATCH_INSTRUMENTS } from '../src/parquet/store.js';
import { IDENTITY } from './market.js';

/** The two writers of Parquet: the product's, and the one that it is compared with. */
export type Encoder = 'parquetjs' | 'hyparquet-writer';

/** Factor by which each write and evaluation takes longer, computing or sleeping. */
export interface Slowness {
  readonly kind: 'computes' | 'stands still';
  readonly times: number;
}

export interface SealTask {
  readonly shape: ShardShape;
  readonly buffer: SharedArrayBuffer;
  readonly places: readonly RowPlace[];
  readonly outDir: string;
  readonly encoder: Encoder;
  /** Bar from which candles are new to the writer; default 0. */
  readonly from?: number;
  /** Instruments of one write; default as in a run. */
  readonly together?: number;
  /** Undefined at its usual speed, and then the rule is not evaluated. */
  readonly slowness?: Slowness;
}

export interface Sealed {
  /** Real ms from the first look at memory to the last file durable in its place. */
  readonly ms: number;
  readonly rows: number;
}

const BASIC = { string: 'STRING', double: 'DOUBLE', int64: 'INT64', boolean: 'BOOLEAN' } as const;

/** The same columns by the other library. */
function encodeOtherwise({ columns, rows, keys }: ParquetFile): Promise<Buffer> {
  const bytes = parquetWriteBuffer({
    columnData: columns.map(({ name, type }) => ({
      name,
      data: rows.map((row) =>
        type === 'int64' && row[name] !== null
          ? BigInt(row[name] as number)
          : type === 'timestamp'
            ? new Date(row[name] as number)
            : row[name],
      ),
    })),
    schema: [
      { name: 'root', num_children: columns.length },
      ...columns.map(({ name, type }) =>
        type === 'timestamp'
          ? ({
              name,
              type: 'INT64',
              repetition_type: 'OPTIONAL',
              converted_type: 'TIMESTAMP_MILLIS',
              logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
            } as const)
          : type === 'string'
            ? ({ name, type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL', converted_type: 'UTF8' } as const)
            : ({ name, type: BASIC[type], repetition_type: 'OPTIONAL' } as const),
      ),
    ],
    codec: 'UNCOMPRESSED',
    statistics: false,
    kvMetadata: Object.entries(keys).map(([key, value]) => ({ key, value })),
  });
  return Promise.resolve(Buffer.from(bytes));
}

/** One sink a folder, as a run has it, and an encoder. */
const sinks = new Map<string, ParquetStore>();

function drag({ kind, times }: Slowness, tookMs: number): void {
  const untilMs = monoMs() + (times - 1) * tookMs;
  if (kind === 'stands still')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, untilMs - monoMs());
  while (monoMs() < untilMs);
}

export default async function run({
  shape,
  buffer,
  places,
  outDir,
  encoder,
  from: fromBar = 0,
  together = BATCH_INSTRUMENTS,
  slowness,
}: SealTask): Promise<Sealed> {
  const memory = new ShardMemory(shape, buffer);
  const sink =
    sinks.get(`${encoder} ${outDir}`) ??
    new ParquetStore({
      outDir,
      identity: IDENTITY,
      wait: sleep,
      mayWait: () => false,
      manyInstruments: places.length > 200,
      ...(encoder === 'parquetjs' ? {} : { encode: encodeOtherwise }),
    });
  sinks.set(`${encoder} ${outDir}`, sink);
  const startMs = monoMs();
  let rows = 0;
  // The delay comes after each symbol, so that it begins at once.
  const step = slowness === undefined ? together : 1;
  for (let from = 0; from < places.length; from += step) {
    const beganMs = monoMs();
    const all = places
      .slice(from, from + step)
      .map((place) => ({ instrument: place.instrument, rows: readCandles(memory, place, false, fromBar) }));
    for (const outcome of await sink.writeAll(all)) if (outcome instanceof Error) throw outcome;
    for (const { instrument, rows: candles } of all) {
      rows += candles.length;
      if (slowness !== undefined)
        evaluateAll(
          candles.map(({ candle, quality }) => ({
            candle,
            partial: quality.partial,
            source: quality.source,
          })),
          { symbol: instrument.symbol, volumeKind: IDENTITY.volumeKind },
        );
    }
    if (slowness !== undefined) drag(slowness, monoMs() - beganMs);
  }
  return { ms: monoMs() - startMs, rows };
}
