/**
 * Makes forged Parquet files: any number of the footer and the page headers can be wrong, pages can expand a
 * thousandfold, and runs of values can be longer than their page. Without `lies` the file is valid.
 */
import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { Random } from '../../src/random.js';
import type { Column } from '../../src/parquet/columns.js';
import { chance, EDGES, pick, randomBytes, size } from './bytes.js';
import { plainValues, snappyRepeated } from './page-bytes.js';
import { structure, varint, zigzag, type Field, type Thrift } from './thrift.js';

/** Replaces numbers by wrong ones. `rate` is the share of them, 0 to 1. */
interface Lies {
  readonly random: Random;
  readonly rate: number;
}

export const CODECS = ['UNCOMPRESSED', 'SNAPPY', 'GZIP', 'LZO', 'BROTLI', 'LZ4', 'ZSTD'] as const;
export const ENCODINGS = {
  plain: 0,
  plainDictionary: 2,
  rle: 3,
  deltaBinary: 5,
  deltaLength: 6,
  deltaBytes: 7,
  dictionary: 8,
  split: 9,
} as const;
const TYPES = { boolean: 0, int32: 1, int64: 2, int96: 3, float: 4, double: 5, bytes: 6, fixed: 7 } as const;

export interface Forged {
  readonly columns: readonly Column[];
  readonly rows: number;
  readonly keys: Readonly<Record<string, string>>;
  readonly lies?: Lies | undefined;
  /** One chosen forgery: the pages of a column instead of its values, or how a page is packed. */
  readonly bodyOf?: (column: Column) => { readonly body: Buffer; readonly encoding: number } | undefined;
  readonly pack?: (body: Buffer) => {
    readonly packed: Buffer;
    readonly plain: number;
    readonly codec: number;
  };
}

class Forge {
  readonly #file: Forged;
  readonly #parts: Buffer[] = [Buffer.from('PAR1')];
  #offset = 4;

  constructor(file: Forged) {
    this.#file = file;
  }

  lies(factor = 1): boolean {
    const { lies } = this.#file;
    return lies !== undefined && chance(lies.random, lies.rate * factor);
  }

  get random(): Random {
    return this.#file.lies!.random;
  }

  number(honest: number): number | bigint {
    if (!this.lies()) return honest;
    const edge = pick(this.random, EDGES);
    return pick(this.random, [
      edge,
      -edge,
      BigInt(honest) + 1n,
      BigInt(honest) - 1n,
      BigInt(honest) * 1000n,
      BigInt(size(this.random, 40_000_000)),
    ]);
  }

  i32 = (honest: number): Thrift => ({ i32: BigInt.asIntN(32, BigInt(this.number(honest))) });
  i64 = (honest: number): Thrift => ({ i64: BigInt.asIntN(64, BigInt(this.number(honest))) });

  /** A run-length encoded run of `value`. */
  run(count: number, value: number, width: number): Buffer {
    const said = BigInt(this.number(count));
    const header = this.lies() ? (said << 1n) | 1n : said << 1n;
    return Buffer.concat([varint(BigInt.asUintN(32, header)), Buffer.alloc((width + 7) >> 3, value)]);
  }

  /** A page's body and encoding: plain, or one that expands a lot. */
  body(column: Column, rows: number): { body: Buffer; encoding: number } {
    const chosen = this.#file.bodyOf?.(column);
    if (chosen !== undefined) return chosen;
    if (!this.lies(3)) return { body: plainValues(column, rows), encoding: ENCODINGS.plain };
    const { random } = this;
    const delta = Buffer.concat([
      varint(BigInt(this.number(128))),
      varint(BigInt(this.number(4))),
      varint(BigInt(this.number(rows))),
      zigzag(1),
      ...Array.from({ length: 1 + Math.ceil(rows / 128) }, () =>
        Buffer.concat([
          zigzag(BigInt.asIntN(63, BigInt(this.number(60_000)))),
          Buffer.from([0, 0, 0, this.lies() ? 255 : 0]),
        ]),
      ),
    ]);
    return pick(random, [
      () => ({
        body: Buffer.concat([Buffer.from([this.lies() ? 255 : 1]), this.run(rows, 0, 1)]),
        encoding: pick(random, [ENCODINGS.dictionary, ENCODINGS.plainDictionary, ENCODINGS.rle]),
      }),
      () => ({ body: Buffer.from([0]), encoding: ENCODINGS.dictionary }),
      () => ({ body: delta, encoding: ENCODINGS.deltaBinary }),
      () => ({ body: Buffer.concat([delta, randomBytes(random, 64)]), encoding: ENCODINGS.deltaLength }),
      () => ({
        body: Buffer.concat([delta, delta, randomBytes(random, 64)]),
        encoding: ENCODINGS.deltaBytes,
      }),
      () => ({
        body: Buffer.concat([Buffer.from([0x80, 0x01, 0x04]), Buffer.alloc(size(random, 200_000), 0xff)]),
        encoding: ENCODINGS.deltaBinary,
      }),
      () => ({ body: Buffer.alloc(8 * rows), encoding: ENCODINGS.split }),
      () => ({ body: randomBytes(random, size(random, 2000)), encoding: Math.floor(random() * 12) }),
    ])();
  }

