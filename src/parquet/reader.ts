/**
 * Reading Parquet: our own files, and what pandas, pyarrow and DuckDB write (dictionary pages, several row groups, times in ms, us
 * or ns). A file is read whole into memory once, so that a rename in the middle cannot mix two versions of it.
 */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import zlib from 'node:zlib';
import { parquetMetadata, parquetReadObjects, parquetSchema, snappyUncompress } from 'hyparquet';
import type { AsyncBuffer, Compressors, FileMetaData, SchemaElement } from 'hyparquet';
import { EngineError, sentenceOf } from '../errors.js';
import type { ErrorCode } from '../errors.js';
import { IST_OFFSET_MS } from '../market/session.js';
import { zoneInArrowSchema } from './arrow-schema.js';
import { checkFooter, checkMetadata, checkPages, PARQUET_BOUNDS } from './bounds.js';
import type { FoundColumn } from './columns.js';

/** How the file stores `timestamp`: an instant, or a wall clock's reading without a zone, or nothing of the kind. */
export type TimeKind = 'instant' | 'wall' | 'none';

/** One Parquet file, its footer parsed and its rows ready to be read. */
export interface OpenParquet {
  readonly path: string;
  readonly columns: readonly FoundColumn[];
  /** Zone of the column `timestamp` as pandas would show it; undefined when it has none. */
  readonly zone: string | undefined;
  readonly timeKind: TimeKind;
  /** Key-value metadata of the footer. */
  readonly keys: ReadonlyMap<string, string>;
  readonly rowCount: number;
  /** Of the whole file, hex. */
  readonly sha256: string;
  /**
   * Rows as objects. Times are epoch ms UTC (a wall clock's reading is taken as IST), int64 is bigint or number.
   * Throws EngineError with the code given to `openParquet`.
   */
  rows(range?: {
    readonly columns?: string[];
    readonly from?: number;
    readonly to?: number;
  }): Promise<Record<string, unknown>[]>;
}

/** ZSTD came to Node's zlib in version 22.15; before that a file compressed with it is refused with a sentence. */
const zstdDecompress = (
  zlib as { zstdDecompressSync?: (input: Uint8Array, options: zlib.ZlibOptions) => Buffer }
).zstdDecompressSync;

/** Beyond the length that a page says it has nothing is decompressed. */
const upTo = (length: number): { maxOutputLength: number } => ({ maxOutputLength: Math.max(1, length) });

const compressors: Compressors = {
  SNAPPY: (input, length) => {
    const output = new Uint8Array(length);
    snappyUncompress(input, output);
    return output;
  },
  GZIP: (input, length) => zlib.gunzipSync(input, upTo(length)),
  BROTLI: (input, length) => zlib.brotliDecompressSync(input, upTo(length)),
  ...(zstdDecompress === undefined
    ? {}
    : { ZSTD: (input: Uint8Array, length: number) => zstdDecompress(input, upTo(length)) }),
};

const readable = new Set<string>(['UNCOMPRESSED', ...Object.keys(compressors)]);

/** A column's type by its plain name: one of ColumnType, or `int32`, `float`, `decimal` and the like. */
function typeName(element: SchemaElement): string {
  const { type, converted_type: converted, logical_type: logical } = element;
  if (type === undefined) return 'group';
  if (logical?.type === 'TIMESTAMP' || converted?.startsWith('TIMESTAMP') === true || type === 'INT96')
    return 'timestamp';
  if (logical?.type === 'STRING' || converted === 'UTF8') return 'string';
  if (logical?.type === 'INTEGER') return `${logical.isSigned ? 'int' : 'uint'}${logical.bitWidth}`;
  if (logical !== undefined && logical.type !== 'NULL') return logical.type.toLowerCase();
  if (converted !== undefined) return converted.toLowerCase().replace('_', '');
  return type === 'BYTE_ARRAY' ? 'binary' : type.toLowerCase();
}

/** Whether times are instants. ConvertedType alone means UTC by the format; INT96 is a wall clock by custom. */
function timeKindOf(element: SchemaElement | undefined): TimeKind {
  if (element === undefined || typeName(element) !== 'timestamp') return 'none';
  if (element.type === 'INT96') return 'wall';
  return element.logical_type?.type === 'TIMESTAMP' && !element.logical_type.isAdjustedToUTC
    ? 'wall'
    : 'instant';
}

/** The zone a pandas user sees: the Arrow schema's, else UTC where the logical type says "adjusted", else none. */
function zoneOf(element: SchemaElement | undefined, keys: ReadonlyMap<string, string>): string | undefined {
  if (element?.logical_type?.type !== 'TIMESTAMP' || !element.logical_type.isAdjustedToUTC) return undefined;
  const arrow = keys.get('ARROW:schema');
  const zone = arrow === undefined ? undefined : zoneInArrowSchema(arrow, 'timestamp');
  return zone === undefined || zone === 'naive' ? 'UTC' : zone.zone;
}

/** The codecs of the file that nothing here can decompress. */
function unreadableCodecs(metadata: FileMetaData): string[] {
  const codecs = metadata.row_groups.flatMap((group) =>
    group.columns.map((column) => column.meta_data?.codec ?? 'an unnamed codec'),
  );
  return [...new Set(codecs)].filter((codec) => !readable.has(codec));
}

