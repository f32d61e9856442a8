/**
 * The line on the main thread, from a message of the socket to a record in a ring. Counts every message once; never waits: when a
 * ring is nearly full it has the socket paused and looks again soon.
 */
import type { Clock, Timer } from '../clock.js';
import type { Instrument } from '../market/instrument.js';
import { FIELD, Packet } from '../market/packet.js';
import { COUNTER } from '../shared/counters.js';
import type { Engine } from '../shard/engine.js';
import { FeedLag } from '../shard/lag.js';
import { decode } from '../wire/frames.js';
import type { FeedText } from '../wire/texts.js';

/** Real ms between two looks at market time, and at the rings while the socket is paused. */
const TICK_MS = 25;
const RELIEF_MS = 2;
/** A main thread that was away for longer than this saw no silence of the market, it was deaf. Real ms. */
const DEAF_MS = 250;
/** Ticks that are shown as samples. */
const SAMPLES = 5;
/** Error replies that are kept; more are only counted. */
const ERRORS_KEPT = 20;

/** One of the first ticks, for the log. */
export interface SampleTick {
  readonly symbol: string;
  readonly priceWire: number;
  readonly sequence: string;
  readonly exchangeMs: number;
  readonly receivedMarketMs: number;
}

export interface LineOptions {
  readonly engine: Engine;
  readonly instruments: readonly Instrument[];
  readonly clock: Clock;
  /** Stops and restarts the reading of the socket. */
  readonly socket: { pause(): void; resume(): void };
  readonly onSample: (tick: SampleTick) => void;
}

export class Line {
  readonly lag = new FeedLag();
  readonly errors: Extract<FeedText, { kind: 'error' }>[] = [];
  /** Real ms between subscribing and the first packet, by instrument index; -1 before. */
  readonly answeredAfterMs: Float64Array;
  readonly #options: LineOptions;
  readonly #packet = new Packet();
  readonly #counters: Float64Array;
  readonly #arrival = { connection: 0, monoMs: 0, marketMs: 0 };
  readonly #heardOn: Int32Array;
  readonly #publishBatch: () => void;
  #timer: Timer | undefined;
  #relief: Timer | undefined;
  #pausedAtMs = 0;
  #lastTickMs = 0;
  #firstSubscribedMs = -1;
  #inBatch = false;
  #samplesLeft = SAMPLES;
  #ended = false;

  constructor(options: LineOptions) {
    this.#options = options;
    this.#counters = options.engine.counters;
    this.#heardOn = new Int32Array(options.instruments.length);
    this.answeredAfterMs = new Float64Array(options.instruments.length).fill(-1);
    // One object for all batches: publishing once after all messages of a read costs a wake-up a read, not one a message.
    this.#publishBatch = () => {
      this.#inBatch = false;
      options.engine.router.publish();
    };
  }

  /** Starts to look at market time. */
  start(): void {
    const { clock } = this.#options;
    this.#lastTickMs = clock.monoMs();
    this.#timer = clock.every(TICK_MS, () => this.#tick());
  }

  /** One binary message; `bytes` is not kept. */
  binary(bytes: Uint8Array, connection: number): void {
    if (this.#ended) return;
    const counters = this.#counters;
    counters[COUNTER.binary]++;
    const packet = this.#packet;
    const refusal = decode(bytes, packet);
    if (refusal !== undefined) {
      counters[refusal === 'length' ? COUNTER.refusedLength : COUNTER.refusedMode]++;
      return;
    }
    counters[COUNTER.decoded]++;
    if (!this.#inBatch) this.#beginBatch();
    const arrival = this.#arrival;
    arrival.connection = connection;
    const { router } = this.#options.engine;
    const routedBefore = counters[COUNTER.routed];
    const instrument = router.packet(packet, arrival);
    if (instrument >= 0) {
      if (this.#heardOn[instrument] !== connection) this.#noteFirst(instrument, connection);
      else if (counters[COUNTER.routed] > routedBefore) this.#note(instrument);
    }
    if (router.pressed) this.#pause();
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
  subscribed(connection: number): void {
    const { clock, engine } = this.#options;
    const arrival = { connection, monoMs: clock.monoMs(), marketMs: clock.marketMs() };
    if (this.#firstSubscribedMs < 0) this.#firstSubscribedMs = arrival.monoMs;
    engine.router.subscribed(arrival);
  }

  /** The connection ended. */
  disconnected(): void {
    if (this.#ended) return;
    this.#options.engine.router.disconnected();
    this.#options.engine.router.publish();
  }

  /** Real ms since the first subscription; undefined before. */
  subscribedForMs(): number | undefined {
    return this.#firstSubscribedMs < 0 ? undefined : this.#options.clock.monoMs() - this.#firstSubscribedMs;
  }

  /** Whether the socket is paused because a ring is nearly full. */
  get paused(): boolean {
    return this.#relief !== undefined;
  }

  /** No more messages are taken; END goes into every ring. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer?.cancel();
    this.#relief?.cancel();
    this.#relief = undefined;
    this.#options.engine.router.end();
  }

  #beginBatch(): void {
    const { clock } = this.#options;
    this.#inBatch = true;
    this.#arrival.monoMs = clock.monoMs();
    this.#arrival.marketMs = clock.marketMs();
    queueMicrotask(this.#publishBatch);
  }

  #note(instrument: number): void {
    this.lag.record(this.#arrival.marketMs - this.#packet.number(FIELD.exchangeMs));
    if (this.#samplesLeft > 0) this.#sample(instrument);
  }

  /** The first packet of an instrument on a connection: a cached one, whose age is no lag. */
  #noteFirst(instrument: number, connection: number): void {
    this.#heardOn[instrument] = connection;
    if (this.answeredAfterMs[instrument] < 0) this.answeredAfterMs[instrument] = this.#arrival.monoMs - this.#firstSubscribedMs;
  }

  #sample(instrument: number): void {
    this.#samplesLeft--;
    const packet = this.#packet;
    this.#options.onSample({
      symbol: this.#options.instruments[instrument].symbol,
      priceWire: packet.number(FIELD.price),
      sequence: packet.big(FIELD.sequence).toString(),
      exchangeMs: packet.number(FIELD.exchangeMs),
      receivedMarketMs: this.#arrival.marketMs,
    });
  }

  #tick(): void {
    const { clock, engine } = this.#options;
    const nowMs = clock.monoMs();
    if (nowMs - this.#lastTickMs > DEAF_MS) engine.sealer.excuse(clock.marketMs());
    this.#lastTickMs = nowMs;
    if (!this.paused) engine.router.tick(clock.marketMs());
  }

  #pause(): void {
    if (this.paused) return;
    const { clock, socket } = this.#options;
    socket.pause();
    this.#counters[COUNTER.pauses]++;
    this.#pausedAtMs = clock.monoMs();
    this.#relief = clock.every(RELIEF_MS, () => this.#relieve());
  }

  #relieve(): void {
    const { clock, engine, socket } = this.#options;
    if (!engine.router.relieved) return;
    this.#relief?.cancel();
    this.#relief = undefined;
    this.#counters[COUNTER.pausedMs] += clock.monoMs() - this.#pausedAtMs;
    engine.sealer.excuse(clock.marketMs());
    socket.resume();
  }
}
