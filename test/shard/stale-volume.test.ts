/**
 * A server whose volume lags now and then by one packet. The volume of whole minutes is within its slack of the true
 * one, and the day's extremes that moved in them are in their candles. Broken on purpose and caught: a pending volume
 * that moves the anchor's time, a rise that always ends what is pending.
 */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/random.js';
import { at } from './drive.js';
import { Script } from './script.js';

interface Trade {
  readonly ms: number;
  readonly price: number;
  readonly quantity: number;
}

const START = at('11:00:00');
const MINUTES = 12;

function tradesOf(random: () => number): Trade[] {
  const trades: Trade[] = [];
  let price = 1000;
  let quantity = 0;
  for (let ms = START - 60_000; ms < START + MINUTES * 60_000; ms += -Math.log(1 - random()) * 1500) {
    price += Math.floor(random() * 9) - 4;
    // No two in a row are equal: equal ones tell nothing.
    quantity = ((quantity + 1 + Math.floor(random() * 250)) % 300) + 1;
    trades.push({ ms, price, quantity: quantity * (random() < 0.02 ? 20 : 1) });
  }
  return trades;
}

const labelOf = (ms: number): string => new Date(ms + 19_800_000).toISOString().slice(11, 16);

/** What the first trades of a day come to. */
interface Known {
  readonly count: number;
  readonly volume: number;
  readonly high: number;
  readonly low: number;
}

const after = ({ count, volume, high, low }: Known, { price, quantity }: Trade): Known => ({
  count: count + 1,
  volume: volume + quantity,
  high: Math.max(high, price),
  low: Math.min(low, price),
});

/**
 * Plays a market. Returns by minute the true volume, the day's extremes that moved between two of its packets, and the
 * candles.
 */
function play(mode: 2 | 3, seed: number, share: number) {
  const random = seededRandom(seed);
  const trades = tradesOf(random);
  const script = new Script({ mode }).subscribe(START - 50_000);
  let before = START - 50_000;
  let known: Known = { count: 0, volume: 0, high: 0, low: Infinity };
  while (trades[known.count].ms <= before) known = after(known, trades[known.count]);
  let range = { high: Infinity, low: 0 };
  const told: { label: string; high?: number; low?: number }[] = [];
  for (let ms = START - 49_000; ms < START + MINUTES * 60_000 + 4000; ms += 400 + random() * 700) {
    const earlier = known;
    while (known.count < trades.length && trades[known.count].ms <= ms)
      known = after(known, trades[known.count]);
    const last = trades[known.count - 1];
    const { high, low } = known;
    script.frame('RELIANCE', ms, last.price, {
      volume: BigInt(random() < share ? earlier.volume : known.volume),
      lastQuantity: BigInt(last.quantity),
      lastTradeSeconds: BigInt(Math.floor(last.ms / 1000)),
      dayHigh: BigInt(high),
      dayLow: BigInt(low),
    });
    const label = labelOf(ms);
    // The packet before is of the same minute, so that the extreme is too.
    if (label === labelOf(before)) {
      if (high > range.high) told.push({ label, high });
      if (low < range.low) told.push({ label, low });
    }
    range = { high, low };
    before = ms;
  }
  const truth = new Map<string, number>();
  for (const { ms, quantity } of trades) {
    const label = labelOf(ms);
    truth.set(label, (truth.get(label) ?? 0) + quantity);
  }
  return { truth, told, candles: script.hum(START + MINUTES * 60_000 + 60_000).candles('RELIANCE') };
}

describe.each([2, 3] as const)('in mode %i', (mode) => {
  it.each([0, 0.1, 0.3])('with a share of %d of stale packets', (share) => {
    let minutes = 0;
    const wrong: unknown[] = [];
    for (let seed = 1; seed <= 40; seed++) {
      const { truth, told, candles } = play(mode, seed, share);
      for (const { label, high = 0, low = Infinity } of told) {
        const candle = candles.get(label);
        if (
          candle?.quality.partial === false &&
          (candle.candle.high * 100 < high - 0.01 || candle.candle.low * 100 > low + 0.01)
        )
          wrong.push({ seed, label, high, low, candle });
      }
      for (const [label, { candle, quality }] of candles) {
        if (quality.partial || quality.volSlack === null) continue;
        minutes++;
        const by = candle.volume - truth.get(label)!;
        if (Math.abs(by) > quality.volSlack) wrong.push({ seed, label, by, slack: quality.volSlack });
      }
    }
    expect(minutes).toBeGreaterThan(300);
    expect(wrong).toEqual([]);
  });
});
