/**
 * Quote and SnapQuote frames to ring records, for the fast path, in one loop without calls. It reads a dozen fields
 * where they lie, and not the book. A frame is ordinary when its token is in its place in the table, each number of its
 * record fits into one word, sequence and exchange time are in the window, and
 *
 * - the price lies in the day's range, the average price and the day's open are not 0,
 * - the day's range lies within the circuits, if there are any (SnapQuote),
 * - the last trade was within half a month of bar 0, and no later than the engine admits (SnapQuote).
 */
import type { Instrument } from '../../market/instrument.js';
import { MODE } from '../../market/packet.js';
import { RECORD, VOLUME_RECORD_SHIFT } from '../../memory/record.js';
import type { MessageBatch } from '../messages.js';
import { LAG_SHIFT, type ScanTarget, type ScanWindow } from '../scanner.js';
import { FrameScanner, isOutside } from './frame-scanner.js';
import { FRAME_LENGTH, LTP_AT, QUOTE_AT } from './frames.js';
import { ENTRY, ENTRY_SHIFT, placeOf } from './token-table.js';

// V8 compiles this module's constants into the code, and loads imported ones at each use.
const { snapquote: SNAPQUOTE } = MODE;
const { [SNAPQUOTE]: SNAPQUOTE_BYTES } = FRAME_LENGTH;
const { token: TOKEN_AT, sequence: SEQUENCE_AT, exchangeMs: TIME_AT, price: PRICE_AT } = LTP_AT;
const { lastQuantity: QUANTITY_AT, averagePrice: AVERAGE_AT, volume: VOLUME_AT } = QUOTE_AT;
const { dayOpen: OPEN_AT, dayHigh: HIGH_AT, dayLow: LOW_AT } = QUOTE_AT;
const {
  openInterest: INTEREST_AT,
  lastTradeSeconds: TRADE_AT,
  upperCircuit: UPPER_AT,
  lowerCircuit: LOWER_AT,
} = QUOTE_AT;
const TOKEN_TAIL = TOKEN_AT + 4;
const PRICE_HIGH_AT = PRICE_AT + 4;
const TIME_HIGH_AT = TIME_AT + 4;
const SEQUENCE_HIGH_AT = SEQUENCE_AT + 4;
const QUANTITY_HIGH_AT = QUANTITY_AT + 4;
const AVERAGE_HIGH_AT = AVERAGE_AT + 4;
const VOLUME_HIGH_AT = VOLUME_AT + 4;
const OPEN_HIGH_AT = OPEN_AT + 4;
const HIGH_HIGH_AT = HIGH_AT + 4;
const LOW_HIGH_AT = LOW_AT + 4;
const TRADE_HIGH_AT = TRADE_AT + 4;
const INTEREST_HIGH_AT = INTEREST_AT + 4;
const UPPER_HIGH_AT = UPPER_AT + 4;
const LOWER_HIGH_AT = LOWER_AT + 4;
const { what: R_WHAT, receivedUs: R_RECEIVED, connection: R_CONNECTION, time: R_TIME } = RECORD;
const { priceLow: R_PRICE_LOW, sequenceLow: R_SEQUENCE_LOW, tradeTime: R_TRADE } = RECORD;
const { volume: R_VOLUME, averagePrice: R_AVERAGE, lastQuantity: R_QUANTITY } = RECORD;
const { dayOpen: R_OPEN, dayHigh: R_HIGH, dayLow: R_LOW, openInterest: R_INTEREST } = RECORD;
const { head: HEAD, tail: TAIL, begin: BEGIN, answer: ANSWER, instrument: INSTRUMENT } = ENTRY;
const SHIFT = ENTRY_SHIFT;
const RECORD_SHIFT = VOLUME_RECORD_SHIFT;
const BUCKET_SHIFT = LAG_SHIFT;
const NO_TIME = 0x7fffffff;

// V8 compiles these into the loop.

/** The high words of a frame's numbers but the exchange time, combined: 0 if each fits into one word. */
const highWords = (view: DataView, at: number): number =>
  view.getInt32((at + PRICE_HIGH_AT) | 0, true) |
  view.getInt32((at + SEQUENCE_HIGH_AT) | 0, true) |
  view.getInt32((at + QUANTITY_HIGH_AT) | 0, true) |
  view.getInt32((at + AVERAGE_HIGH_AT) | 0, true) |
  view.getInt32((at + VOLUME_HIGH_AT) | 0, true) |
  view.getInt32((at + OPEN_HIGH_AT) | 0, true) |
  view.getInt32((at + HIGH_HIGH_AT) | 0, true) |
  view.getInt32((at + LOW_HIGH_AT) | 0, true);

/**
 * True if a SnapQuote's own numbers fit into one word, and the day's range lies within its circuits, or these say
 * nothing: are 0 or crossed.
 */
function isSnapOrdinary(view: DataView, at: number, dayHigh: number, dayLow: number): boolean {
  const upper = view.getInt32((at + UPPER_AT) | 0, true);
  const lower = view.getInt32((at + LOWER_AT) | 0, true);
  const high =
    view.getInt32((at + TRADE_HIGH_AT) | 0, true) |
    view.getInt32((at + INTEREST_HIGH_AT) | 0, true) |
    view.getInt32((at + UPPER_HIGH_AT) | 0, true) |
    view.getInt32((at + LOWER_HIGH_AT) | 0, true);
  if (high !== 0 || (upper | lower) < 0) return false;
  return (dayHigh <= upper && dayLow >= lower) || lower === 0 || upper <= lower;
}