interface Footer {
  readonly metadata: FileMetaData;
  readonly columns: readonly FoundColumn[];
  /** Columns by name. */
  readonly elements: ReadonlyMap<string, SchemaElement>;
  readonly zone: string | undefined;
  readonly timeKind: TimeKind;
  readonly keys: ReadonlyMap<string, string>;
  readonly rowCount: number;
  readonly unreadable: readonly string[];
}

/** Everything that the footer says. Throws whatever the library throws at damaged bytes. */
function parseFooter(bytes: Buffer): Footer {
  checkFooter(bytes);
  const metadata = parquetMetadata(bytes, { geoparquet: false });
  checkMetadata(metadata);
  const elements = parquetSchema(metadata).children.map((child) => child.element);
  const stamp = elements.find((element) => element.name === 'timestamp');
  const keys = new Map((metadata.key_value_metadata ?? []).map(({ key, value }) => [key, value ?? '']));
  return {
    metadata,
    columns: elements.map((element) => ({ name: element.name, type: typeName(element) })),
    elements: new Map(elements.map((element) => [element.name, element])),
    zone: zoneOf(stamp, keys),
    timeKind: timeKindOf(stamp),
    keys,
    rowCount: Number(metadata.num_rows),
    unreadable: unreadableCodecs(metadata),
  };
}

/** The bytes as the reader's library wants them. */
function bufferOf(bytes: Buffer): AsyncBuffer {
  return {
    byteLength: bytes.length,
    slice: (start, end) => Uint8Array.prototype.slice.call(bytes, start, end).buffer,
  };
}

/**
 * Opens a Parquet file and parses its footer. Undefined when there is no such file. Throws EngineError with `code` and one sentence
 * naming the file when it cannot be read, is no Parquet file, is damaged, or uses a compression that is not at hand.
 */
export async function openParquet(path: string, code: ErrorCode): Promise<OpenParquet | undefined> {
  const fail = (what: string, cause?: unknown): EngineError =>
    new EngineError(code, `${path} ${what}`, { cause });
  let bytes: Buffer | undefined;
  try {
    bytes = await readBounded(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fail(`cannot be read (${sentenceOf(error)}).`, error);
  }
  if (bytes === undefined)
    throw fail(
      `is larger than ${PARQUET_BOUNDS.fileBytes / 2 ** 20} MiB, which is not read here: split it or move it away.`,
    );
  const whole = bytes;
  if (
    whole.length < 12 ||
    whole.toString('latin1', 0, 4) !== 'PAR1' ||
    whole.toString('latin1', whole.length - 4) !== 'PAR1'
  ) {
    throw fail('is no whole Parquet file (it does not begin and end with PAR1): move it away or delete it.');
  }
  const damaged = (error: unknown): EngineError =>
    fail(`is a damaged Parquet file (${sentenceOf(error)}): move it away or delete it.`, error);
  let footer: Footer;
  try {
    footer = parseFooter(whole);
  } catch (error) {
    throw damaged(error);
  }
  const { metadata, columns: found, elements, zone, timeKind, keys, rowCount, unreadable } = footer;
  if (unreadable.length > 0) {
    throw fail(
      `is compressed with ${unreadable.join(', ')}, which this Node.js cannot decompress: rewrite it with SNAPPY, or delete it.`,
    );
  }
  const shiftMs = timeKind === 'wall' ? -IST_OFFSET_MS : 0;

  return {
    path,
    columns: found,
    zone,
    timeKind,
    keys,
    rowCount,
    sha256: sha256Of(whole),
    async rows({ columns, from = 0, to = rowCount } = {}) {
      try {
        // Named always: a column that is not in the schema is passed over so, where it would end the program later.
        const names = columns ?? [...elements.keys()];
        checkPages(whole, metadata, elements, compressors, { names: new Set(names), from, to });
        const rows = await parquetReadObjects({
          file: bufferOf(whole),
          metadata,
          compressors,
          rowStart: from,
          rowEnd: to,
          columns: names,
          parsers: {
            timestampFromMilliseconds: (value: bigint | null) =>
              value === null ? null : Number(value) + shiftMs,
            timestampFromMicroseconds: (value: bigint | null) =>
              value === null ? null : Number(value / 1000n) + shiftMs,
            timestampFromNanoseconds: (value: bigint | null) =>
              value === null ? null : Number(value / 1000000n) + shiftMs,
          },
        });
        if (rows.length !== to - from)
          throw new Error(`${rows.length} rows where the footer says ${to - from}`);
        return rows;
      } catch (error) {
        throw damaged(error);
      }
    },
  };
}

/** The file's bytes; undefined when they are more than is read. */
async function readBounded(path: string): Promise<Buffer | undefined> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    return size > PARQUET_BOUNDS.fileBytes ? undefined : await file.readFile();
  } finally {
    await file.close();
  }
}

/** SHA-256 of the file at `path`, hex; undefined where there is none, or none that `openParquet` reads: that says why. */
export async function sha256OfFile(path: string): Promise<string | undefined> {
  const bytes = await readBounded(path).catch(() => undefined);
  return bytes === undefined ? undefined : sha256Of(bytes);
}

/** SHA-256 of a file's bytes, hex. */
export function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
