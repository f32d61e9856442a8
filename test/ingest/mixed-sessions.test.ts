/** Rows that close at different times: a seal names one bar for all, and later minutes do not wait for it. */
import { expect, it } from 'vitest';
import { Engine } from '../../src/ingest/engine.js';
import type { Instrument } from '../../src/market/instrument.js';
import { istMs } from '../../src/market/session.js';
import { shippedCalendar } from '../../src/market/trading-calendar.js';
import { broker } from '../../src/run/broker.js';

const DATE = '2026-11-23';
const cash = { index: 0, symbol: 'RELIANCE', exchange: 'NSE', exchangeType: 1, token: '2885' };
const future = { index: 1, symbol: 'NIFTY29DEC26FUT', exchange: 'NFO', exchangeType: 2, token: '54786' };
const instruments: Instrument[] = [cash, future].map((one) => ({
  ...one,
  tickSizeRupees: 0.05,
  derivatives: true,
}));

it('a future trades on after the auction of its stock, and its minutes are not sealed with it', () => {
  const engine = new Engine({
    codec: broker.codec,
    instruments,
    sessionOf: (instrument) => {
      const day = shippedCalendar().day(DATE, instrument);
      if (day.kind !== 'open') throw new Error(day.reason);
      return day.session;
    },
    mode: 'ltp',
    shards: 1,
    graceMs: 3000,
    silenceMs: 3000,
    marketDateMs: istMs(DATE, '09:15'),
  });
  const { watermark } = engine;
  const sealedAt = (time: string): number => {
    const exchangeMs = istMs(DATE, time);
    watermark.decide({ exchangeMs, nowMs: exchangeMs, monoMs: exchangeMs }, true);
    watermark.takeDueBar();
    return watermark.sealed;
  };
  const minute = (time: string): number => (istMs(DATE, time) - istMs(DATE, '09:15')) / 60_000;
  // The auction ends at 15:35; the minutes of the future go on after its bar.
  expect(sealedAt('15:35:02')).toBe(minute('15:33'));
  expect(sealedAt('15:35:03')).toBe(minute('15:34'));
  expect(sealedAt('15:40:04')).toBe(minute('15:38'));
  expect(sealedAt('15:40:05')).toBe(watermark.lastBar);
  expect(watermark.lastBar).toBe(minute('15:39'));
});
