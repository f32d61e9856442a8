/**
 * Admission: judges a decoded packet's content, where `decode` judged its form. Counts refusals by reason; for what
 * the network sends it throws nothing and allocates nothing.
 */
import assert from 'node:assert';
import { EXCHANGE, nameOf, type Instrument } from '../market/instrument.js';
import { FIELD, MODE, type Packet } from '../market/packet.js';
import { DAY_MS, IST_OFFSET_MS } from '../market/session.js';
import { PriceCheck } from './price-check.js';

/** Why a packet is not admitted. */
export const REJECT_REASONS = ['exchange', 'token', 'mode', 'price', 'time'] as const;
export type RejectReason = (typeof REJECT_REASONS)[number];

/** High word of 2^53 - 1; a greater one cannot be a price. */
const SAFE_HIGH = 0x1fffff;

/** 2000-01-01: no packet of this feed is older. Epoch ms. */
const CENTURY_MS = 946_684_800_000;

/** A trade may be this much later than its packet: two clocks of the exchange, one in whole seconds. */
export const TRADE_AHEAD_MS = 60_000;

/** Tokens that the feed has and a double holds. */
const TOKEN = /^[1-9][0-9]{0,14}$/;

/** 1 for each exchange type that exists; by the wire's byte. */
const KNOWN_EXCHANGE = new Uint8Array(256);
for (const type of Object.keys(EXCHANGE)) KNOWN_EXCHANGE[Number(type)] = 1;

/** Finds instruments by (exchange type, token), and judges packets of one mode and market date. */
export class PacketFilter {
  readonly #keys: Float64Array;
  readonly #exchanges: Uint8Array;
  readonly #indexes: Int32Array;
  readonly #mask: number;
  readonly #mode: number;
  readonly #prices: PriceCheck;
  readonly #fromMs: number;
  readonly #toMs: number;
  /** Index of the instrument that `judge` saw last, even in a refused packet; -1: unknown. */
  instrument = -1;

  /**
   * `mode`: the subscribed mode's number, 0 for any. `marketDateMs`: any instant of the market's IST date; a packet's
   * time must lie within a day of it. Without it (`decode` has no market): any time of this century up to a day after
   * `nowMs`, the machine's clock. Asserts that every token has at most 15 digits and occurs once: else the instrument
   * would never get its packets.
   */
  constructor(
    options: { instruments: readonly Instrument[]; mode: number } & (
      { marketDateMs: number } | { marketDateMs: undefined; nowMs: number }
    ),
  ) {
    let size = 64;
    while (size < options.instruments.length * 4) size *= 2;
    this.#mask = size - 1;
    this.#keys = new Float64Array(size);
    this.#exchanges = new Uint8Array(size);
    this.#indexes = new Int32Array(size).fill(-1);
    for (const instrument of options.instruments) {
      assert(
        TOKEN.test(instrument.token),
        `the token of ${nameOf(instrument)} is no number that the feed could carry`,
      );
      assert(
        this.find(instrument.exchangeType, Number(instrument.token)) < 0,
        `the token of ${nameOf(instrument)} is another instrument's too`,
      );
      let at = this.#slot(Number(instrument.token));
      while (this.#indexes[at] >= 0) at = (at + 1) & this.#mask;
      this.#keys[at] = Number(instrument.token);
      this.#exchanges[at] = instrument.exchangeType;
      this.#indexes[at] = instrument.index;
    }
    this.#mode = options.mode;
    this.#prices = new PriceCheck(options.instruments.length);
    if (options.marketDateMs === undefined) {
      this.#fromMs = CENTURY_MS;
      this.#toMs = options.nowMs + DAY_MS;
    } else {
      const dayStart = Math.floor((options.marketDateMs + IST_OFFSET_MS) / DAY_MS) * DAY_MS - IST_OFFSET_MS;
      this.#fromMs = dayStart - DAY_MS;
      this.#toMs = dayStart + 2 * DAY_MS;
    }
  }

  /** The admitted mode; 0 for any. */
  get mode(): number {
    return this.#mode;
  }

  /** True if the packet that was admitted last has a price outside its own day range. */
  get isOutsideRange(): boolean {
    return this.#prices.isOutsideRange;
  }

  /** By instrument index: the price that was admitted last, 0 for none. In LTP mode all are 0. */
  get lastPrices(): Float64Array {
    return this.#prices.last;
  }

  /** The earliest admitted time, epoch ms. */
  get fromMs(): number {
    return this.#fromMs;
  }

  #slot(token: number): number {
    return (Math.imul(token, 0x9e3779b1) >>> 12) & this.#mask;
  }

  /** Index, or -1. */
  find(exchangeType: number, token: number): number {
    if (token < 0) return -1;
    let at = this.#slot(token);
    while (this.#indexes[at] >= 0) {
      if (this.#keys[at] === token && this.#exchanges[at] === exchangeType) return this.#indexes[at];
      at = (at + 1) & this.#mask;
    }
    return -1;
  }

  /** Why the packet is not admitted, or undefined. Sets `instrument`. */
  judge(packet: Packet): RejectReason | undefined {
    this.instrument = -1;
    if (KNOWN_EXCHANGE[packet.exchangeType] === 0) return 'exchange';
    this.instrument = this.find(packet.exchangeType, packet.tokenNumber);
    if (this.instrument < 0) return 'token';
    if (this.#mode !== 0 && packet.mode !== this.#mode) return 'mode';
    const { words } = packet;
    const high = words[2 * FIELD.price + 1];
    if (high < 0 || high > SAFE_HIGH || (high === 0 && words[2 * FIELD.price] === 0)) return 'price';
    // Written out: a returned double is a new object wherever the call is not inlined.
    const exchangeMs = words[2 * FIELD.exchangeMs + 1] * 4294967296 + (words[2 * FIELD.exchangeMs] >>> 0);
    if (exchangeMs < this.#fromMs || exchangeMs >= this.#toMs) return 'time';
    if (packet.mode === MODE.snapquote) {
      // Before a day's first trade it names an earlier day's (on a Monday, Friday's) or none, never one to come.
      const tradeMs = packet.number(FIELD.lastTradeSeconds) * 1000;
      if (tradeMs < 0 || tradeMs > exchangeMs + TRADE_AHEAD_MS) return 'time';
    }
    return this.#prices.accept(packet, this.instrument) ? undefined : 'price';
  }
}
