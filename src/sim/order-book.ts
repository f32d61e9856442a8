/** The book in a snapshot: best five and totals (docs/protocol.md 6). */

import { BEST_FIVE_ROWS, FIELD, type Packet } from '../market/packet.js';
import { seededRandom, type Random } from '../random.js';
import { STREAM, type InstrumentProfile } from './instrument-profile.js';

const ROWS_A_SIDE = BEST_FIVE_ROWS / 2;
const BUY = 1;
const SELL = 0;
/** Spreads prices over seeds. */
const SPREAD = 0x5042bcaf;

export interface BookState {
  /** Best prices, in the wire's unit. */
  readonly bid: number;
  readonly ask: number;
  readonly profile: InstrumentProfile;
  readonly seed: number;
  /** Quarter seconds since the segment's counter began. */
  readonly frame: number;
  /** Seconds for which a level stays; undefined if it changes in every packet (habit `book`). */
  readonly habit: number | undefined;
}

const FRAMES_A_SECOND = 4;
/** How long a best price, and the totals of the whole book, stay as they are, by how long other levels do. */
const BEST_PART = 1 / 8;
const TOTAL_PART = 3 / 32;

/**
 * Five buys and five sells, from the best price outward, and the whole book's totals. A level depends on its price and
 * the time alone, so that the book is the same however the market is stepped.
 */
export function fillBook(packet: Packet, { bid, ask, profile, seed, frame, habit }: BookState): void {
  const framesOf = (part: number): number => Math.max(1, Math.round(FRAMES_A_SECOND * part * (habit ?? 0)));
  for (let level = 0; level < ROWS_A_SIDE; level++) {
    const down = bid - level * profile.tick;
    const up = ask + level * profile.tick;
    const frames = framesOf(level === 0 ? BEST_PART : 1);
    putRow(packet, level, BUY, Math.max(0, down), profile, episodeOf(seed, -down, frame, frames));
    putRow(packet, ROWS_A_SIDE + level, SELL, up, profile, episodeOf(seed, up, frame, frames));
  }
  const random = episodeOf(seed, 0, frame, framesOf(TOTAL_PART));
  packet.totalBuyQuantity = Math.round(profile.medianQuantity * (4_000 + 1_000 * random()));
  packet.totalSellQuantity = Math.round(profile.medianQuantity * (4_000 + 1_000 * random()));
  // Documented as garbage; here a float64 near one.
  packet.words[2 * FIELD.oiChangeBits] = random() * 4294967296;
  packet.words[2 * FIELD.oiChangeBits + 1] = 0x3fe00000 | (random() * 0x100000);
}

/** Random numbers of `key` that stay for `frames`, and change at a time of its own. */
function episodeOf(seed: number, key: number, frame: number, frames: number): Random {
  const own = Math.imul(key, SPREAD);
  const phase = (own >>> 8) % frames;
  return seededRandom(seed ^ own, STREAM.book + Math.floor((frame + phase) / frames));
}

function putRow(
  packet: Packet,
  row: number,
  flag: number,
  price: number,
  profile: InstrumentProfile,
  random: Random,
): void {
  packet.bestFlag[row] = flag;
  const orders = price === 0 ? 0 : 1 + Math.floor(12 * random());
  packet.bestOrders[row] = orders;
  packet.bestWords[4 * row] = Math.round(profile.medianQuantity * orders * (0.5 + 2 * random()));
  packet.bestWords[4 * row + 1] = 0;
  packet.bestWords[4 * row + 2] = price | 0;
  packet.bestWords[4 * row + 3] = Math.floor(price / 4294967296);
}

/** As the feed does after the close: flags stay, the rest is zero. */
export function clearBook(packet: Packet): void {
  for (let row = 0; row < BEST_FIVE_ROWS; row++) packet.bestFlag[row] = row < ROWS_A_SIDE ? BUY : SELL;
  packet.bestOrders.fill(0);
  packet.bestWords.fill(0);
  packet.totalBuyQuantity = 0;
  packet.totalSellQuantity = 0;
  // Cleared too: a generated day never wrote it.
  packet.setNumber(FIELD.oiChangeBits, 0);
}
