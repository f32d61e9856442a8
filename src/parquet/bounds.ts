/**
 * Bounds on what a Parquet file may request. The library believes the lengths, counts and sizes that a file states:
 * forty bytes can request gigabytes, or an endless loop. So they are checked here first, in the library's order and
 * by its rules. A violation throws an Error with a clause that says what is wrong. The largest file that is read
 * costs 1.4 GB of memory, a window of it 0.5 GB.
 *
 *   file                256 MiB, of which the footer 8 MiB: 500,000 structures, 2,000,000 list elements, nested 16 deep
 *   rows                2,000,000: twenty-one years of minutes; 1,000 columns, 32,000,000 values in one read
 *   a page              64 MiB when decompressed (writers make them of 1 MiB); all pages of one read, 256 MiB
 *   a run of values     no longer than its page claims
 *   DELTA_BYTE_ARRAY    refused: a value of a few bytes may stand for megabytes
 */
import type { Compressors, FileMetaData, RowGroup, SchemaElement } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { readRleBitPackedHybrid } from 'hyparquet/src/encoding.js';
import { ThriftWalker } from './thrift-walker.js';

export const PARQUET_BOUNDS = {
  fileBytes: 256 * 2 ** 20,
  footerBytes: 8 * 2 ** 20,
  structures: 500_000,
  elements: 2_000_000,
  depth: 16,
  columns: 1000,
  rows: 2_000_000,
  values: 32_000_000,
  pageBytes: 64 * 2 ** 20,
  plainBytes: 256 * 2 ** 20,
} as const;

/** Values by which a run may exceed its page: writers fill up the last run. */
const RUN_PADDING = 512;

function count(value: unknown, most: number, what: string): number {
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 0)
    throw new Error(`${what} is no number that can be`);
  if (number > most) throw new Error(`${what} is ${number}, and at most ${most} can be`);
  return number;
}

/** Checks the footer of a file that begins and ends with the magic word. */
export function checkFooter(bytes: Buffer): void {
  const length = bytes.readUInt32LE(bytes.length - 8);
  const from =
    bytes.length -
    8 -
    count(length, Math.min(bytes.length - 12, PARQUET_BOUNDS.footerBytes), 'the length of its footer');
  new ThriftWalker(bytes.subarray(0, bytes.length - 8), from, PARQUET_BOUNDS).structure();
}

/** Checks the metadata before its schema is used. */
export function checkMetadata(metadata: FileMetaData): void {
  count(metadata.schema.length, PARQUET_BOUNDS.columns, 'the number of its columns');
  let rows = 0;
  for (const group of metadata.row_groups)
    rows += count(group.num_rows, PARQUET_BOUNDS.rows, 'the number of its rows');
  count(rows, PARQUET_BOUNDS.rows, 'the number of its rows');
  if (count(metadata.num_rows, PARQUET_BOUNDS.rows, 'the number of its rows') !== rows)
    throw new Error(`the footer says ${Number(metadata.num_rows)} rows and its row groups ${rows}`);
}

/** Requested by the file so far. */
interface Asked {
  values: number;
  plainBytes: number;
}

/** Checks the pages to read: of columns `names`, in the row groups with rows `from` to `to`. */
export function checkPages(
  bytes: Buffer,
  metadata: FileMetaData,
  elements: ReadonlyMap<string, SchemaElement>,
  compressors: Compressors,
  range: { readonly names: ReadonlySet<string>; readonly from: number; readonly to: number },
): void {
  const asked: Asked = { values: 0, plainBytes: 0 };
  let first = 0;
  for (const group of metadata.row_groups) {
    const rows = Number(group.num_rows);
    if (rows > 0 && first + rows > range.from && first < range.to) {
      const seen = new Set<string>();
      for (const column of group.columns) {
        const path = column.meta_data?.path_in_schema ?? [];
        if (!range.names.has(path[0])) continue;
        const element = elements.get(path[0]);
        if (path.length !== 1 || element?.type === undefined || element.repetition_type === 'REPEATED')
          throw new Error(`its column \`${path.join('.')}\` is nested`);
        // The library forgets one of them; an error in it would end the program.
        if (seen.has(path[0])) throw new Error(`it has its column \`${path[0]}\` twice`);
        seen.add(path[0]);
        asked.values += rows;
        count(asked.values, PARQUET_BOUNDS.values, 'the number of its values');
        checkChunk(bytes, rows, column.meta_data!, element, compressors, asked);
      }
    }
    first += rows;
  }
}

