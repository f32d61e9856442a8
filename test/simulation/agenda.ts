/**
 * Virtual time and what is to happen in it. Nothing here waits: an event's time comes by being the next one.
 *
 * Two kinds of events share the queue. What the network and the exchange do goes by when it is due. What our own
 * thread does goes by `monoMs()`, which a stall carries beyond what is due: then timers fire late and messages lie in
 * the socket, as in a process that was away.
 */
import type { Clock, Timer } from '../../src/clock.js';

/** What happens; `dueMs` is when it was to happen, real ms. A promise is waited for. */
export type Fire = (dueMs: number) => void | Promise<void>;

interface Entry {
  readonly dueMs: number;
  readonly order: number;
  fire: Fire | undefined;
}

const isBefore = (a: Entry, b: Entry): boolean =>
  a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);

export class Agenda implements Clock {
  readonly speed = 1;
  readonly #marketOriginMs: number;
  #nowMs = 0;
  #wallShiftMs = 0;
  #order = 0;
  readonly #heap: Entry[] = [];

  /** `marketOriginMs`: what our market clock says at the start, epoch ms. */
  constructor(marketOriginMs: number) {
    this.#marketOriginMs = marketOriginMs;
  }

  monoMs(): number {
    return this.#nowMs;
  }

  marketMs(): number {
    return this.#marketOriginMs + this.#nowMs;
  }

  wallMs(): number {
    return this.#marketOriginMs + this.#nowMs + this.#wallShiftMs;
  }

  after(realMs: number, fire: () => void): Timer {
    return this.at(this.#nowMs + realMs, fire);
  }

  every(realMs: number, fire: () => void): Timer {
    let timer: Timer;
    let cancelled = false;
    const repeat = (): void => {
      fire();
      if (!cancelled) timer = this.after(realMs, repeat);
    };
    timer = this.after(realMs, repeat);
    return {
      cancel: () => {
        cancelled = true;
        timer.cancel();
      },
    };
  }

  /** Puts an event down for `dueMs`, real ms. */
  at(dueMs: number, fire: Fire): Timer {
    const entry: Entry = { dueMs, order: this.#order++, fire };
    const heap = this.#heap;
    let child = heap.push(entry) - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!isBefore(entry, heap[parent])) break;
      heap[child] = heap[parent];
      child = parent;
    }
    heap[child] = entry;
    return { cancel: () => void (entry.fire = undefined) };
  }

  /** Our thread is away for so long. */
  stall(realMs: number): void {
    this.#nowMs += realMs;
  }

  /** Somebody sets the machine's wall clock. */
  shiftWall(ms: number): void {
    this.#wallShiftMs += ms;
  }

  /**
   * The next event, with the clock set to it; undefined if no event is before `untilMs`. Cancelled ones are
   * passed over.
   */
  next(untilMs: number): { readonly fire: Fire; readonly dueMs: number } | undefined {
    const heap = this.#heap;
    while (heap.length > 0 && heap[0].dueMs < untilMs) {
      const { dueMs, fire } = this.#pop();
      if (fire === undefined) continue;
      if (dueMs > this.#nowMs) this.#nowMs = dueMs;
      return { fire, dueMs };
    }
    return undefined;
  }

  #pop(): Entry {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++;
      if (!isBefore(heap[child], last)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
    return first;
  }
}