/** The last trade's time, ms from the start of bar 0; NO_TIME if not within `reach` seconds of it. */
function tradeTimeOf(view: DataView, at: number, originSeconds: number, reach: number): number {
  const sinceOrigin = (view.getInt32((at + TRADE_AT) | 0, true) - originSeconds) | 0;
  return isOutside(sinceOrigin, -reach, 2 * reach) ? NO_TIME : Math.imul(sinceOrigin, 1000);
}

/** True if the frame has an average price and a day's open, and its last quantity fits into 31 bits. */
const isDayOrdinary = (view: DataView, at: number): boolean =>
  view.getInt32((at + AVERAGE_AT) | 0, true) !== 0 &&
  view.getInt32((at + OPEN_AT) | 0, true) !== 0 &&
  view.getInt32((at + QUANTITY_AT) | 0, true) >= 0;

/** Copies what a record has of the day. */
function copyDay(records: Int32Array, w: number, view: DataView, at: number): void {
  records[(w + R_VOLUME) | 0] = view.getInt32((at + VOLUME_AT) | 0, true);
  records[(w + R_AVERAGE) | 0] = view.getInt32((at + AVERAGE_AT) | 0, true);
  records[(w + R_OPEN) | 0] = view.getInt32((at + OPEN_AT) | 0, true);
  records[(w + R_HIGH) | 0] = view.getInt32((at + HIGH_AT) | 0, true);
  records[(w + R_LOW) | 0] = view.getInt32((at + LOW_AT) | 0, true);
  records[(w + R_QUANTITY) | 0] = view.getInt32((at + QUANTITY_AT) | 0, true);
}

/** Copies what only a SnapQuote's record has. `trade`: of `tradeTimeOf`. */
function copySnap(records: Int32Array, w: number, view: DataView, at: number, trade: number): void {
  records[(w + R_TRADE) | 0] = trade;
  records[(w + R_INTEREST) | 0] = view.getInt32((at + INTEREST_AT) | 0, true);
}

export class VolumeScanner extends FrameScanner {
  readonly #bytes: number;

  /** `answers`: `RECORD.what` by instrument index. */
  constructor(
    instruments: readonly Instrument[],
    answers: ArrayLike<number>,
    mode: typeof MODE.quote | typeof SNAPQUOTE,
  ) {
    super(instruments, answers, mode, VOLUME_RECORD_SHIFT);
    this.#bytes = FRAME_LENGTH[mode];
  }

  protected scanRun(
    messages: MessageBatch,
    first: number,
    max: number,
    window: ScanWindow,
    target: ScanTarget,
    cursor: number,
  ): number {
    const { view, places } = messages;
    const { words: table, multiplier, mask } = this.tokens;
    const { lagCounts, lastPrices, from, span, lagFrom, sequenceFrom, sequenceSpan } = window;
    const { connection, receivedUs, originLow, timeHigh, originSeconds, tradeAheadMs, tradeReach } = window;
    const { records, start, mask: ringMask } = target;
    const bytes = this.#bytes | 0;
    let { earliest, latest } = window;
    let k = 0;
    for (; k < max; k = (k + 1) | 0) {
      const at = places[((first + k) << 1) | 0] | 0;
      if (places[((first + k) << 1) | 1] !== bytes) break;
      const head = view.getInt32((at + TOKEN_AT) | 0, true);
      const tail = view.getInt32((at + TOKEN_TAIL) | 0, true);
      const entry = placeOf(head, tail, multiplier, mask) << SHIFT;
      if (
        table[(entry + HEAD) | 0] !== head ||
        table[(entry + TAIL) | 0] !== tail ||
        table[(entry + BEGIN) | 0] !== view.getUint16(at, true)
      )
        break;
      const price = view.getInt32((at + PRICE_AT) | 0, true);
      const time = (view.getInt32((at + TIME_AT) | 0, true) - originLow) | 0;
      const sequence = view.getInt32((at + SEQUENCE_AT) | 0, true);
      const dayHigh = view.getInt32((at + HIGH_AT) | 0, true);
      const dayLow = view.getInt32((at + LOW_AT) | 0, true);
      const high = highWords(view, at) | (view.getInt32((at + TIME_HIGH_AT) | 0, true) ^ timeHigh);
      if (high !== 0 || isOutside(time, from, span) || isOutside(sequence, sequenceFrom, sequenceSpan)) break;
      if (dayLow <= 0 || price < dayLow || price > dayHigh || !isDayOrdinary(view, at)) break;
      const w = (start + (((cursor + k) & ringMask) << RECORD_SHIFT)) | 0;
      if (bytes === SNAPQUOTE_BYTES) {
        const trade = tradeTimeOf(view, at, originSeconds, tradeReach);
        const late = trade === NO_TIME || ((trade - time) | 0) > tradeAheadMs;
        if (late || !isSnapOrdinary(view, at, dayHigh, dayLow)) break;
        copySnap(records, w, view, at, trade);
      }
      records[(w + R_WHAT) | 0] = table[(entry + ANSWER) | 0];
      records[(w + R_RECEIVED) | 0] = receivedUs;
      records[(w + R_CONNECTION) | 0] = connection;
      records[(w + R_TIME) | 0] = time;
      records[(w + R_PRICE_LOW) | 0] = price;
      records[(w + R_SEQUENCE_LOW) | 0] = sequence;
      copyDay(records, w, view, at);
      // For the check of a later price that its own packet contradicts.
      lastPrices[table[(entry + INSTRUMENT) | 0]] = price;
      if (time >= latest) latest = time;
      else if (time < earliest) earliest = time;
      lagCounts[((lagFrom - time) | 0) >> BUCKET_SHIFT] += 1;
    }
    window.earliest = earliest;
    window.latest = latest;
    return k;
  }
}
