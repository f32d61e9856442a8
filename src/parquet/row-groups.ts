/**
 * Writes a Parquet file row group by row group, from columns of numbers: one page a column, gzip. A column that has one
 * value in a group is a dictionary of that value. Memory is one group's, however long the file is.
 *
 * Bytes go to `append` in order; the footer comes with `end`. What the library does is in parquet.ts: it holds rows as
 * objects and compresses nothing, so packets go around its encoder and use only its metadata classes.
 */
import { gzipSync } from 'node:zlib';
import type { ColumnMetaData, RowGroup } from '@dsnp/parquetjs/dist/gen-nodejs/parquet_types.js';
import type { Column, Zone } from './columns.js';
import { footerOf, parquetLibrary, storedAs, type ParquetLibrary } from './parquet.js';

/** One value for all rows of a group. */
interface OneValue {
  readonly all: string | number;
}

/**
 * A column of one group: one value, doubles, or int64 as pairs of 32-bit words, low first. Timestamps are int64, epoch
 * ms. `nulls`: rows without a value, ascending, which `values` leaves out.
 */
export type ColumnValues =
  OneValue | { readonly values: Float64Array | Int32Array; readonly nulls: readonly number[] };

const MAGIC = Buffer.from('PAR1');
/** Little of what packets repeat is found by more effort. */
const GZIP_LEVEL = 1;

/** The library's classes take a number for an int64. */
const int64 = (value: number): RowGroup['num_rows'] => value as unknown as RowGroup['num_rows'];

/** A run of `count` equal values in the hybrid encoding, bit width 1. */
function runOf(count: number, value: 0 | 1): Buffer {
  const bytes: number[] = [];
  let header = count * 2;
  for (; header >= 128; header = Math.floor(header / 128)) bytes.push((header % 128) + 128);
  return Buffer.from([...bytes, header, value]);
}

/** Definition levels: 1 for a row with a value, 0 for a null. */
function levelsOf(rows: number, nulls: readonly number[]): Buffer {
  const runs: Buffer[] = [];
  let from = 0;
  for (const row of [...nulls, rows]) {
    if (row > from) runs.push(runOf(row - from, 1));
    if (row < rows) runs.push(runOf(1, 0));
    from = row + 1;
  }
  const length = Buffer.alloc(4);
  length.writeUInt32LE(runs.reduce((sum, run) => sum + run.length, 0));
  return Buffer.concat([length, ...runs]);
}

/** One value as a dictionary's page. */
function plainValue(value: string | number, type: Column['type']): Buffer {
  if (typeof value === 'string') {
    const text = Buffer.from(value, 'utf8');
    const length = Buffer.alloc(4);
    length.writeUInt32LE(text.length);
    return Buffer.concat([length, text]);
  }
  const bytes = Buffer.alloc(8);
  if (type === 'double') bytes.writeDoubleLE(value);
  else bytes.writeBigInt64LE(BigInt(value));
  return bytes;
}

/** Pages of one column, and where they begin. */
interface Chunk {
  readonly pages: readonly Buffer[];
  readonly metadata: ColumnMetaData;
}

export class RowGroupWriter {
  readonly #columns: readonly Column[];
  readonly #zone: Zone;
  readonly #library: ParquetLibrary;
  readonly #append: (bytes: Buffer) => Promise<void>;
  readonly #groups: RowGroup[] = [];
  #at = 0;
  #rows = 0;

  private constructor(
    columns: readonly Column[],
    zone: Zone,
    library: ParquetLibrary,
    append: (bytes: Buffer) => Promise<void>,
  ) {
    this.#columns = columns;
    this.#zone = zone;
    this.#library = library;
    this.#append = append;
  }

  /** Begins a file of `columns`, none of them boolean. Rejects with what `append` rejects with. */
  static async begin(
    columns: readonly Column[],
    zone: Zone,
    append: (bytes: Buffer) => Promise<void>,
  ): Promise<RowGroupWriter> {
    const writer = new RowGroupWriter(columns, zone, parquetLibrary(), append);
    await writer.#put(MAGIC);
    return writer;
  }

