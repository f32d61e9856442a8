/**
 * `ARROW:schema` of a Parquet file: an Arrow IPC Schema message in base64. Parquet itself does not store a time's
 * zone, so pandas and pyarrow take it from here; without it a column comes back in UTC, and joined with the existing
 * files it becomes `object`.
 *
 *   0xFFFFFFFF | length (int32) | flatbuffer Message { version V5, header Schema { fields } } | padding to 8
 *
 * Writes only the tables that our columns need; reads back only the zone. Source: Apache Arrow's format/Message.fbs
 * and format/Schema.fbs, and the flatbuffers "internals" page.
 */
import type { Column, ColumnType } from './columns.js';

const CONTINUATION = 0xffffffff;
const VERSION_V5 = 4;
const HEADER_SCHEMA = 1;
const TYPE_TIMESTAMP = 10;
const UNIT_MILLISECOND = 1;
const PRECISION_DOUBLE = 2;

/** Slots of the tables, in the order of the .fbs files. */
const MESSAGE = { version: 0, headerType: 1, header: 2 } as const;
const SCHEMA = { fields: 1 } as const;
const FIELD = { name: 0, typeType: 2, type: 3 } as const;
const TIMESTAMP = { timezone: 1 } as const;

/** An inline scalar, or an offset to what is written after the table. */
type Slot = { readonly bytes: 1 | 2 | 4; readonly value: number } | { readonly at: () => number };

/** Writes front to back: an offset precedes its target, so every offset is positive. */
class FlatWriter {
  readonly #buffer: Buffer;
  #end = 0;

  constructor(capacity: number) {
    this.#buffer = Buffer.alloc(capacity);
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#end);
  }

  align(to: number): void {
    this.#end = Math.ceil(this.#end / to) * to;
  }

  /** Reserves four bytes for an offset to what is not yet written. */
  pointer(): number {
    this.align(4);
    this.#end += 4;
    return this.#end - 4;
  }

  point(from: number, to: number): void {
    this.#buffer.writeUInt32LE(to - from, from);
  }

  string(text: string): number {
    this.align(4);
    const start = this.#end;
    const length = this.#buffer.write(text, start + 4, 'utf8');
    this.#buffer.writeUInt32LE(length, start);
    // Without the terminating zero.
    this.#end = start + 4 + length + 1;
    return start;
  }

  vector(items: readonly (() => number)[]): number {
    this.align(4);
    const start = this.#end;
    this.#buffer.writeUInt32LE(items.length, start);
    this.#end += 4 + 4 * items.length;
    items.forEach((item, index) => this.point(start + 4 + 4 * index, item()));
    return start;
  }

