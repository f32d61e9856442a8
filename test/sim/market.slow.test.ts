/** The seeded market does not depend on what is asked of it, and its candles are those of its trades. */
import { describe, expect, it } from 'vitest';
import type { CandleRow } from '../../src/candles/candle.js';
import { FIELD, Packet } from '../../src/market/packet.js';
import { istStamp, MINUTE_MS } from '../../src/market/session.js';
import { DENSE } from '../dense.js';
import { sequenceAllocator } from '../../src/sim/sequence-allocator.js';
import { Market } from '../../src/sim/market.js';
import { decode } from '../../src/broker/angel/frames.js';
import { firstOf, slow } from '../tier.js';
import { at, CALENDAR, dayOf, hexes, listed, marketAt, NIFTY, sentUntil, type TrueTrade } from './world.js';

/** A naive bar builder: half-open minutes of trade time, label = start, rupees. */
function fold(symbol: string, trades: readonly TrueTrade[]): CandleRow[] {
  const minutes = new Map<number, TrueTrade[]>();
  for (const trade of trades) {
    const label = Math.floor(trade.ms / MINUTE_MS) * MINUTE_MS;
    minutes.set(label, [...(minutes.get(label) ?? []), trade]);
  }
  return [...minutes].map(([timestampMs, inside]) => {
    const prices = inside.map(({ price }) => price / 100);
    return {
      symbol,
      exchange: 'NSE',
      timestampMs,
      open: prices[0],
      high: Math.max(...prices),
      low: Math.min(...prices),
      close: prices[prices.length - 1],
      volume: inside.reduce((sum, { quantity }) => sum + quantity, 0),
    };
  });
}

describe('the same market', () => {
  const whole = sentUntil(marketAt('09:25', { listings: NIFTY }), at('09:27'));

  it('sends all 50 names 1 to 4 times a second', () => {
    const count = new Map<string, number>();
    for (const { symbol } of whole) count.set(symbol, (count.get(symbol) ?? 0) + 1);
    expect(count.size).toBe(50);
    for (const packets of count.values()) {
      expect(packets).toBeGreaterThan(120);
      expect(packets).toBeLessThan(480);
    }
  });

  it.each(firstOf(2, [3, 97, 250, 61_000]))('is asked in steps of %i ms', (stepMs) => {
    expect(hexes(sentUntil(marketAt('09:25', { listings: NIFTY }), at('09:27'), stepMs))).toStrictEqual(
      hexes(whole),
    );
  });

  it('has fewer names, in another order', () => {
    const symbols = ['TCS', 'RELIANCE', 'M&M', 'MARUTI'];
    const few = sentUntil(marketAt('09:25', { listings: listed(...symbols) }), at('09:27'));
    expect(hexes(few)).toStrictEqual(hexes(whole.filter(({ symbol }) => symbols.includes(symbol))));
  });

  slow('was started earlier', () => {
    const [early, late] = [marketAt('09:00'), marketAt('10:00')];
    sentUntil(early, at('10:00'));
    expect(early.history(0, 'tick')).not.toStrictEqual(late.history(0, 'tick'));
    for (const index of [0, 1, 2]) {
      expect(early.last(index).words).toStrictEqual(late.last(index).words);
      expect(early.candles(index)).toStrictEqual(late.candles(index));
    }
    expect(hexes(sentUntil(early, at('10:05')))).toStrictEqual(hexes(sentUntil(late, at('10:05'))));
  });

  slow('was started two trading days earlier, with a holiday between', () => {
    const alone = (time: string, date?: string): Market =>
      marketAt(time, { listings: listed('RELIANCE'), ...(date === undefined ? {} : { date }) });
    const morning = at('09:16', '2026-11-26');
    const [early, late] = [alone('15:10'), alone('09:16', '2026-11-26')];
    sentUntil(early, at('08:00', '2026-11-25'), 3_600_000);
    const wednesday = sentUntil(early, at('08:00', '2026-11-26'), 86_400_000);
    expect(hexes(wednesday)).toStrictEqual(
      hexes(sentUntil(alone('08:00', '2026-11-25'), at('20:00', '2026-11-25'), 3_600_000)),
    );
    const atOnce = sentUntil(alone('15:14'), at('08:00', '2026-11-26'), 3 * 86_400_000);
    expect(hexes(atOnce).slice(-wednesday.length)).toStrictEqual(hexes(wednesday));
    expect(early.last(0).words).toStrictEqual(alone('08:00', '2026-11-26').last(0).words);
    sentUntil(early, morning);
    expect(early.candles(0)).toStrictEqual(late.candles(0));
    expect(hexes(sentUntil(early, morning + 30_000))).toStrictEqual(hexes(sentUntil(late, morning + 30_000)));
  });

  it('has another seed: then it is another market', () => {
    const known = new Set(hexes(whole));
    const other = sentUntil(marketAt('09:25', { listings: NIFTY, seed: 8 }), at('09:27'));
    expect(other.filter(({ hex }) => known.has(hex))).toStrictEqual([]);
  });

  it('gives each shipped name its own numbers in any company', () => {
    const { slotOf } = sequenceAllocator(NIFTY);
    expect(NIFTY.map((listing) => sequenceAllocator([listing]).slotOf[0])).toStrictEqual(slotOf);
    expect(new Set(slotOf).size).toBe(50);
  });

  it('gives more names than the counter has slotsPerFrame numbers of their own', () => {
    const listings = Array.from({ length: 400 }, (_, i) => ({
      ...NIFTY[0],
      symbol: `S${i}`,
      token: String(i + 1),
    }));
    const { slotsPerFrame, slotOf } = sequenceAllocator(listings);
    expect(new Set(slotOf).size).toBe(400);
    expect(Math.max(...slotOf)).toBeLessThan(slotsPerFrame);
  });

  slow('is generated up to the start fast enough to wait for', () => {
    // Of the processor, so that other programs do not count. It takes 600 ms.
    const before = process.cpuUsage();
    marketAt('11:00', { listings: NIFTY });
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(6_000);
  });
});

