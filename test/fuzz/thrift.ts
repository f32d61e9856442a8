/** Writes Thrift's compact protocol, which Parquet uses for its footer and page headers. */

/** A field's number and its value. */
export type Field = readonly [number, Thrift];
export type Thrift =
  | { readonly i32: number | bigint }
  | { readonly i64: number | bigint }
  | { readonly text: string }
  | { readonly bytes: Buffer }
  | { readonly flag: boolean }
  | { readonly fields: readonly Field[] }
  | { readonly list: readonly Thrift[]; readonly saysLength?: number };

export function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  for (let rest = BigInt.asUintN(64, value); ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) | 128);
  }
}

export const zigzag = (value: number | bigint): Buffer =>
  varint((BigInt(value) << 1n) ^ (BigInt(value) >> 63n));

function typeOf(value: Thrift): number {
  if ('i32' in value) return 5;
  if ('i64' in value) return 6;
  if ('flag' in value) return value.flag ? 1 : 2;
  if ('list' in value) return 9;
  return 'fields' in value ? 12 : 8;
}

function encoded(value: Thrift): Buffer {
  if ('i32' in value) return zigzag(value.i32);
  if ('i64' in value) return zigzag(value.i64);
  if ('flag' in value) return Buffer.alloc(0);
  if ('fields' in value) return structure(value.fields);
  if ('list' in value) {
    const type = value.list.length === 0 ? 12 : typeOf(value.list[0]);
    return Buffer.concat([
      Buffer.from([0xf0 | type]),
      varint(BigInt(value.saysLength ?? value.list.length)),
      ...value.list.map(encoded),
    ]);
  }
  const bytes = 'text' in value ? Buffer.from(value.text) : value.bytes;
  return Buffer.concat([varint(BigInt(bytes.length)), bytes]);
}

export function structure(fields: readonly Field[]): Buffer {
  let last = 0;
  const parts = fields.map(([number, value]) => {
    const head = Buffer.from([((number - last) << 4) | typeOf(value)]);
    last = number;
    return Buffer.concat([head, encoded(value)]);
  });
  return Buffer.concat([...parts, Buffer.from([0])]);
}
