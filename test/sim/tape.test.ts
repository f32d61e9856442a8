/** Tapes: what the reader refuses, and how trades are mapped to a session of NSE. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { tapeName } from '../../src/cli/values.js';
import { FIELD } from '../../src/market/packet.js';
import { MINUTE_MS } from '../../src/market/session.js';
import { readTape } from '../../src/sim/tape-file.js';
import { at, marketAt } from './world.js';

const folder = mkdtempSync(join(tmpdir(), 'tape-'));
afterAll(() => rmSync(folder, { recursive: true }));

const HEAD = 'trade_ms,price_cents,quantity\n';
let files = 0;

/** Writes a file and reads it as a tape. */
function read(content: string | Buffer, maxTrades?: number): ReturnType<typeof readTape> {
  const path = join(folder, `${files++}.csv`);
  writeFileSync(path, content);
  return readTape(path, maxTrades);
}

async function refusal(content: string | Buffer, maxTrades?: number): Promise<string> {
  const error: unknown = await read(content, maxTrades).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'USAGE', exitCode: 2 });
  return (error as Error).message.replace(/^--tape \S+ /, '');
}

const line = (k: number): string => `${34_200_000 + 10 * k},${1000 + k},1\n`;
const lines = (count: number): string => HEAD + Array.from({ length: count }, (_, k) => line(k)).join('');

