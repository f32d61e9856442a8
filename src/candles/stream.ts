/**
 * A cursor over shared memory that yields what is new: sealed candles, revisions, gaps, and the end of the run.
 *
 * Memory holds every bar, so the cursor holds only what it has yielded: 8 bytes a bar, and the gaps. A consumer that
 * sleeps for an hour costs no memory and misses no candle; of a minute's revisions it sees at least the last.
 *
 * A shard counts its changes and notifies on SHARD.changes, so a consumer need not poll.
 */
import { MINUTE_MS } from '../market/session.js';
import { SHARD, STATIC, type ShardMemory } from '../memory/layout.js';
import {
  gapMsIn,
  isAuction,
  readBar,
  readGaps,
  type BarFigures,
  type RowPlace,
} from '../memory/shard-reader.js';
import { ShardChanges } from './changes.js';
import type { CandleEvent } from './events.js';
import { candleFromBar, readSealedCandle } from './read-candles.js';

export interface StreamShard {
  readonly memory: ShardMemory;
  readonly places: readonly RowPlace[];
}

const scratch = new Float64Array(1);
const scratchWords = new Uint32Array(scratch.buffer);

/** 64-bit fingerprint of a bar's figures, as two words. */
class Fingerprint {
  low = 0;
  high = 0;

  of(figures: BarFigures, gapMs: number, sealed: boolean): void {
    this.low = 0x811c9dc5;
    this.high = 0x9747b28c;
    for (const name in figures) {
      const value = figures[name as keyof BarFigures];
      this.#add(value === null ? -1 : Number(value));
    }
    this.#add(gapMs);
    this.#add(sealed ? 1 : 0);
    // Zero means not yet yielded.
    this.low = (this.low | 1) >>> 0;
    this.high >>>= 0;
  }

  #add(value: number): void {
    scratch[0] = value;
    for (let k = 0; k < 2; k++) {
      this.low = Math.imul(this.low ^ scratchWords[k], 0x9e3779b1);
      this.low ^= this.low >>> 15;
      this.high = Math.imul(this.high ^ scratchWords[k], 0x85ebca77);
      this.high ^= this.high >>> 13;
    }
  }
}

class ShardCursor {
  readonly memory: ShardMemory;
  /** Fingerprint of each bar as last yielded, two words a bar, row by row; 0 before. */
  readonly #yielded: Uint32Array;

  constructor({ memory }: StreamShard) {
    this.memory = memory;
    this.#yielded = new Uint32Array(2 * memory.shape.rows * memory.shape.bars);
  }

  /** Notes that a bar is yielded as it is now. */
  note(row: number, bar: number, { low, high }: Fingerprint): 'new' | 'changed' | undefined {
    const at = 2 * (row * this.memory.shape.bars + bar);
    const [lowBefore, highBefore] = [this.#yielded[at], this.#yielded[at + 1]];
    if (lowBefore === low && highBefore === high) return undefined;
    this.#yielded[at] = low;
    this.#yielded[at + 1] = high;
    return lowBefore === 0 ? 'new' : 'changed';
  }
}

/** A gap to yield, and the number of gaps up to it. */
interface DueGap {
  readonly startMs: number;
  readonly endMs: number;
  readonly count: number;
}

/** Gaps yielded. Only the last one's end can change. */
class GapCursor {
  #count = 0;
  #endMs = NaN;

  /** New gaps, and the last one again when its end changed. */
  due(m: ShardMemory): DueGap[] {
    const gaps = readGaps(m);
    const isOther = this.#count > 0 && gaps[this.#count - 1].endMs !== this.#endMs;
    const from = isOther ? this.#count - 1 : this.#count;
    return gaps.slice(from).map((gap, k) => ({ ...gap, count: from + k + 1 }));
  }

  note({ count, endMs }: DueGap): void {
    this.#count = count;
    this.#endMs = endMs;
  }
}

export class CandleStream {
  readonly #cursors: readonly ShardCursor[];
  readonly #changes: ShardChanges;
  /** By instrument. */
  readonly #places: readonly RowPlace[];
  readonly #fingerprint = new Fingerprint();
  readonly #originMs: number;
  readonly #gaps = new GapCursor();
  /** False when the last read was left early: there is more. */
  #complete = false;
  #ended = false;

