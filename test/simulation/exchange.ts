/**
 * The exchange and what the broker makes of it: trades, and snapshots of them as frames. It remembers each snapshot
 * that was the first to report a trade, so that in the end it is known which minutes were not seen whole.
 */
import { FIELD, Packet } from '../../src/market/packet.js';
import type { Random } from '../../src/random.js';
import { encode } from '../../src/broker/angel/frames.js';
import type { NaiveInstrument } from '../naive.js';
import { between, type Nature } from './profile.js';

/** A snapshot that was the first to report a trade. */
export interface Told {
  readonly instrument: number;
  /** Its true time, epoch ms; and the time that picks its minute. */
  readonly trueMs: number;
  readonly timeMs: number;
  /** Whether it reached us. */
  heard: boolean;
  /** Why it need not have arrived: the client could not know. */
  excused: boolean;
  /** A connection was there and said nothing. */
  muted: boolean;
}

/** What is known of an instrument at a moment. */
export interface State {
  sequence: number;
  exchangeMs: number;
  price: number;
  volume: number;
  lastTradeMs: number;
  dayHigh: number;
  dayLow: number;
}

const LENGTH = { 1: 51, 2: 123, 3: 379 } as const;

export class Exchange {
  readonly nature: Nature;
  readonly told: Told[] = [];
  readonly states: State[];
  /** Ms by which stamps are ahead of true time; it may step. */
  aheadMs: number;
  readonly #random: Random;
  readonly #packet = new Packet();
  #sequence: number;
  readonly #sold: number[];

  constructor(nature: Nature, random: Random) {
    this.nature = nature;
    this.#random = random;
    this.aheadMs = nature.exchangeAheadMs;
    // From beyond 2^32 in one run and from small numbers in the next.
    this.#sequence = random() < 0.3 ? 2 ** 32 - 500 : between(random, 1, 2 ** 24);
    this.states = nature.instruments.map((_, k) => ({
      sequence: this.#sequence + k, exchangeMs: this.stampAt(0) - between(random, 0, 20_000), price: 100_000 + 7000 * k, volume: 5000, lastTradeMs: this.trueAt(0) + this.aheadMs - between(random, 1, 20_000), dayHigh: 100_900 + 7000 * k, dayLow: 99_000 + 7000 * k,
    })); // prettier-ignore
    this.#sold = this.states.map(({ volume }) => volume);
  }

  /** True time at `monoMs`, epoch ms. */
  trueAt(monoMs: number): number {
    return this.nature.startMs + monoMs;
  }

  /** The stamp of a frame made at `monoMs`: whole seconds of the exchange's clock. */
  stampAt(monoMs: number): number {
    return Math.floor((this.trueAt(monoMs) + this.aheadMs) / 1000) * 1000;
  }

  /** Restarts the sequence, as after a fail-over. */
  restartSequence(): void {
    this.#sequence = 1;
  }

  /** Time has passed until `monoMs`: perhaps there were trades. Returns whether there is something to tell. */
  move(instrument: number, monoMs: number, sinceMs: number): boolean {
    const random = this.#random;
    const state = this.states[instrument];
    const expected = (this.nature.rates[instrument] * sinceMs) / 1000;
    let trades = 0;
    for (let left = expected; left > 0; left--) if (random() < left) trades++;
    this.#sequence += between(random, 1, 40);
    state.sequence = this.#sequence;
    state.exchangeMs = this.stampAt(monoMs);
    for (let k = 0; k < trades; k++) {
      state.price = Math.max(1, state.price + 5 * between(random, -6, 6));
      state.volume += between(random, 1, 300);
      state.lastTradeMs = this.trueAt(monoMs) + this.aheadMs - Math.floor(random() * Math.min(sinceMs, 900));
      state.dayHigh = Math.max(state.dayHigh, state.price);
      state.dayLow = Math.min(state.dayLow, state.price);
    }
    // Now and then the book alone changes: a packet without a trade.
    return trades > 0 || random() < 0.15;
  }

  /** Notes that the state of now tells of a new trade; undefined when it does not. */
  note(instrument: number, monoMs: number): Told | undefined {
    const state = this.states[instrument];
    if (state.volume === this.#sold[instrument]) return undefined;
    this.#sold[instrument] = state.volume;
    const timeMs = this.nature.mode === 3 ? Math.floor(state.lastTradeMs / 1000) * 1000 : state.exchangeMs;
    const told: Told = {
      instrument,
      trueMs: this.trueAt(monoMs),
      timeMs,
      heard: false,
      excused: false,
      muted: false,
    };
    this.told.push(told);
    return told;
  }

  /** The state as a frame, `change` laid over it. */
  frame(instrument: number, change: Partial<State> = {}): Uint8Array {
    const { exchangeType, token }: NaiveInstrument = this.nature.instruments[instrument];
    const state = { ...this.states[instrument], ...change };
    const packet = this.#packet;
    packet.mode = this.nature.mode;
    packet.exchangeType = exchangeType;
    packet.setToken(token);
    packet.setNumber(FIELD.sequence, this.nature.unnumbered ? 0 : state.sequence);
    packet.setNumber(FIELD.exchangeMs, state.exchangeMs);
    packet.setNumber(FIELD.price, state.price);
    packet.setNumber(FIELD.averagePrice, state.price);
    packet.setNumber(FIELD.volume, state.volume);
    packet.setNumber(FIELD.dayHigh, state.dayHigh);
    packet.setNumber(FIELD.dayLow, state.dayLow);
    packet.setNumber(FIELD.lastTradeSeconds, Math.floor(state.lastTradeMs / 1000));
    const bytes = new Uint8Array(LENGTH[this.nature.mode]);
    encode(packet, bytes);
    return bytes;
  }
}
