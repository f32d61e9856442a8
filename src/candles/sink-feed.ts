/** Feeds one sink from its own cursor, at its own pace. */
import { monoMs, SystemClock, sleep, within } from '../clock.js';
import { sentenceOf } from '../errors.js';
import { abortOf } from './changes.js';
import type { CandleEvent } from './events.js';
import type { CandleSink, SinkRun } from './sink.js';
import type { CandleStream } from './stream.js';

/** Events of one write. */
const MAX_BATCH_EVENTS = 4096;
/** Minimum real ms between two rounds: changes that come together are stored together. */
const MIN_PAUSE_MS = 200;
/** And as a multiple of what a round takes: in a fast market a sink has at most a fifth of its thread's time. */
const PAUSE_ROUNDS = 4;
/** Rounds at the run's end before what is missing is reported. */
const LAST_ATTEMPTS = 3;

export interface SinkFeedOptions {
  readonly sink: CandleSink;
  readonly stream: CandleStream;
  /** After each round, a sentence for each failure. */
  readonly onRound: (failures: readonly string[]) => void;
  /** Real ms to open, and to finish. Default: no limit. */
  readonly timeoutMs?: number | undefined;
}

function sentencesOf(error: unknown): string[] {
  return error instanceof AggregateError ? error.errors.map(sentenceOf) : [sentenceOf(error)];
}

export class SinkFeed {
  readonly #options: SinkFeedOptions;
  /** Rounds run one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  /** The last round left something out. */
  #hasFailed = false;

  constructor(options: SinkFeedOptions) {
    this.#options = options;
  }

  /** Opens the sink. Rejects with the sink's own error. */
  async open(run: SinkRun): Promise<void> {
    await this.#inTime(this.#options.sink.open(run), (sentence) => {
      throw new Error(sentence);
    });
  }

  /** Feeds the sink at each change, until the run ends or `signal` aborts. */
  async follow(signal: AbortSignal): Promise<void> {
    const { stream } = this.#options;
    const aborted = abortOf(signal);
    while (!signal.aborted && !stream.ended) {
      await stream.changed(signal);
      if (signal.aborted) break;
      const beganMs = monoMs();
      await this.round();
      const pauseMs = Math.max(MIN_PAUSE_MS, PAUSE_ROUNDS * (monoMs() - beganMs));
      await Promise.race([sleep(pauseMs), aborted.promise]);
    }
    aborted.release();
  }

  /** Feeds and stores all that is due. Returns a sentence for each failure. */
  round(): Promise<readonly string[]> {
    const round = this.#last.then(() => this.#round());
    this.#last = round;
    return round;
  }

  /**
   * After the run's end: feeds the rest, retries what failed, closes the sink. Returns a sentence for each failure.
   */
  finish(): Promise<readonly string[]> {
    return this.#inTime(this.#finish(), (sentence) => [sentence]);
  }

  #inTime<T>(work: Promise<T>, late: (sentence: string) => T): Promise<T> {
    const { timeoutMs } = this.#options;
    if (timeoutMs === undefined) return work;
    return within(new SystemClock(), timeoutMs, work, () =>
      late(`it did not answer within ${timeoutMs / 1000} s.`),
    );
  }

  async #round(): Promise<readonly string[]> {
    const { sink, onRound } = this.#options;
    const failures: string[] = [];
    const attempt = (work: Promise<void>): Promise<void> =>
      work.catch((error: unknown) => void failures.push(...sentencesOf(error)));
    let fed = false;
    for (const events of this.#batches()) {
      fed = true;
      await attempt(sink.write(events));
    }
    if (fed || this.#hasFailed) await attempt(sink.flush());
    this.#hasFailed = failures.length > 0;
    onRound(failures);
    return failures;
  }

  async #finish(): Promise<readonly string[]> {
    let failures: readonly string[] = [];
    for (let attempt = 1; attempt <= LAST_ATTEMPTS; attempt++) {
      failures = await this.round();
      if (failures.length === 0) break;
    }
    await this.#options.sink.close().catch((error: unknown) => {
      if (failures.length === 0) failures = sentencesOf(error);
    });
    return failures;
  }

  *#batches(): Generator<readonly CandleEvent[], void> {
    let batch: CandleEvent[] = [];
    for (const event of this.#options.stream.read()) {
      if (batch.push(event) < MAX_BATCH_EVENTS) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }
}
