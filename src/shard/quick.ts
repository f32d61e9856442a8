/**
 * The quick lane of the main thread: an ordinary LTP frame from its bytes to its record in one go. What is ordinary is said once for what
 * arrives together (`open`): market time is told by live frames, nothing is kept for agreement, no gap is open, and no bar becomes due before
 * `untilMs`. For such frames decoder, admission, sealer and router have but one answer each, and this is it; all others are left to them.
 */
import assert from 'node:assert';
import { MODE } from '../market/packet.js';
import { COUNTER } from '../shared/counters.js';
import { KIND, RECORD } from '../shared/layout.js';
import type { RingWriter } from '../shared/ring.js';
import type { RowPlace } from '../shared/book.js';
import { FRAME_LENGTH, LTP_AT } from '../wire/frames.js';
import type { Arrival } from './arrival.js';
import { FeedLag } from './lag.js';
import type { Sealer } from './sealer.js';

// Constants of this module are compiled into the code while imported ones are loaded at each use.
const { packet: PACKET } = KIND;
const { ltp: LTP } = MODE;
const { [LTP]: LTP_BYTES } = FRAME_LENGTH;
const { mode: MODE_AT, exchange: EXCHANGE_AT, token: TOKEN_AT, sequence: SEQUENCE_AT, exchangeMs: TIME_AT, price: PRICE_AT } = LTP_AT;
const { kind: R_KIND, row: R_ROW, connection: R_CONNECTION, flags: R_FLAGS, timeMs: R_TIME, price: R_PRICE, receivedMs: R_RECEIVED } = RECORD;
const { sequenceLow: R_LOW, sequenceHigh: R_HIGH, exchangeMs: R_EXCHANGE } = RECORD;

/** Longest token that the lane knows, in characters: two words of four. Longer ones are never ordinary. */
const TOKEN_CHARS = 8;
/** Frames that are taken before the lane is shut, at most: more than a read of the socket holds. */
const MOST_TAKEN = 2048;
/** What a byte can number. */
const MOST_RINGS = 256;
/** Words of the table for an instrument: the token's two, the exchange type, the index. */
const ENTRY = 4;

/** What `take` returns for a frame that is not ordinary. */
export const NOT_ORDINARY = -1;

export interface QuickOptions {
  /** By instrument index. */
  readonly places: readonly RowPlace[];
  readonly rings: readonly RingWriter[];
  /** The connection on which each instrument was heard last, by instrument index; the router's. */
  readonly heardOn: Int32Array;
  readonly sealer: Sealer;
  readonly counters: Float64Array;
}

export class QuickLane {
  readonly lag = new FeedLag();
  readonly #stamp = { exchangeMs: NaN, nowMs: NaN, monoMs: NaN };
  /** Whether records carry the instant of their arrival. */
  measures = true;
  readonly #table: Int32Array;
  readonly #mask: number;
  readonly #rings: readonly RingWriter[];
  /** By instrument index. */
  readonly #ringOf: Uint8Array;
  readonly #rowOf: Int32Array;
  readonly #heardOn: Int32Array;
  readonly #sealer: Sealer;
  readonly #counters: Float64Array;
  /** The arrival that the lane is open for; connection 0 while it is shut. */
  #connection = 0;
  #fromMs = 0;
  #untilMs = 0;
  /** Exchange times of the frames that were taken since the lane was opened. */
  readonly #timesMs = new Float64Array(MOST_TAKEN);
  #taken = 0;

  constructor({ places, rings, heardOn, sealer, counters }: QuickOptions) {
    assert(rings.length <= MOST_RINGS, `at most ${MOST_RINGS} shards`);
    let size = 64;
    while (size < places.length * 4) size *= 2;
    this.#mask = size - 1;
    this.#table = new Int32Array(size * ENTRY);
    this.#rings = rings;
    this.#ringOf = Uint8Array.from(places, ({ shard }) => shard);
    this.#rowOf = Int32Array.from(places, ({ row }) => row);
    this.#heardOn = heardOn;
    this.#sealer = sealer;
    this.#counters = counters;
    for (const { instrument } of places) this.#enter(instrument.token, instrument.exchangeType, instrument.index);
  }

  #enter(token: string, exchangeType: number, index: number): void {
    if (token.length > TOKEN_CHARS) return;
    const words = new Int32Array(2);
    for (let k = 0; k < token.length; k++) words[k >> 2] |= token.charCodeAt(k) << (8 * (k & 3));
    let at = hashOf(words[0], words[1]) & this.#mask;
    while (this.#table[at * ENTRY] !== 0) at = (at + 1) & this.#mask;
    this.#table.set([words[0], words[1], exchangeType, index], at * ENTRY);
  }

  /** Opens the lane for what arrives together with the frame that was just used, as far as it can be. `fromMs`: the earliest time that is admitted. */
  open(arrival: Arrival, fromMs: number): void {
    const sealer = this.#sealer;
    if (!sealer.isOrdinary(arrival)) return;
    this.#connection = arrival.connection;
    this.#stamp.nowMs = arrival.marketMs;
    this.#stamp.monoMs = arrival.monoMs;
    this.#fromMs = fromMs;
    this.#untilMs = Math.min(sealer.dueAtMs, arrival.marketMs + sealer.ordinaryLeadMs);
  }

