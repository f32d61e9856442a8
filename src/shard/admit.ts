/**
 * Admission: judges the content of a decoded packet, where `decode` judged only its form. Refusals are counted by reason; nothing
 * is thrown and nothing allocated for what the network sends.
 */
import { EXCHANGE, type Instrument } from '../market/instrument.js';
import { FIELD, MODE, type Packet } from '../market/packet.js';
import { DAY_MS, IST_OFFSET_MS } from '../market/session.js';

/** Why an admitted form has an inadmissible content. */
export const UNADMITTED = ['exchange', 'token', 'mode', 'price', 'time'] as const;
export type Unadmitted = (typeof UNADMITTED)[number];

/** 2^53 - 1 has this high word; a greater one cannot be a price. */
const SAFE_HIGH = 0x1fffff;

/** 2000-01-01: no packet of this feed is older. Epoch ms. */
const CENTURY_MS = 946_684_800_000;

/** 1 for each exchange type that exists; indexed by the wire's byte. */
const KNOWN_EXCHANGE = new Uint8Array(256);
for (const type of Object.keys(EXCHANGE)) KNOWN_EXCHANGE[Number(type)] = 1;

/** Finds instruments by (exchange type, token) and judges packets for a run of one mode on one market date. */
export class Admission {
  readonly #keys: Float64Array;
  readonly #exchanges: Uint8Array;
  readonly #indexes: Int32Array;
  readonly #mask: number;
  readonly #mode: number;
  readonly #fromMs: number;
  readonly #toMs: number;
  /** Index of the instrument of the packet that `judge` saw last, also of a refused one; -1 when it is unknown. */
  instrument = -1;

  /**
   * `mode`: the subscribed mode's number, 0 for any. `marketDateMs`: any instant of the market's IST date; a packet's time must lie
   * within a day of that date. Without it (for `decode`, which has no market) any time of this century up to a day after `nowMs`, the
   * machine's clock, is possible.
   */
  constructor(options: { instruments: readonly Instrument[]; mode: number } & ({ marketDateMs: number } | { marketDateMs: undefined; nowMs: number })) {
    let size = 64;
    while (size < options.instruments.length * 4) size *= 2;
    this.#mask = size - 1;
    this.#keys = new Float64Array(size);
    this.#exchanges = new Uint8Array(size);
    this.#indexes = new Int32Array(size).fill(-1);
    for (const instrument of options.instruments) {
      let at = this.#slot(Number(instrument.token));
      while (this.#indexes[at] >= 0) at = (at + 1) & this.#mask;
      this.#keys[at] = Number(instrument.token);
      this.#exchanges[at] = instrument.exchangeType;
      this.#indexes[at] = instrument.index;
    }
    this.#mode = options.mode;
    if (options.marketDateMs === undefined) {
      this.#fromMs = CENTURY_MS;
      this.#toMs = options.nowMs + DAY_MS;
    } else {
      const dayStart = Math.floor((options.marketDateMs + IST_OFFSET_MS) / DAY_MS) * DAY_MS - IST_OFFSET_MS;
      this.#fromMs = dayStart - DAY_MS;
      this.#toMs = dayStart + 2 * DAY_MS;
    }
  }

  #slot(token: number): number {
    return (Math.imul(token % 4294967296, 0x9e3779b1) >>> 12) & this.#mask;
  }

  /** The instrument's index, or -1. */
  find(exchangeType: number, token: number): number {
    if (token < 0) return -1;
    let at = this.#slot(token);
    while (this.#indexes[at] >= 0) {
      if (this.#keys[at] === token && this.#exchanges[at] === exchangeType) return this.#indexes[at];
      at = (at + 1) & this.#mask;
    }
    return -1;
  }

  /** The reason why the packet is not admitted, or undefined. Sets `instrument`. */
  judge(packet: Packet): Unadmitted | undefined {
    this.instrument = -1;
    if (KNOWN_EXCHANGE[packet.exchangeType] === 0) return 'exchange';
    this.instrument = this.find(packet.exchangeType, packet.tokenNumber);
    if (this.instrument < 0) return 'token';
    if (packet.mode === MODE.depth || (this.#mode !== 0 && packet.mode !== this.#mode)) return 'mode';
    const high = packet.words[2 * FIELD.price + 1];
    if (high < 0 || high > SAFE_HIGH || (high === 0 && packet.words[2 * FIELD.price] === 0)) return 'price';
    if (!this.#possible(packet.number(FIELD.exchangeMs))) return 'time';
    if (packet.mode === MODE.snapquote && !this.#possible(packet.number(FIELD.lastTradeSeconds) * 1000)) return 'time';
    return undefined;
  }

  #possible(ms: number): boolean {
    return ms >= this.#fromMs && ms < this.#toMs;
  }
}