  /** Writes a vtable and its table. `slots` has holes where the default applies. */
  table(slots: readonly (Slot | undefined)[]): number {
    const vtableBytes = 4 + 2 * slots.length;
    this.align(2);
    // The table must begin on four bytes.
    if ((this.#end + vtableBytes) % 4 !== 0) this.#end += 2;
    const vtable = this.#end;
    const table = vtable + vtableBytes;
    this.#buffer.writeInt32LE(table - vtable, table);
    this.#end = table + 4;
    const pending: { from: number; at: () => number }[] = [];
    // Wide slots first: no padding is needed.
    for (const width of [4, 2, 1] as const) {
      slots.forEach((slot, index) => {
        if (slot === undefined || ('bytes' in slot ? slot.bytes : 4) !== width) return;
        this.#buffer.writeUInt16LE(this.#end - table, vtable + 4 + 2 * index);
        if ('bytes' in slot) this.#buffer.writeIntLE(slot.value, this.#end, width);
        else pending.push({ from: this.#end, at: slot.at });
        this.#end += width;
      });
    }
    this.#buffer.writeUInt16LE(vtableBytes, vtable);
    this.#buffer.writeUInt16LE(this.#end - table, vtable + 2);
    for (const { from, at } of pending) this.point(from, at());
    return table;
  }
}

/** A column's Arrow type table, and its number in the union `Type`. */
function typeOf(
  writer: FlatWriter,
  type: ColumnType,
  zone: string,
): { readonly number: number; readonly table: () => number } {
  switch (type) {
    case 'int64':
      return {
        number: 2,
        table: () =>
          writer.table([
            { bytes: 4, value: 64 },
            { bytes: 1, value: 1 },
          ]),
      };
    case 'double':
      return { number: 3, table: () => writer.table([{ bytes: 2, value: PRECISION_DOUBLE }]) };
    case 'string':
      return { number: 5, table: () => writer.table([]) };
    case 'boolean':
      return { number: 6, table: () => writer.table([]) };
    case 'timestamp':
      return {
        number: TYPE_TIMESTAMP,
        table: () => writer.table([{ bytes: 2, value: UNIT_MILLISECOND }, { at: () => writer.string(zone) }]),
      };
  }
}

/** The base64 `ARROW:schema` of `columns`: all nullable as pandas writes them, times in ms with `zone`. */
export function arrowSchema(columns: readonly Column[], zone: string): string {
  const writer = new FlatWriter(1024 + 128 * columns.length + zone.length * columns.length);
  const field = (column: Column) => (): number => {
    const type = typeOf(writer, column.type, zone);
    return writer.table([
      { at: () => writer.string(column.name) },
      { bytes: 1, value: 1 },
      { bytes: 1, value: type.number },
      { at: type.table },
      undefined,
      // Arrow's C++ refuses a field without a vector of children.
      { at: () => writer.vector([]) },
    ]);
  };
  const root = writer.pointer();
  const schema = () => writer.table([undefined, { at: () => writer.vector(columns.map(field)) }]);
  writer.point(
    root,
    writer.table([{ bytes: 2, value: VERSION_V5 }, { bytes: 1, value: HEADER_SCHEMA }, { at: schema }]),
  );
  writer.align(8);
  const head = Buffer.alloc(8);
  head.writeUInt32LE(CONTINUATION, 0);
  head.writeInt32LE(writer.bytes.length, 4);
  return Buffer.concat([head, writer.bytes]).toString('base64');
}

/** Reads a flatbuffer. A position outside the bytes throws RangeError, which the only caller turns into "unknown". */
class FlatReader {
  constructor(readonly bytes: Buffer) {}

  follow(at: number): number {
    return at + this.bytes.readUInt32LE(at);
  }

  /** Position of a table's slot; undefined when the default applies. */
  slot(table: number, slot: number): number | undefined {
    const vtable = table - this.bytes.readInt32LE(table);
    if (4 + 2 * slot >= this.bytes.readUInt16LE(vtable)) return undefined;
    const offset = this.bytes.readUInt16LE(vtable + 4 + 2 * slot);
    return offset === 0 ? undefined : table + offset;
  }

  child(table: number, slot: number): number | undefined {
    const at = this.slot(table, slot);
    return at === undefined ? undefined : this.follow(at);
  }

  string(at: number): string {
    const length = this.bytes.readUInt32LE(at);
    if (at + 4 + length > this.bytes.length) throw new RangeError('a string leaves the schema');
    return this.bytes.toString('utf8', at + 4, at + 4 + length);
  }

  *tables(vector: number): Generator<number> {
    const count = this.bytes.readUInt32LE(vector);
    for (let index = 0; index < count; index++) yield this.follow(vector + 4 + 4 * index);
  }
}

/** A column's zone; `naive` for a time without one. */
export type ArrowZone = { readonly zone: string } | 'naive';

/**
 * The zone of column `name` in a base64 `ARROW:schema`; undefined when the text is no such schema or the column no
 * timestamp. Never throws: the bytes are untrusted.
 */
export function zoneInArrowSchema(base64: string, name: string): ArrowZone | undefined {
  try {
    const message = Buffer.from(base64, 'base64');
    // Writers before Arrow 0.15 had no continuation word.
    const bytes = message.subarray(message.readUInt32LE(0) === CONTINUATION ? 8 : 4);
    const reader = new FlatReader(bytes);
    const root = reader.follow(0);
    const headerType = reader.slot(root, MESSAGE.headerType);
    const schema = reader.child(root, MESSAGE.header);
    if (headerType === undefined || bytes.readUInt8(headerType) !== HEADER_SCHEMA || schema === undefined)
      return undefined;
    const fields = reader.child(schema, SCHEMA.fields);
    if (fields === undefined) return undefined;
    for (const field of reader.tables(fields)) {
      const nameAt = reader.child(field, FIELD.name);
      if (nameAt === undefined || reader.string(nameAt) !== name) continue;
      const typeType = reader.slot(field, FIELD.typeType);
      const type = reader.child(field, FIELD.type);
      if (typeType === undefined || type === undefined || bytes.readUInt8(typeType) !== TYPE_TIMESTAMP)
        return undefined;
      const zone = reader.child(type, TIMESTAMP.timezone);
      return zone === undefined ? 'naive' : { zone: reader.string(zone) };
    }
    return undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
