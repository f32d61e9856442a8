/**
 * Reads our Parquet files, and those of pandas, pyarrow and DuckDB (dictionary pages, several row groups, times in
 * ms, us or ns). A file is read whole once, so that a rename cannot mix two versions.
 */
import { open } from 'node:fs/promises';
import zlib from 'node:zlib';
import { parquetMetadata, parquetReadObjects, parquetSchema, snappyUncompress } from 'hyparquet';
import type { AsyncBuffer, Compressors, FileMetaData, SchemaElement } from 'hyparquet';
import { EngineError, sentenceOf } from '../errors.js';
import type { ErrorCode } from '../errors.js';
import { IST_OFFSET_MS } from '../market/session.js';
import { rewriteAdvice, shortenAdvice } from './advice.js';
import { zoneInArrowSchema } from './arrow-schema.js';
import { checkFooter, checkMetadata, checkPages, PARQUET_BOUNDS } from './bounds.js';
import type { FoundColumn } from './columns.js';
import { sha256Of } from './sha256.js';

/** An instant, a wall clock's reading without a zone, or no time. */
type TimeKind = 'instant' | 'wall' | 'none';

export interface OpenParquet {
  readonly path: string;
  readonly columns: readonly FoundColumn[];
  /** Zone of `timestamp` as pandas shows it; undefined without one. */
  readonly zone: string | undefined;
  readonly timeKind: TimeKind;
  /** Of the footer. */
  readonly keys: ReadonlyMap<string, string>;
  readonly rowCount: number;
  /** Of the whole file, hex. */
  readonly sha256: string;
  /**
   * Rows as objects. Times are epoch ms UTC (a wall clock's reading counts as IST), int64 is bigint or number. Throws
   * EngineError with the code given to `openParquet`.
   */
  rows(range?: RowRange): Promise<Record<string, unknown>[]>;
}

/** Default all; `to` is exclusive. */
interface RowRange {
  readonly columns?: string[];
  readonly from?: number;
  readonly to?: number;
}

const MAGIC = 'PAR1';
/** Both magic words, and the footer's length. */
const MIN_FILE_BYTES = 12;

/** In Node's zlib since 22.15; before, a ZSTD file is refused. */
const zstdDecompress = (
  zlib as { zstdDecompressSync?: (input: Uint8Array, options: zlib.ZlibOptions) => Buffer }
).zstdDecompressSync;

/** Limits decompression to the length in the page's header. */
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

/** A column's plain type name: a ColumnType, or `int32`, `float`, `decimal` and the like. */
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

/** ConvertedType alone means UTC by the format; INT96 is a wall clock by custom. */
function timeKindOf(element: SchemaElement | undefined): TimeKind {
  if (element === undefined || typeName(element) !== 'timestamp') return 'none';
  if (element.type === 'INT96') return 'wall';
  return element.logical_type?.type === 'TIMESTAMP' && !element.logical_type.isAdjustedToUTC
    ? 'wall'
    : 'instant';
}

/** As pandas shows it: the Arrow schema's, else UTC where the logical type says "adjusted", else none. */
function zoneOf(element: SchemaElement | undefined, keys: ReadonlyMap<string, string>): string | undefined {
  if (element?.logical_type?.type !== 'TIMESTAMP' || !element.logical_type.isAdjustedToUTC) return undefined;
  const arrow = keys.get('ARROW:schema');
  const zone = arrow === undefined ? undefined : zoneInArrowSchema(arrow, 'timestamp');
  return zone === undefined || zone === 'naive' ? 'UTC' : zone.zone;
}

/** Codecs that cannot be decompressed here. */
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

/** Throws whatever the library throws at damaged bytes. */
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

function bufferOf(bytes: Buffer): AsyncBuffer {
  return {
    byteLength: bytes.length,
    slice: (start, end) => Uint8Array.prototype.slice.call(bytes, start, end).buffer,
  };
}

type Refusal = (what: string, cause?: unknown) => EngineError;

