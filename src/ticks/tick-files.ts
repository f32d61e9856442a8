/** Files of an export, each written once from front to back: a format turns batches of packets into bytes. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { FrameCodec } from '../broker/broker.js';
import { EngineError, sentenceOf } from '../errors.js';
import type { Instrument } from '../market/instrument.js';
import type { ModeName } from '../market/packet.js';
import { RowGroupWriter, type ColumnValues } from '../parquet/row-groups.js';
import { newTickRow, type PacketBatch } from './batch.js';
import { tickColumns, type PriceUnit, type TickColumn, type TickRow } from './columns.js';
import { csvFormat, jsonFormat, UNIT_TEXT, type LineFormat } from './text-rows.js';

export type TickFormat = 'parquet' | 'csv' | 'jsonl';

/** A file that is whole. */
export interface TickFileFigures {
  readonly name: string;
  readonly rows: number;
  readonly bytes: number;
  /** Of the whole file, hex. */
  readonly sha256: string;
}

export interface TickFileOptions {
  readonly format: TickFormat;
  readonly mode: ModeName;
  readonly unit: PriceUnit;
  readonly codec: FrameCodec;
  /** Footer of a Parquet file. */
  readonly keys: Readonly<Record<string, string>>;
}

/** Characters of text that are written at once. */
const TEXT_LENGTH = 1 << 20;
/** Epoch ms of the last instant that a date can be; others become null in Parquet. */
const MAX_MS = 8.64e15;

/** Appends to a path; the file is open only while it is written, as an export may have a thousand. */
class Output {
  readonly #path: string;
  readonly #hash = createHash('sha256');
  #begun = false;
  bytes = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Throws EngineError OUTPUT. */
  async append(bytes: Buffer, durable = false): Promise<void> {
    try {
      const file = await open(this.#path, this.#begun ? 'a' : 'wx');
      this.#begun = true;
      try {
        await file.writeFile(bytes);
        if (durable) await file.sync();
      } finally {
        await file.close();
      }
    } catch (error) {
      throw new EngineError('OUTPUT', `${this.#path} cannot be written (${sentenceOf(error)}).`, {
        cause: error,
        retryable: true,
      });
    }
    this.#hash.update(bytes);
    this.bytes += bytes.length;
  }

  /** All that was appended becomes durable. */
  async end(rows: number): Promise<TickFileFigures> {
    await this.append(Buffer.alloc(0), true);
    return { name: basename(this.#path), rows, bytes: this.bytes, sha256: this.#hash.digest('hex') };
  }
}

/** Takes batches of packets in the order of the file's rows. Methods throw EngineError OUTPUT. */
export interface TickFile {
  write(batch: PacketBatch): Promise<void>;
  end(): Promise<TickFileFigures>;
}

/** One column of a batch while it is filled; undefined for a constant. */
interface Filling {
  readonly values: Float64Array | Int32Array;
  readonly nulls: number[];
  put(row: TickRow, index: number): void;
}

function fillingOf({ type, words, number }: TickColumn, rows: number): Filling {
  const nulls: number[] = [];
  let at = 0;
  if (type === 'double') {
    const values = new Float64Array(rows);
    return { values, nulls, put: (row) => void (values[at++] = number!(row)) };
  }
  const values = new Int32Array(2 * rows);
  const put = (row: TickRow, index: number): void => {
    const value = words === undefined ? Math.round(number!(row)) : row.packet.number(words);
    // A reader refuses a whole file for one instant that no calendar has.
    if (type === 'timestamp' && !(Math.abs(value) <= MAX_MS)) {
      nulls.push(index);
      return;
    }
    values[at++] = words === undefined ? value | 0 : row.packet.words[2 * words];
    values[at++] = words === undefined ? Math.floor(value / 4294967296) : row.packet.words[2 * words + 1];
  };
  return { values, nulls, put };
}

class ParquetTicks implements TickFile {
  readonly #output: Output;
  readonly #options: TickFileOptions;
  readonly #columns: readonly TickColumn[];
  readonly #writer: RowGroupWriter;
  #rows = 0;

  private constructor(
    output: Output,
    options: TickFileOptions,
    columns: readonly TickColumn[],
    writer: RowGroupWriter,
  ) {
    this.#output = output;
    this.#options = options;
    this.#columns = columns;
    this.#writer = writer;
  }

  static async begin(path: string, options: TickFileOptions): Promise<ParquetTicks> {
    const output = new Output(path);
    const columns = tickColumns(options.mode, options.unit, true);
    const writer = await RowGroupWriter.begin(columns, '+05:30', (bytes) => output.append(bytes));
    return new ParquetTicks(output, options, columns, writer);
  }

  async write(batch: PacketBatch): Promise<void> {
    const fillings = this.#columns.map((column) =>
      column.constant === undefined ? fillingOf(column, batch.count) : undefined,
    );
    let index = 0;
    for (const row of batch.rows(this.#options.codec, newTickRow(batch.instrument))) {
      for (const filling of fillings) filling?.put(row, index);
      index++;
    }
    const values = fillings.map((filling, k): ColumnValues => {
      if (filling === undefined) return { all: this.#columns[k].constant!(batch.instrument) };
      const { nulls } = filling;
      const width = filling.values instanceof Float64Array ? 1 : 2;
      return { values: filling.values.subarray(0, width * (batch.count - nulls.length)), nulls };
    });
    await this.#writer.group(batch.count, values);
    this.#rows += batch.count;
  }

  async end(): Promise<TickFileFigures> {
    await this.#writer.end({ ...this.#options.keys, price_unit: UNIT_TEXT[this.#options.unit] });
    return this.#output.end(this.#rows);
  }
}

class TextTicks implements TickFile {
  readonly #output: Output;
  readonly #codec: FrameCodec;
  readonly #format: LineFormat;
  #rows = 0;

  private constructor(output: Output, codec: FrameCodec, format: LineFormat) {
    this.#output = output;
    this.#codec = codec;
    this.#format = format;
  }

  static async begin(path: string, { format, mode, unit, codec }: TickFileOptions): Promise<TextTicks> {
    const lines = format === 'csv' ? csvFormat(mode, unit) : jsonFormat(mode, unit);
    const output = new Output(path);
    await output.append(Buffer.from(lines.head));
    return new TextTicks(output, codec, lines);
  }

  async write(batch: PacketBatch): Promise<void> {
    let text = '';
    for (const row of batch.rows(this.#codec, newTickRow(batch.instrument))) {
      text += this.#format.line(row);
      if (text.length < TEXT_LENGTH) continue;
      await this.#output.append(Buffer.from(text));
      text = '';
    }
    await this.#output.append(Buffer.from(text));
    this.#rows += batch.count;
  }

  end(): Promise<TickFileFigures> {
    return this.#output.end(this.#rows);
  }
}

/** Begins a new file. Throws EngineError OUTPUT. */
export function beginTickFile(path: string, options: TickFileOptions): Promise<TickFile> {
  return options.format === 'parquet' ? ParquetTicks.begin(path, options) : TextTicks.begin(path, options);
}

/** `NSE_RELIANCE_ticks.parquet`; without an instrument, of all. */
export function tickFileName(
  stem: ((one: Instrument) => string) | undefined,
  one: Instrument,
  format: TickFormat,
): string {
  return `${stem === undefined ? '' : `${stem(one)}_`}ticks.${format}`;
}
