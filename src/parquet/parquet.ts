/**
 * Encodes one Parquet file: one row group, one plain page a column, uncompressed (a day of one symbol is some 30 KB).
 *
 * The library writes times as ConvertedType only, which readers take for naive. So its footer is replaced by one with
 * LogicalType TIMESTAMP(isAdjustedToUTC) and STRING, and with `ARROW:schema` for the zone. That reaches into the
 * library's `dist`, hence the exact version in package.json. The library gets columns in its internal form, because
 * its first step makes five objects of each value; the bytes are the same (test/parquet/parquet.test.ts).
 *
 * The library costs a thread 20 MB and more than 100 ms, so the first write loads it, and a thread that only reads
 * never does. Its parts are loaded singly, because its reader imports a cloud storage SDK.
 */
import type { FieldDefinition, ParquetType, WriterOptions } from '@dsnp/parquetjs/dist/lib/declare.js';
import type * as Thrift from '@dsnp/parquetjs/dist/gen-nodejs/parquet_types.js';
import type * as Schema from '@dsnp/parquetjs/dist/lib/schema.js';
import type * as Types from '@dsnp/parquetjs/dist/lib/types.js';
import type * as Wire from '@dsnp/parquetjs/dist/lib/util.js';
import type * as Writer from '@dsnp/parquetjs/dist/lib/writer.js';
import { requirePackage } from '../packages.js';
import { arrowSchema } from './arrow-schema.js';
import type { Column, ColumnType, Zone } from './columns.js';

/** One row by column name: string, double and int64 as number, boolean, timestamp as epoch ms. */
export type ParquetRecord = Readonly<Record<string, string | number | boolean | null>>;

export interface ParquetFile {
  readonly columns: readonly Column[];
  readonly rows: readonly ParquetRecord[];
  readonly zone: Zone;
  /** Footer metadata without `ARROW:schema`. */
  readonly keys: Readonly<Record<string, string>>;
}

const libraryType: Record<ColumnType, ParquetType> = {
  string: 'UTF8',
  double: 'DOUBLE',
  int64: 'INT64',
  boolean: 'BOOLEAN',
  timestamp: 'TIMESTAMP_MILLIS',
};

/** Physical type, and ConvertedType where it has one. */
export const storedAs = {
  string: ['BYTE_ARRAY', 'UTF8'],
  double: ['DOUBLE', undefined],
  int64: ['INT64', undefined],
  boolean: ['BOOLEAN', undefined],
  timestamp: ['INT64', 'TIMESTAMP_MILLIS'],
} as const satisfies Record<ColumnType, readonly [string, string | undefined]>;

/**
 * The library calls `new Buffer` for each number that it writes, and Node walks the call stack each time, to warn only
 * callers outside node_modules. That takes most of a small file's time. Node stops once it has warned: here, unheard.
 */
function endDeprecationChecks(): void {
  const before = process.noDeprecation === true;
  process.noDeprecation = true;
  Reflect.construct(Buffer, [0]);
  process.noDeprecation = before;
}

function loadLibrary() {
  endDeprecationChecks();
  const file = (name: string): unknown => requirePackage(`@dsnp/parquetjs/dist/${name}.js`);
  return {
    ...(file('lib/writer') as typeof Writer),
    ...(file('lib/schema') as typeof Schema),
    thrift: file('gen-nodejs/parquet_types') as typeof Thrift,
    wire: file('lib/util') as typeof Wire,
    types: file('lib/types') as typeof Types,
  };
}

export type ParquetLibrary = ReturnType<typeof loadLibrary>;
let library: ParquetLibrary | undefined;

/** Adds what the library leaves out. */
function completeElement(
  thrift: ParquetLibrary['thrift'],
  element: Thrift.SchemaElement,
  type: ColumnType,
): void {
  if (type === 'string') element.logicalType = new thrift.LogicalType({ STRING: new thrift.StringType() });
  if (type !== 'timestamp') return;
  const unit = new thrift.TimeUnit({ MILLIS: new thrift.MilliSeconds() });
  element.logicalType = new thrift.LogicalType({
    TIMESTAMP: new thrift.TimestampType({ isAdjustedToUTC: true, unit }),
  });
}

/** What a footer says of a file. */
export interface ParquetFooter {
  readonly columns: readonly Column[];
  readonly zone: Zone;
  /** Without `ARROW:schema`. */
  readonly keys: Readonly<Record<string, string>>;
  readonly rows: number;
  readonly rowGroups: Writer.ParquetEnvelopeWriter['rowGroups'];
}

