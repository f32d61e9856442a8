import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { shipped } from '../../src/paths.js';
import { decodeLines } from '../../src/commands/decode.js';
import { niftyFifty } from '../../src/run/universe.js';

interface Vectors {
  readonly valid: readonly {
    readonly id: string;
    readonly hex: string;
    readonly mode: number;
    readonly expect: Record<string, unknown>;
  }[];
  readonly malformed: readonly { readonly id: string; readonly hex: string; readonly text?: boolean }[];
}
const vectors = JSON.parse(readFileSync(shipped('test/vectors/frames.json'), 'utf8')) as Vectors;
const NOW_MS = Date.UTC(2026, 10, 25);

async function decode(
  lines: string,
): Promise<{ answers: Record<string, unknown>[]; code: number; complaints: string[] }> {
  const output = new PassThrough();
  const complaints: string[] = [];
  const printed = text(output);
  const code = await decodeLines(
    { input: Readable.from([lines]), output, complain: (sentence) => void complaints.push(sentence) },
    niftyFifty(),
    NOW_MS,
  );
  output.end();
  const answers = (await printed)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { answers, code, complaints };
}

/** An LTP frame written here, without the encoder. */
function ltp({
  exchange = 1,
  token = '2885',
  timeMs = Date.UTC(2026, 10, 23, 6),
  price = 140_000n,
}: {
  exchange?: number;
  token?: string;
  timeMs?: number;
  price?: bigint;
}): string {
  const bytes = Buffer.alloc(51);
  bytes[0] = 1;
  bytes[1] = exchange;
  bytes.write(token, 2, 'latin1');
  bytes.writeBigInt64LE(7n, 27);
  bytes.writeBigInt64LE(BigInt(timeMs), 35);
  bytes.writeBigInt64LE(price, 43);
  return bytes.toString('hex');
}

describe('tickshard decode', () => {
  it('prints every golden frame with exactly its fields, in the order of the lines', async () => {
    const { answers, code } = await decode(vectors.valid.map(({ hex }) => hex).join('\n'));
    expect(code).toBe(0);
    expect(answers).toHaveLength(vectors.valid.length);
    for (const [index, { expect: fields }] of vectors.valid.entries())
      expect(answers[index]).toMatchObject(fields);
  });

  it.each([
    ['a tick', ltp({}), true],
    ['an exchange that does not exist', ltp({ exchange: 6 }), 'exchange'],
    ['a token that is not subscribed', ltp({ token: '99999' }), 'token'],
    ['a known token of another exchange', ltp({ exchange: 3 }), 'token'],
    ['a token with a leading zero', ltp({ token: '02885' }), 'token'],
    ['no token', ltp({ token: '' }), 'token'],
    ['price zero', ltp({ price: 0n }), 'price'],
    ['a negative price', ltp({ price: -1n }), 'price'],
    ['the greatest safe price', ltp({ price: 2n ** 53n - 1n }), true],
    ['a price beyond', ltp({ price: 2n ** 53n }), 'price'],
    ['time zero', ltp({ timeMs: 0 }), 'time'],
    ['the year 9999', ltp({ timeMs: Date.UTC(9999, 0, 1) }), 'time'],
    ['a packet of two years ago', ltp({ timeMs: Date.UTC(2024, 11, 26, 6) }), true],
  ])('says of %s whether it is admitted', async (_what, hex, admitted) => {
    expect((await decode(hex)).answers).toMatchObject([{ admitted }]);
  });

  it('answers a line that is longer than any frame', async () => {
    expect((await decode(`01${'a'.repeat(16_777_216)}\n${ltp({})}\n`)).answers).toMatchObject([
      { refused: 'length' },
      { admitted: true },
    ]);
  });

  it('answers each line, also empty, refused and foreign ones', async () => {
    const { answers, code, complaints } = await decode(
      `\r\n${ltp({}).toUpperCase()}\r\n07\n${ltp({})}00\nzz\nabc\n`,
    );
    expect(answers.map((answer) => answer['refused'] ?? answer['admitted'])).toEqual([
      'length',
      true,
      'mode',
      'length',
      'hex',
      'hex',
    ]);
    expect(code).toBe(2);
    expect(complaints).toEqual([
      'Line 5 is not a whole number of bytes in hexadecimal.',
      'Line 6 is not a whole number of bytes in hexadecimal.',
    ]);
  });
});
