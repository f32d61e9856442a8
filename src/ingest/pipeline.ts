/**
 * The live pipeline on the main thread, from socket message to ring record.
 *
 *   read of the socket ─► journal block ─► per message: journal, intake ─► microtask: commit ─► publish
 *
 * The shards see records only when the journal has them. The pipeline never waits: when a ring or the journal is
 * above its high-water mark it pauses the socket, and checks every 2 ms whether to resume.
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
import { until } from '../stepped/quiet.js';

/** Real ms between two checks of the watermark; and of the rings, while the socket is paused. */
const TICK_MS = 25;
const RESUME_CHECK_MS = 2;
/** After a longer absence of the main thread the silence is its own stall. Real ms. */
const STALL_MS = 250;

const NO_BYTES = new Uint8Array(0);

export interface PipelineOptions {
  readonly engine: Engine;
  readonly intake: Intake;
  readonly clock: Clock;
  /** Undefined with `--no-journal`. */
  readonly journal: JournalWriter | undefined;
  /** Stops and restarts reading. */
  readonly socket: { pause(): void; resume(): void };
  /** Overwrites secrets in an untrusted peer's bytes. */
  readonly redact: (bytes: Buffer) => void;
}

export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #counters: Float64Array;
  /** Of the current read or event. */
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
    // One function for all batches. Publishing after a whole read costs one wake-up, not one a message.
    this.#publishBatch = () => {
      this.#inBatch = false;
      this.#commit();
    };
  }

  /** Starts checking the watermark. */
  start(): void {
    const { clock } = this.#options;
    this.#lastTurnMs = clock.monoMs();
    this.#timer = clock.every(TICK_MS, () => this.#tick(), 'sends nothing');
  }

  /** Takes the binary messages of one read; keeps none. */
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

  /** Takes a message that is no ordinary tick. */
  #takeSingle(bytes: Uint8Array): void {
    const { intake, journal } = this.#options;
    journal?.frame(bytes);
    // A peer that sends other than our packets may send our tokens back.
    if (intake.binary(bytes, this.#arrival) === UNKNOWN) journal?.changeFrame(this.#options.redact);
  }

  text(text: FeedText, connection: number): void {
    if (this.#options.intake.ended) return;
    this.#journalEvent(KIND.text, connection, text);
    this.#options.intake.text(text);
  }

  opened(connection: number): void {
    this.#journalEvent(KIND.opened, connection);
  }

  /** On a new connection. */
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

  /** This process continues a killed one: the time between is a gap. */
  resumed(): void {
    if (this.#options.intake.ended) return;
    this.#journalEvent(KIND.resumed, 0);
    this.#options.intake.disconnected();
  }

  /** Something received is not yet in the journal and applied by the shards. */
  get busy(): boolean {
    const { engine, journal } = this.#options;
    return this.#inBatch || this.paused || journal?.busy === true || !engine.router.isDrained;
  }

  /** Resolves when nothing received is outstanding; reads on if reading was paused. */
  async settle(): Promise<void> {
    const { engine, journal } = this.#options;
    // Before the first connection only the initial gap is outstanding, and nothing else would publish it.
    this.#commit();
    await until(() => journal?.busy !== true && engine.router.isDrained);
    if (this.paused) this.#resumeWhenLow();
  }

  /** A ring or the journal is above its high-water mark. */
  get paused(): boolean {
    return this.#resumeTimer !== undefined;
  }

  /** Ends the intake and writes END into every ring. Resolves when the journal has it, or failed. */
  async end(): Promise<void> {
    const { intake, journal, engine } = this.#options;
    if (intake.ended) return;
    this.#timer?.cancel();
    this.#endPause();
    this.#journalEvent(KIND.end, 0);
    intake.end();
    await journal?.flush();
    engine.router.publish();
  }

  /** Begins a journal block for what arrives now; committed at the end of this turn of the event loop. */
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

  /** In its own block, as its time is its own. */
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
    // Most checks change nothing: not journaled.
    if (this.paused || !intake.isBehind(clock.marketMs())) return;
    this.#journalEvent(KIND.tick, 0);
    intake.advanceTo(this.#arrival.marketMs);
  }

  /** Called by timer and socket: either may come first after a stall. */
  #checkStall(): void {
    if (this.#timer === undefined) return;
    const nowMs = this.#options.clock.monoMs();
    if (nowMs - this.#lastTurnMs > STALL_MS) this.#resetSilence();
    this.#lastTurnMs = nowMs;
  }

  /** After our own stall or pause. */
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
    this.#pausedAtMs = clock.monoMs();
    this.#resumeTimer = clock.every(RESUME_CHECK_MS, () => this.#resumeWhenLow());
  }

  /** Counts the pause. Returns its real ms. */
  #endPause(): number {
    if (!this.paused) return 0;
    const pausedMs = this.#options.clock.monoMs() - this.#pausedAtMs;
    this.#resumeTimer?.cancel();
    this.#resumeTimer = undefined;
    if (pausedMs > 0) this.#counters[COUNTER.pauses]++;
    this.#counters[COUNTER.pausedMs] += pausedMs;
    return pausedMs;
  }

  #resumeWhenLow(): void {
    const { engine, socket, journal } = this.#options;
    if (!engine.router.belowLowWater || (journal !== undefined && journal.aboveHighWater)) return;
    const pausedMs = this.#endPause();
    // A pause that took no time, as in stepped time, was no silence.
    if (pausedMs > 0) this.#resetSilence();
    socket.resume();
  }
}
