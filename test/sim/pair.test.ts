/** The simulated market with one symbol on two exchanges: each has a market, a tape and faults of its own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { tapeName } from '../../src/cli/values.js';
import type { Listing } from '../../src/market/instrument.js';
import { checkSymbols, parseFault } from '../../src/sim/faults/fault.js';
import { readTape } from '../../src/sim/tape-file.js';
import { listed, marketAt } from './world.js';

const [NSE] = listed('RELIANCE');
const BSE: Listing = { ...NSE, exchange: 'BSE', exchangeType: 3, token: '500325' };
const LISTINGS = [NSE, BSE];

const folder = mkdtempSync(join(tmpdir(), 'pair-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('has prices of its own for each, by token and by name', () => {
  const market = marketAt('11:00', { listings: LISTINGS });
  expect(['RELIANCE', 'NSE:RELIANCE', 'BSE:RELIANCE'].map((name) => market.indexOfName(name))).toEqual([
    0, 0, 1,
  ]);
  expect([market.indexOf(1, NSE.token), market.indexOf(3, BSE.token)]).toEqual([0, 1]);
  const [nse, bse] = [market.candles(0), market.candles(1)];
  expect([nse[0].exchange, bse[0].exchange]).toEqual(['NSE', 'BSE']);
  expect(nse.map(({ close }) => close)).not.toEqual(bse.map(({ close }) => close));
});

it('plays a tape for the one that is named', async () => {
  const path = join(folder, 'tape.csv');
  writeFileSync(path, 'trade_ms,price_cents,quantity\n34200300,13000,1\n34201300,13001,2\n');
  const tape = await readTape(path);
  const closes = (symbol?: string): number[][] => {
    const market = marketAt('09:20', {
      listings: LISTINGS,
      tape: symbol === undefined ? undefined : { symbol, tape },
    });
    return [0, 1].map((index) => market.candles(index).map(({ close }) => close));
  };
  const [nse, bse] = closes();
  expect(closes('BSE:RELIANCE')[0]).toEqual(nse);
  expect(closes('BSE:RELIANCE')[1]).not.toEqual(bse);
  expect(closes('RELIANCE')[0]).not.toEqual(nse);
  expect(closes('RELIANCE')[1]).toEqual(bse);
  expect(tapeName.read('BSE:RELIANCE=a.csv', 'tape')).toEqual({ symbol: 'BSE:RELIANCE', path: 'a.csv' });
  expect(tapeName.read('NSE:RELIANCE-EQ=a.csv', 'tape')).toEqual({ symbol: 'RELIANCE', path: 'a.csv' });
});

it('has faults of the one that is named', () => {
  const faultOf = (symbol: string) => [parseFault(`mute-symbol:symbol=${symbol},for=240`)];
  checkSymbols(faultOf('BSE:RELIANCE'), LISTINGS);
  checkSymbols(faultOf('RELIANCE'), LISTINGS);
  expect(() => checkSymbols(faultOf('MCX:RELIANCE'), LISTINGS)).toThrow(
    "symbol takes one of this market's names (RELIANCE, BSE:RELIANCE), not `MCX:RELIANCE`",
  );
});
