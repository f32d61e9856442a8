/** Sequence numbers for naive.ts, from docs/semantics.md, "Sequence". Imports nothing from `src`. */
import type { Frame } from './naive-frames.js';

const FAR = 1_000_000n;

interface Told<T> {
  readonly number: bigint;
  readonly what: T;
}

interface Counter<T> {
  number: bigint;
  atMs: number;
  waiting: Told<T>[];
  rises: number;
  against: number;
}

/** One counter for each exchange and connection; lets packets through in order, and counts those that it rejects. */
export class NaiveCounters<T> {
  readonly #counters = new Map<string, Counter<T>>();
  rejected = 0;

  /** The packets to use now: none, or those that waited and this one. */
  pass(
    frame: Frame,
    { connection, atMs, first }: { connection: number; atMs: number; first: boolean },
    what: T,
  ): T[] {
    const { sequence, exchangeType } = frame;
    const key = `${connection} ${exchangeType}`;
    if (sequence <= 0n) return [what];
    const counter = this.#counters.get(key);
    if (counter === undefined) {
      const fresh = { number: sequence, atMs, waiting: [], rises: 0, against: 0 };
      this.#counters.set(key, fresh);
      return [what];
    }
    if (first) return [what];
    const reach = FAR + BigInt(Math.floor((20_000 * Math.max(0, atMs - counter.atMs)) / 1000));
    const isNear = (to: bigint): boolean => sequence - to <= reach && to - sequence <= FAR;
    if (isNear(counter.number)) {
      counter.number = sequence;
      counter.atMs = atMs;
      if (counter.waiting.length > 0 && ++counter.against === 3) this.#drop(counter);
      return [what];
    }
    const before = counter.waiting.at(-1);
    if (before !== undefined && !isNear(before.number)) this.#drop(counter);
    const waits = counter.waiting.length;
    counter.rises = waits > 0 && sequence > before!.number ? counter.rises + 1 : 0;
    counter.waiting.push({ number: sequence, what });
    if (counter.rises < 3 && waits < 16) return [];
    const all = counter.waiting.map((one) => one.what);
    this.#counters.set(key, {
      number: sequence,
      atMs,
      waiting: [],
      rises: 0,
      against: 0,
    });
    return all;
  }

  /** Nothing follows. */
  end(): void {
    for (const counter of this.#counters.values()) this.#drop(counter);
  }

  #drop(counter: Counter<T>): void {
    this.rejected += counter.waiting.length;
    counter.waiting = [];
    counter.rises = 0;
    counter.against = 0;
  }
}