  /** Frames that were taken and are not in the counters yet. */
  get taken(): number {
    return this.#taken;
  }

  /** Shuts the lane: what arrived together is over, or something happened that may make what follows unordinary. The sealer, the counters and the lag learn what was taken. */
  shut(): void {
    this.#connection = 0;
    const taken = this.#taken;
    if (taken === 0) return;
    this.#taken = 0;
    const stamp = this.#stamp;
    const timesMs = this.#timesMs;
    this.lag.recordAll(timesMs, taken, stamp);
    stamp.exchangeMs = 0;
    for (let k = 0; k < taken; k++) if (timesMs[k] > stamp.exchangeMs) stamp.exchangeMs = timesMs[k];
    this.#sealer.took(stamp);
    const counters = this.#counters;
    counters[COUNTER.binary] += taken;
    counters[COUNTER.decoded] += taken;
    counters[COUNTER.routed] += taken;
  }

  /** Takes the frame in the `length` bytes of `bytes` from `from` on, if it is an ordinary one, and returns the index of its instrument; or does nothing and returns NOT_ORDINARY. */
  take(bytes: Uint8Array, from: number, length: number, arrival: Arrival): number {
    const stamp = this.#stamp;
    const taken = this.#taken;
    const connection = this.#connection;
    if (arrival.connection !== connection || arrival.marketMs !== stamp.nowMs || arrival.monoMs !== stamp.monoMs) return NOT_ORDINARY;
    if (taken === MOST_TAKEN || length !== LTP_BYTES || bytes[from + MODE_AT] !== LTP || bytes[from + TOKEN_AT + TOKEN_CHARS] !== 0) return NOT_ORDINARY;
    const first = bytes[from + TOKEN_AT] | (bytes[from + TOKEN_AT + 1] << 8) | (bytes[from + TOKEN_AT + 2] << 16) | (bytes[from + TOKEN_AT + 3] << 24);
    const second = bytes[from + TOKEN_AT + 4] | (bytes[from + TOKEN_AT + 5] << 8) | (bytes[from + TOKEN_AT + 6] << 16) | (bytes[from + TOKEN_AT + 7] << 24);
    const table = this.#table;
    let entry = (hashOf(first, second) & this.#mask) * ENTRY;
    // Zero is no token's: the place is empty.
    for (; table[entry] !== 0; entry = (entry + ENTRY) & (this.#mask * ENTRY)) {
      if (table[entry] === first && table[entry + 1] === second && table[entry + 2] === bytes[from + EXCHANGE_AT]) break;
    }
    if (table[entry] === 0) return NOT_ORDINARY;
    const instrument = table[entry + 3];
    if (this.#heardOn[instrument] !== connection) return NOT_ORDINARY;
    const price = (bytes[from + PRICE_AT] | (bytes[from + PRICE_AT + 1] << 8) | (bytes[from + PRICE_AT + 2] << 16) | (bytes[from + PRICE_AT + 3] << 24)) >>> 0;
    if ((bytes[from + PRICE_AT + 4] | bytes[from + PRICE_AT + 5] | bytes[from + PRICE_AT + 6] | bytes[from + PRICE_AT + 7]) !== 0 || price === 0) return NOT_ORDINARY;
    const time =
      (bytes[from + TIME_AT + 4] | (bytes[from + TIME_AT + 5] << 8) | (bytes[from + TIME_AT + 6] << 16) | (bytes[from + TIME_AT + 7] << 24)) * 4294967296 +
      ((bytes[from + TIME_AT] | (bytes[from + TIME_AT + 1] << 8) | (bytes[from + TIME_AT + 2] << 16) | (bytes[from + TIME_AT + 3] << 24)) >>> 0);
    if (!(time >= this.#fromMs && time < this.#untilMs)) return NOT_ORDINARY;
    const ring = this.#rings[this.#ringOf[instrument]];
    const at = ring.claim();
    const { f64, i32 } = ring.memory;
    i32[2 * at + R_KIND] = PACKET;
    i32[2 * at + R_ROW] = this.#rowOf[instrument];
    i32[2 * at + R_CONNECTION] = connection;
    i32[2 * at + R_FLAGS] = 0;
    f64[at + R_TIME] = time;
    f64[at + R_PRICE] = price;
    f64[at + R_RECEIVED] = stamp.monoMs;
    if (!this.measures) f64[at + R_RECEIVED] = 0;
    f64[at + R_LOW] = (bytes[from + SEQUENCE_AT] | (bytes[from + SEQUENCE_AT + 1] << 8) | (bytes[from + SEQUENCE_AT + 2] << 16) | (bytes[from + SEQUENCE_AT + 3] << 24)) >>> 0;
    f64[at + R_HIGH] = bytes[from + SEQUENCE_AT + 4] | (bytes[from + SEQUENCE_AT + 5] << 8) | (bytes[from + SEQUENCE_AT + 6] << 16) | (bytes[from + SEQUENCE_AT + 7] << 24);
    f64[at + R_EXCHANGE] = time;
    ring.commit();
    this.#timesMs[taken] = time;
    this.#taken = taken + 1;
    return instrument;
  }
}

function hashOf(first: number, second: number): number {
  return Math.imul(first ^ Math.imul(second, 0x85ebca6b), 0x9e3779b1) >>> 12;
}
