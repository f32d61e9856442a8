/**
 * `getCandleData` of the simulated broker: true candles, and everything that makes the real service hard to
 * poll.
 */
import { describe, expect, it } from 'vitest';
import { SystemClock } from '../../src/clock.js';
import { startBroker, type SimulatedBroker } from '../../src/sim/broker.js';
import type { Market } from '../../src/sim/market.js';
import { FakeClock } from '../feed/fake-clock.js';
import { HEADERS, logIn, post } from './client.js';
import { at, dayOf, marketAt, type TrueTrade } from './world.js';

type Row = readonly [string, number, number, number, number, number];

interface Asked {
  readonly status: number;
  readonly text: string;
  readonly rows: readonly Row[];
}

const RELIANCE = { exchange: 'NSE', symboltoken: '2885', interval: 'ONE_MINUTE' };

/** Asks as a client that has logged in. */
async function ask(
  broker: SimulatedBroker,
  jwt: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<Asked> {
  const url = `http://127.0.0.1:${broker.port}/rest/secure/angelbroking/historical/v1/getCandleData`;
  const { status, text, json } = await post(
    url,
    { ...RELIANCE, ...body },
    { ...HEADERS, Authorization: `Bearer ${jwt}`, ...headers },
  );
  const data: unknown = (json as { data?: unknown } | undefined)?.data;
  return { status, text, rows: Array.isArray(data) ? (data as Row[]) : [] };
}

/** A broker with manual market time; request limits still use real time. */
async function withMarket(
  time: string,
  test: (broker: SimulatedBroker, clock: FakeClock, market: Market) => Promise<void>,
): Promise<void> {
  const market = marketAt(time);
  const clock = new FakeClock(market.startMs);
  const broker = await startBroker({ port: 0, market, clock });
  try {
    await test(broker, clock, market);
  } finally {
    await broker.close();
  }
}

/** The candle of a minute from its trades up to `untilMs`. */
function folded(trades: readonly TrueTrade[], startMs: number, untilMs: number): number[] {
  const inside = trades.filter(({ ms }) => ms >= startMs && ms < startMs + 60_000 && ms <= untilMs);
  const prices = inside.map(({ price }) => price / 100);
  return [
    prices[0],
    Math.max(...prices),
    Math.min(...prices),
    prices[prices.length - 1],
    inside.reduce((sum, { quantity }) => sum + quantity, 0),
  ];
}

describe('candles over REST', () => {
  it('are those of the true trades, the day before too, labelled by their start', () =>
    withMarket('11:00', async (broker) => {
      const { jwtToken } = await logIn(broker);
      const { trades } = dayOf('RELIANCE');
      const { rows } = await ask(broker, jwtToken, {
        fromdate: '2026-11-23 09:15',
        todate: '2026-11-23 10:59',
      });
      const own = rows.filter(([label]) => label >= '2026-11-23T09:15');
      expect(own).toHaveLength(105);
      expect(own[0][0]).toBe('2026-11-23T09:15:00+05:30');
      for (const k of [0, 1, 50, 103])
        expect(own[k].slice(1)).toEqual(folded(trades, at('09:15') + k * 60_000, Infinity));
      const before = await ask(broker, jwtToken, {
        fromdate: '2026-11-20 09:15',
        todate: '2026-11-20 15:40',
      });
      // 360 minutes and the closing auction's print.
      expect(before.rows.at(-1)![0]).toBe('2026-11-20T15:29:00+05:30');
      expect(before.rows.filter(([label]) => label >= '2026-11-20T09:15')).toHaveLength(361);
      expect(
        (await ask(broker, jwtToken, { fromdate: '2026-11-22 09:15', todate: '2026-11-22 15:40' })).rows,
      ).toEqual([]);
    }));

  it('lag the trades: a minute that has just ended still changes, and the current one is included', () =>
    withMarket('11:00', async (broker, clock) => {
      const { jwtToken } = await logIn(broker);
      const { trades } = dayOf('RELIANCE');
      const window = { fromdate: '2026-11-23 11:00', todate: '2026-11-23 11:01' };
      clock.advance(61_000);
      const early = (await ask(broker, jwtToken, window)).rows.filter(([label]) => label.includes('T11:0'));
      expect(early).toHaveLength(1);
      expect(early[0].slice(1)).toEqual(folded(trades, at('11:00'), at('11:00') + 57_000));
      clock.advance(9_000);
      const later = (await ask(broker, jwtToken, window)).rows.filter(([label]) => label.includes('T11:0'));
      expect(later.map(([label]) => label.slice(11, 16))).toEqual(['11:00', '11:01']);
      expect(later[0].slice(1)).toEqual(folded(trades, at('11:00'), Infinity));
      expect(early[0]).not.toEqual(later[0]);
      // Ten seconds into the next minute the candles have the current minute's first six seconds.
      expect(later[1].slice(1)).toEqual(folded(trades, at('11:01'), at('11:01') + 6_000));
    }));

  it('come with a row before the window now and then', () =>
    withMarket('11:00', async (broker, clock) => {
      const { jwtToken } = await logIn(broker);
      const firsts: string[] = [];
      for (const minute of ['31', '32', '33', '34']) {
        clock.advance(1000);
        firsts.push(
          (
            await ask(broker, jwtToken, { fromdate: `2026-11-23 10:${minute}`, todate: '2026-11-23 10:40' })
          ).rows[0][0].slice(14, 16),
        );
      }
      expect(firsts.filter((first, k) => first !== String(31 + k))).toHaveLength(1);
    }));

  it('are asked for at most three times in any second and 180 times a minute; more is a 403', () =>
    withMarket('11:00', async (broker, clock) => {
      const { jwtToken } = await logIn(broker);
      const window = { fromdate: '2026-11-23 10:00', todate: '2026-11-23 10:00' };
      const statuses = async (count: number, everyMs: number): Promise<number[]> => {
        const all: number[] = [];
        for (let k = 0; k < count; k++) {
          all.push((await ask(broker, jwtToken, window)).status);
          clock.advance(everyMs);
        }
        return all;
      };
      expect(await statuses(5, 100)).toEqual([200, 200, 200, 403, 403]);
      clock.advance(1000);
      expect((await ask(broker, jwtToken, window)).status).toBe(200);
      // Refused requests count too: a client that keeps asking is refused for a minute.
      expect(new Set(await statuses(175, 1))).toEqual(new Set([200, 403]));
      clock.advance(1000);
      const { status, text } = await ask(broker, jwtToken, window);
      expect([status, text]).toEqual([403, 'Access denied because of exceeding access rate']);
      clock.advance(60_000);
      expect((await ask(broker, jwtToken, window)).status).toBe(200);
    }));

  it.each([
    [{ todate: '2026-11-23 11:01' }, "To datetime can't be greater than current datetime"],
    [{ todate: '2026-11-23' }, 'Invalid fromdate or todate'],
    [{ fromdate: '2026-11-31 10:00' }, 'Invalid fromdate or todate'],
    [{ fromdate: '2026-11-23 10:30', todate: '2026-11-23 10:00' }, 'Invalid fromdate or todate'],
    [{ fromdate: '2026-10-20 10:00' }, 'At most 30 days of ONE_MINUTE'],
    [{ fromdate: '2026-09-20 10:00', interval: 'THREE_MINUTE' }, 'At most 60 days of THREE_MINUTE'],
    [{ fromdate: '2026-08-10 10:00', interval: 'FIVE_MINUTE' }, 'At most 100 days of FIVE_MINUTE'],
    [{ fromdate: '2026-08-10 10:00', interval: 'TEN_MINUTE' }, 'At most 100 days of TEN_MINUTE'],
    [{ fromdate: '2026-05-01 10:00', interval: 'FIFTEEN_MINUTE' }, 'At most 200 days of FIFTEEN_MINUTE'],
    [{ fromdate: '2026-05-01 10:00', interval: 'THIRTY_MINUTE' }, 'At most 200 days of THIRTY_MINUTE'],
    [{ fromdate: '2025-10-01 10:00', interval: 'ONE_HOUR' }, 'At most 400 days of ONE_HOUR'],
    [{ fromdate: '2021-05-01 10:00', interval: 'ONE_DAY' }, 'At most 2000 days of ONE_DAY'],
    [{ interval: 'TWO_MINUTE' }, 'Invalid interval'],
    [{ interval: 'one_minute' }, 'Invalid interval'],
    [{ interval: 1 }, 'Invalid interval'],
    [{ symboltoken: '1' }, 'Invalid symboltoken'],
    [{ exchange: 'BSE' }, 'Invalid symboltoken'],
    [{ symboltoken: 2885 }, 'Invalid symboltoken'],
  ])('are refused for %j', (body, message) =>
    withMarket('11:00', async (broker) => {
      const { jwtToken } = await logIn(broker);
      const { status, text } = await ask(broker, jwtToken, {
        fromdate: '2026-11-23 10:00',
        todate: '2026-11-23 10:30',
        ...body,
      });
      expect(status).toBe(400);
      expect(JSON.parse(text)).toMatchObject({ status: false, message, data: null });
    }),
  );

  it('need the tokens and the key of one log-in', () =>
    withMarket('11:00', async (broker) => {
      const { jwtToken, feedToken } = await logIn(broker);
      const window = { fromdate: '2026-11-23 10:00', todate: '2026-11-23 10:30' };
      for (const wrong of [feedToken, '', 'x'])
        expect(JSON.parse((await ask(broker, wrong, window)).text)).toMatchObject({
          success: false,
          errorCode: 'AG8001',
        });
      expect(
        JSON.parse((await ask(broker, jwtToken, window, { 'X-PrivateKey': 'another' })).text),
      ).toMatchObject({ success: false, errorCode: 'AG8004' });
    }));

  it('do not change the market that the feed shows', () => {
    const [asked, left] = [marketAt('11:00'), marketAt('11:00')];
    const seen = (market: Market): string[] => {
      const all: string[] = [];
      for (let k = 1; k <= 20; k++) {
        if (market === asked) market.trueCandles(0, '2026-11-23', market.nowMs - 4000);
        market.advance(at('11:00') + k * 1000, (index, packet) =>
          all.push(`${index} ${packet.words.join(',')}`),
        );
      }
      return all;
    };
    expect(seen(asked)).toEqual(seen(left));
    expect(new SystemClock().speed).toBe(1);
  });
});
