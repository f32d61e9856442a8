/**
 * What a run takes in, as plain calls in one order: frames, connection events, the passing of time, the end. Decodes,
 * counts and routes; holds no clock and no timer, so the same calls give the same records in the rings, from any
 * caller: the live pipeline, a replay of its journal, a resumed run, a simulation. Nothing is visible to the shards
 * before the caller publishes.
 */
import { FIELD, Packet } from '../market/packet.js';
import { COUNTER } from '../memory/counters.js';
import type { Engine } from './engine.js';
import type { FeedLag } from './feed-lag.js';
import type { Arrival } from './arrival.js';
import type { MessageBatch } from '../broker/messages.js';
import type { LtpFastPath } from './fast/ltp-fast-path.js';
import type { FeedText } from '../broker/broker.js';

/** Ticks that are shown as samples. */
const SAMPLES = 5;
/** Error replies that are kept; more are only counted. */
const ERRORS_KEPT = 20;

/** What `binary` returns for a message that is no packet of any instrument of the run. */
export const UNKNOWN = -1;

/** One of the first ticks, for the log. */
export interface SampleTick {
  readonly symbol: string;
  readonly priceWire: number;
  readonly sequence: string;
  readonly exchangeMs: number;
  readonly receivedMarketMs: number;
}

export interface IntakeOptions {
  readonly engine: Engine;
  readonly onSample?: ((tick: SampleTick) => void) | undefined;
}

export class Intake {
  readonly errors: Extract<FeedText, { kind: 'error' }>[] = [];
  /** Real ms between subscribing and the first packet, by instrument index; -1 before. */
  readonly answeredAfterMs: Float64Array;
  readonly #options: IntakeOptions;
  readonly #packet = new Packet();
  readonly #counters: Float64Array;
  readonly #fastPath: LtpFastPath;
  readonly #connectionOf: Int32Array;
  #firstSubscribedMs = -1;
  #samplesLeft: number;
  #ended = false;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#counters = options.engine.counters;
    this.#fastPath = options.engine.router.fastPath;
    this.#connectionOf = new Int32Array(options.engine.places.length);
    this.answeredAfterMs = new Float64Array(options.engine.places.length).fill(-1);
    this.#samplesLeft = options.onSample === undefined ? 0 : SAMPLES;
  }

  /** Binary messages that arrived together; nothing of them or `arrival` is kept. */
  batch(messages: MessageBatch, arrival: Arrival): void {
    for (let k = 0; k < messages.count; k++) {
      k += this.takeOrdinary(messages, k, arrival);
      if (k < messages.count) this.binary(messages.slice(k), arrival);
    }
  }

  /**
   * Takes in those of the messages from `first` on that are ordinary ticks, up to the first that is not. Returns how
   * many there were.
   */
  takeOrdinary(messages: MessageBatch, first: number, arrival: Arrival): number {
    // Samples are shown of whole packets.
    return this.#ended || this.#samplesLeft > 0 ? 0 : this.#fastPath.take(messages, first, arrival);
  }

  /**
   * One binary message, of any kind; `bytes` and `arrival` are not kept. Returns the index of its instrument, or
   * UNKNOWN.
   */
  binary(bytes: Uint8Array, arrival: Arrival): number {
    if (this.#ended) return UNKNOWN;
    this.#fastPath.close();
    const counters = this.#counters;
    counters[COUNTER.binary]++;
    const { router, codec } = this.#options.engine;
    const packet = this.#packet;
    const refusal = codec.decode(bytes, packet);
    if (refusal !== undefined) {
      counters[refusal === 'length' ? COUNTER.refusedLength : COUNTER.refusedMode]++;
      return UNKNOWN;
    }
    counters[COUNTER.decoded]++;
    const routedBefore = counters[COUNTER.routed];
    const instrument = router.packet(packet, arrival);
    if (instrument < 0) return UNKNOWN;
    if (this.#connectionOf[instrument] !== arrival.connection) this.#noteFirst(instrument, arrival);
    else if (counters[COUNTER.routed] > routedBefore) this.#note(instrument, arrival);
    return instrument;
  }

  /** One text message, classified. */
  text(text: FeedText): void {
    if (text.kind === 'pong') this.#counters[COUNTER.textPong]++;
    else if (text.kind === 'other') this.#counters[COUNTER.textOther]++;
    else {
      this.#counters[COUNTER.textError]++;
      if (this.errors.length < ERRORS_KEPT) this.errors.push(text);
    }
  }

  /** The subscriptions of a new connection were sent. */
  subscribed(arrival: Arrival): void {
    if (this.#firstSubscribedMs < 0) this.#firstSubscribedMs = arrival.monoMs;
    this.#options.engine.router.subscribed(arrival);
  }

  /** The connection ended. */
  disconnected(): void {
    if (!this.#ended) this.#options.engine.router.disconnected();
  }

  /** Whether `tick` would change anything now. */
  isSilent(marketMs: number): boolean {
    this.#fastPath.flush();
    return !this.#ended && this.#options.engine.watermark.isSilent(marketMs);
  }

  /** Time passed without a frame, and it moves market time. */
  advanceTo(marketMs: number): void {
    if (!this.#ended) this.#options.engine.router.advanceTo(marketMs);
  }

  /** A pause of our own ended: it is no silence of the market. */
  resetSilence(marketMs: number): void {
    this.#fastPath.close();
    this.#options.engine.watermark.resetSilence(marketMs);
  }

  /** How late the feed is. */
  get lag(): FeedLag {
    return this.#fastPath.lag;
  }

  /** No more is taken in; END goes into every ring. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.engine.router.end();
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Monotonic real ms of the first subscription; undefined before. */
  get firstSubscribedMs(): number | undefined {
    return this.#firstSubscribedMs < 0 ? undefined : this.#firstSubscribedMs;
  }

  #note(instrument: number, arrival: Arrival): void {
    this.lag.record(this.#options.engine.router.packetTime);
    if (this.#samplesLeft > 0) this.#sample(instrument, arrival);
  }

  /** The first packet of an instrument on a connection: a cached one, whose age is no lag. */
  #noteFirst(instrument: number, arrival: Arrival): void {
    this.#connectionOf[instrument] = arrival.connection;
    if (this.answeredAfterMs[instrument] < 0)
      this.answeredAfterMs[instrument] = arrival.monoMs - this.#firstSubscribedMs;
  }

  #sample(instrument: number, arrival: Arrival): void {
    this.#samplesLeft--;
    const packet = this.#packet;
    this.#options.onSample!({
      symbol: this.#options.engine.places[instrument].instrument.symbol,
      priceWire: packet.number(FIELD.price),
      sequence: packet.big(FIELD.sequence).toString(),
      exchangeMs: packet.number(FIELD.exchangeMs),
      receivedMarketMs: arrival.marketMs,
    });
  }
}