function checkChunk(
  bytes: Buffer,
  rows: number,
  meta: NonNullable<RowGroup['columns'][number]['meta_data']>,
  element: SchemaElement,
  compressors: Compressors,
  asked: Asked,
): void {
  const from = count(
    meta.dictionary_page_offset || meta.data_page_offset,
    bytes.length,
    'the place of a column',
  );
  const to = from + count(meta.total_compressed_size, bytes.length - from, 'the length of a column');
  const chunk = bytes.subarray(from, to);
  let seen = 0;
  for (let at = 0; seen < rows && at < chunk.length - 1;) {
    const walker = new ThriftWalker(chunk, at, PARQUET_BOUNDS);
    walker.structure();
    const header = parquetHeader({
      view: new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength),
      offset: at,
    });
    const packed = count(header.compressed_page_size, chunk.length - walker.at, 'the length of a page');
    const plain = count(
      header.uncompressed_page_size,
      PARQUET_BOUNDS.pageBytes,
      'the length of a page, decompressed,',
    );
    asked.plainBytes += plain;
    count(asked.plainBytes, PARQUET_BOUNDS.plainBytes, 'the length of its pages, decompressed,');
    const page: Page = {
      packed: chunk.subarray(walker.at, walker.at + packed),
      plain,
      element,
      decompress: (input, length) => decompressed(input, length, meta.codec, compressors),
    };
    at = walker.at + packed;
    if (header.type === 'DATA_PAGE') seen += checkPage(page, header.data_page_header, rows - seen);
    else if (header.type === 'DATA_PAGE_V2')
      seen += checkPageV2(page, header.data_page_header_v2, rows - seen);
    else if (header.type === 'DICTIONARY_PAGE')
      count(header.dictionary_page_header?.num_values, PARQUET_BOUNDS.rows, 'the length of a dictionary');
    else throw new Error('it has a page of an unknown kind');
  }
}

interface Page {
  readonly packed: Uint8Array;
  /** Bytes when decompressed, levels included. */
  readonly plain: number;
  readonly element: SchemaElement;
  readonly decompress: (input: Uint8Array, length: number) => Uint8Array;
}

function decompressed(
  input: Uint8Array,
  length: number,
  codec: string,
  compressors: Compressors,
): Uint8Array {
  const output = codec === 'UNCOMPRESSED' ? input : compressors[codec as keyof Compressors]?.(input, length);
  if (output?.length !== length)
    throw new Error(`a page has ${output?.length ?? 0} bytes where its header says ${length}`);
  return output;
}

type PageHeader = NonNullable<ReturnType<typeof parquetHeader>['data_page_header']>;
type PageHeaderV2 = NonNullable<ReturnType<typeof parquetHeader>['data_page_header_v2']>;

/** Returns the number of rows. */
function checkPage(page: Page, header: PageHeader | undefined, rowsLeft: number): number {
  const values = count(header?.num_values, rowsLeft, 'the number of values of a page');
  const body = page.decompress(page.packed, page.plain);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  let at = 0;
  let given = values;
  if (page.element.repetition_type !== 'REQUIRED') {
    const length = view.getUint32(0, true);
    given = defined(body.subarray(4, 4 + length), values);
    at = 4 + length;
  }
  const boolean = page.element.type === 'BOOLEAN';
  checkValues(
    body.subarray(at),
    given,
    page.element,
    header!.encoding,
    boolean && header!.encoding !== 'PLAIN' ? 'prefixed' : 'bare',
  );
  return values;
}

