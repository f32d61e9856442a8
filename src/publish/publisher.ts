/**
 * Publishes a run's candles to a stream, each once. It reads the shards' memory and never the socket, so it can publish
 * again what a server has lost; nothing waits for it.
 *
 * Of each subject one message is under way, and names the message that it follows: the server refuses it if that is not
 * the last one. After a new connection or a refusal, what the server has is read before anything is sent.
 */
import { monoMs, sleep } from '../clock.js';
import { sentenceOf } from '../errors.js';
import type { FileIdentity } from '../candles/candle.js';
import type { CandleEvent } from '../candles/events.js';
import { OtherSettings, Superseded, type CandleBus } from './bus.js';
import type { PublishFigures } from './figures.js';
import { stateOf, subjectOf, type CandleState, type PublishedCandle } from './message.js';
import { SubjectBook } from './subject-book.js';

/** Subjects at work at once, each with one message under way. */
const MAX_AT_WORK = 128;
/** Real ms before another attempt to connect: doubled from the first to the last. */
const MIN_PAUSE_MS = 200;
const MAX_PAUSE_MS = 5000;
/** Real ms before a subject of another run is asked for again. */
const TAKEN_PAUSE_MS = 2000;

/** Where candles come from: a `CandleStream`. */
interface CandleMemory {
  again(sequence: number, type: 'candle' | 'revision'): CandleEvent | undefined;
}

export interface PublisherOptions {
  readonly memory: CandleMemory;
  /** Connects. Rejects with a sentence without secrets. */
  readonly open: () => Promise<CandleBus>;
  readonly run: string;
  readonly identity: FileIdentity;
  /** Addresses, for people. */
  readonly servers: string;
  /** Messages that were stored before are not of this run's day, epoch ms; undefined if that is not known. */
  readonly sinceMs: number | undefined;
}

/** A subject, and what it needs of the connection of now. */
interface Line {
  readonly book: SubjectBook;
  /** Partial candles that are disputed are no loss. */
  readonly partial: Set<number>;
  /** The connection for which the server's last message was compared with ours. */
  checkedFor: CandleBus | undefined;
  atWork: boolean;
  /** The run that publishes the subject, if it is another one. */
  takenBy: string | undefined;
  /** Not before, monotonic ms. */
  notBeforeMs: number;
}

