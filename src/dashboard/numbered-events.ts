/**
 * A run's events with numbers, for clients that come later or again (`/events`). A minute's event is kept as its
 * position, 8 bytes, and is made again from memory when it is sent; other events are few and kept as text.
 */
import type { CandleEvent } from '../candles/events.js';
import type { CandleStream } from '../candles/stream.js';

/** An entry is a position, or an index of what is kept as text, times the number of these, plus its type's index. */
const TYPES = ['candle', 'revision', 'other'] as const;
const FIRST_ENTRIES = 1024;

export class NumberedEvents {
  readonly #stream: CandleStream;
  #entries = new Float64Array(FIRST_ENTRIES);
  #length = 0;
  readonly #others: { readonly type: string; readonly data: string }[] = [];

  constructor(stream: CandleStream) {
    this.#stream = stream;
  }

  get length(): number {
    return this.#length;
  }

  get ended(): boolean {
    return this.#stream.ended;
  }

  /** Takes in what is due. */
  update(): void {
    for (const event of this.#stream.read()) this.#add(event);
  }

  /** Resolves when there may be more, or when `signal` aborts. */
  changed(signal: AbortSignal): Promise<void> {
    return this.#stream.changed(signal);
  }

  /** Event number `k`, from 0, as JSON; a minute's as it is now. */
  at(k: number): { readonly type: string; readonly data: string } {
    const entry = this.#entries[k];
    const type = TYPES[entry % TYPES.length];
    const where = Math.floor(entry / TYPES.length);
    if (type === 'other') return this.#others[where];
    return { type, data: JSON.stringify(this.#stream.again(where, type)) };
  }

  #add(event: CandleEvent): void {
    const { type } = event;
    const ofMinute = type === 'candle' || type === 'revision';
    const where = ofMinute ? event.sequence : this.#others.push({ type, data: JSON.stringify(event) }) - 1;
    if (this.#length === this.#entries.length) {
      const longer = new Float64Array(2 * this.#length);
      longer.set(this.#entries);
      this.#entries = longer;
    }
    this.#entries[this.#length++] = where * TYPES.length + TYPES.indexOf(ofMinute ? type : 'other');
  }
}