describe('true candles', () => {
  const { day, trades } = dayOf('RELIANCE');
  const session = trades.filter(({ ms }) => ms >= at('09:15'));

  it('are the fold of the true trades, from 09:15 to the auction', () => {
    const rows = day.candles(listed('RELIANCE')[0], 'traded', at('16:30'));
    expect(rows).toStrictEqual(fold('RELIANCE', session));
    expect(rows).toHaveLength(361);
    expect(
      [rows[0], rows[359], rows[360]].map(({ timestampMs }) => istStamp(timestampMs).slice(11, 16)),
    ).toStrictEqual(['09:15', '15:14', '15:29']);
    const auction = rows[360];
    expect(new Set([auction.open, auction.high, auction.low, auction.close]).size).toBe(1);
  });

  slow('come out of a market that has all names', () => {
    const market = marketAt('10:00', { listings: NIFTY });
    const index = market.indexOfName('RELIANCE')!;
    expect(market.candles(index)).toStrictEqual(
      fold(
        'RELIANCE',
        session.filter(({ ms }) => ms < at('10:00')),
      ),
    );
    sentUntil(market, at('10:07') + 59_999);
    expect(market.candles(index)).toStrictEqual(
      fold(
        'RELIANCE',
        session.filter(({ ms }) => ms < at('10:07')),
      ),
    );
  });

  it('stand on trades of a real kind', () => {
    const [print] = trades;
    expect(print.ms).toBeGreaterThanOrEqual(at('09:07'));
    expect(print.ms).toBeLessThan(at('09:08'));
    expect(trades.filter(({ ms }) => ms < at('09:15'))).toHaveLength(1);
    const continuous = session.filter(({ ms }) => ms < at('15:15'));
    expect(session.length - continuous.length).toBe(1);
    expect(continuous.filter(({ ms }, i) => i > 0 && ms - continuous[i - 1].ms >= 15_000)).toStrictEqual([]);
    expect(
      trades.filter(({ price, quantity }) => price % 10 !== 0 || !Number.isInteger(quantity) || quantity < 1),
    ).toStrictEqual([]);
    // The bounce between bid and ask: a walk of mid prices alone turns at about half of its moves.
    const moves = continuous
      .slice(1)
      .map(({ price }, i) => Math.sign(price - continuous[i].price))
      .filter((move) => move !== 0);
    expect(moves.slice(1).filter((move, i) => move === -moves[i]).length / moves.length).toBeGreaterThan(0.5);
  });

  it('differ in every name and every day, and a day ends where the next one says that it did', () => {
    const market = marketAt('15:20', { date: '2026-11-20' });
    const friday = sentUntil(market, at('16:00', '2026-11-20')).at(-1)!;
    const monday = marketAt('10:00');
    const packet = new Packet();
    decode(friday.frame, packet);
    const index = monday.indexOfName(friday.symbol)!;
    expect(monday.last(index).number(FIELD.previousClose)).toBe(packet.number(FIELD.price));
    const opens = [0, 1, 2].map((i) => monday.last(i).number(FIELD.dayOpen));
    expect(new Set(opens).size).toBe(3);
  });

  slow(
    'fluctuate at other rates in other names, all within 1 to 20 trades a second, and none is quiet for 15 s',
    () => {
      for (const { symbol } of NIFTY.filter((_, i) => i % 5 === 0)) {
        const times = dayOf(symbol).trades.map(({ ms }) => ms);
        expect(times.length / 21_600).toBeGreaterThan(0.8);
        expect(times.length / 21_600).toBeLessThan(22);
        const continuous = times.filter((ms) => ms >= at('09:15') && ms < at('15:15'));
        expect(continuous.filter((ms, i) => i > 0 && ms - continuous[i - 1] >= 15_000)).toStrictEqual([]);
      }
    },
  );
});

