/**
 * The quick lane of the main thread: ordinary LTP frames from their bytes to their records in one go. What is ordinary is said once for what
 * arrives together: market time is told by live frames, nothing is kept for agreement, no gap is open, and no bar becomes due before a certain
 * time. For such frames decoder, admission, sealer and router have but one answer each, and this is it; all others are left to them.
 */
import { MODE } from '../../market/packet.js';
import { COUNTER } from '../../memory/counters.js';
import { KIND, PLAIN_RECORD_SHIFT, RECORD, STATIC } from '../../memory/layout.js';
import { whatOf } from '../../memory/record.js';
import type { RingWriter } from '../../memory/ring.js';
import type { RowPlace } from '../../memory/shard-reader.js';
import { FRAME_LENGTH, LTP_AT } from '../../broker/angel/frames.js';
import type { MessageBatch } from '../../broker/messages.js';
import type { Arrival } from '../arrival.js';
import { FeedLag, LAG } from '../feed-lag.js';
import type { Watermark } from '../watermark.js';
import { ENTRY, ENTRY_SHIFT, placeOf, TokenTable } from './token-table.js';

// Constants of this module are compiled into the code while imported ones are loaded at each use.
const { ltp: LTP } = MODE;
const { [LTP]: LTP_BYTES } = FRAME_LENGTH;
const { token: TOKEN_AT, sequence: SEQUENCE_AT, exchangeMs: TIME_AT, price: PRICE_AT } = LTP_AT;
const { what: R_WHAT, receivedUs: R_RECEIVED, connection: R_CONNECTION, time: R_TIME } = RECORD;
const { priceLow: R_PRICE_LOW, sequenceLow: R_SEQUENCE_LOW } = RECORD;
const { head: HEAD, tail: TAIL, begin: BEGIN, answer: ANSWER } = ENTRY;
const SHIFT = ENTRY_SHIFT;

/** Frames that are taken before they are counted, at most: more than a read of the socket holds. */
const MOST_TAKEN = 2048;
const RECORD_SHIFT = PLAIN_RECORD_SHIFT;
const RECORD_WORDS = 1 << RECORD_SHIFT;
const { shift: LAG_SHIFT } = LAG;
const MOST_INT32 = 0x7fffffff;
const TWO_32 = 2 ** 32;
const TOKEN_TAIL = TOKEN_AT + 4;
const PRICE_HIGH_AT = PRICE_AT + 4;
const TIME_HIGH_AT = TIME_AT + 4;
const SEQUENCE_HIGH_AT = SEQUENCE_AT + 4;

export interface LtpFastPathOptions {
  /** By instrument index. */
  readonly places: readonly RowPlace[];
  readonly rings: readonly RingWriter[];
  readonly watermark: Watermark;
  readonly counters: Float64Array;
}

export class LtpFastPath {
  readonly lag = new FeedLag();
  readonly #stamp = { exchangeMs: NaN, nowMs: NaN, monoMs: NaN, originMs: NaN };
  /** Whether records carry the instant of their arrival. */
  measures = true;
  /** Answers with `RECORD.what` of an instrument's ticks; where there are several rings with its index. */
  readonly #tokens: TokenTable;
  readonly #rings: readonly RingWriter[];
  /** The low word of the start of bar 0, epoch ms. */
  readonly #originLow: number;
  #receivedUs = 0;
  /** The connection on which those instruments were heard whose frames are ordinary. */
  #heardOn = 0;
  readonly #watermark: Watermark;
  readonly #counters: Float64Array;
  #isOpen = false;
  #fromMs = 0;
  /** The connection of the arrival that was looked at; its times are in the stamp. */
  #connection = 0;
  /** What time is ordinary: from when on, ms from the start of bar 0; for how long; the high word of its epoch ms. */
  #from = 0;
  #span = 0;
  #timeHigh = 0;
  /** With several rings, the records of what was taken since the lane was opened, instruments in place of `RECORD.what`; and by instrument that and its ring. */
  readonly #aside: Int32Array;
  readonly #whatOf: Int32Array;
  readonly #ringOf: Int32Array;
  #taken = 0;
  /** Of what was taken, ms from the start of bar 0; and the time whose lag is in bucket 0. */
  #earliest = MOST_INT32;
  #latest = -MOST_INT32;
  #lagFrom = 0;

