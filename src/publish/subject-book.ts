/**
 * What is known of one subject: the candles of this run, what the server has of each, and which one to send next.
 * Pure.
 *
 * Of a candle the highest revision counts, and of two with the same the later one. A candle that another run published
 * is left as it is.
 */
import type { CandleState, StoredMessage } from './message.js';

/** Where a candle is in the run's memory: `sequence` of its events. */
export type CandlePosition = number;

interface Waiting {
  readonly startMs: number;
  readonly position: CandlePosition;
  /** Since when, real ms. */
  readonly sinceMs: number;
}

interface Held {
  readonly revision: number;
  readonly digest: number;
  readonly run: string;
  /** Digests of earlier messages of the candle, if there were any. */
  readonly older: readonly number[];
}

/** `send`; `present`: the server has it; `held`: it has another run's, or a later state of it. */
export type Decision = 'send' | 'present' | 'held';

export class SubjectBook {
  readonly subject: string;
  readonly #run: string;
  readonly #positions = new Map<number, CandlePosition>();
  /** By start, with the real time since when. */
  readonly #due = new Map<number, number>();
  readonly #held = new Map<number, Held>();
  /** Starts whose state here is not the one that counts there. */
  readonly #disputed = new Set<number>();
  #last: StoredMessage | undefined;

  constructor(subject: string, run: string) {
    this.subject = subject;
    this.#run = run;
  }

  /** Candles of which the server does not have the newest state, as far as is known. */
  get waiting(): number {
    return this.#due.size;
  }

  /** Since when the oldest of them waits, real ms; undefined without one. */
  get waitingSinceMs(): number | undefined {
    return this.#due.values().next().value;
  }

  /** Starts of candles that are not here as the server has them. */
  get disputed(): ReadonlySet<number> {
    return this.#disputed;
  }

  /** The sequence that the next message names: 0 before the first one. */
  get expected(): number {
    return this.#last?.sequence ?? 0;
  }

  /** A candle is new or changed. */
  note(startMs: number, position: CandlePosition, nowMs: number): void {
    this.#positions.set(startMs, position);
    if (!this.#due.has(startMs)) this.#due.set(startMs, nowMs);
  }

  /** Takes the next candle that waits; undefined without one. It waits again when `note` or `again` says so. */
  take(): Waiting | undefined {
    for (const [startMs, sinceMs] of this.#due) {
      this.#due.delete(startMs);
      return { startMs, position: this.#positions.get(startMs)!, sinceMs };
    }
    return undefined;
  }

  /** A candle that was taken was not stored, or it is not known whether it was. `sinceMs`: it waits since then. */
  again(startMs: number, sinceMs: number): void {
    if (!this.#due.has(startMs)) this.#due.set(startMs, sinceMs);
  }

  /** True if a candle is already stored in this state, or one before it. */
  has(startMs: number): boolean {
    return this.#held.has(startMs);
  }

  /** What to do with a candle in the state that it has now. `final`: it changes no more. */
  decide({ startMs, revision, digest }: CandleState, final: boolean): Decision {
    const held = this.#held.get(startMs);
    this.#disputed.delete(startMs);
    if (held === undefined) return 'send';
    if (held.revision === revision && held.digest === digest) return 'present';
    // Memory is read again from the run's start after a restart: a state from before the stored one is no news.
    const isEarlier = revision < held.revision || (held.older.includes(digest) && !final);
    if (held.run === this.#run && !isEarlier) return 'send';
    this.#disputed.add(startMs);
    return 'held';
  }

  /** The server stored a message of ours. */
  stored(message: StoredMessage): void {
    this.#hold(message);
    this.#last = message;
  }

  /** True if the server's last message, undefined without one, is the one that was seen stored last. */
  isUpTo(last: StoredMessage | undefined): boolean {
    const ours = this.#last;
    if (last === undefined || ours === undefined) return last === ours;
    return (
      last.sequence === ours.sequence &&
      last.run === ours.run &&
      last.startMs === ours.startMs &&
      last.revision === ours.revision &&
      last.digest === ours.digest
    );
  }

  /** Replaces all that was known by what the server has, from the oldest; every candle of the run waits again. */
  learn(messages: readonly StoredMessage[], last: StoredMessage | undefined, nowMs: number): void {
    this.#held.clear();
    for (const message of messages) this.#hold(message);
    this.#last = last;
    for (const startMs of this.#positions.keys()) this.again(startMs, nowMs);
  }

  /** The run is over: what was left aside as an earlier state is looked at once more. */
  settle(nowMs: number): void {
    for (const startMs of this.#disputed) this.again(startMs, nowMs);
  }

  #hold({ startMs, revision, digest, run }: StoredMessage): void {
    const before = this.#held.get(startMs);
    if (before !== undefined && before.revision > revision) return;
    const older = before === undefined ? [] : [...before.older, before.digest];
    this.#held.set(startMs, { revision, digest, run, older });
  }
}
