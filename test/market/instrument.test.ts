import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fnv1a32, namedBy, nameOf, priceScale, shardOf } from '../../src/market/instrument.js';
import { shipped } from '../../src/paths.js';

describe('FNV-1a, 32 bit', () => {
  // Published test vectors of FNV (draft-eastlake-fnv, `test_fnv.c`).
  it.each([
    ['', 0x811c9dc5],
    ['a', 0xe40c292c],
    ['b', 0xe70c2de5],
    ['c', 0xe60c2c52],
    ['fo', 0x6222e842],
    ['foo', 0xa9f37ed7],
    ['foob', 0x3f5076ef],
    ['fooba', 0x39aaa18a],
    ['foobar', 0xbf9cf968],
  ])('%j', (text, hash) => {
    expect(fnv1a32(text)).toBe(hash);
  });

  it('is over UTF-8 bytes', () => {
    const bytes = Buffer.from('रिलायंस', 'utf8');
    let hash = 0x811c9dc5n;
    for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * 0x01000193n) & 0xffffffffn;
    expect(fnv1a32('रिलायंस')).toBe(Number(hash));
  });
});

/** Symbol, hash of `NSE:SYMBOL`, shard of 1, 2, 4 and 7; computed by other code. */
const SHARDS = [
  ['RELIANCE', 0x32c43c14, 0, 0, 0, 2],
  ['M&M', 0xb86033d9, 0, 1, 1, 6],
  ['INFY', 0x82926fb7, 0, 1, 3, 6],
  ['TCS', 0x97beb89d, 0, 1, 1, 3],
  ['BAJAJ-AUTO', 0x7b56586f, 0, 1, 3, 2],
];

describe('shards', () => {
  it('of some symbols never change: files, logs and reports name them', () => {
    const of = (symbol: string, shards: number): number => shardOf({ exchange: 'NSE', symbol }, shards);
    const table = ['RELIANCE', 'M&M', 'INFY', 'TCS', 'BAJAJ-AUTO'].map((symbol) => [
      symbol,
      fnv1a32(`NSE:${symbol}`),
      of(symbol, 1),
      of(symbol, 2),
      of(symbol, 4),
      of(symbol, 7),
    ]);
    expect(table).toEqual(SHARDS);
  });

  it('spread NIFTY 50 over four threads so that none has more than half', () => {
    const { constituents } = JSON.parse(readFileSync(shipped('data/instruments/nifty50.json'), 'utf8')) as {
      constituents: { symbol: string }[];
    };
    const symbols = constituents.map((one) => one.symbol);
    expect(symbols.length).toBe(50);
    const load = [0, 0, 0, 0];
    for (const symbol of symbols) load[shardOf({ exchange: 'NSE', symbol }, 4)]++;
    expect(Math.max(...load)).toBeLessThanOrEqual(25);
    expect(Math.min(...load)).toBeGreaterThan(0);
  });
});

describe('price scale', () => {
  it('is paise, and 1e-7 rupee for currency derivatives', () => {
    expect(priceScale(1)).toBe(100);
    expect(priceScale(5)).toBe(100);
    expect(priceScale(13)).toBe(10_000_000);
  });
});

describe('a name', () => {
  const [nse, bse, gold] = [
    { symbol: 'RELIANCE', exchange: 'NSE' },
    { symbol: 'RELIANCE', exchange: 'BSE' },
    { symbol: 'GOLD04DEC26FUT', exchange: 'MCX' },
  ];

  it('has the exchange, unless that is NSE', () => {
    expect([nse, bse, gold].map(nameOf)).toEqual(['RELIANCE', 'BSE:RELIANCE', 'MCX:GOLD04DEC26FUT']);
  });

  it('means one instrument, and a symbol alone one of NSE, or the only one that has it', () => {
    const all = [bse, nse, gold];
    expect(namedBy('RELIANCE', all)).toBe(nse);
    expect(namedBy('NSE:RELIANCE', all)).toBe(nse);
    expect(namedBy('BSE:RELIANCE', all)).toBe(bse);
    expect(namedBy('GOLD04DEC26FUT', all)).toBe(gold);
    expect(namedBy('RELIANCE', [bse, gold])).toBe(bse);
    expect(namedBy('NSE:RELIANCE', [bse, gold])).toBeUndefined();
    expect(namedBy('RELIANCE', [bse, { symbol: 'RELIANCE', exchange: 'MCX' }])).toBeUndefined();
    expect(namedBy('TCS', all)).toBeUndefined();
  });
});
