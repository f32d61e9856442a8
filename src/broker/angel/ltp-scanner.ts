/**
 * LTP frames to ring records, for the fast path, in one loop without calls. A frame is ordinary when its token is in
 * its place in the table, price and sequence fit into one word, and sequence and exchange time are in the window.
 */
import type { Instrument } from '../../market/instrument.js';
import { MODE } from '../../market/packet.js';
import { PLAIN_RECORD_SHIFT, RECORD } from '../../memory/record.js';
import type { MessageBatch } from '../messages.js';
import { LAG_SHIFT, type ScanTarget, type ScanWindow } from '../scanner.js';
import { FrameScanner, isOutside } from './frame-scanner.js';
import { FRAME_LENGTH, LTP_AT } from './frames.js';
import { ENTRY, ENTRY_SHIFT, placeOf } from './token-table.js';

// V8 compiles this module's constants into the code, and loads imported ones at each use.
const { ltp: LTP } = MODE;
const { [LTP]: LTP_BYTES } = FRAME_LENGTH;
const { token: TOKEN_AT, sequence: SEQUENCE_AT, exchangeMs: TIME_AT, price: PRICE_AT } = LTP_AT;
const TOKEN_TAIL = TOKEN_AT + 4;
const PRICE_HIGH_AT = PRICE_AT + 4;
const TIME_HIGH_AT = TIME_AT + 4;
const SEQUENCE_HIGH_AT = SEQUENCE_AT + 4;
const { what: R_WHAT, receivedUs: R_RECEIVED, connection: R_CONNECTION, time: R_TIME } = RECORD;
const { priceLow: R_PRICE_LOW, sequenceLow: R_SEQUENCE_LOW } = RECORD;
const { head: HEAD, tail: TAIL, begin: BEGIN, answer: ANSWER } = ENTRY;
const SHIFT = ENTRY_SHIFT;
const RECORD_SHIFT = PLAIN_RECORD_SHIFT;
const BUCKET_SHIFT = LAG_SHIFT;

export class LtpScanner extends FrameScanner {
  /** `answers`: `RECORD.what` by instrument index. */
  constructor(instruments: readonly Instrument[], answers: ArrayLike<number>) {
    super(instruments, answers, LTP, PLAIN_RECORD_SHIFT);
  }

  /** `| 0` spares V8's overflow checks, a quarter of the time. */
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
    const { lagCounts, sequenceSpan } = window;
    const connection = window.connection | 0;
    const receivedUs = window.receivedUs | 0;
    const from = window.from | 0;
    const span = window.span | 0;
    const originLow = window.originLow | 0;
    const timeHigh = window.timeHigh | 0;
    const lagFrom = window.lagFrom | 0;
    const sequenceFrom = window.sequenceFrom | 0;
    const { records, mask: ringMask } = target;
    const start = target.start | 0;
    let earliest = window.earliest | 0;
    let latest = window.latest | 0;
    let k = 0;
    for (; k < max; k = (k + 1) | 0) {
      const at = places[((first + k) << 1) | 0] | 0;
      if (places[((first + k) << 1) | 1] !== LTP_BYTES) break;
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
      const high =
        view.getInt32((at + PRICE_HIGH_AT) | 0, true) |
        view.getInt32((at + SEQUENCE_HIGH_AT) | 0, true) |
        (view.getInt32((at + TIME_HIGH_AT) | 0, true) ^ timeHigh);
      if (high !== 0 || price <= 0 || isOutside(time, from, span)) break;
      if (isOutside(sequence, sequenceFrom, sequenceSpan)) break;
      const w = (start + (((cursor + k) & ringMask) << RECORD_SHIFT)) | 0;
      records[(w + R_WHAT) | 0] = table[(entry + ANSWER) | 0];
      records[(w + R_RECEIVED) | 0] = receivedUs;
      records[(w + R_CONNECTION) | 0] = connection;
      records[(w + R_TIME) | 0] = time;
      records[(w + R_PRICE_LOW) | 0] = price;
      records[(w + R_SEQUENCE_LOW) | 0] = sequence;
      if (time >= latest) latest = time;
      else if (time < earliest) earliest = time;
      lagCounts[((lagFrom - time) | 0) >> BUCKET_SHIFT] += 1;
    }
    window.earliest = earliest;
    window.latest = latest;
    return k;
  }
}