export class Publisher {
  readonly #options: PublisherOptions;
  readonly #origin: string;
  readonly #lines = new Map<string, Line>();
  /** Lines with something to do. */
  readonly #ready = new Set<Line>();
  #bus: CandleBus | undefined;
  #final = false;
  #stopped = false;
  #atWork = 0;
  #acknowledged = 0;
  #present = 0;
  #refused = 0;
  #connections = 0;
  #trouble: string | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#origin = JSON.stringify(options.identity);
  }

  /** Takes an event of the run. */
  note(event: CandleEvent): void {
    if (event.type !== 'candle' && event.type !== 'revision') return;
    const line = this.#lineOf(event);
    line.book.note(event.candle.timestampMs, event.sequence, monoMs());
    this.#ready.add(line);
    this.#begin();
  }

  /** No candle changes any more. */
  settle(): void {
    this.#final = true;
    for (const line of this.#lines.values()) {
      line.book.settle(monoMs());
      // A cluster may have lost what it acknowledged without any connection that broke.
      line.checkedFor = undefined;
    }
    this.#wake();
  }

  /** Keeps a connection until `stop`. */
  async run(): Promise<void> {
    let pauseMs = MIN_PAUSE_MS;
    while (!this.#stopped) {
      try {
        this.#bus = await this.#options.open();
        this.#connections++;
        this.#trouble = undefined;
        pauseMs = MIN_PAUSE_MS;
        this.#wake();
        await this.#whileOpen(this.#bus);
      } catch (error) {
        this.#trouble = sentenceOf(error);
        if (error instanceof OtherSettings) pauseMs = MAX_PAUSE_MS;
      }
      this.#bus = undefined;
      if (this.#stopped) return;
      await sleep(pauseMs);
      pauseMs = Math.min(MAX_PAUSE_MS, 2 * pauseMs);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#bus?.close();
  }

  /** True when the run is over, and the server was seen to have all of it. */
  get isIdle(): boolean {
    if (!this.#final || this.#bus === undefined || this.#atWork > 0) return false;
    return ![...this.#lines.values()].some((line) => this.#needsWork(line));
  }

  figures(): PublishFigures {
    const nowMs = monoMs();
    const lines = [...this.#lines.values()];
    const since = lines.map(({ book }) => book.waitingSinceMs ?? nowMs);
    const taken = lines.filter(({ takenBy }) => takenBy !== undefined);
    const disputed = lines.map(({ book, partial }) =>
      [...book.disputed].filter((startMs) => !partial.has(startMs)),
    );
    const firstDisputed = disputed.findIndex((starts) => starts.length > 0);
    return {
      servers: this.#options.servers,
      connected: this.#bus !== undefined,
      acknowledged: this.#acknowledged,
      present: this.#present,
      waiting: lines.reduce((sum, { book }) => sum + book.waiting, this.#atWork),
      behindMs: nowMs - Math.min(nowMs, ...since),
      connections: this.#connections,
      refused: this.#refused,
      unchecked: lines.filter(({ checkedFor }) => checkedFor === undefined || checkedFor !== this.#bus)
        .length,
      taken: taken.length,
      takenExample: taken.length === 0 ? undefined : `${taken[0].book.subject} by run ${taken[0].takenBy}`,
      disputed: disputed.reduce((sum, starts) => sum + starts.length, 0),
      disputedExample: firstDisputed < 0 ? undefined : lines[firstDisputed].book.subject,
      trouble: this.#trouble,
    };
  }

  /** Looks again, from time to time, for subjects of another run. */
  async #whileOpen(bus: CandleBus): Promise<void> {
    let open = true;
    const closed = bus.closed().finally(() => (open = false));
    while (open) {
      await Promise.race([closed, sleep(TAKEN_PAUSE_MS)]);
      this.#wake();
    }
    if (!this.#stopped) this.#trouble ??= `The connection to ${this.#options.servers} was lost.`;
  }

  #lineOf(event: PublishedCandle): Line {
    const subject = subjectOf(event);
    let line = this.#lines.get(subject);
    if (line === undefined) {
      line = {
        book: new SubjectBook(subject, this.#options.run),
        partial: new Set(),
        checkedFor: undefined,
        atWork: false,
        takenBy: undefined,
        notBeforeMs: 0,
      };
      this.#lines.set(subject, line);
    }
    return line;
  }

  /** With something to send, or not compared with what the server has since it was connected. */
  #needsWork({ book, checkedFor }: Line): boolean {
    return book.waiting > 0 || checkedFor !== this.#bus;
  }

  #wake(): void {
    for (const line of this.#lines.values()) if (this.#needsWork(line)) this.#ready.add(line);
    this.#begin();
  }

  /** Starts work on lines that are ready. */
  #begin(): void {
    const bus = this.#bus;
    if (bus === undefined) return;
    const nowMs = monoMs();
    for (const line of this.#ready) {
      if (this.#atWork >= MAX_AT_WORK) return;
      if (line.atWork) continue;
      this.#ready.delete(line);
      if (line.notBeforeMs > nowMs) continue;
      line.atWork = true;
      this.#atWork++;
      void this.#work(line, bus).finally(() => {
        line.atWork = false;
        this.#atWork--;
        this.#begin();
      });
    }
  }

  /** Sends what is due of a line, one after the other. Never rejects. */
  async #work(line: Line, bus: CandleBus): Promise<void> {
    try {
      while (this.#bus === bus && this.#needsWork(line)) {
        if (line.checkedFor !== bus && !(await this.#check(line, bus))) return;
        await this.#sendNext(line, bus);
      }
    } catch (error) {
      // What the server has is not known now: the connection is given up, and the next one begins with a look.
      if (this.#bus === bus) {
        this.#bus = undefined;
        this.#trouble = bus.troubleOf(error);
      }
      await bus.close();
    }
  }

  /** Compares the server's last message with ours. False if the subject is another run's now. */
  async #check(line: Line, bus: CandleBus): Promise<boolean> {
    const { run, sinceMs } = this.#options;
    const { book } = line;
    bus.disown(book.subject);
    const owner = await bus.ownerOf(book.subject);
    if (owner !== undefined && owner !== run) {
      line.takenBy = owner;
      line.notBeforeMs = monoMs() + TAKEN_PAUSE_MS;
      return false;
    }
    line.takenBy = undefined;
    bus.own(book.subject, run);
    const last = await bus.last(book.subject);
    if (!book.isUpTo(last)) {
      const stored = last === undefined ? [] : await bus.history(book.subject, sinceMs);
      book.learn(stored, stored.at(-1) ?? last, monoMs());
    }
    line.checkedFor = bus;
    return true;
  }

  async #sendNext(line: Line, bus: CandleBus): Promise<void> {
    const { book } = line;
    const next = book.take();
    if (next === undefined) return;
    let isKnown = false;
    try {
      const event = this.#eventAt(next.position, book.has(next.startMs));
      const state = stateOf(event);
      if (event.quality.partial) line.partial.add(next.startMs);
      else line.partial.delete(next.startMs);
      const decision = book.decide(state, this.#final);
      if (decision === 'present') this.#present++;
      if (decision === 'send') await this.#send(line, bus, event, state);
      isKnown = true;
    } catch (error) {
      if (!(error instanceof Superseded)) throw error;
      this.#refused++;
      line.checkedFor = undefined;
    } finally {
      if (!isKnown) book.again(next.startMs, next.sinceMs);
    }
  }

  async #send(line: Line, bus: CandleBus, event: PublishedCandle, state: CandleState): Promise<void> {
    const { run } = this.#options;
    const { book } = line;
    const sequence = await bus.publish(book.subject, JSON.stringify(event), {
      run,
      origin: this.#origin,
      state,
      expected: book.expected,
    });
    book.stored({ ...state, sequence, run });
    this.#acknowledged++;
  }

  /** A candle as it is now. Memory keeps every candle of the run. */
  #eventAt(position: number, isStored: boolean): PublishedCandle {
    const event = this.#options.memory.again(position, isStored ? 'revision' : 'candle');
    if (event?.type !== 'candle' && event?.type !== 'revision')
      throw new Error(`memory has no candle at position ${position}`);
    return event;
  }
}