  constructor({ places, rings, watermark, counters }: LtpFastPathOptions) {
    this.#rings = rings;
    this.#aside = new Int32Array(rings.length > 1 ? MOST_TAKEN * RECORD_WORDS : 0);
    this.#whatOf = Int32Array.from(places, ({ row }) => whatOf(KIND.packet, 0, row));
    this.#ringOf = Int32Array.from(places, ({ shard }) => shard);
    const { f64, statics } = rings[places[0].shard].memory;
    this.#stamp.originMs = f64[statics + STATIC.originMs];
    this.#originLow = this.#stamp.originMs | 0;
    this.#watermark = watermark;
    this.#counters = counters;
    const instruments = places.map(({ instrument }) => instrument);
    this.#tokens = new TokenTable(
      instruments,
      rings.length > 1 ? instruments.map(({ index }) => index) : this.#whatOf,
      LTP,
    );
  }

  /** An instrument was heard on another connection than before: until another one is heard of, its frames and those of others heard there are ordinary. */
  heard(instrument: number, connection: number): void {
    if (connection !== this.#heardOn) {
      this.#heardOn = connection;
      this.#tokens.forget();
    }
    this.#tokens.hear(instrument);
  }

  /**
   * A frame went the long way and was an ordinary one of this arrival: from now on ordinary ones need not, until the lane is shut. `fromMs`: the earliest time
   * that is admitted.
   */
  open(arrival: Arrival, fromMs: number): void {
    this.#fromMs = fromMs;
    this.#isOpen = this.#begin(arrival);
  }

  /** The instant of an arrival as its records have it: 0 where it is not to be measured, or is 0 itself. */
  receivedUsOf(arrival: Arrival): number {
    if (!this.measures || arrival.monoMs === 0) return 0;
    const us = (arrival.monoMs * 1000) | 0;
    return us === 0 ? 1 : us;
  }

  /** Looks at what arrives now: what of it is ordinary. Returns false where nothing is. */
  #begin(arrival: Arrival): boolean {
    const watermark = this.#watermark;
    const fromMs = this.#fromMs;
    // Asked for once: a double that a call returns may be a new object.
    const { dueAtMs } = watermark;
    const { lag } = this;
    if (
      !lag.isKnown ||
      !watermark.isOrdinary(arrival) ||
      arrival.connection !== this.#heardOn ||
      !(dueAtMs > fromMs)
    )
      return false;
    this.#connection = arrival.connection;
    this.#stamp.nowMs = arrival.marketMs;
    this.#stamp.monoMs = arrival.monoMs;
    this.#receivedUs = this.receivedUsOf(arrival);
    const { originMs } = this.#stamp;
    // A frame whose lag is beyond those that are told apart is none for the lane.
    this.#lagFrom = lag.bucketZeroTime(arrival.marketMs - originMs);
    const untilMs = Math.min(
      dueAtMs,
      arrival.marketMs + watermark.ordinaryLeadMs,
      originMs + this.#lagFrom + 1,
    );
    // The high word changes every seven weeks: what is older than that is not ordinary then.
    this.#timeHigh = Math.floor((untilMs - 1) / TWO_32) | 0;
    this.#from =
      Math.max(
        fromMs - originMs,
        this.#timeHigh * TWO_32 - originMs,
        this.#lagFrom - LAG.rangeMs + 1,
        -MOST_INT32,
      ) | 0;
    this.#span = Math.max(0, Math.min(Math.ceil(untilMs) - originMs - this.#from, MOST_INT32)) | 0;
    return true;
  }

  /** Frames that were taken and are not in the counters yet. */
  get taken(): number {
    return this.#taken;
  }

  /** Shuts the lane: something happens that may make what follows unordinary. */
  shut(): void {
    this.flush();
    this.#isOpen = false;
  }

  /** The sealer, the counters and the lag learn what was taken. */
  flush(): void {
    const taken = this.#taken;
    if (taken === 0) return;
    const stamp = this.#stamp;
    stamp.exchangeMs = stamp.originMs + this.#latest;
    this.lag.addBatch(taken, stamp.nowMs - stamp.originMs, this.#earliest, this.#latest);
    this.#taken = 0;
    this.#earliest = MOST_INT32;
    this.#latest = -MOST_INT32;
    this.#watermark.acceptOrdinary(stamp);
    const counters = this.#counters;
    counters[COUNTER.binary] += taken;
    counters[COUNTER.decoded] += taken;
    counters[COUNTER.routed] += taken;
  }

  /** Takes frames of `messages` from `first` on while they are ordinary. Returns how many it took. */
  take(messages: MessageBatch, first: number, arrival: Arrival): number {
    if (!this.#isOpen) return 0;
    const stamp = this.#stamp;
    if (
      arrival.connection !== this.#connection ||
      arrival.marketMs !== stamp.nowMs ||
      arrival.monoMs !== stamp.monoMs
    ) {
      this.flush();
      if (!this.#begin(arrival)) return 0;
    }
    const rings = this.#rings;
    let most = Math.min(messages.count - first, MOST_TAKEN - this.#taken);
    for (let k = 0; k < rings.length; k++)
      if (!rings[k].hasFree(most)) most = Math.min(most, rings[k].free());
    const { memory, tail } = rings[0];
    const single = rings.length === 1;
    const begun = single ? tail : this.#taken;
    let taken = 0;
    do {
      const cursor = begun + taken;
      taken += single
        ? this.#admit(
            messages,
            first + taken,
            most - taken,
            memory.i32,
            2 * memory.ring,
            cursor,
            memory.ringMask,
          )
        : this.#admit(messages, first + taken, most - taken, this.#aside, 0, cursor, MOST_TAKEN - 1);
    } while (taken < most && this.#bring(messages, first + taken));
    if (single) rings[0].commitTo((tail + taken) | 0);
    else this.#spread(taken);
    this.#taken += taken;
    return taken;
  }

  /**
   * Writes records of the frames of `messages` from `first` on while they are ordinary, `most` at most, into `records`: the one that `cursor` names, masked, and
   * those behind it. Counts their lags. Returns how many.
   */
  #admit(
    messages: MessageBatch,
    first: number,
    most: number,
    records: Int32Array,
    start: number,
    cursor: number,
    ringMask: number,
  ): number {
    const { view, places } = messages;
    const table = this.#tokens.words;
    const multiplier = this.#tokens.multiplier | 0;
    const mask = this.#tokens.mask | 0;
    const { counts } = this.lag;
    const connection = this.#connection | 0;
    const receivedUs = this.#receivedUs | 0;
    const from = this.#from | 0;
    const span = this.#span | 0;
    const originLow = this.#originLow | 0;
    const timeHigh = this.#timeHigh | 0;
    const lagFrom = this.#lagFrom | 0;
    let earliest = this.#earliest | 0;
    let latest = this.#latest | 0;
    let k = 0;
    // A sum that is `| 0` is not checked for overflow; that took a quarter of the time.
    for (; k < most; k = (k + 1) | 0) {
      const place = ((first + k) << 1) | 0;
      const at = places[place] | 0;
      if (places[(place + 1) | 0] !== LTP_BYTES) break;
      const begin = view.getUint16(at, true);
      const head = view.getInt32((at + TOKEN_AT) | 0, true);
      const tail = view.getInt32((at + TOKEN_TAIL) | 0, true);
      const entry = placeOf(head, tail, multiplier, mask) << SHIFT;
      if (
        table[(entry + HEAD) | 0] !== head ||
        table[(entry + TAIL) | 0] !== tail ||
        table[(entry + BEGIN) | 0] !== begin
      )
        break;
      const price = view.getInt32((at + PRICE_AT) | 0, true);
      const time = (view.getInt32((at + TIME_AT) | 0, true) - originLow) | 0;
      const high =
        view.getInt32((at + PRICE_HIGH_AT) | 0, true) |
        view.getInt32((at + SEQUENCE_HIGH_AT) | 0, true) |
        (view.getInt32((at + TIME_HIGH_AT) | 0, true) ^ timeHigh);
      if (high !== 0 || price <= 0 || ((time - from) | 0) >>> 0 >= span) break;
      const w = (start + (((cursor + k) & ringMask) << RECORD_SHIFT)) | 0;
      records[(w + R_WHAT) | 0] = table[(entry + ANSWER) | 0];
      records[(w + R_RECEIVED) | 0] = receivedUs;
      records[(w + R_CONNECTION) | 0] = connection;
      records[(w + R_TIME) | 0] = time;
      records[(w + R_PRICE_LOW) | 0] = price;
      records[(w + R_SEQUENCE_LOW) | 0] = view.getInt32((at + SEQUENCE_AT) | 0, true);
      if (time >= latest) latest = time;
      else if (time < earliest) earliest = time;
      counts[((lagFrom - time) | 0) >> LAG_SHIFT] += 1;
    }
    if (k > 0)
      earliest = Math.min(earliest, records[(start + ((cursor & ringMask) << RECORD_SHIFT) + R_TIME) | 0]);
    this.#earliest = earliest;
    this.#latest = latest;
    return k;
  }

  /** Whether message `k` is of an instrument whose entry was not in its place, where it is now. */
  #bring({ view, places }: MessageBatch, k: number): boolean {
    const at = places[2 * k];
    return (
      places[2 * k + 1] === LTP_BYTES &&
      this.#tokens.bring(
        view.getInt32(at + TOKEN_AT, true),
        view.getInt32(at + TOKEN_TAIL, true),
        view.getUint16(at, true),
      )
    );
  }

  /** Copies the `count` records that were put aside last, each into its ring. */
  #spread(count: number): void {
    const aside = this.#aside;
    const ringOf = this.#ringOf;
    const rings = this.#rings;
    const from = this.#taken | 0;
    const end = (from + count) | 0;
    for (let which = 0; which < rings.length; which++) {
      const { i32, ring, ringMask } = rings[which].memory;
      let cursor = rings[which].tail | 0;
      for (let k = from; k < end; k = (k + 1) | 0) {
        const a = k << RECORD_SHIFT;
        const instrument = aside[a];
        if (ringOf[instrument] !== which) continue;
        const w = (2 * ring + ((cursor & ringMask) << RECORD_SHIFT)) | 0;
        for (let word = 1; word < RECORD_WORDS; word = (word + 1) | 0)
          i32[(w + word) | 0] = aside[(a + word) | 0];
        i32[(w + R_WHAT) | 0] = this.#whatOf[instrument];
        cursor = (cursor + 1) | 0;
      }
      rings[which].commitTo(cursor);
    }
  }
}
