/** Shared by the simulator's tests: the shipped instruments and calendar, and a market's frames as text. */
import { readFileSync } from 'node:fs';
import type { Listing } from '../../src/market/instrument.js';
import type { Packet } from '../../src/market/packet.js';
import { istMs } from '../../src/market/session.js';
import { shipped } from '../../src/paths.js';
import { shippedCalendar } from '../../src/market/trading-calendar.js';
import { InstrumentDay } from '../../src/sim/instrument-day.js';
import { sequenceAllocator } from '../../src/sim/sequence-allocator.js';
import { DENSE } from '../dense.js';
import { Market, type MarketOptions } from '../../src/sim/market.js';
import { encode, FRAME_LENGTH } from '../../src/broker/angel/frames.js';

const json = (path: string): unknown => JSON.parse(readFileSync(shipped(path), 'utf8'));

const names = json('data/instruments/nifty50.json') as {
  constituents: { symbol: string; token: string; tickSizeRupees: string }[];
};

export const NIFTY: readonly Listing[] = names.constituents.map(({ symbol, token, tickSizeRupees }) => ({
  symbol,
  exchange: 'NSE',
  exchangeType: 1,
  token,
  tickSizeRupees: Number(tickSizeRupees),
  derivatives: true,
}));

export const CALENDAR = shippedCalendar();

const DATE = '2026-11-23';
export const at = (time: string, date = DATE): number => istMs(date, time);

export function listed(...symbols: string[]): Listing[] {
  return symbols.map((symbol) => NIFTY.find((listing) => listing.symbol === symbol)!);
}

export function marketAt(time: string, options: Partial<MarketOptions> & { date?: string } = {}): Market {
  const { date = DATE, ...more } = options;
  return new Market({
    seed: 7,
    listings: listed('RELIANCE', 'TCS', 'M&M'),
    calendar: CALENDAR,
    startMs: at(time, date),
    habits: DENSE,
    ...more,
  });
}

export interface TrueTrade {
  readonly ms: number;
  readonly price: number;
  readonly quantity: number;
}

/** A whole day of one instrument with its true trades, made without a market. */
export function dayOf(symbol: string, seed = 7): { day: InstrumentDay; trades: TrueTrade[] } {
  return dayOfListing(listed(symbol)[0], seed);
}

/** The same of any instrument. */
export function dayOfListing(listing: Listing, seed = 7): { day: InstrumentDay; trades: TrueTrade[] } {
  const slotsPerFrame = sequenceAllocator([listing]);
  const today = CALENDAR.of('NSE').day(DATE, true);
  if (today.kind !== 'open') throw new Error('the tests need a trading day');
  const trades: TrueTrade[] = [];
  const onTrade = (ms: number, price: number, quantity: number): number =>
    trades.push({ ms, price, quantity });
  const day = new InstrumentDay({
    seed,
    listing,
    session: today.session,
    previousDate: '2026-11-20',
    slot: slotsPerFrame.slotOf[0],
    slotsPerFrame: slotsPerFrame.slotsPerFrame,
    habits: DENSE,
    onTrade,
  });
  day.run(at('16:30'));
  return { day, trades };
}

export interface Sent {
  readonly symbol: string;
  /** The whole SnapQuote. */
  readonly hex: string;
  readonly frame: Uint8Array;
}

/** Everything that the market sends until `toMs`, advanced in steps of `stepMs`. */
export function sentUntil(market: Market, toMs: number, stepMs = 1000): Sent[] {
  const sent: Sent[] = [];
  const write = (index: number, packet: Packet): void => {
    const frame = Buffer.alloc(FRAME_LENGTH[3]);
    encode(packet, frame);
    sent.push({ symbol: market.listings[index].symbol, hex: frame.toString('hex'), frame });
  };
  for (let ms = market.nowMs; ms < toMs; ms = Math.min(toMs, ms + stepMs))
    market.advance(Math.min(toMs, ms + stepMs), write);
  return sent;
}

export const hexes = (sent: readonly Sent[]): string[] => sent.map(({ hex }) => hex);
