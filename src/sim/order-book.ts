/** The book in a snapshot: best five and totals (docs/protocol.md 6). The sequence number seeds its sizes. */

import { BEST_FIVE_ROWS, FIELD, type Packet } from '../market/packet.js';
import { seededRandom, type Random } from '../random.js';
import { STREAM, type InstrumentProfile } from './instrument-profile.js';

const ROWS_A_SIDE = BEST_FIVE_ROWS / 2;
const BUY = 1;
const SELL = 0;

export interface BookState {
  /** Best prices, in the wire's unit. */
  readonly bid: number;
  readonly ask: number;
  readonly profile: InstrumentProfile;
  readonly seed: number;
  readonly sequence: number;
}

/** Five buys and five sells, from the best price outward, and the whole book's totals. */
export function fillBook(packet: Packet, { bid, ask, profile, seed, sequence }: BookState): void {
  const random = seededRandom(seed, STREAM.book + sequence);
  for (let level = 0; level < ROWS_A_SIDE; level++) {
    const down = bid - level * profile.tick;
    putRow(packet, level, BUY, down > 0 ? down : 0, profile, random);
    putRow(packet, ROWS_A_SIDE + level, SELL, ask + level * profile.tick, profile, random);
  }
  packet.totalBuyQuantity = Math.round(profile.medianQuantity * (2_000 + 6_000 * random()));
  packet.totalSellQuantity = Math.round(profile.medianQuantity * (2_000 + 6_000 * random()));
  // Documented as garbage; here a float64 near one.
  packet.words[2 * FIELD.oiChangeBits] = random() * 4294967296;
  packet.words[2 * FIELD.oiChangeBits + 1] = 0x3fe00000 | (random() * 0x100000);
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
