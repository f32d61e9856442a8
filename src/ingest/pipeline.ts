/**
 * The live line on the main thread, from a message of the socket to a record in a ring: groups what one read delivers, writes it into
 * the journal, has it taken in, and shows it to the shards once the journal has it. Never waits: when a ring is nearly full, or the
 * journal's disk is slower than the feed, it has the socket paused and looks again soon.
 */
import type { Clock, Timer } from '../clock.js';
import type { ConnectionEnd } from '../feed/disconnects.js';
import { KIND, type Kind } from '../journal/format.js';
import type { JournalWriter } from '../journal/writer.js';
import { COUNTER } from '../memory/counters.js';
import type { Engine } from './engine.js';
import type { FeedText } from '../broker/broker.js';
import type { MessageBatch } from '../broker/messages.js';
import { UNKNOWN, type Intake } from './intake.js';

/** Real ms between two looks at market time, and at the rings while the socket is paused. */
const TICK_MS = 25;
const RESUME_CHECK_MS = 2;
/** A main thread that was away for longer than this saw no silence of the market, it was deaf. Real ms. */
const STALL_MS = 250;

const NO_BYTES = new Uint8Array(0);

export interface PipelineOptions {
  readonly engine: Engine;
  readonly intake: Intake;
  readonly clock: Clock;
  /** Undefined with `--no-journal`. */
  readonly journal: JournalWriter | undefined;
  /** Stops and restarts the reading of the socket. */
  readonly socket: { pause(): void; resume(): void };
  /** Overwrites what must not be kept in bytes that a stranger sent. */
  readonly redact: (bytes: Buffer) => void;
}