  compressed(body: Buffer): { packed: Buffer; plain: number; codec: number } {
    if (this.#file.pack !== undefined) return this.#file.pack(body);
    if (!this.lies(2)) return { packed: body, plain: body.length, codec: 0 };
    const { random } = this;
    const large = pick(random, [2 ** 16, 2 ** 22, 2 ** 26, 2 ** 27]);
    return pick(random, [
      () => ({ packed: gzipSync(body), plain: body.length, codec: CODECS.indexOf('GZIP') }),
      () => ({ packed: brotliCompressSync(body), plain: body.length, codec: CODECS.indexOf('BROTLI') }),
      () => ({
        packed: gzipSync(Buffer.alloc(large)),
        plain: pick(random, [large, body.length]),
        codec: CODECS.indexOf('GZIP'),
      }),
      () => ({
        packed: snappyRepeated(0, Math.min(large, 2 ** 24)),
        plain: pick(random, [Math.min(large, 2 ** 24), body.length]),
        codec: CODECS.indexOf('SNAPPY'),
      }),
      () => ({ packed: body, plain: body.length, codec: Math.floor(random() * 8) }),
    ])();
  }

  /** One page with its header. */
  page(column: Column, rows: number): { bytes: Buffer; plain: number; codec: number } {
    const dictionary = this.lies(2) ? this.dictionaryPage(column) : Buffer.alloc(0);
    const { body, encoding } = this.body(column, rows);
    const leveled = Buffer.concat([Buffer.from([0, 0, 0, 0]), this.run(rows, 1, 1), body]);
    leveled.writeUInt32LE(leveled.length - 4 - body.length);
    if (this.lies()) leveled.writeUInt32LE(Number(BigInt.asUintN(32, BigInt(this.number(2)))));
    const { packed, plain, codec } = this.compressed(leveled);
    const second = this.lies();
    const kind: Field = second
      ? [
          8,
          {
            fields: [
              [1, this.i32(rows)],
              [2, this.i32(0)],
              [3, this.i32(rows)],
              [4, { i32: encoding }],
              [5, this.i32(2)],
              [6, this.i32(0)],
              [7, { flag: codec !== 0 }],
            ],
          },
        ]
      : [
          5,
          {
            fields: [
              [1, this.i32(rows)],
              [2, { i32: encoding }],
              [3, { i32: 3 }],
              [4, { i32: 3 }],
            ],
          },
        ];
    const fields: Field[] = [
      [1, { i32: second ? 3 : 0 }],
      [2, this.i32(plain)],
      [3, this.i32(packed.length)],
      kind,
    ];
    const header = structure(this.lies() ? fields.filter(() => chance(this.random, 0.7)) : fields);
    return { bytes: Buffer.concat([dictionary, header, packed]), plain: header.length + plain, codec };
  }

  dictionaryPage(column: Column): Buffer {
    const body = plainValues(column, 2);
    return Buffer.concat([
      structure([
        [1, { i32: 2 }],
        [2, this.i32(body.length)],
        [3, this.i32(body.length)],
        [
          7,
          {
            fields: [
              [1, this.i32(2)],
              [2, { i32: 0 }],
            ],
          },
        ],
      ]),
      body,
    ]);
  }

  chunk(column: Column, rows: number): Thrift {
    const { bytes, plain, codec } = this.page(column, rows);
    const repeated = this.lies(0.3) ? Array.from({ length: size(this.random, 50) }, () => bytes) : [bytes];
    const at = this.#offset;
    this.#parts.push(...repeated);
    this.#offset += bytes.length * repeated.length;
    const path = this.lies()
      ? pick(this.random, [[], ['__proto__'], [column.name, column.name], ['symbol'], ['volume']])
      : [column.name];
    const meta: Field[] = [
      [1, { i32: typeNumber(column) }],
      [2, { list: [{ i32: 0 }, { i32: 3 }] }],
      [3, { list: path.map((text) => ({ text })) }],
      [4, { i32: codec }],
      [5, this.i64(rows)],
      [6, this.i64(plain)],
      [7, this.i64(bytes.length * repeated.length)],
      [9, this.i64(at)],
    ];
    return {
      fields: [
        [2, { i64: at }],
        [3, { fields: meta }],
      ],
    };
  }

  element(column: Column): Thrift {
    const logical: Record<string, Field[]> = {
      string: [
        [6, this.i32(0)],
        [10, { fields: [[1, { fields: [] }]] }],
      ],
      timestamp: [
        [
          10,
          {
            fields: [
              [
                8,
                {
                  fields: [
                    [1, { flag: true }],
                    [2, { fields: [[1, { fields: [] }]] }],
                  ],
                },
              ],
            ],
          },
        ],
      ],
    };
    const type = this.lies() ? pick(this.random, Object.values(TYPES)) : typeNumber(column);
    const head: Field[] = [[1, { i32: type }]];
    if (type === TYPES.fixed) head.push([2, this.i32(8)]);
    const children: Field[] = this.lies(0.5) ? [[5, this.i32(1)]] : [];
    return {
      fields: [
        ...head,
        [3, { i32: this.lies() ? Math.floor(this.random() * 4) : 1 }],
        [4, { text: column.name }],
        ...children,
        ...(children.length > 0 ? [] : (logical[column.type] ?? [])),
      ],
    };
  }

  /** Metadata that is nested deeply, or a list that is longer than the file. */
  oddity(): Field {
    const { random } = this;
    const deep = size(random, 20_000);
    let nested = Buffer.from([0]);
    if (chance(random, 0.5)) nested = Buffer.concat([Buffer.alloc(deep, 0x1c), Buffer.alloc(deep + 1)]);
    // Nested lists, each with the maximum length at which an array is not sparse.
    else
      nested = Buffer.concat([
        Buffer.from([0x19]),
        ...Array.from({ length: size(random, 40) }, () =>
          Buffer.concat([Buffer.from([0xf9]), varint(30_000_000n)]),
        ),
      ]);
    return [8, { bytes: nested }];
  }

  file(): Buffer {
    const { columns, rows, keys } = this.#file;
    const groups: Thrift[] = [];
    for (let group = 0; group < (this.lies() ? size(this.random, 40) : 1); group++) {
      const chunks = columns.map((column) => this.chunk(column, rows));
      groups.push({
        fields: [
          [1, { list: chunks }],
          [2, this.i64(1000)],
          [3, this.i64(rows)],
        ],
      });
    }
    const schema = columns.map((column) => this.element(column));
    if (this.lies())
      for (let more = size(this.random, 30_000); more > 0; more--)
        schema.push({
          fields: [
            [4, { text: `g${more}` }],
            [5, { i32: 1 }],
          ],
        });
    const keyValues = Object.entries(keys).map(([key, value]): Thrift => ({
      fields: [
        [1, { text: key }],
        [
          2,
          {
            text: this.lies()
              ? pick(this.random, [
                  '',
                  '\u001b[2J\n',
                  'x'.repeat(size(this.random, 100_000)),
                  value.slice(0, 40),
                ])
              : value,
          },
        ],
      ],
    }));
    const root: Thrift = {
      fields: [
        [4, { text: 'schema' }],
        [5, this.i32(columns.length)],
      ],
    };
    const fields: Field[] = [
      [1, { i32: 1 }],
      [2, { list: [root, ...schema] }],
      [3, this.i64(rows * groups.length)],
      [4, { list: groups }],
      [5, { list: keyValues }],
      [6, { text: 'forged' }],
    ];
    let footer = structure(fields);
    if (this.lies()) {
      const [, odd] = this.oddity();
      // Puts the odd field before the end of the footer.
      footer = Buffer.concat([
        footer.subarray(0, -1),
        'bytes' in odd ? odd.bytes : Buffer.alloc(0),
        Buffer.from([0]),
      ]);
    }
    const length = Buffer.alloc(4);
    length.writeUInt32LE(Number(BigInt.asUintN(32, BigInt(this.number(footer.length)))));
    return Buffer.concat([...this.#parts, footer, length, Buffer.from('PAR1')]);
  }
}

const typeNumber = ({ type }: Column): number =>
  ({
    string: TYPES.bytes,
    timestamp: TYPES.int64,
    int64: TYPES.int64,
    double: TYPES.double,
    boolean: TYPES.boolean,
  })[type];

/** The bytes of a file. */
export const forgedFile = (file: Forged): Buffer => new Forge(file).file();
