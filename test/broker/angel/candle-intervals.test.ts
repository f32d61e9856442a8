/**
 * Candles of every timeframe: what a call asks, which labels an answer may have, and the same from the simulated broker
 * over a real socket. Broken on purpose and caught: a day's label that stays midnight's, labels off the opening's grid.
 */
import { describe, expect, it } from 'vitest';
import { ANGEL } from '../../../src/broker/angel/angel.js';
import { readAnswer } from '../../../src/broker/angel/candle-answer.js';
import { candleCall } from '../../../src/broker/angel/candle-intervals.js';
import type { PolledInstrument } from '../../../src/broker/broker.js';
import { istDate, istStamp, type TradingSession } from '../../../src/market/session.js';
import { minutesOf, TIMEFRAMES, type Timeframe } from '../../../src/market/timeframe.js';
import { startBroker } from '../../../src/sim/broker.js';
import { DEMO_ACCOUNT } from '../../../src/sim/demo-account.js';
import { SystemClock } from '../../../src/clock.js';
import { at, CALENDAR, listed, marketAt } from '../../sim/world.js';

const [RELIANCE] = listed('RELIANCE');

function sessionOf({ token }: PolledInstrument, date: string): TradingSession | undefined {
  expect(token).toBe(RELIANCE.token);
  const day = CALENDAR.day(date, RELIANCE);
  return day.kind === 'shut' ? undefined : day.session;
}

/** Times asked for, and the interval. */
function asked(name: Timeframe, fromMs: number, toMs: number): string[] {
  const { interval, askFromMs, askToMs } = candleCall({ name, sessionOf }, RELIANCE, fromMs, toMs);
  return [interval, istStamp(askFromMs).slice(0, 16), istStamp(askToMs).slice(0, 16)];
}

describe('a call', () => {
  it.each([
    ['1m', '09:00', '10:01', 'ONE_MINUTE', '09:00', '10:02'],
    ['3m', '09:00', '10:03', 'THREE_MINUTE', '09:15', '10:06'],
    ['5m', '09:00', '10:00', 'FIVE_MINUTE', '09:15', '10:05'],
    // From inside a candle, and until the close of a short one.
    ['15m', '10:02', '15:00', 'FIFTEEN_MINUTE', '10:00', '15:15'],
    ['30m', '09:46', '14:45', 'THIRTY_MINUTE', '09:45', '15:15'],
    // Until the auction's label is over.
    ['1h', '09:00', '15:29', 'ONE_HOUR', '09:15', '15:30'],
  ] as const)('for %s from %s to %s asks %s from %s to %s', (name, from, to, interval, askFrom, askTo) => {
    expect(asked(name, at(from), at(to))).toEqual([interval, `2026-11-23T${askFrom}`, `2026-11-23T${askTo}`]);
  });

  it('for days asks from midnight until the auction is over', () => {
    const { auction } = sessionOf(RELIANCE, '2026-11-23')!;
    expect(asked('1d', at('09:15', '2026-11-20'), at('09:15'))).toEqual([
      'ONE_DAY',
      '2026-11-20T00:00',
      istStamp(auction!.toMs).slice(0, 16),
    ]);
  });

  it.each([
    ['1m', '09:17', '09:17'],
    ['3m', '09:18', '09:18'],
    ['3m', '09:19', undefined],
    ['5m', '09:15', '09:15'],
    ['5m', '09:17', undefined],
    ['5m', '09:10', undefined],
    ['1h', '10:15', '10:15'],
    ['1h', '10:00', undefined],
    // The auction's print, as labelled here and by brokers that go by the interval.
    ['5m', '15:29', '15:29'],
    ['5m', '15:25', '15:25'],
    ['5m', '15:30', undefined],
    ['1d', '00:00', '09:15'],
    ['1d', '09:15', undefined],
    ['1d', '15:29', undefined],
  ] as const)('for %s takes a label of %s for %s', (name, label, start) => {
    const { startOf } = candleCall({ name, sessionOf }, RELIANCE, at('09:15'), at('15:29'));
    expect(startOf(at(label))).toBe(start === undefined ? undefined : at(start));
    // A Sunday has no candle.
    if (name !== '1m') expect(startOf(at(label, '2026-11-22'))).toBeUndefined();
  });

  it('leaves out and counts rows whose label no candle has', () => {
    const call = candleCall({ name: '5m', sessionOf }, RELIANCE, at('09:15'), at('09:25'));
    const times = ['09:15', '09:17', '09:20', '09:30'];
    const rows = times.map((time) => [`2026-11-23T${time}:00+05:30`, 1, 1, 1, 1, 1]);
    const text = JSON.stringify({ status: true, data: rows });
    const window = { symbol: 'RELIANCE', exchange: 'NSE', fromMs: at('09:15'), toMs: at('09:25'), ...call };
    const answer = readAnswer(200, text, window, []);
    expect(answer).toMatchObject({
      kind: 'rows',
      left: 1,
      rows: [{ timestampMs: at('09:15') }, { timestampMs: at('09:20') }],
    });
  });
});

describe('a poller', () => {
  it.each(TIMEFRAMES)('of %s gets the true candles, labelled as ours are', async (name) => {
    const market = marketAt('16:00', { listings: [RELIANCE] });
    const clock = new SystemClock({ originMs: market.startMs });
    const broker = await startBroker({ port: 0, market, clock });
    try {
      const endpoint = ANGEL.access.endpointAt(`ws://127.0.0.1:${broker.port}`);
      const { signal } = new AbortController();
      const session = await ANGEL.access.logIn(endpoint, DEMO_ACCOUNT, clock, signal);
      const timeframe = { name, sessionOf };
      const poller = ANGEL.candles.poller({ endpoint, session, clock, signal, timeframe });
      const lastMs = name === '1d' ? at('09:15') : at('15:29');
      const rows = await poller.candles(RELIANCE, at('09:00', '2026-11-20'), lastMs);
      expect(poller.unreadable.size).toBe(0);
      const knownMs = market.startMs;
      const truth = ['2026-11-20', '2026-11-23'].flatMap((date) =>
        market.trueCandles(0, date, knownMs, minutesOf(name)),
      );
      expect(rows).toEqual(
        name === '1d'
          ? truth.map((row) => ({ ...row, timestampMs: at('09:15', istDate(row.timestampMs)) }))
          : truth,
      );
      expect(rows).toHaveLength(name === '1d' ? 2 : 2 * (360 / minutesOf(name) + 1));
    } finally {
      await broker.close();
    }
  });
});
