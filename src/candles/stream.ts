/**
 * A cursor over shared memory that yields what is new: sealed candles, revisions, gaps, the end of the run, and what
 * the main thread noted of connections and instruments.
 *
 * Memory holds every bar, so the cursor holds only what it has yielded: 8 bytes a bar, and the gaps. A consumer that
 * sleeps for an hour costs no memory and misses no candle; of a minute's revisions it sees at least the last.
 *
 * A shard counts its changes and notifies on SHARD.changes, so a consumer need not poll.
 */
import { MINUTE_MS } from '../market/session.js';
import { isAuction } from '../memory/bar-times.js';
import { SHARD, STATIC, type ShardMemory } from '../memory/layout.js';
import type { Notices } from '../memory/notices.js';
import type { GapCause } from '../memory/record.js';
import {
  changesSinceSeal,
  sealedChangesOf,
  gapMsIn,
  readBar,
  readGaps,
  type BarFigures,
  type RowPlace,
} from '../memory/shard-reader.js';
import { ShardChanges } from './changes.js';
import type { CandleEvent, EventInstrument } from './events.js';
import { NoticeCursor } from './notice-cursor.js';
import { RowCursor } from './row-cursor.js';
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
    this.#yielded = new Uint32Array(2 * memory.barCount);
  }

  /** Notes that a bar is yielded as it is now. */
  note(row: number, bar: number, { low, high }: Fingerprint): 'new' | 'changed' | undefined {
    const at = 2 * this.memory.placeOf(row, bar);
    const [lowBefore, highBefore] = [this.#yielded[at], this.#yielded[at + 1]];
    if (lowBefore === low && highBefore === high) return undefined;
    this.#yielded[at] = low;
    this.#yielded[at + 1] = high;
    return lowBefore === 0 ? 'new' : 'changed';
  }
}

interface SeenBar {
  readonly figures: BarFigures;
  readonly gapMs: number;
  readonly sealed: boolean;
}

/** A gap to yield, and the number of gaps up to it. */
interface DueGap {
  readonly startMs: number;
  readonly endMs: number;
  readonly cause: GapCause;
  readonly count: number;
}

/** Gaps yielded. Only the last one's end can change. */
class GapCursor {
  #count = 0;
  #endMs = NaN;

