/** Names of `--symbols`: instruments of every exchange, selections of contracts, lists, and what is refused. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Instrument } from '../../src/market/instrument.js';
import { istMs } from '../../src/market/session.js';
import { shippedCalendar } from '../../src/market/trading-calendar.js';
import { broker } from '../../src/run/broker.js';
import { hoursAt } from '../../src/run/hours.js';
import { chooseInstruments, selects, simulatedMaster } from '../../src/run/instruments.js';
import { askedOf, withLists } from '../../src/run/names.js';
import { instrumentMaster, selectInstruments } from '../../src/run/universe.js';
import type { FeedChoice } from '../../src/cli/config.js';
import { MEASURED } from '../../src/sim/habits/catalogue.js';
import { inFolder } from '../parquet/candles.js';

const ALL = new Set(['NSE', 'BSE', 'NFO', 'BFO', 'MCX', 'CDS']);
const DATE = '2026-11-23';

const row = (values: object): object => ({
  ...{ token: '1', symbol: 'X', name: 'X', expiry: '', strike: '-1.000000', lotsize: '1' },
  ...{ instrumenttype: '', exch_seg: 'NSE', tick_size: '5.000000' },
  ...values,
});
const option = (token: string, expiry: string, strike: number, side: string): object =>
  row({
    ...{
      token,
      name: 'NIFTY',
      symbol: `NIFTY${expiry.slice(0, 5)}${expiry.slice(7)}${strike}${side}`,
      expiry,
    },
    ...{ strike: `${strike}00.000000`, lotsize: '75', instrumenttype: 'OPTIDX', exch_seg: 'NFO' },
  });
const ROWS = [
  row({ token: '2885', symbol: 'RELIANCE-EQ', name: 'RELIANCE' }),
  row({ token: '99926000', symbol: 'Nifty 50', name: 'NIFTY', instrumenttype: 'AMXIDX' }),
  row({ token: '500325', symbol: 'RELIANCE', name: 'RELIANCE', exch_seg: 'BSE', tick_size: '10.0' }),
  ...['24NOV2026', '29DEC2026', '27OCT2026'].map((expiry, k) =>
    row({
      ...{ token: `5400${k}`, symbol: `RELIANCE${expiry.slice(0, 5)}26FUT`, name: 'RELIANCE', expiry },
      ...{ lotsize: '500', instrumenttype: 'FUTSTK', exch_seg: 'nse_fo' },
    }),
  ),
  ...['24NOV2026', '01DEC2026', '29DEC2026'].flatMap((expiry, k) =>
    [24000, 24050, 24100, 24150].flatMap((strike, n) =>
      ['CE', 'PE'].map((side, m) => option(String(60_000 + 100 * k + 10 * n + m), expiry, strike, side)),
    ),
  ),
  row({
    ...{ token: '1160', symbol: 'USDINR26DECFUT', name: 'USDINR', expiry: '29DEC2026', lotsize: '1000' },
    ...{ instrumenttype: 'FUTCUR', exch_seg: 'CDS', tick_size: '0.250000' },
  }),
  row({
    ...{ token: '1161', symbol: 'USDINR26DEC89.25CE', name: 'USDINR', expiry: '29DEC2026', lotsize: '1000' },
    ...{ instrumenttype: 'OPTCUR', exch_seg: 'cde_fo', tick_size: '0.250000', strike: '892500000.000000' },
  }),
];

async function select(symbols: readonly string[], spots: Record<string, number> = {}, date = DATE) {
  const scrips = await broker.instruments.parse(JSON.stringify(ROWS), 'file', ALL);
  const master = instrumentMaster('file', scrips, undefined, []);
  const market = { date, spots: new Map(Object.entries(spots)) };
  return selectInstruments({ stage: 2, symbols, subset: undefined, master, market });
}

describe('an instrument', () => {
  it('is named by exchange and trading symbol; an unqualified name is of NSE', async () => {
    const found = await select(['RELIANCE', 'NSE:NIFTY', 'NFO:RELIANCE29DEC26FUT', 'CDS:USDINR26DECFUT']);
    expect(found.map(({ exchange, exchangeType, token }) => [exchange, exchangeType, token])).toEqual([
      ['NSE', 1, '2885'],
      ['NSE', 1, '99926000'],
      ['NFO', 2, '54001'],
      ['CDS', 13, '1160'],
    ]);
    expect((await select(['NSE:NIFTY 50', 'NSE:NIFTY']))[0]).toMatchObject({ symbol: 'NIFTY', index: 0 });
    expect(await select(['BSE:RELIANCE'])).toMatchObject([{ tickSizeRupees: 0.1, derivatives: true }]);
  });

  it('has tick, lot, expiry and strike of the file; those of currencies in their own unit', async () => {
    expect(await select(['CDS:USDINR26DEC89.25CE', 'NFO:NIFTY24NOV2624050PE'])).toMatchObject([
      { tickSizeRupees: 0.0025, contract: { strikeRupees: 89.25, lotSize: 1000, option: 'CE' } },
      {
        tickSizeRupees: 0.05,
        contract: { name: 'NIFTY', strikeRupees: 24050, lotSize: 75, option: 'PE', expiry: '2026-11-24' },
      },
    ]);
  });

  it.each<[string, string]>([
    ['NFO:RELIANCE30DEC26FUT', 'NFO:RELIANCE30DEC26FUT is not in file; the nearest names are RELIANCE29DEC26FUT'],
    ['NFO:RELIANCE27OCT26FUT', 'NFO:RELIANCE27OCT26FUT expired on 2026-10-27; the next are RELIANCE24NOV26FUT, RELIANCE29DEC26FUT.'],
    ['NFO:NIFTI@fut', 'NFO:NIFTI@fut: file has no contract of NIFTI on NFO; the nearest names are RELIANCE'],
    ['NFO:NIFTY@fut', 'NFO:NIFTY@fut: file has no futures of NIFTY on NFO that expire on 2026-11-23 or later'],
    ['NFO:NIFTY@weekly:ATM', 'needs the price of NIFTY, and none is known: give it with --spot NIFTY=PRICE.'],
    ['XYZ:A', '`XYZ:A` names no exchange that can be run: NSE, BSE, NFO, BFO, MCX or CDS'],
    ['NSE:RELIANCE@fut', 'selects contracts, which NSE does not have: they are on NFO.'],
    ['NFO:NIFTY@weekly', 'is no selection: NFO:NIFTY@fut is the nearest future'],
    ['NFO:NIFTY@weekly:ATM+-201', 'at most ATM+-200'],
    ['NFO:NIFTY@yearly:ATM', 'is no selection'],
    ['NFO:../X', 'is no EXCHANGE:TRADINGSYMBOL'],
    ['NFO:', 'is no EXCHANGE:TRADINGSYMBOL'],
  ])('%s is refused: %s', async (name, sentence) => {
    await expect(select([name])).rejects.toMatchObject({ code: 'INSTRUMENT', exitCode: 2 });
    await expect(select([name])).rejects.toThrow(sentence);
  }); // prettier-ignore

  it('of the same symbol on two exchanges are two instruments, each once', async () => {
    const chosen = await select(['RELIANCE', 'BSE:RELIANCE', 'NSE:RELIANCE-EQ', 'BSE:RELIANCE']);
    expect(chosen.map(({ index, exchange, token }) => [index, exchange, token])).toEqual([
      [0, 'NSE', '2885'],
      [1, 'BSE', '500325'],
    ]);
  });
});

describe('a selection', () => {
  const strikes = async (name: string, spot: number): Promise<string[]> =>
    (await select([name], { NIFTY: spot })).map(({ symbol }) => symbol.replace(/^NIFTY/, ''));

  it('@fut is the nearest future that has not expired', async () => {
    expect((await select(['NFO:RELIANCE@fut']))[0].symbol).toBe('RELIANCE24NOV26FUT');
    expect((await select(['NFO:RELIANCE@fut'], {}, '2026-11-25'))[0].symbol).toBe('RELIANCE29DEC26FUT');
  });

  it('is the calls and puts around the strike nearest to the spot', async () => {
    expect(await strikes('NFO:NIFTY@weekly:ATM', 24_076)).toEqual(['24NOV2624100CE', '24NOV2624100PE']);
    expect(await strikes('NFO:NIFTY@weekly:ATM+-1', 24_060)).toEqual(
      [24000, 24050, 24100].flatMap((strike) => [`24NOV26${strike}CE`, `24NOV26${strike}PE`]),
    );
    // At the edge of the file's strikes there are fewer.
    expect(await strikes('NFO:NIFTY@weekly:ATM\u00b11', 30_000)).toHaveLength(4);
    expect((await strikes('NFO:NIFTY@monthly:ATM', 24_000))[0]).toBe('24NOV2624000CE');
  });

  it('@monthly is the last expiry of its month', async () => {
    const found = await select(['NFO:NIFTY@monthly:ATM'], { NIFTY: 24_000 }, '2026-11-25');
    expect(found[0].contract!.expiry).toBe('2026-12-29');
  });
});

it('a list has names a line or by commas, with comments, and no list', () =>
  inFolder((folder) => {
    const list = join(folder, 'list.txt');
    writeFileSync(list, '\ufeff# mine\nRELIANCE, TCS\r\n\nNFO:NIFTY@fut # the future\n');
    expect(withLists(['INFY', `@${list}`])).toEqual(['INFY', 'RELIANCE', 'TCS', 'NFO:NIFTY@fut']);
    writeFileSync(list, '# none\n');
    expect(() => withLists([`@${list}`])).toThrow('has no name');
    writeFileSync(list, '@other.txt');
    expect(() => withLists([`@${list}`])).toThrow('a list holds names of instruments only');
    expect(() => withLists(['@absent'])).toThrow('--symbols @absent cannot be read');
    return Promise.resolve();
  }));

it("the simulated broker's file has contracts of every exchange, and no expired one", async () => {
  const { scrips } = await simulatedMaster(1, DATE, shippedCalendar(), ALL);
  expect(scrips.conflicts.size).toBe(0);
  expect(scrips.listings.size).toBe(50);
  const others = [...scrips.others.values()];
  expect(new Set(others.map(({ exchange }) => exchange))).toEqual(ALL);
  expect(others.every(({ contract }) => contract === undefined || contract.expiry >= DATE)).toBe(true);
  // Tuesday 24 November is a holiday: its weekly contracts expire on Monday.
  expect(scrips.others.has('NFO:NIFTY23NOV2625000CE')).toBe(true);
  expect(scrips.others.get('CDS:USDINR26DECFUT')).toMatchObject({ tickSizeRupees: 0.0025, exchangeType: 13 });
  expect(askedOf('CDS:USDINR26DECFUT')).toMatchObject({ kind: 'one', exchange: 'CDS' });
});

it('a resumed run keeps its selection, and a session that is over does not end it', () => {
  expect(selects({ symbols: ['RELIANCE', 'NFO:NIFTY29DEC26FUT'] })).toBe(false);
  expect(selects({ symbols: ['RELIANCE', 'NFO:NIFTY@fut'] })).toBe(true);
  const listing = { tickSizeRupees: 0.05, derivatives: true, token: '1594' };
  const both: Instrument[] = [
    { ...listing, index: 0, symbol: 'RELIANCE', exchange: 'NSE', exchangeType: 1 },
    { ...listing, index: 1, symbol: 'GOLD', exchange: 'MCX', exchangeType: 5 },
  ];
  const times = { nowMs: istMs(DATE, '18:00'), mayWait: false, lastsMs: Infinity };
  expect(() => hoursAt(shippedCalendar(), both, times)).toThrow('NSE (RELIANCE) is shut');
  expect(hoursAt(shippedCalendar(), both, { ...times, resumes: true }).sessions.size).toBe(2);
});

it('contracts are those of the day for which the run waits', async () => {
  const atMs = istMs(DATE, '17:30');
  const feed: FeedChoice = {
    ...{ kind: 'sim' as const, seed: 1, speed: 'max' as const, atMs },
    ...{ habits: MEASURED, faults: [], tape: undefined },
  };
  const none = { subset: undefined, instruments: undefined, spot: undefined, history: undefined, out: '.' };
  const asked = { ...none, stage: 2 as const, symbols: ['NFO:NIFTY@fut'], feed };
  const symbolOn = async (date?: string): Promise<string> =>
    (await chooseInstruments(asked, shippedCalendar(), 0, date)).instruments[0].symbol;
  expect(await symbolOn()).toBe('NIFTY23NOV26FUT');
  expect(await symbolOn('2026-11-25')).toBe('NIFTY29DEC26FUT');
});
