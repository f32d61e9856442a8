import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineError } from '../../src/errors.js';
import type { Instrument } from '../../src/market/instrument.js';
import { niftyFifty, readInstrumentMaster, selectInstruments } from '../../src/run/universe.js';
import { shippedCalendar } from '../../src/market/trading-calendar.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tickshard-universe-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const row = (symbol: string, token: string, more: object = {}): object => ({
  token,
  symbol,
  name: symbol.replace(/-.*$/, ''),
  expiry: '',
  strike: '-1.000000',
  lotsize: '1',
  instrumenttype: '',
  exch_seg: 'NSE',
  tick_size: '10.000000',
  ...more,
});

function master(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

interface Choice {
  readonly stage?: 1 | 2;
  readonly symbols?: readonly string[];
  readonly subset?: number;
  readonly master?: string | undefined;
}

async function select({ stage = 1, symbols, subset, master: path }: Choice): Promise<Instrument[]> {
  return selectInstruments({
    stage,
    symbols,
    subset,
    master: await readInstrumentMaster(path, false, '2026-11-25'),
  });
}

describe('instruments of a run', () => {
  it('stage 1 is RELIANCE, stage 2 the fifty of the shipped list, in order', async () => {
    expect((await select({})).map(({ symbol, token, index }) => [symbol, token, index])).toEqual([
      ['RELIANCE', '2885', 0],
    ]);
    const all = await select({ stage: 2 });
    expect(all).toHaveLength(50);
    expect(new Set(all.map(({ token }) => token)).size).toBe(50);
    expect(all.map(({ index }) => index)).toEqual([...all.keys()]);
    expect((await select({ stage: 2, subset: 3 })).map(({ symbol }) => symbol)).toEqual(
      all.slice(0, 3).map(({ symbol }) => symbol),
    );
  });

  it('takes both forms of a symbol, and each once', async () => {
    expect(
      (await select({ symbols: ['M&M', 'RELIANCE-EQ', 'RELIANCE'] })).map(({ symbol }) => symbol),
    ).toEqual(['M&M', 'RELIANCE']);
  });

  it.each([
    ['a path', ['../x'], undefined, /no trading symbol/],
    ['an absolute path', ['/etc/passwd'], undefined, /no trading symbol/],
    ['an unknown name', ['NOSUCH'], undefined, /Unknown symbol NOSUCH.*--instruments/],
    ['lower case', ['reliance'], undefined, /capital letters/],
  ])('refuses %s', async (_what, symbols, path, sentence) => {
    await expect(select({ symbols, master: path })).rejects.toThrow(EngineError);
    await expect(select({ symbols, master: path })).rejects.toThrow(sentence);
  });

  it('finds other symbols in the broker file, by full trading symbol and segment, never by name', async () => {
    const path = master('ok.json', [
      row('NEWCO-BE', '111', { name: 'NEWCO' }),
      row('NEWCO-EQ', '222'),
      row('NEWCO-EQ', '333', { exch_seg: 'BSE' }),
      row('OLDCO-EQ', '444', { exch_seg: 'nse_cm', tick_size: '5.000000' }),
      row('NEWCO25NOVFUT', '999', { exch_seg: 'NFO', instrumenttype: 'FUTSTK', name: 'NEWCO' }),
      row('RELIANCE-EQ', '2885'),
    ]);
    expect(await select({ symbols: ['NEWCO', 'OLDCO', 'RELIANCE'], master: path })).toMatchObject([
      { symbol: 'NEWCO', token: '222', tickSizeRupees: 0.1, derivatives: true },
      { symbol: 'OLDCO', token: '444', tickSizeRupees: 0.05, derivatives: false },
      { symbol: 'RELIANCE', token: '2885', derivatives: true },
    ]);
  });

  it.each([
    [
      'a token that differs',
      [row('RELIANCE-EQ', '1')],
      ['RELIANCE'],
      /RELIANCE has token 2885 .* and 1 in the file/,
    ],
    ['a symbol that the file lacks', [row('INFY-EQ', '1594')], ['RELIANCE'], /not in/],
    ['two symbols of one token', [row('AAA-EQ', '7'), row('BBB-EQ', '7')], ['AAA', 'BBB'], /same token 7/],
    ['no list', { a: 1 }, ['RELIANCE'], /no list/],
    ['an empty list', [], ['RELIANCE'], /no cash equity/],
    ['no JSON', 'oops', ['RELIANCE'], /no JSON that can be read/],
  ])('refuses a broker file with %s', async (what, content, symbols, sentence) => {
    const path = master(`${what.replaceAll(' ', '-')}.json`, content);
    await expect(select({ symbols, master: path })).rejects.toThrow(EngineError);
    await expect(select({ symbols, master: path })).rejects.toThrow(sentence);
  });

  it('refuses a broker file that is absent, and a subset larger than the stage', async () => {
    await expect(select({ master: join(folder, 'absent.json') })).rejects.toThrow(/cannot be read/);
    await expect(select({ subset: 2 })).rejects.toThrow(/at most the 1 of stage 1/);
  });
});

it('the shipped data are whole', () => {
  expect(niftyFifty().every(({ tickSizeRupees, derivatives }) => tickSizeRupees > 0 && derivatives)).toBe(
    true,
  );
  expect(shippedCalendar().of('NSE').day('2026-11-24', true)).toMatchObject({ kind: 'shut' });
});