/** A file's bytes, its magic words checked; undefined when absent. */
async function readWhole(path: string, fail: Refusal): Promise<Buffer | undefined> {
  let bytes: Buffer | undefined;
  try {
    bytes = await readBounded(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fail(`cannot be read (${sentenceOf(error)}).`, error);
  }
  if (bytes === undefined)
    throw fail(
      `is larger than ${PARQUET_BOUNDS.fileBytes / 2 ** 20} MiB, which is not read here. ${shortenAdvice(path)}`,
    );
  if (
    bytes.length < MIN_FILE_BYTES ||
    bytes.toString('latin1', 0, 4) !== MAGIC ||
    bytes.toString('latin1', bytes.length - 4) !== MAGIC
  )
    throw fail(
      'is no whole Parquet file (it does not begin and end with PAR1): write it again from where it comes, or name another folder.',
    );
  return bytes;
}

/** Checks the pages and reads a range. Throws whatever the library throws. */
async function readRows(
  bytes: Buffer,
  { metadata, elements, timeKind, rowCount }: Footer,
  // Always named: only then the library skips a column that is not in the schema; otherwise it fails later.
  { columns = [...elements.keys()], from = 0, to = rowCount }: RowRange,
): Promise<Record<string, unknown>[]> {
  checkPages(bytes, metadata, elements, compressors, { names: new Set(columns), from, to });
  const shiftMs = timeKind === 'wall' ? -IST_OFFSET_MS : 0;
  const rows = await parquetReadObjects({
    file: bufferOf(bytes),
    metadata,
    compressors,
    rowStart: from,
    rowEnd: to,
    columns,
    parsers: {
      timestampFromMilliseconds: (value: bigint | null) => (value === null ? null : Number(value) + shiftMs),
      timestampFromMicroseconds: (value: bigint | null) =>
        value === null ? null : Number(value / 1000n) + shiftMs,
      timestampFromNanoseconds: (value: bigint | null) =>
        value === null ? null : Number(value / 1000000n) + shiftMs,
    },
  });
  if (rows.length !== to - from) throw new Error(`${rows.length} rows where the footer says ${to - from}`);
  return rows;
}

/**
 * Opens a Parquet file and parses its footer. Undefined when absent. Throws EngineError with `code` and one sentence
 * naming the file when it cannot be read, is no Parquet file, is damaged, or uses a compression that this Node.js
 * lacks.
 */
export async function openParquet(path: string, code: ErrorCode): Promise<OpenParquet | undefined> {
  const fail: Refusal = (what, cause) => new EngineError(code, `${path} ${what}`, { cause });
  const damaged = (error: unknown): EngineError =>
    fail(`cannot be read as Parquet (${sentenceOf(error)}). ${rewriteAdvice(path)}`, error);
  const bytes = await readWhole(path, fail);
  if (bytes === undefined) return undefined;
  let footer: Footer;
  try {
    footer = parseFooter(bytes);
  } catch (error) {
    throw damaged(error);
  }
  const { columns, zone, timeKind, keys, rowCount, unreadable } = footer;
  if (unreadable.length > 0)
    throw fail(
      `is compressed with ${unreadable.join(', ')}, which this Node.js cannot decompress. ${rewriteAdvice(path)}`,
    );
  return {
    path,
    columns,
    zone,
    timeKind,
    keys,
    rowCount,
    sha256: sha256Of(bytes),
    rows: (range = {}) =>
      readRows(bytes, footer, range).catch((error: unknown) => {
        throw damaged(error);
      }),
  };
}

/** Undefined when the file exceeds the bound. */
async function readBounded(path: string): Promise<Buffer | undefined> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    return size > PARQUET_BOUNDS.fileBytes ? undefined : await file.readFile();
  } finally {
    await file.close();
  }
}

/** SHA-256 of a file, hex; undefined when it is absent or cannot be read, which `openParquet` reports. */
export async function sha256OfFile(path: string): Promise<string | undefined> {
  const bytes = await readBounded(path).catch(() => undefined);
  return bytes === undefined ? undefined : sha256Of(bytes);
}