  /** The end of the last one if it changed, and new ones: each as it opened, and with its end. */
  due(m: ShardMemory): DueGap[] {
    const gaps = readGaps(m).map((gap, k) => ({ ...gap, count: k + 1 }));
    const known = gaps.slice(this.#count - 1, this.#count).filter(({ endMs }) => endMs !== this.#endMs);
    const opened = gaps
      .slice(this.#count)
      .flatMap((gap) => (gap.endMs === Infinity ? [gap] : [{ ...gap, endMs: Infinity }, gap]));
    return this.#count === 0 ? opened : [...known, ...opened];
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
  readonly #instruments: readonly EventInstrument[];
  /** By instrument. */
  readonly #rows: readonly RowCursor[];
  readonly #notices: NoticeCursor | undefined;
  readonly #fingerprint = new Fingerprint();
  readonly #originMs: number;
  readonly #gaps = new GapCursor();
  /** False when the last read was left early: there is more. */
  #complete = false;
  #ended = false;

  /** `shards`: all of a run, in order. With `notices` the end waits for the run's verdict. */
  constructor(shards: readonly StreamShard[], notices?: Notices) {
    this.#cursors = shards.map((shard) => new ShardCursor(shard));
    this.#changes = new ShardChanges(
      shards.map(({ memory }) => memory),
      notices === undefined ? [] : [notices.counter],
    );
    this.#places = shards
      .flatMap(({ places }) => places)
      .sort((a, b) => a.instrument.index - b.instrument.index);
    this.#instruments = this.#places.map(({ instrument: { exchange, token, symbol } }) => ({
      exchange,
      token,
      symbol,
    }));
    this.#rows = this.#places.map(() => new RowCursor());
    this.#notices = notices && new NoticeCursor(notices, this.#instruments);
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
    const verdict = this.#notices === undefined ? null : this.#notices.verdict;
    const sequenceAt = (marketMs: number): number => this.#sequenceOf(this.#barAt(marketMs), 0);
    if (this.#notices !== undefined) yield* this.#notices.connections(sequenceAt);
    const sealed = this.#cursors.map(({ memory }) => Atomics.load(memory.i32, SHARD.sealed));
    const last = over ? this.#cursors[0].memory.shape.bars - 1 : Math.max(...sealed);
    // Every shard has every gap.
    const gaps = this.#gaps.due(this.#cursors[0].memory);
    const gapBar = over ? 0 : Math.min(Infinity, ...gaps.map(({ startMs }) => this.#barAt(startMs)));
    const from = this.#places.map(({ shard, row }, index) =>
      this.#rows[index].begin(sealedChangesOf(this.#cursors[shard].memory, row), gapBar),
    );
    for (let bar = Math.min(...from); bar <= last; bar++) {
      yield* this.#gapsUntil(gaps, bar);
      for (const [index, place] of this.#places.entries()) {
        const isSealed = bar <= sealed[place.shard];
        if (bar < from[index] || (!isSealed && !over)) continue;
        const event = this.#eventOf(place, bar, isSealed);
        if (event !== undefined) yield event;
      }
    }
    for (const row of this.#rows) row.end();
    yield* this.#gapsUntil(gaps, Infinity);
    if (this.#notices !== undefined) yield* this.#notices.instruments(sequenceAt);
    if (over && verdict !== undefined && !this.#ended) {
      this.#ended = true;
      const endedMs = readGaps(this.#cursors[0].memory).at(-1)?.startMs ?? this.#originMs;
      yield { type: 'end', sequence: this.#sequenceOf(last + 1, 0), marketMs: endedMs, verdict };
    }
    this.#complete = true;
  }

  /** Resolves when there may be events, or when `signal` aborts. */
  async changed(signal: AbortSignal): Promise<void> {
    if (this.#complete) await this.#changes.changed(signal);
  }

  #barAt(marketMs: number): number {
    return Math.max(0, Math.floor((marketMs - this.#originMs) / MINUTE_MS));
  }

  #sequenceOf(bar: number, instrument: number): number {
    return bar * this.#places.length + instrument;
  }

  /**
   * The event of type `type` at a position, as the minute is now; undefined without one. For readers that keep
   * positions in place of events.
   */
  again(sequence: number, type: 'candle' | 'revision'): CandleEvent | undefined {
    const count = this.#places.length;
    const place = this.#places[sequence % count];
    const bar = Math.floor(sequence / count);
    const seen = this.#see(place, bar, bar <= this.#sealedBy(place.shard));
    return seen && this.#describe(place, bar, seen, type);
  }

  #sealedBy(shard: number): number {
    return Atomics.load(this.#cursors[shard].memory.i32, SHARD.sealed);
  }

  #see(place: RowPlace, bar: number, sealed: boolean): SeenBar | undefined {
    const { memory } = this.#cursors[place.shard];
    const figures = readBar(memory, place.row, bar);
    return figures && { figures, gapMs: gapMsIn(memory, place.row, bar), sealed };
  }

  #eventOf(place: RowPlace, bar: number, sealed: boolean): CandleEvent | undefined {
    const seen = this.#see(place, bar, sealed);
    if (seen === undefined) return undefined;
    const { volume, volSlack } = seen.figures;
    const { hasVolume } = this.#cursors[place.shard].memory.shape;
    this.#rows[place.instrument.index].see(bar, volume, volSlack !== null || !hasVolume);
    this.#fingerprint.of(seen.figures, seen.gapMs, sealed);
    const what = this.#cursors[place.shard].note(place.row, bar, this.#fingerprint);
    return what && this.#describe(place, bar, seen, what === 'new' ? 'candle' : 'revision');
  }

  #describe(place: RowPlace, bar: number, seen: SeenBar, type: 'candle' | 'revision'): CandleEvent {
    const { instrument, shard, row } = place;
    const { memory } = this.#cursors[shard];
    const { candle, quality } = candleFromBar(memory, place, bar, seen);
    const event = {
      instrument: this.#instruments[instrument.index],
      timeframe: '1m',
      sequence: this.#sequenceOf(bar, instrument.index),
      marketMs: isAuction(memory, row, bar)
        ? memory.f64[memory.staticOf(row) + STATIC.auctionToMs]
        : candle.timestampMs + MINUTE_MS,
      candle,
      quality,
      revision: changesSinceSeal(memory, row, bar, seen.figures, seen.gapMs),
    } as const;
    if (type === 'candle') return { type, ...event };
    return { type, ...event, previous: readSealedCandle(memory, place, bar)?.candle ?? null };
  }

  /** Yields and removes the gaps that begin before the end of `bar`. */
  *#gapsUntil(gaps: DueGap[], bar: number): Generator<CandleEvent, void> {
    while (gaps.length > 0) {
      const { startMs, endMs, cause } = gaps[0];
      const gapBar = this.#barAt(startMs);
      if (gapBar > bar) return;
      this.#gaps.note(gaps.shift()!);
      const toMs = endMs === Infinity ? null : endMs;
      const sequence = this.#sequenceOf(gapBar, 0);
      yield { type: 'gap', sequence, marketMs: toMs ?? startMs, fromMs: startMs, toMs, cause };
    }
  }
}