export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #counters: Float64Array;
  /** When and where what is being taken in arrived. */
  readonly #arrival = { connection: 0, monoMs: 0, wallMs: 0, marketMs: 0 };
  readonly #publishBatch: () => void;
  #timer: Timer | undefined;
  #resumeTimer: Timer | undefined;
  #pausedAtMs = 0;
  #lastTurnMs = 0;
  #inBatch = false;

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.#counters = options.engine.counters;
    // One object for all batches: publishing once after all messages of a read costs a wake-up a read, not one a message.
    this.#publishBatch = () => {
      this.#inBatch = false;
      this.#commit();
    };
  }

  /** Starts to look at market time. */
  start(): void {
    const { clock } = this.#options;
    this.#lastTurnMs = clock.monoMs();
    this.#timer = clock.every(TICK_MS, () => this.#tick());
  }

  /** Binary messages that one read delivered; nothing of them is kept. */
  binary(messages: MessageBatch, connection: number): void {
    const { intake, journal } = this.#options;
    if (intake.ended) return;
    if (!this.#inBatch || this.#arrival.connection !== connection) {
      this.#checkStall();
      this.#beginBatch(connection);
    }
    for (let k = 0; k < messages.count; k++) {
      const ordinary = intake.takeOrdinary(messages, k, this.#arrival);
      if (ordinary > 0) journal?.frames(messages, k, ordinary);
      k += ordinary;
      if (k < messages.count) this.#takeSingle(messages.slice(k));
    }
    if (this.#isAboveHighWater()) this.#pause();
  }

  /** A message that is no ordinary tick. */
  #takeSingle(bytes: Uint8Array): void {
    const { intake, journal } = this.#options;
    journal?.frame(bytes);
    // Whoever sends what is no packet of ours may send anything, our own tokens included.
    if (intake.binary(bytes, this.#arrival) === UNKNOWN) journal?.changeFrame(this.#options.redact);
  }

  /** One text message, classified. */
  text(text: FeedText, connection: number): void {
    if (this.#options.intake.ended) return;
    this.#journalEvent(KIND.text, connection, text);
    this.#options.intake.text(text);
  }

  /** A connection is open. */
  opened(connection: number): void {
    this.#journalEvent(KIND.opened, connection);
  }

  /** The subscriptions of a new connection were sent. */
  subscribed(connection: number): void {
    this.#journalEvent(KIND.subscribed, connection);
    this.#options.intake.subscribed({ ...this.#arrival });
  }

  /** The connection, or an attempt at one, ended. */
  disconnected(end: ConnectionEnd): void {
    if (this.#options.intake.ended) return;
    this.#journalEvent(KIND.ended, end.connection, end);
    this.#options.intake.disconnected();
  }

  /** This process goes on where a killed one was: what was between is not seen. */
  resumed(): void {
    if (this.#options.intake.ended) return;
    this.#journalEvent(KIND.resumed, 0);
    this.#options.intake.disconnected();
  }

  /** Whether the socket is paused because a ring is nearly full or the journal far behind. */
  get paused(): boolean {
    return this.#resumeTimer !== undefined;
  }

  /** No more messages are taken; END goes into every ring. Resolves when the journal has it, or could not be given it. */
  async end(): Promise<void> {
    const { intake, journal, engine } = this.#options;
    if (intake.ended) return;
    this.#timer?.cancel();
    this.#resumeTimer?.cancel();
    this.#resumeTimer = undefined;
    this.#journalEvent(KIND.end, 0);
    intake.end();
    await journal?.flush();
    engine.router.publish();
  }

  /** Begins a block of the journal for what arrives now; it is written when this turn of the event loop is over. */
  #beginBatch(connection: number): void {
    const { clock, journal } = this.#options;
    const arrival = this.#arrival;
    arrival.connection = connection;
    arrival.monoMs = clock.monoMs();
    arrival.wallMs = clock.wallMs();
    arrival.marketMs = clock.marketMs();
    journal?.open(arrival);
    if (this.#inBatch) return;
    this.#inBatch = true;
    queueMicrotask(this.#publishBatch);
  }

  /** Journals an event. It begins a block of its own: its time is its own. */
  #journalEvent(kind: Kind, connection: number, what?: object): void {
    this.#beginBatch(connection);
    this.#options.journal?.put(kind, what === undefined ? NO_BYTES : Buffer.from(JSON.stringify(what)));
  }

  #commit(): void {
    const { journal, engine } = this.#options;
    if (journal === undefined) engine.router.publish();
    else journal.commit();
  }

  #tick(): void {
    const { clock, intake } = this.#options;
    this.#checkStall();
    // Most looks change nothing and are no event.
    if (this.paused || !intake.isSilent(clock.marketMs())) return;
    this.#journalEvent(KIND.tick, 0);
    intake.advanceTo(this.#arrival.marketMs);
  }

  /** Which of a timer and the socket comes first behind a pause is luck, so either asks. */
  #checkStall(): void {
    if (this.#timer === undefined) return;
    const nowMs = this.#options.clock.monoMs();
    if (nowMs - this.#lastTurnMs > STALL_MS) this.#resetSilence();
    this.#lastTurnMs = nowMs;
  }

  /** We were deaf, or did not read: that is no silence of the market. */
  #resetSilence(): void {
    this.#journalEvent(KIND.excuse, 0);
    this.#options.intake.resetSilence(this.#arrival.marketMs);
  }

  #isAboveHighWater(): boolean {
    const { engine, journal } = this.#options;
    return engine.router.aboveHighWater || (journal !== undefined && journal.aboveHighWater);
  }

  #pause(): void {
    if (this.paused) return;
    const { clock, socket } = this.#options;
    socket.pause();
    this.#counters[COUNTER.pauses]++;
    this.#pausedAtMs = clock.monoMs();
    this.#resumeTimer = clock.every(RESUME_CHECK_MS, () => this.#resumeWhenLow());
  }

  #resumeWhenLow(): void {
    const { clock, engine, socket, journal } = this.#options;
    if (!engine.router.belowLowWater || (journal !== undefined && journal.aboveHighWater)) return;
    this.#resumeTimer?.cancel();
    this.#resumeTimer = undefined;
    this.#counters[COUNTER.pausedMs] += clock.monoMs() - this.#pausedAtMs;
    this.#resetSilence();
    socket.resume();
  }
}