function checkPageV2(page: Page, header: PageHeaderV2 | undefined, rowsLeft: number): number {
  const values = count(header?.num_values, rowsLeft, 'the number of values of a page');
  if (header!.num_rows !== values) throw new Error('a page has rows of several values');
  const { num_nulls, repetition_levels_byte_length, definition_levels_byte_length, is_compressed, encoding } =
    header!;
  const given = values - count(num_nulls, values, 'the number of empty values of a page');
  const most = Math.min(page.packed.length, page.plain);
  const repetition = count(repetition_levels_byte_length, most, 'the length of the levels of a page');
  const definition = count(
    definition_levels_byte_length,
    most - repetition,
    'the length of the levels of a page',
  );
  const optional = page.element.repetition_type !== 'REQUIRED';
  if (optional) defined(page.packed.subarray(repetition, repetition + definition), values);
  const rest = page.packed.subarray(optional ? repetition + definition : repetition);
  const body = is_compressed === false ? rest : page.decompress(rest, page.plain - repetition - definition);
  checkValues(body, given, page.element, encoding, encoding === 'RLE' ? 'prefixed' : 'bare');
  return values;
}

/** Number of `values` that are not null. */
function defined(levels: Uint8Array, values: number): number {
  checkRuns(levels, 0, 1, values);
  const found = new Uint8Array(values);
  readRleBitPackedHybrid(
    { view: new DataView(levels.buffer, levels.byteOffset, levels.byteLength), offset: 0 },
    1,
    found,
    levels.length,
  );
  let sum = 0;
  for (const level of found) sum += level;
  return sum;
}

/** Checks that no run exceeds the expected values. */
function checkRuns(bytes: Uint8Array, from: number, width: number, wanted: number): void {
  if (width > 32) throw new Error('it has values wider than any');
  const walker = new ThriftWalker(bytes, from, PARQUET_BOUNDS);
  for (let seen = 0; seen < wanted;) {
    const head = walker.varint();
    const run = count(
      (head & 1) === 1 ? (head >> 1) << 3 : head >>> 1,
      wanted - seen + RUN_PADDING,
      'the length of a run of values',
    );
    // The page's end may cut the last run short.
    const bytesOfRun =
      (head & 1) === 1 ? Math.ceil((Math.min(run, wanted - seen) * width) / 8) : (width + 7) >> 3;
    walker.skip(bytesOfRun);
    if ((head & 1) === 1 && seen + run < wanted) walker.skip((run * width) / 8 - bytesOfRun);
    seen += run;
  }
}

/** Checks that every varint ends and every block is possible. */
function checkDeltas(bytes: Uint8Array, wanted: number): void {
  const walker = new ThriftWalker(bytes, 0, PARQUET_BOUNDS);
  const block = count(walker.varint(), 2 ** 20, 'the length of a block of differences');
  const parts = count(walker.varint(), 2 ** 12, 'the number of parts of a block of differences');
  walker.varint();
  walker.varint();
  if (wanted > 1 && (parts === 0 || block % (8 * parts) !== 0))
    throw new Error('it has differences in blocks that cannot be');
  for (let seen = 1; seen < wanted;) {
    walker.varint();
    const widths = Array.from({ length: parts }, () => walker.byte());
    for (const width of widths) {
      if (seen >= wanted) break;
      if (width > 64) throw new Error('it has values wider than any');
      const inPart = block / parts;
      if (inPart === 0) throw new Error('it has differences in blocks that cannot be');
      walker.skip(Math.min((inPart * width) / 8, bytes.length - walker.at));
      seen += inPart;
    }
  }
}

function checkValues(
  bytes: Uint8Array,
  values: number,
  element: SchemaElement,
  encoding: string,
  length: 'prefixed' | 'bare',
): void {
  switch (encoding) {
    case 'PLAIN':
      return;
    case 'PLAIN_DICTIONARY':
    case 'RLE_DICTIONARY':
    case 'RLE':
      if (values === 0) return;
      if (length === 'prefixed') return checkRuns(bytes, 4, 1, values);
      if (bytes.length === 0) throw new Error('it ends early');
      return bytes[0] === 0 ? undefined : checkRuns(bytes, 1, bytes[0], values);
    case 'DELTA_BINARY_PACKED':
    case 'DELTA_LENGTH_BYTE_ARRAY':
      return checkDeltas(bytes, values);
    case 'BYTE_STREAM_SPLIT': {
      const width =
        element.type === 'FIXED_LEN_BYTE_ARRAY'
          ? (element.type_length ?? 0)
          : element.type === 'INT32' || element.type === 'FLOAT'
            ? 4
            : 8;
      return void count(values * width, bytes.length, 'the length of a page of split bytes');
    }
    default:
      throw new Error(`its values are encoded as ${encoding}, which is not read here`);
  }
}