  /** Appends `rows` rows, by column in their order. Rejects with what `append` rejects with. */
  async group(rows: number, values: readonly ColumnValues[]): Promise<void> {
    const { thrift } = this.#library;
    const begin = this.#at;
    const chunks = [];
    for (const [k, column] of this.#columns.entries()) {
      const { pages, metadata } = this.#chunk(column, rows, values[k]);
      chunks.push(new thrift.ColumnChunk({ file_offset: int64(this.#at), meta_data: metadata }));
      for (const page of pages) await this.#put(page);
    }
    this.#rows += rows;
    this.#groups.push(
      new thrift.RowGroup({
        columns: chunks,
        total_byte_size: int64(this.#at - begin),
        num_rows: int64(rows),
      }),
    );
  }

  /** Writes the footer; `keys` are its metadata. The file is whole when this resolves. */
  async end(keys: Readonly<Record<string, string>>): Promise<void> {
    await this.#put(
      footerOf(this.#library, {
        columns: this.#columns,
        zone: this.#zone,
        keys,
        rows: this.#rows,
        rowGroups: this.#groups,
      }),
    );
  }

  #chunk(column: Column, rows: number, values: ColumnValues): Chunk {
    const { Encoding } = this.#library.thrift;
    if (!('all' in values)) {
      const { buffer, byteOffset, byteLength } = values.values;
      const plain = Buffer.from(buffer, byteOffset, byteLength);
      const page = this.#page(Buffer.concat([levelsOf(rows, values.nulls), plain]), rows, Encoding.PLAIN);
      return this.#described(column, rows, [page], [Encoding.RLE, Encoding.PLAIN]);
    }
    const dictionary = this.#page(plainValue(values.all, column.type), 1, undefined);
    // The width of an index, one bit, and all rows with index 0.
    const indexes = Buffer.concat([levelsOf(rows, []), Buffer.from([1]), runOf(rows, 0)]);
    const page = this.#page(indexes, rows, Encoding.RLE_DICTIONARY);
    const encodings = [Encoding.RLE, Encoding.PLAIN, Encoding.RLE_DICTIONARY];
    return this.#described(column, rows, [dictionary, page], encodings);
  }

  /** A page with its header; without an encoding of its values, a dictionary's. */
  #page(content: Buffer, values: number, encoding: number | undefined): { bytes: Buffer; plain: number } {
    const { thrift, wire } = this.#library;
    const packed = gzipSync(content, { level: GZIP_LEVEL });
    const header = new thrift.PageHeader({
      type: encoding === undefined ? thrift.PageType.DICTIONARY_PAGE : thrift.PageType.DATA_PAGE,
      uncompressed_page_size: content.length,
      compressed_page_size: packed.length,
      ...(encoding === undefined
        ? {
            dictionary_page_header: new thrift.DictionaryPageHeader({
              num_values: values,
              encoding: thrift.Encoding.PLAIN,
            }),
          }
        : {
            data_page_header: new thrift.DataPageHeader({
              num_values: values,
              encoding,
              definition_level_encoding: thrift.Encoding.RLE,
              repetition_level_encoding: thrift.Encoding.RLE,
            }),
          }),
    });
    const head = wire.serializeThrift(header);
    return { bytes: Buffer.concat([head, packed]), plain: head.length + content.length };
  }

  #described(
    column: Column,
    rows: number,
    pages: readonly { bytes: Buffer; plain: number }[],
    encodings: number[],
  ): Chunk {
    const { thrift } = this.#library;
    const [first] = pages;
    const hasDictionary = pages.length > 1;
    const metadata = new thrift.ColumnMetaData({
      type: thrift.Type[storedAs[column.type][0]],
      encodings,
      path_in_schema: [column.name],
      codec: thrift.CompressionCodec.GZIP,
      num_values: int64(rows),
      total_uncompressed_size: int64(pages.reduce((sum, { plain }) => sum + plain, 0)),
      total_compressed_size: int64(pages.reduce((sum, { bytes }) => sum + bytes.length, 0)),
      data_page_offset: int64(this.#at + (hasDictionary ? first.bytes.length : 0)),
      ...(hasDictionary ? { dictionary_page_offset: int64(this.#at) } : {}),
    });
    return { pages: pages.map(({ bytes }) => bytes), metadata };
  }

  async #put(bytes: Buffer): Promise<void> {
    await this.#append(bytes);
    this.#at += bytes.length;
  }
}
