/** Bars made of the same frames in several ways: naive, the best that the frames allow, and by this program. */
import { ANGEL } from '../../src/broker/angel/angel.js';
import type { Instrument, Listing } from '../../src/market/instrument.js';
import { FIELD, MODE, Packet, type ModeName } from '../../src/market/packet.js';
import type { TradingSession } from '../../src/market/session.js';
import { isAuction } from '../../src/memory/bar-times.js';
import { readBar, gapMsIn } from '../../src/memory/shard-reader.js';
import { wireEngine } from '../../src/ingest/wire-engine.js';
import { Shard } from '../../src/shard/shard.js';
import { MessageBatch } from '../../src/broker/messages.js';
import { encode, FRAME_LENGTH } from '../../src/broker/angel/frames.js';
import { add, minuteOf, type Bar, type Frame } from './market.js';

const second = (ms: number): number => Math.floor(ms / 1000) * 1000;

/** Naive bars: the last price by the minute of arrival; volume is the ticks, or the increase of the day's total. */
export function byArrival(
  session: TradingSession,
  frames: readonly Frame[],
  mode: ModeName,
): Map<number, Bar> {
  const bars = new Map<number, Bar>();
  let before: number | undefined;
  for (const { arrivedMs, price, volume } of frames) {
    const minute = minuteOf(session, arrivedMs);
    if (minute >= 0) add(bars, minute, price, mode === 'ltp' ? 1 : volume - (before ?? volume));
    before = volume;
  }
  return bars;
}

/**
 * The best closes that an oracle could take from all frames. In SnapQuote: the price of the last frame whose last trade
 * is in the minute. In Quote: the price of the minute's last frame that was made after a trade.
 */
export function bestCloses(
  session: TradingSession,
  frames: readonly Frame[],
  mode: 'quote' | 'snapquote',
): Map<number, number> {
  const closes = new Map<number, number>();
  let before: Frame | undefined;
  for (const frame of frames) {
    const { madeMs, tradedMs, price, quantity, volume } = frame;
    const minute = minuteOf(session, second(mode === 'quote' ? madeMs : tradedMs));
    // A price may come before its volume.
    const isTrade =
      before !== undefined &&
      (volume > before.volume || (price !== before.price && quantity !== before.quantity));
    if (minute >= 0 && isTrade) closes.set(minute, price);
    before = frame;
  }
  return closes;
}

/** One of our bars with its quality row. */
export interface OurBar extends Bar {
  readonly partial: boolean;
  readonly repaired: boolean;
  readonly volSlack: number | null;
  readonly ticks: number;
  readonly coveredSeconds: number;
}

/** Frames between two turns of the shard. */
const BATCH = 512;
const stopped = (): number => 0;

/** Bars of this program: its decoder, packet filter, router and bar builder on one thread. */
export function ours(
  listing: Listing,
  session: TradingSession,
  frames: readonly Frame[],
  mode: ModeName,
): Map<number, OurBar> {
  const instrument: Instrument = { ...listing, index: 0 };
  const { engine, intake } = wireEngine({
    codec: ANGEL.codec,
    instruments: [instrument],
    sessionOf: () => session,
    mode,
    shards: 1,
    graceMs: 3000,
    silenceMs: 3000,
    marketDateMs: session.openMs,
  });
  const [memory] = engine.memories;
  const shard = new Shard(memory);
  const packet = new Packet();
  packet.exchangeType = listing.exchangeType;
  packet.setToken(listing.token);
  packet.mode = MODE[mode];
  const bytes = new Uint8Array(FRAME_LENGTH[MODE[mode]]);
  const messages = new MessageBatch();
  messages.only(bytes);
  const turn = (): void => {
    engine.router.publish();
    while (shard.step(stopped, BATCH) > 0);
  };
  const beganMs = frames[0].arrivedMs - 1;
  intake.subscribed({ connection: 1, monoMs: beganMs, marketMs: beganMs });
  const arrival = { connection: 1, monoMs: 0, marketMs: 0 };
  for (const [k, frame] of frames.entries()) {
    packet.setNumber(FIELD.sequence, k + 1);
    packet.setNumber(FIELD.exchangeMs, second(frame.madeMs));
    packet.setNumber(FIELD.price, frame.price);
    packet.setNumber(FIELD.lastQuantity, frame.quantity);
    packet.setNumber(FIELD.averagePrice, frame.averagePrice);
    packet.setNumber(FIELD.volume, frame.volume);
    packet.setNumber(FIELD.dayOpen, frame.dayOpen);
    packet.setNumber(FIELD.dayHigh, frame.dayHigh);
    packet.setNumber(FIELD.dayLow, frame.dayLow);
    packet.setNumber(FIELD.lastTradeSeconds, second(frame.tradedMs) / 1000);
    encode(packet, bytes);
    arrival.monoMs = frame.arrivedMs;
    arrival.marketMs = frame.arrivedMs;
    intake.batch(messages, arrival);
    if (k % BATCH === 0) turn();
  }
  intake.end();
  turn();
  const bars = new Map<number, OurBar>();
  for (let bar = 0; bar < memory.shape.bars; bar++) {
    const figures = readBar(memory, 0, bar);
    if (figures === undefined) continue;
    const { open, high, low, close, volume, repaired, volSlack, ticks, coveredSeconds, hasSnapshot } =
      figures;
    // There the auction is the minute after the last.
    bars.set(isAuction(memory, 0, bar) ? memory.minutes[0] : bar, {
      open,
      high,
      low,
      close,
      volume,
      repaired,
      volSlack,
      ticks,
      coveredSeconds,
      partial: hasSnapshot || gapMsIn(memory, 0, bar) > 0,
    });
  }
  return bars;
}
