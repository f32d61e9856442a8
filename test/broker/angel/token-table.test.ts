/** The table of tokens: each is found in one step, also where others hash to its place. */
import { describe, expect, it } from 'vitest';
import type { Instrument } from '../../../src/market/instrument.js';
import { ENTRY, ENTRY_SHIFT, placeOf, TokenTable } from '../../../src/broker/angel/token-table.js';

const MODE = 1;

const instrumentsOf = (
  tokens: readonly string[],
  exchangeTypeOf: (index: number) => number = () => 1,
): Instrument[] =>
  tokens.map((token, index) => ({
    index,
    symbol: `S${index}`,
    token,
    exchange: 'NSE',
    exchangeType: exchangeTypeOf(index),
    tickSizeRupees: 0.05,
    derivatives: true,
  }));

/** A token's bytes as a frame has them, read as the lane reads them. */
function wordsOf(token: string): [number, number] {
  const bytes = Buffer.alloc(8);
  bytes.write(token, 'latin1');
  return [bytes.readInt32LE(0), bytes.readInt32LE(4)];
}

/** What the one step finds: the answer, or undefined. */
function step({ words, multiplier, mask }: TokenTable, token: string, begin: number): number | undefined {
  const [head, tail] = wordsOf(token);
  const entry = placeOf(head, tail, multiplier, mask) << ENTRY_SHIFT;
  return words[entry + ENTRY.head] === head &&
    words[entry + ENTRY.tail] === tail &&
    words[entry + ENTRY.begin] === begin
    ? words[entry + ENTRY.answer]
    : undefined;
}

/** The answer, the entry being brought where need be. */
function find(table: TokenTable, token: string, begin: number): number | undefined {
  return (
    step(table, token, begin) ??
    (table.bringHome(...wordsOf(token), begin) ? step(table, token, begin) : undefined)
  );
}

function tableOf(tokens: readonly string[], exchangeTypeOf?: (index: number) => number): TokenTable {
  const table = new TokenTable(
    instrumentsOf(tokens, exchangeTypeOf),
    tokens.map((_, index) => 7000 + index),
    MODE,
  );
  for (const index of tokens.keys()) table.enable(index);
  return table;
}

describe('the table of tokens', () => {
  it('has each of fifty in its own place', () => {
    const tokens = Array.from({ length: 50 }, (_, k) => String(1000 + 37 * k));
    const table = tableOf(tokens);
    for (const [index, token] of tokens.entries()) expect(step(table, token, 0x101)).toBe(7000 + index);
  });

  it('finds each of ten thousand again and again, although many share a place', () => {
    const tokens = Array.from({ length: 10_000 }, (_, k) => String(k * 7 + 1));
    const table = tableOf(tokens);
    const shared = new Set(tokens.map((token) => placeOf(...wordsOf(token), table.multiplier, table.mask)))
      .size;
    expect(shared).toBeLessThan(tokens.length);
    const answers = tokens.map((_, index) => 7000 + index);
    for (let round = 0; round < 3; round++)
      expect(tokens.map((token) => find(table, token, 0x101))).toEqual(answers);
    // Where an entry is now is known: it is no longer found when none was heard of, and is again when it was.
    table.disableAll();
    expect(tokens.filter((token) => find(table, token, 0x101) !== undefined)).toEqual([]);
    const found = tokens.map((token, index) => {
      table.enable(index);
      return find(table, token, 0x101);
    });
    expect(found).toEqual(answers);
  });

  it('tells one token on two exchanges apart', () => {
    const table = tableOf(['2885', '2885', '1594'], (index) => index + 1);
    for (let round = 0; round < 3; round++)
      for (const [index, begin] of [0x101, 0x201].entries())
        expect(find(table, '2885', begin)).toBe(7000 + index);
    expect(find(table, '1594', 0x301)).toBe(7002);
    expect(find(table, '2885', 0x301)).toBeUndefined();
    expect(find(table, '2885', 0x102)).toBeUndefined();
  });

  it('knows no token that is longer than two words, is not there or is empty', () => {
    const table = tableOf(['12345678', '1234567', '1']);
    expect(find(table, '12345678', 0x101)).toBeUndefined();
    expect(find(table, '1234567', 0x101)).toBe(7001);
    for (const token of ['2', '', '11', '123456']) expect(find(table, token, 0x101)).toBeUndefined();
    expect(find(table, '', 0)).toBeUndefined();
  });
});