describe('the reader of a tape', () => {
  it.each(
    (
      [
        ['', 'is empty.'],
        [HEAD, 'has no trades.'],
        ['time,price,size\n1,2,3\n', 'does not begin with the line trade_ms,price_cents,quantity.'],
        [`${HEAD}5,100,1\n4,100,1\n`, 'cannot be used: line 3 is earlier than the trade before it.'],
        [`${HEAD}5,100,1\n\n6,100,1\n`, 'line 4 comes after an empty line.'],
        [gzipSync(HEAD + '\n'.repeat(1_000_000)), 'line 3 comes after an empty line.'],
        [
          gzipSync(`${lines(20_000)}5,1,1\n${lines(100_000)}`),
          'line 20002 is earlier than the trade before it.',
        ],
        [`${HEAD}5,100\n`, 'cannot be used: line 2 has 2 columns, not 3.'],
        [`${HEAD}09:30:00,100,1\n`, 'line 2 has the trade_ms `09:30:00`, which is no number of ms.'],
        [`${HEAD}-5,100,1\n`, 'line 2 has the trade_ms `-5`, which is no number of ms.'],
        [
          `${HEAD}5,100.5,1\n`,
          'line 2 has the price_cents `100.5`, which is no whole number from 1 to 1000000000.',
        ],
        [`${HEAD}5,0,1\n`, 'line 2 has the price_cents `0`'],
        [`${HEAD}5,1000000001,1\n`, 'line 2 has the price_cents `1000000001`'],
        [`${HEAD}5,100,0\n`, 'line 2 has the quantity `0`, which is no number above 0.'],
        [`${HEAD}5,100,-1\n`, 'line 2 has the quantity `-1`'],
        [`${HEAD}5,100,NaN\n`, 'line 2 has the quantity `NaN`'],
        [`${HEAD}5,100,999999999999999\n6,100,2\n`, 'has a volume above 1000000000000000'],
        [`${HEAD}${'5'.repeat(300)}`, 'line 2 is longer than 200 characters.'],
        [Buffer.alloc(100_000, 0), 'line 1 is longer than 200 characters.'],
        [gzipSync(lines(50)).subarray(0, 60), 'cannot be read ('],
      ] as const
    ).map(([content, sentence]) => ({ content, sentence })),
  )('refuses what $sentence', async ({ content, sentence }) => {
    expect(await refusal(content)).toContain(sentence);
  });

  it('refuses a file with too many trades before it has read it all', async () => {
    expect(await refusal(lines(20), 19)).toBe('has more than 19 trades.');
    expect((await read(lines(20), 20)).cents).toHaveLength(20);
  });

  it('refuses a file that is missing, and a folder', async () => {
    await expect(readTape(join(folder, 'none.csv'))).rejects.toThrow(/cannot be read \(ENOENT/);
    await expect(readTape(folder)).rejects.toThrow(/cannot be read \(EISDIR/);
  });

  it('reads the same of CSV and gzip, whatever the line ends and however it is cut', async () => {
    const plain = await read(lines(20_000));
    expect(await read(gzipSync(lines(20_000)))).toEqual(plain);
    expect(await read(`\ufeff${lines(20_000).replaceAll('\n', '\r\n')}\r\n`)).toEqual(plain);
    expect(plain.cents).toHaveLength(20_000);
  });

  it('counts fractions of a coin in the smallest unit of the file, and time from the first minute', async () => {
    const epoch = await read(`${HEAD}1723161256322,6180030,0.00600\n1723161300000.5,6180031,1.25\n`);
    expect([...epoch.quantity]).toEqual([6, 1250]);
    expect([...epoch.offsetMs]).toEqual([16_322, 60_000.5]);
    const day = await read(`${HEAD}34216322,6180030,6\n34260000.5,6180031,1250\n`);
    expect(day).toEqual(epoch);
    expect((await read(`${HEAD}34216322,6180030,6\n34260000.5,6180032,1250\n`)).digest).not.toBe(
      epoch.digest,
    );
  });
});

describe('the name of a tape', () => {
  it.each([
    ['RELIANCE=a.csv', 'RELIANCE', 'a.csv'],
    ['M&M-EQ=x/a=b.csv', 'M&M', 'x/a=b.csv'],
    ['./A=b.csv', undefined, './A=b.csv'],
    ['a=b.csv', undefined, 'a=b.csv'],
  ])('%s', (text, symbol, path) => expect(tapeName.read(text, 'tape')).toEqual({ symbol, path }));

  it.each(['', 'RELIANCE='])('%j names no file', (text) =>
    expect(() => tapeName.read(text, 'tape')).toThrow('--tape takes a path.'),
  );
});

describe('a tape in the market', () => {
  const cents = [1000, 1002, 1001, 1001, 990, 1005];
  const text = cents.map((price, k) => `${34_200_000 + 400 + 45_000 * k},${price},${k + 1}\n`).join('');

  it('is the true candles of its minutes, on every date, in ticks of the instrument', async () => {
    const tape = await read(HEAD + text);
    const market = marketAt('15:40', { tape: { symbol: 'RELIANCE', tape } });
    const open = at('09:15');
    const expected = [
      [0, 100, 100.2, 100, 100.2, 3],
      [1, 100.1, 100.1, 100.1, 100.1, 3],
      [2, 100.1, 100.1, 100.1, 100.1, 4],
      [3, 99, 100.5, 99, 100.5, 11],
    ].map(([minute, ...prices]) => [open + minute * MINUTE_MS, ...prices]);
    const rows = (date: string, times: number): unknown[] =>
      market
        .trueCandles(0, date, at('16:00', date))
        .map(({ timestampMs, open: first, high, low, close, volume }) => [
          timestampMs - times * 24 * 60 * MINUTE_MS,
          ...[first, high, low, close, volume],
        ]);
    // 45 s apart: 0 and 45 s, 90 s, 135 s, 180 and 225 s.
    expect(rows('2026-11-23', 0)).toEqual(expected);
    expect(rows('2026-11-20', -3)).toEqual(expected);
  });

  it('has totals, levels and circuits of its own, and no packet before its first trade', async () => {
    const tape = await read(HEAD + text);
    const market = marketAt('09:14', { tape: { symbol: 'RELIANCE', tape } });
    const seen: number[][] = [];
    market.advance(at('09:20'), (index, packet) => {
      if (index !== 0) return;
      const number = (field: Parameters<typeof packet.number>[0]): number => packet.number(field);
      seen.push([number(FIELD.price), number(FIELD.volume), number(FIELD.dayHigh), number(FIELD.dayLow)]);
      expect(number(FIELD.previousClose)).toBe(10_050);
      expect(number(FIELD.upperCircuit)).toBe(11_050);
      expect(number(FIELD.lowerCircuit)).toBe(9050);
      expect(number(FIELD.exchangeMs)).toBeGreaterThanOrEqual(at('09:15'));
    });
    expect(seen[0]).toEqual([10_000, 1, 10_000, 10_000]);
    expect(seen.at(-1)).toEqual([10_050, 21, 10_050, 9900]);
  });

  it('is cut at the end of continuous trading, and has no auctions', async () => {
    const long = `${HEAD}34200000,1000,1\n55799999,1010,1\n55800000,2000,1\n`;
    const tape = await read(long);
    const market = marketAt('15:40', { tape: { symbol: 'RELIANCE', tape } });
    const rows = market.trueCandles(0, '2026-11-23', at('16:00'));
    expect(rows.map(({ timestampMs, close }) => [timestampMs, close])).toEqual([
      [at('09:15'), 100],
      [at('15:14'), 101],
    ]);
    expect(market.last(0).number(FIELD.price)).toBe(10_100);
  });

  it('plays for a symbol that the market has; all others walk as without it', async () => {
    const tape = await read(HEAD + text);
    expect(() => marketAt('11:00', { tape: { symbol: 'INFY', tape } })).toThrow(
      '--tape plays for INFY, which this market does not have: name one that it has, as in --tape RELIANCE=FILE.',
    );
    const candles = (market: ReturnType<typeof marketAt>): unknown =>
      market.trueCandles(1, '2026-11-23', at('12:00'));
    expect(candles(marketAt('11:00', { tape: { symbol: 'RELIANCE', tape } }))).toEqual(
      candles(marketAt('11:00')),
    );
  });
});
