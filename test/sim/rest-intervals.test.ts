/**
 * `getCandleData` of the simulated broker in its longer intervals: the same true trades, counted from each
 * instrument's opening, with the difficulties of minutes.
 */
import { describe, expect, it } from 'vitest';
import { startBroker, type SimulatedBroker } from '../../src/sim/broker.js';
import type { Market } from '../../src/sim/market.js';
import type { Contract, Listing } from '../../src/market/instrument.js';
import { FakeClock } from '../feed/fake-clock.js';
import { HEADERS, logIn, post } from './client.js';
import { at, CALENDAR, dayOf, listed, marketAt } from './world.js';

type Row = readonly [string, number, number, number, number, number];

const contract = (name: string, expiry: string): Contract => ({
  name,
  expiry,
  option: undefined,
  strikeRupees: undefined,
  lotSize: 50,
});
const LISTINGS: readonly Listing[] = [
  ...listed('RELIANCE', 'TCS', 'M&M'),
  { symbol: 'NIFTY', exchange: 'NSE', exchangeType: 1, token: '99926000', tickSizeRupees: 0.05, derivatives: false },
  { symbol: 'INFY', exchange: 'BSE', exchangeType: 3, token: '500209', tickSizeRupees: 0.05, derivatives: true },
  { symbol: 'NIFTY24NOV26FUT', exchange: 'NFO', exchangeType: 2, token: '35001', tickSizeRupees: 0.05, derivatives: true, contract: contract('NIFTY', '2026-11-24') },
  { symbol: 'SENSEX26NOVFUT', exchange: 'BFO', exchangeType: 4, token: '825001', tickSizeRupees: 0.05, derivatives: true, contract: contract('SENSEX', '2026-11-26') },
  { symbol: 'GOLD04DEC26FUT', exchange: 'MCX', exchangeType: 5, token: '441001', tickSizeRupees: 1, derivatives: true, contract: contract('GOLD', '2026-12-04') },
  { symbol: 'USDINR27NOV26FUT', exchange: 'CDS', exchangeType: 13, token: '1201', tickSizeRupees: 0.0025, derivatives: true, contract: contract('USDINR', '2026-11-27') },
]; // prettier-ignore

const INTERVALS = {
  ONE_MINUTE: 1,
  THREE_MINUTE: 3,
  FIVE_MINUTE: 5,
  TEN_MINUTE: 10,
  FIFTEEN_MINUTE: 15,
  THIRTY_MINUTE: 30,
  ONE_HOUR: 60,
};
const LONGER = Object.entries(INTERVALS).slice(1);

interface Served {
  readonly broker: SimulatedBroker;
  readonly clock: FakeClock;
  readonly market: Market;
  /** Rows that `interval` has of an instrument from `from` to `to`, times of 23 November or `YYYY-MM-DD HH:mm`. */
  readonly ask: (listing: Listing, interval: string, from: string, to: string) => Promise<readonly Row[]>;
}

async function served(
  time: string,
  test: (served: Served) => Promise<void>,
  listings: readonly Listing[] = LISTINGS.slice(0, 1),
) {
  const market = marketAt(time, { listings });
  const clock = new FakeClock(market.startMs);
  const broker = await startBroker({ port: 0, market, clock });
  try {
    const { jwtToken } = await logIn(broker);
    const full = (when: string): string => (when.length === 5 ? `2026-11-23 ${when}` : when);
    const ask: Served['ask'] = async ({ exchange, token }, interval, from, to) => {
      clock.advance(1000);
      const { status, json } = await post(
        `http://127.0.0.1:${broker.port}/rest/secure/angelbroking/historical/v1/getCandleData`,
        { exchange, symboltoken: token, interval, fromdate: full(from), todate: full(to) },
        { ...HEADERS, Authorization: `Bearer ${jwtToken}` },
      );
      expect(status).toBe(200);
      return (json as unknown as { data: Row[] }).data;
    };
    await test({ broker, clock, market, ask });
  } finally {
    await broker.close();
  }
}

const TRADES = dayOf('RELIANCE').trades;

/** Prices and volume of all trades of RELIANCE in `[fromMs, toMs)`. */
function folded(fromMs: number, toMs: number): number[] {
  const inside = TRADES.filter(({ ms }) => ms >= fromMs && ms < toMs);
  const prices = inside.map(({ price }) => price / 100);
  return [
    prices[0],
    Math.max(...prices),
    Math.min(...prices),
    prices.at(-1)!,
    inside.reduce((sum, { quantity }) => sum + quantity, 0),
  ];
}

const within = (rows: readonly Row[], from: string): readonly Row[] =>
  rows.filter(([label]) => label >= `2026-11-23T${from}`);
const times = (rows: readonly Row[]): string[] => rows.map(([label]) => label.slice(11, 16));

