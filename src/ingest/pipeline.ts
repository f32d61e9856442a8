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
import type { FeedText } from '../broker/angel/texts.js';
import type { MessageBatch } from '../broker/messages.js';
import { UNKNOWN, type Intake } from './intake.js';

/** Real ms between two looks at market time, and at the rings while the socket is paused. */
const TICK_MS = 25;
const RELIEF_MS = 2;
/** A main thread that was away for longer than this saw no silence of the market, it was deaf. Real ms. */
const DEAF_MS = 250;

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
  readonly conceal: (bytes: Buffer) => void;
}

export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #counters: Float64Array;
  /** When and where what is being taken in arrived. */
  readonly #arrival = { connection: 0, monoMs: 0, wallMs: 0, marketMs: 0 };
  readonly #publishBatch: () => void;
  #timer: Timer | undefined;
  #relief: Timer | undefined;
  #pausedAtMs = 0;
  #awakeMs = 0;
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
    this.#awakeMs = clock.monoMs();
    this.#timer = clock.every(TICK_MS, () => this.#tick());
  }

  /** Binary messages that one read delivered; nothing of them is kept. */
  binary(messages: MessageBatch, connection: number): void {
    const { intake, journal } = this.#options;
    if (intake.ended) return;
    if (!this.#inBatch || this.#arrival.connection !== connection) {
      this.#noticeDeafness();
      this.#beginBatch(connection);
    }
    for (let k = 0; k < messages.count; k++) {
      const ordinary = intake.ordinary(messages, k, this.#arrival);
      if (ordinary > 0) journal?.frames(messages, k, ordinary);
      k += ordinary;
      if (k < messages.count) this.#single(messages.slice(k));
    }
    if (this.#isPressed()) this.#pause();
  }

  /** A message that is no ordinary tick. */
  #single(bytes: Uint8Array): void {
    const { intake, journal } = this.#options;
    journal?.frame(bytes);
    // Whoever sends what is no packet of ours may send anything, our own tokens included.
    if (intake.binary(bytes, this.#arrival) === UNKNOWN) journal?.changeFrame(this.#options.conceal);
  }

  /** One text message, classified. */
  text(text: FeedText, connection: number): void {
    if (this.#options.intake.ended) return;
    this.#note(KIND.text, connection, text);
    this.#options.intake.text(text);
  }

  /** A connection is open. */
  opened(connection: number): void {
    this.#note(KIND.opened, connection);
  }

  /** The subscriptions of a new connection were sent. */
  subscribed(connection: number): void {
    this.#note(KIND.subscribed, connection);
    this.#options.intake.subscribed({ ...this.#arrival });
  }

  /** The connection, or an attempt at one, ended. */
  disconnected(end: ConnectionEnd): void {
    if (this.#options.intake.ended) return;
    this.#note(KIND.ended, end.connection, end);
    this.#options.intake.disconnected();
  }

  /** This process goes on where a killed one was: what was between is not seen. */
  resumed(): void {
    if (this.#options.intake.ended) return;
    this.#note(KIND.resumed, 0);
    this.#options.intake.disconnected();
  }

  /** Whether the socket is paused because a ring is nearly full or the journal far behind. */
  get paused(): boolean {
    return this.#relief !== undefined;
  }

  /** No more messages are taken; END goes into every ring. Resolves when the journal has it, or could not be given it. */
  async end(): Promise<void> {
    const { intake, journal, engine } = this.#options;
    if (intake.ended) return;
    this.#timer?.cancel();
    this.#relief?.cancel();
    this.#relief = undefined;
    this.#note(KIND.end, 0);
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
  #note(kind: Kind, connection: number, what?: object): void {
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
    this.#noticeDeafness();
    // Most looks change nothing and are no event.
    if (this.paused || !intake.isSilent(clock.marketMs())) return;
    this.#note(KIND.tick, 0);
    intake.tick(this.#arrival.marketMs);
  }

  /** Which of a timer and the socket comes first behind a pause is luck, so either asks. */
  #noticeDeafness(): void {
    if (this.#timer === undefined) return;
    const nowMs = this.#options.clock.monoMs();
    if (nowMs - this.#awakeMs > DEAF_MS) this.#excuse();
    this.#awakeMs = nowMs;
  }

  /** We were deaf, or did not read: that is no silence of the market. */
  #excuse(): void {
    this.#note(KIND.excuse, 0);
    this.#options.intake.excuse(this.#arrival.marketMs);
  }

  #isPressed(): boolean {
    const { engine, journal } = this.#options;
    return engine.router.pressed || (journal !== undefined && journal.aboveHighWater);
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
    const { clock, engine, socket, journal } = this.#options;
    if (!engine.router.relieved || (journal !== undefined && journal.aboveHighWater)) return;
    this.#relief?.cancel();
    this.#relief = undefined;
    this.#counters[COUNTER.pausedMs] += clock.monoMs() - this.#pausedAtMs;
    this.#excuse();
    socket.resume();
  }
}