  /** `shards`: all of a run, in order. */
  constructor(shards: readonly StreamShard[]) {
    this.#cursors = shards.map((shard) => new ShardCursor(shard));
    this.#changes = new ShardChanges(shards.map(({ memory }) => memory));
    this.#places = shards
      .flatMap(({ places }) => places)
      .sort((a, b) => a.instrument.index - b.instrument.index);
    const [{ shard, row }] = this.#places;
    const { memory } = shards[shard];
    this.#originMs = memory.f64[memory.staticOf(row) + STATIC.originMs];
  }

  /** Whether `end` was yielded. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Yields the due events by minute, then instrument; `end` last. Shards seal independently, so a later read may
   * yield another shard's candle of an earlier minute. An event counts as seen when yielded; a loop may stop early
   * and read on later.
   */
  *read(): Generator<CandleEvent, void> {
    this.#complete = false;
    this.#changes.look();
    const over = this.#changes.ended;
    const sealed = this.#cursors.map(({ memory }) => Atomics.load(memory.i32, SHARD.sealed));
    const last = over ? this.#cursors[0].memory.shape.bars - 1 : Math.max(...sealed);
    // Every shard has every gap.
    const gaps = this.#gaps.due(this.#cursors[0].memory);
    for (let bar = 0; bar <= last; bar++) {
      yield* this.#gapsUntil(gaps, bar);
      for (const place of this.#places) {
        const isSealed = bar <= sealed[place.shard];
        if (!isSealed && !over) continue;
        const event = this.#eventOf(place, bar, isSealed);
        if (event !== undefined) yield event;
      }
    }
    yield* this.#gapsUntil(gaps, Infinity);
    if (over && !this.#ended) {
      this.#ended = true;
      const endedMs = readGaps(this.#cursors[0].memory).at(-1)?.startMs ?? this.#originMs;
      yield { type: 'end', sequence: this.#sequenceOf(last + 1, 0), marketMs: endedMs };
    }
    this.#complete = true;
  }

  /** Resolves when there may be events, or when `signal` aborts. */
  async changed(signal: AbortSignal): Promise<void> {
    if (this.#complete) await this.#changes.changed(signal);
  }

  #sequenceOf(bar: number, instrument: number): number {
    return bar * this.#places.length + instrument;
  }

  #eventOf(place: RowPlace, bar: number, sealed: boolean): CandleEvent | undefined {
    const { instrument, shard, row } = place;
    const cursor = this.#cursors[shard];
    const { memory } = cursor;
    const figures = readBar(memory, row, bar);
    if (figures === undefined) return undefined;
    const gapMs = gapMsIn(memory, row, bar);
    this.#fingerprint.of(figures, gapMs, sealed);
    const what = cursor.note(row, bar, this.#fingerprint);
    if (what === undefined) return undefined;
    const seen = candleFromBar(memory, place, bar, { figures, gapMs, sealed });
    const event = {
      instrument,
      timeframe: '1m',
      sequence: this.#sequenceOf(bar, instrument.index),
      marketMs: isAuction(memory, bar)
        ? memory.f64[memory.staticOf(row) + STATIC.auctionToMs]
        : seen.candle.timestampMs + MINUTE_MS,
      candle: seen.candle,
      quality: seen.quality,
    } as const;
    if (what === 'new') return { type: 'candle', ...event };
    return { type: 'revision', ...event, previous: readSealedCandle(memory, place, bar)?.candle };
  }

  /** Yields and removes the gaps that begin before the end of `bar`. */
  *#gapsUntil(gaps: DueGap[], bar: number): Generator<CandleEvent, void> {
    while (gaps.length > 0) {
      const { startMs, endMs } = gaps[0];
      const gapBar = Math.max(0, Math.floor((startMs - this.#originMs) / MINUTE_MS));
      if (gapBar > bar) return;
      this.#gaps.note(gaps.shift()!);
      const toMs = endMs === Infinity ? undefined : endMs;
      const sequence = this.#sequenceOf(gapBar, 0);
      yield { type: 'gap', sequence, marketMs: toMs ?? startMs, fromMs: startMs, toMs };
    }
  }
}
