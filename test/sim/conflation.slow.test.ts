/** The market's packets of a whole day against its trades. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { BEST_FIVE_ROWS, FIELD, Packet } from '../../src/market/packet.js';
import { Broadcast } from '../../src/sim/broadcast.js';
import { FRAME_MS } from '../../src/sim/sequence-allocator.js';
import { decode } from '../../src/broker/angel/frames.js';
import { slow } from '../tier.js';
import { HandClock } from './hand-clock.js';
import { at, dayOf, marketAt, NIFTY, sentUntil, type Sent } from './world.js';

const SYMBOLS = ['RELIANCE', 'TCS', 'M&M'];
const sent = sentUntil(marketAt('09:00'), at('16:30'), 10_000);

const packetOf = ({ frame }: Sent): Packet => {
  const packet = new Packet();
  if (decode(frame, packet) !== undefined) throw new Error('the market sends an invalid frame');
  return packet;
};

const packets = sent.map((one) => ({ symbol: one.symbol, packet: packetOf(one) }));

describe('a day of packets', () => {
  it('has rising sequence numbers over all names, about 700 a second, and whole seconds that belong to them', () => {
    const sequences = packets.map(({ packet }) => packet.number(FIELD.sequence));
    expect(sequences.filter((sequence, i) => i > 0 && sequence <= sequences[i - 1])).toStrictEqual([]);
    const told = packets.map(({ packet }) => packet.number(FIELD.exchangeMs));
    const meant = sequences.map((sequence) => Math.floor((at('09:00') + (sequence - 1) / 0.7) / 1000) * 1000);
    expect(told.filter((ms, i) => ms !== meant[i])).toStrictEqual([]);
  });

  it.each(SYMBOLS)('tells of %s what its true trades were by then', (symbol) => {
    const trades = dayOf(symbol).trades;
    let next = 0;
    let volume = 0;
    let turnover = 0;
    let high = -Infinity;
    let low = Infinity;
    const wrong: unknown[] = [];
    for (const { packet } of packets.filter((other) => other.symbol === symbol)) {
      const seenMs = at('09:00') + ((packet.number(FIELD.sequence) - 1) * FRAME_MS) / 175;
      for (; next < trades.length && trades[next].ms <= seenMs + 1e-6; next++) {
        const { price, quantity } = trades[next];
        volume += quantity;
        turnover += quantity * price;
        high = Math.max(high, price);
        low = Math.min(low, price);
      }
      const last = trades[next - 1];
      const fields = [
        FIELD.volume,
        FIELD.price,
        FIELD.lastQuantity,
        FIELD.dayHigh,
        FIELD.dayLow,
        FIELD.averagePrice,
        FIELD.dayOpen,
        FIELD.lastTradeSeconds,
      ];
      const told = fields.map((field) => packet.number(field));
      const meant = [
        volume,
        last.price,
        last.quantity,
        high,
        low,
        Math.round(turnover / volume),
        trades[0].price,
        Math.floor(last.ms / 1000),
      ];
      const limits =
        last.price <= packet.number(FIELD.upperCircuit) &&
        last.price >= packet.number(FIELD.lowerCircuit) &&
        packet.number(FIELD.high52Week) >= high &&
        packet.number(FIELD.low52Week) <= low &&
        last.ms <= seenMs + 1e-6;
      if (!limits || told.some((value, i) => value !== meant[i])) wrong.push({ told, meant, limits });
    }
    expect(wrong).toStrictEqual([]);
    expect(next).toBe(trades.length);
  });

  slow('shows five buys below five sells, and an empty book after the close', () => {
    const wrong: unknown[] = [];
    let emptied = 0;
    for (const { packet } of packets) {
      const prices = Array.from({ length: BEST_FIVE_ROWS }, (_, row) => packet.bestWords[4 * row + 2]);
      const upwards = [...prices.slice(0, 5).reverse(), ...prices.slice(5)];
      const rising = upwards.every((price, i) => i === 0 || price > upwards[i - 1]);
      const empty =
        prices.every((price) => price === 0) &&
        packet.totalSellQuantity === 0 &&
        packet.totalBuyQuantity === 0;
      const late = packet.number(FIELD.exchangeMs) > at('15:30');
      if ([...packet.bestFlag].join('') !== '1111100000' || (late ? !empty : !rising))
        wrong.push({ prices, late });
      if (empty) emptied++;
    }
    expect(wrong).toStrictEqual([]);
    expect(emptied).toBe(SYMBOLS.length);
  });

  slow('repeats most levels of its book from packet to packet, and changes the best ones most often', () => {
    const levelsOf = (packet: Packet): string[] =>
      Array.from({ length: BEST_FIVE_ROWS }, (_, row) =>
        [packet.bestOrders[row], ...packet.bestWords.subarray(4 * row, 4 * row + 4)].join(' '),
      );
    const before = new Map<string, string[]>();
    const repeated = new Array<number>(BEST_FIVE_ROWS).fill(0);
    let pairs = 0;
    for (const { symbol, packet } of packets) {
      if (packet.number(FIELD.exchangeMs) >= at('15:15')) break;
      const levels = levelsOf(packet);
      const held = before.get(symbol);
      before.set(symbol, levels);
      if (held === undefined) continue;
      pairs++;
      // A level that moved by a row as the best price did is the same level.
      for (const [row, level] of levels.entries()) if (held.includes(level)) repeated[row]++;
    }
    const shares = repeated.map((count) => count / pairs);
    const mean = shares.reduce((a, b) => a + b) / shares.length;
    expect(mean).toBeGreaterThan(0.6);
    expect(mean).toBeLessThan(0.9);
    for (const side of [shares.slice(0, 5), shares.slice(5)]) expect(side[0]).toBeLessThan(side[4]);
  });

  slow('is silent before the opening print, from it to 09:15, and from 15:15 to the closing print', () => {
    const times = packets.map(({ packet }) => packet.number(FIELD.exchangeMs));
    const between = (from: string, to: string): number =>
      times.filter((ms) => ms >= at(from) && ms < at(to)).length;
    expect(between('09:00', '09:07')).toBe(0);
    expect(between('09:07', '09:09')).toBe(SYMBOLS.length);
    expect(between('09:09', '09:15')).toBe(0);
    expect(between('15:14', '15:15')).toBeGreaterThan(100);
    expect(between('15:16', '15:29')).toBe(0);
    // The print, and later the emptied book.
    expect(between('15:29', '15:31')).toBe(2 * SYMBOLS.length);
    expect(between('15:31', '16:30')).toBe(0);
  });

  it('carries prices of the minute before into the next, and moves of the book alone', () => {
    let carried = 0;
    let quiet = 0;
    const volumes = new Map<string, number>();
    for (const { symbol, packet } of packets) {
      if (
        Math.floor(packet.number(FIELD.exchangeMs) / 60_000) >
        Math.floor(packet.number(FIELD.lastTradeSeconds) / 60)
      )
        carried++;
      if (volumes.get(symbol) === packet.number(FIELD.volume)) quiet++;
      volumes.set(symbol, packet.number(FIELD.volume));
    }
    expect(carried).toBeGreaterThan(100);
    expect(quiet).toBeGreaterThan(1000);
  });
});

it('keeps nothing of a packet that was sent', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const market = marketAt('09:20', { listings: NIFTY });
  const feed = new Broadcast(market, new HandClock(at('09:20')));
  let frames = 0;
  const receiver = { sendPacket: (): void => void frames++ };
  for (const { token } of NIFTY)
    for (const mode of [1, 2, 3] as const) feed.subscribe(receiver, { mode, exchangeType: 1, token });
  const heapAt = (time: string): number => {
    market.advance(at(time), (index, packet, modes) => feed.publish(index, packet, modes));
    collect();
    return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
  };
  // What is kept grows in each window. What V8 frees late, on another thread, does not.
  const heaps: number[] = [];
  for (const time of ['09:30', '09:45', '10:00', '10:15', '10:30']) {
    const before = frames;
    heaps.push(heapAt(time));
    expect(frames - before).toBeGreaterThan(100_000);
  }
  const growths = heaps.slice(1).map((heap, i) => heap - heaps[i]);
  // Eight bytes for each frame would be more.
  expect(Math.min(...growths)).toBeLessThan(800_000);
});