/** Metadata, its length, the magic word. */
export function footerOf({ thrift, wire }: ParquetLibrary, file: ParquetFooter): Buffer {
  const root = new thrift.SchemaElement({ name: 'schema', num_children: file.columns.length });
  const elements = file.columns.map((column) => {
    const [type, converted] = storedAs[column.type];
    const element = new thrift.SchemaElement({
      name: column.name,
      type: thrift.Type[type],
      repetition_type: thrift.FieldRepetitionType.OPTIONAL,
    });
    if (converted !== undefined) element.converted_type = thrift.ConvertedType[converted];
    completeElement(thrift, element, column.type);
    return element;
  });
  const keys = { ...file.keys, 'ARROW:schema': arrowSchema(file.columns, file.zone) };
  const metadata = new thrift.FileMetaData({
    version: 2,
    schema: [root, ...elements],
    num_rows: file.rows as never,
    row_groups: file.rowGroups,
    key_value_metadata: Object.entries(keys).map(([key, value]) => new thrift.KeyValue({ key, value })),
    created_by: 'tickshard',
  });
  const encoded = wire.serializeThrift(metadata);
  const tail = Buffer.alloc(8);
  tail.writeUInt32LE(encoded.length, 0);
  tail.write('PAR1', 4);
  return Buffer.concat([encoded, tail]);
}

/** The part of a stream that the library uses. */
function collector(chunks: Buffer[]): Wire.WriteStreamMinimal {
  const write = (bytes: Buffer, written: (error?: Error | null) => void): boolean => {
    chunks.push(bytes);
    written();
    return true;
  };
  return { write, end: (ended: () => void) => ended() } as unknown as Wire.WriteStreamMinimal;
}

/** Columns in the library's internal form. Throws when a value does not fit its column. */
function columnsOf(
  { types }: ParquetLibrary,
  schema: Schema.ParquetSchema,
  { columns, rows }: ParquetFile,
): Writer.ParquetWriter['rowBuffer'] {
  const columnData: NonNullable<Writer.ParquetWriter['rowBuffer']['columnData']> = {};
  for (const { name } of columns) {
    const field = schema.fields[name];
    const type = field.originalType ?? field.primitiveType;
    // As the library declares them.
    const values: number[] = [];
    const dlevels: number[] = [];
    let before: ParquetRecord[string] = null;
    let primitive = 0;
    for (const row of rows) {
      const value = row[name];
      dlevels.push(value === null ? 0 : field.dLevelMax);
      if (value === null) continue;
      // A symbol's name, or a minute like the one before.
      if (value !== before) primitive = types.toPrimitive(type, value, field) as number;
      before = value;
      values.push(primitive);
    }
    columnData[name] = { dlevels, rlevels: [], values, distinct_values: new Set(), count: rows.length };
  }
  return {
    rowCount: rows.length,
    pageRowCount: rows.length,
    columnData,
    pages: Object.fromEntries(columns.map(({ name }) => [name, []])),
  };
}

/** The library, loaded once. */
export function parquetLibrary(): ParquetLibrary {
  return (library ??= loadLibrary());
}

/**
 * The bytes of a file; the same rows give the same bytes. Columns are nullable, as pandas writes them, so that
 * schemas compare equal; candles hold no null. Rejects when a value does not fit its column.
 */
export async function encodeParquet(file: ParquetFile): Promise<Buffer> {
  const lib = parquetLibrary();
  const definition = Object.fromEntries(
    file.columns.map((column): [string, FieldDefinition] => [
      column.name,
      { type: libraryType[column.type], optional: true, compression: 'UNCOMPRESSED', statistics: false },
    ]),
  );
  const chunks: Buffer[] = [];
  const oneGroup = Math.max(1, file.rows.length) + 1;
  // One page a column needs no page index, and readers save a second look.
  const options = {
    rowGroupSize: oneGroup,
    pageSize: oneGroup,
    useDataPageV2: false,
    pageIndex: false,
  } satisfies WriterOptions;
  const envelope = await lib.ParquetEnvelopeWriter.openStream(
    new lib.ParquetSchema(definition),
    collector(chunks),
    options,
  );
  envelope.writeFooter = () =>
    envelope.writeSection(
      footerOf(lib, { ...file, rows: Number(envelope.rowCount), rowGroups: envelope.rowGroups }),
    );
  const writer = new lib.ParquetWriter(envelope.schema, envelope, options);
  if (file.rows.length > 0) writer.rowBuffer = columnsOf(lib, envelope.schema, file);
  await writer.close();
  return Buffer.concat(chunks);
}
