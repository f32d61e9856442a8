/**
 * Foreign Parquet files that request more than they hold. When the library alone read them, each ended the program,
 * took memory without end, or did not return. The fuzzer (test/fuzz) found them, and makes more of their kind.
 */
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { checkFooter, checkMetadata, PARQUET_BOUNDS } from '../../src/parquet/bounds.js';
import { CANDLE_COLUMNS } from '../../src/parquet/columns.js';
import { readHistory } from '../../src/parquet/history.js';
import { CODECS, ENCODINGS, forgedFile, type Forged } from '../fuzz/parquet.js';
import { firstOf } from '../tier.js';
import { inFolder } from './candles.js';

const ROWS = 30;
const honest: Forged = { columns: CANDLE_COLUMNS, rows: ROWS, keys: { volume_kind: 'traded' } };
const closes = (body: number[], encoding: number): Partial<Forged> => ({
  bodyOf: ({ name }) => (name === 'close' ? { body: Buffer.from(body), encoding } : undefined),
});
const packed = (
  bytes: Buffer,
  plain: number | undefined,
  codec: (typeof CODECS)[number],
): Partial<Forged> => ({
  pack: (body) => ({ packed: bytes, plain: plain ?? body.length, codec: CODECS.indexOf(codec) }),
});

/** A varint of 2^28 runs of one value, and of as many groups of eight. */
const MANY = [0x80, 0x80, 0x80, 0x80, 0x02];
const MANY_GROUPS = [0x81, 0x80, 0x80, 0x80, 0x02];

async function outcomeOf(bytes: Buffer): Promise<unknown> {
  return inFolder(async (folder) => {
    await writeFile(join(folder, 'NSE_RELIANCE_1m.parquet'), bytes);
    return readHistory(folder, 'NSE', 'RELIANCE').catch((error: unknown) => error);
  });
}

describe('a Parquet file that asks for more than it is', () => {
  it('is distinguished from one that does not', async () => {
    expect(await outcomeOf(forgedFile(honest))).toMatchObject({ rows: { length: ROWS } });
  });

  it.each<[string, Partial<Forged>, string]>(
    firstOf(11, [
      [
        'a page that grows a thousandfold and does not say so',
        packed(gzipSync(Buffer.alloc(2 ** 26)), undefined, 'GZIP'),
        'cannot be read as Parquet',
      ],
      [
        'a page that says that it is 128 MiB',
        packed(gzipSync(Buffer.alloc(2 ** 10)), 2 ** 27, 'GZIP'),
        `at most ${PARQUET_BOUNDS.pageBytes} can be`,
      ],
      ['a page of less than no bytes', packed(Buffer.from([0]), -1, 'SNAPPY'), 'no number that can be'],
      [
        'a run of more values than there are rows',
        closes([1, ...MANY, 0], ENCODINGS.dictionary),
        'the length of a run of values',
      ],
      [
        'groups of more values than there are rows',
        closes([1, ...MANY_GROUPS, 0], ENCODINGS.dictionary),
        'the length of a run of values',
      ],
      ['values of 255 bits', closes([255, 60, 0], ENCODINGS.dictionary), 'wider than any'],
      [
        'an index that does not end',
        closes([1, ...Array.from({ length: 40 }, () => 0xff)], ENCODINGS.dictionary),
        'without an end',
      ],
      [
        'differences in blocks of 2^28',
        closes([...MANY, 4, ROWS, 0], ENCODINGS.deltaBinary),
        'a block of differences',
      ],
      [
        'differences in no parts',
        closes([0x80, 0x01, 0, ROWS, 0], ENCODINGS.deltaBinary),
        'blocks that cannot be',
      ],
      [
        'values made of the ones before',
        closes([0x80, 0x01, 0x04, ROWS, 0], ENCODINGS.deltaBytes),
        'is not read here',
      ],
      ['an encoding that there is not', closes([0], 11), 'is not read here'],
      [
        'pages that are 512 MiB together',
        {
          pack: (body) => ({
            packed: gzipSync(Buffer.concat([body, Buffer.alloc(2 ** 26 - body.length)]), { level: 1 }),
            plain: 2 ** 26,
            codec: CODECS.indexOf('GZIP'),
          }),
        },
        `at most ${PARQUET_BOUNDS.plainBytes} can be`,
      ],
    ]),
  )('%s: one sentence, at once', async (_what, lie, sentence) => {
    const bytes = forgedFile({ ...honest, ...lie });
    // A busy machine takes more CPU time for the same work, too: the slowest takes one to two seconds.
    const since = process.cpuUsage();
    expect(await outcomeOf(bytes)).toMatchObject({
      code: 'HISTORY',
      message: expect.stringContaining(sentence) as string,
    });
    const { user, system } = process.cpuUsage(since);
    expect((user + system) / 1000).toBeLessThan(20_000);
  });

  const footed = (footer: Buffer, length = footer.length): Buffer => {
    const tail = Buffer.alloc(4);
    tail.writeUInt32LE(length);
    return Buffer.concat([Buffer.from('PAR1'), footer, tail, Buffer.from('PAR1')]);
  };
  it.each<[string, Buffer, RegExp]>([
    ['longer than the file', footed(Buffer.from([0]), 2 ** 32 - 1), /the length of its footer/],
    [
      'one thing inside another, 20,000 times',
      footed(Buffer.concat([Buffer.alloc(20_000, 0x1c), Buffer.alloc(20_001)])),
      /larger or deeper/,
    ],
    [
      'a list of 30 million in a few bytes',
      footed(Buffer.from([0x19, 0xfc, 0x80, 0x87, 0xa7, 0x0e, 0])),
      /longer than what is left/,
    ],
    ['lists in lists without end', footed(Buffer.alloc(20_000, 0x19)), /larger or deeper/],
    [
      'a text longer than the rest',
      footed(Buffer.from([0x18, 0xff, 0xff, 0x03, 0])),
      /longer than what is left/,
    ],
    ['without an end', footed(Buffer.from([0x15, 0x02])), /ends early/],
    ['a kind of thing that Parquet does not have', footed(Buffer.from([0x1e, 0])), /does not have/],
  ])('a footer: %s', (_what, bytes, sentence) => {
    expect(() => checkFooter(bytes)).toThrow(sentence);
  });

  it.each<[string, object, RegExp]>([
    [
      'more rows than two million',
      { schema: [], num_rows: 2n ** 40n, row_groups: [{ num_rows: 2n ** 40n }] },
      /the number of its rows is 1099511627776/,
    ],
    [
      'fewer than none',
      { schema: [], num_rows: 0n, row_groups: [{ num_rows: -1n }, { num_rows: 1n }] },
      /no number that can be/,
    ],
    [
      'row groups that add up to something else',
      { schema: [], num_rows: 5n, row_groups: [{ num_rows: 4n }] },
      /says 5 rows and its row groups 4/,
    ],
    [
      'more columns than a thousand',
      { schema: Array.from({ length: 1001 }), num_rows: 0n, row_groups: [] },
      /the number of its columns is 1001/,
    ],
  ])('metadata: %s', (_what, metadata, sentence) => {
    expect(() => checkMetadata(metadata as Parameters<typeof checkMetadata>[0])).toThrow(sentence);
  });

  it('a file larger than any history is not read at all', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'NSE_RELIANCE_1m.parquet');
      await writeFile(path, 'PAR1');
      await truncate(path, PARQUET_BOUNDS.fileBytes + 1);
      await expect(readHistory(folder, 'NSE', 'RELIANCE')).rejects.toThrow(/is larger than 256 MiB/);
    }));
});
