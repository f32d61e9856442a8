/**
 * What a run takes in, as plain calls in one order: frames, connection events, the passing of time, the end. Decodes,
 * counts and routes, without clock or timer: the same calls give the same records, whether live, replayed, resumed or
 * simulated. The shards see nothing before the caller publishes.
 */
import { FIELD, Packet } from '../market/packet.js';
import { COUNTER } from '../memory/counters.js';
import type { Engine } from './engine.js';
import type { FeedLag } from './feed-lag.js';
import type { Arrival } from './arrival.js';
import type { MessageBatch } from '../broker/messages.js';
import type { FastPath } from './fast/fast-path.js';
import type { FeedText } from '../broker/broker.js';
import type { Instrument } from '../market/instrument.js';

const SAMPLES = 5;
/** Error replies kept; more are only counted. */
const ERRORS_KEPT = 20;

/** Answer of `binary` to a message that is no packet of the run's instruments. */
export const UNKNOWN = -1;

export interface SampleTick {
  readonly instrument: Instrument;
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
  /** Real ms from subscribing to the first packet, by instrument index; -1 before. */
  readonly answeredAfterMs: Float64Array;
  readonly #options: IntakeOptions;
  readonly #packet = new Packet();
  readonly #counters: Float64Array;
  readonly #fastPath: FastPath;
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

  /** Binary messages that arrived together; neither argument is kept. */
  batch(messages: MessageBatch, arrival: Arrival): void {
    for (let k = 0; k < messages.count; k++) {
      k += this.takeOrdinary(messages, k, arrival);
      if (k < messages.count) this.binary(messages.slice(k), arrival);
    }
  }

  /** Takes in messages from `first` on while they are ordinary ticks. Returns their number. */
  takeOrdinary(messages: MessageBatch, first: number, arrival: Arrival): number {
    // Samples need whole packets.
    return this.#ended || this.#samplesLeft > 0 ? 0 : this.#fastPath.take(messages, first, arrival);
  }

  /** One binary message of any kind; neither argument is kept. Returns its instrument's index, or UNKNOWN. */
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

  text(text: FeedText): void {
    if (text.kind === 'pong') this.#counters[COUNTER.textPong]++;
    else if (text.kind === 'other') this.#counters[COUNTER.textOther]++;
    else {
      this.#counters[COUNTER.textError]++;
      if (this.errors.length < ERRORS_KEPT) this.errors.push(text);
    }
  }

  /** On a new connection. */
  subscribed(arrival: Arrival): void {
    if (this.#firstSubscribedMs < 0) this.#firstSubscribedMs = arrival.monoMs;
    this.#options.engine.router.subscribed(arrival);
  }

  disconnected(): void {
    if (!this.#ended) this.#options.engine.router.disconnected();
  }

  /** True if `advanceTo` is due. */
  isBehind(marketMs: number): boolean {
    this.#fastPath.flush();
    return !this.#ended && this.#options.engine.watermark.isBehind(marketMs);
  }

  /** Time without a frame moves market time. */
  advanceTo(marketMs: number): void {
    if (!this.#ended) this.#options.engine.router.advanceTo(marketMs);
  }

  /** Our own pause ended: no silence of the market. */
  resetSilence(marketMs: number): void {
    this.#fastPath.close();
    this.#options.engine.watermark.resetSilence(marketMs);
  }

  get lag(): FeedLag {
    return this.#fastPath.lag;
  }

  /** Takes in no more, and writes END into every ring. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.engine.router.end();
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Monotonic real ms; undefined before. */
  get firstSubscribedMs(): number | undefined {
    return this.#firstSubscribedMs < 0 ? undefined : this.#firstSubscribedMs;
  }

  #note(instrument: number, arrival: Arrival): void {
    this.lag.record(this.#options.engine.router.packetTime);
    if (this.#samplesLeft > 0) this.#sample(instrument, arrival);
  }

  /** An instrument's first packet on a connection: a cached one, whose age is no lag. */
  #noteFirst(instrument: number, arrival: Arrival): void {
    this.#connectionOf[instrument] = arrival.connection;
    if (this.answeredAfterMs[instrument] < 0)
      this.answeredAfterMs[instrument] = arrival.monoMs - this.#firstSubscribedMs;
  }

  #sample(instrument: number, arrival: Arrival): void {
    this.#samplesLeft--;
    const packet = this.#packet;
    this.#options.onSample!({
      instrument: this.#options.engine.places[instrument].instrument,
      priceWire: packet.number(FIELD.price),
      sequence: packet.big(FIELD.sequence).toString(),
      exchangeMs: packet.number(FIELD.exchangeMs),
      receivedMarketMs: arrival.marketMs,
    });
  }
}