/** Each longer candle of 23 November has the volume of its minutes, and the day's has them all. */
async function checkSums(listing: Listing, ask: Served['ask']): Promise<void> {
  const day = CALENDAR.day('2026-11-23', listing);
  if (day.kind !== 'open') throw new Error('the test needs a trading day');
  const { openMs, closeMs } = day.session;
  const all = (rows: readonly Row[]): readonly Row[] => rows.filter(([label]) => Date.parse(label) >= openMs);
  const minutes = all(await ask(listing, 'ONE_MINUTE', '09:00', '23:55'));
  expect(minutes.length).toBeGreaterThan(10);
  for (const [interval, length] of LONGER) {
    const sums = new Map<number, number>();
    for (const [label, , , , , volume] of minutes) {
      const ms = Date.parse(label);
      const lengthMs = length * 60_000;
      const start = ms >= closeMs ? ms : openMs + Math.floor((ms - openMs) / lengthMs) * lengthMs;
      sums.set(start, (sums.get(start) ?? 0) + volume);
    }
    const rows = all(await ask(listing, interval, '09:00', '23:55'));
    expect(rows.map(([label, , , , , volume]) => [Date.parse(label), volume])).toEqual([...sums]);
  }
  const days = await ask(listing, 'ONE_DAY', '2026-11-23 00:00', '2026-11-23 23:55');
  const [[, open, high, low, close, volume]] = days.filter(([label]) => label >= '2026-11-23');
  expect([open, close]).toEqual([minutes[0][1], minutes.at(-1)![4]]);
  expect(high).toBe(Math.max(...minutes.map((row) => row[2])));
  expect(low).toBe(Math.min(...minutes.map((row) => row[3])));
  expect(volume).toBe(minutes.reduce((sum, row) => sum + row[5], 0));
}

describe('the intervals of getCandleData', () => {
  it('are of the true trades from the opening, the last one short', () =>
    served('16:00', async ({ ask }) => {
      for (const [interval, minutes] of LONGER) {
        const rows = within(await ask(LISTINGS[0], interval, '09:15', '15:40'), '09:15');
        const continuous = Math.ceil(360 / minutes);
        expect(rows, interval).toHaveLength(continuous + 1);
        for (const k of [0, 1, continuous - 1]) {
          const fromMs = at('09:15') + k * minutes * 60_000;
          expect(Date.parse(rows[k][0])).toBe(fromMs);
          expect(rows[k].slice(1)).toEqual(folded(fromMs, Math.min(at('15:15'), fromMs + minutes * 60_000)));
        }
        // The auction's print is a candle of its own.
        expect(rows.at(-1)![0]).toBe('2026-11-23T15:29:00+05:30');
        expect(rows.at(-1)!.slice(1)).toEqual(folded(at('15:15'), at('16:00')));
      }
    }));

  it('ONE_DAY is labelled by midnight, and has the auction', () =>
    served('16:00', async ({ ask }) => {
      const rows = await ask(LISTINGS[0], 'ONE_DAY', '2026-11-19 00:00', '2026-11-23 16:00');
      const days = rows.filter(([label]) => label >= '2026-11-19');
      expect(days.map(([label]) => label.slice(0, 10))).toEqual(['2026-11-19', '2026-11-20', '2026-11-23']);
      expect(new Set(days.map(([label]) => label.slice(10)))).toEqual(new Set(['T00:00:00+05:30']));
      expect(days[2].slice(1)).toEqual(folded(at('09:15'), at('16:00')));
      // Its label is before the opening, so a window from there has no row of the day.
      const none = await ask(LISTINGS[0], 'ONE_DAY', '09:15', '16:00');
      expect(none.filter(([label]) => label >= '2026-11-23')).toEqual([]);
    }));

  it('are served for every segment and for indices, each the sum of its minutes', () =>
    served(
      '23:58',
      async ({ ask }) => {
        for (const listing of LISTINGS) await checkSums(listing, ask);
      },
      LISTINGS,
    ));

  it('include the current candle, which changes', () =>
    served('10:01', async ({ ask, clock }) => {
      for (const interval of [...LONGER.map(([name]) => name), 'ONE_DAY']) {
        const from = interval === 'ONE_DAY' ? '00:00' : '09:15';
        const last = async (): Promise<Row> => (await ask(LISTINGS[0], interval, from, '10:01')).at(-1)!;
        const early = await last();
        clock.advance(4_000);
        const later = await last();
        expect(later[0]).toBe(early[0]);
        expect(later[5], interval).toBeGreaterThan(early[5]);
        // Trades of the last four seconds are not in it.
        const labelMs = interval === 'ONE_DAY' ? at('09:15') : Date.parse(later[0]);
        expect(later.slice(1)).toEqual(folded(labelMs, clock.marketMs() - 4000 + 1));
      }
    }));

  it('have a row before their window now and then', () =>
    served('16:00', async ({ ask }) => {
      for (const [interval, minutes] of LONGER) {
        const strays: number[] = [];
        for (const k of [1, 2, 3, 4]) {
          const from = new Date(at('09:15') + k * minutes * 60_000 + 19_800_000).toISOString().slice(11, 16);
          const [first] = times(await ask(LISTINGS[0], interval, from, '15:40'));
          if (first < from) strays.push(k);
        }
        expect(strays, interval).toHaveLength(1);
      }
    }));

  it('ONE_DAY has the day before its window now and then', () =>
    served('16:00', async ({ ask }) => {
      const firsts: string[] = [];
      for (const date of ['2026-11-17', '2026-11-18', '2026-11-19', '2026-11-20'])
        firsts.push((await ask(LISTINGS[0], 'ONE_DAY', `${date} 00:00`, '2026-11-20 23:00'))[0][0].slice(8, 10));
      expect(firsts.filter((first, k) => first !== String(17 + k))).toHaveLength(1);
    })); // prettier-ignore
});