describe('history', () => {
  it('is the morning in both kinds when the morning is long enough', () => {
    const market = marketAt('11:00');
    expect(market.history(0, 'traded')).toStrictEqual(market.candles(0));
    const early = marketAt('09:14');
    const ltp = sentUntil(early, at('11:00')).filter(({ symbol }) => symbol === 'RELIANCE');
    const packet = new Packet();
    const ticks = ltp.map(({ frame }) => {
      decode(frame, packet);
      return { ms: packet.number(FIELD.exchangeMs), price: packet.number(FIELD.price), quantity: 1 };
    });
    expect(market.history(0, 'tick')).toStrictEqual(fold('RELIANCE', ticks));
    expect(market.history(0, 'tick')).toHaveLength(105);
  });

  it('begins with the end of the trading day before when it is not', () => {
    const market = marketAt('09:20');
    const friday = new Market({
      seed: 7,
      listings: listed('RELIANCE'),
      calendar: CALENDAR,
      startMs: at('16:30', '2026-11-20'),
      habits: DENSE,
    });
    for (const kind of ['traded', 'tick'] as const) {
      const rows = market.history(0, kind);
      expect(rows).toHaveLength(35);
      expect(rows.slice(0, 30)).toStrictEqual(friday.history(0, kind).slice(-30));
      expect(istStamp(rows[30].timestampMs)).toBe('2026-11-23T09:15:00+05:30');
    }
    sentUntil(market, at('09:25'));
    expect(market.history(0, 'traded')).toHaveLength(35);
  });

  it('is there on a holiday too', () => {
    const market = marketAt('12:00', { date: '2026-11-24' });
    expect(market.history(0, 'traded')).toHaveLength(30);
    expect(market.candles(0)).toStrictEqual([]);
  });
});
