/**
 * A cursor over shared memory that yields what is new: sealed candles, revisions, gaps, the end of the run, and what
 * the main thread noted of connections and instruments.
 *
 * Memory holds every bar, so the cursor holds only what it has yielded: 8 bytes a bar, and the gaps. A consumer that
 * sleeps for an hour costs no memory and misses no candle; of a minute's revisions it sees at least the last.
 *
 * A shard counts its changes and notifies on SHARD.changes, main counts polled bars on MAIN.polledNews: a consumer need
 * not poll.
 */
import { MINUTE_MS } from '../market/session.js';
import type { Timeframe } from '../market/timeframe.js';
import {
  lastBarOf,
  spanEndingAt,
  spanEndMs,
  spanIndexOf,
  spansOf,
  type BarSpan,
} from '../memory/bar-span.js';
import { isAuction } from '../memory/bar-times.js';
import { MAIN, SHARD, STATIC, type ShardMemory } from '../memory/layout.js';
import type { Notices } from '../memory/notices.js';
import type { GapCause } from '../memory/record.js';
import { changesInSpan, readRollUp, type RolledUp } from '../memory/roll-up.js';
import { changesSinceSeal, sealedChangesOf, readGaps, type RowPlace } from '../memory/shard-reader.js';
import { ShardChanges } from './changes.js';
import type { CandleEvent, EventInstrument } from './events.js';
import { Fingerprint, Yielded } from './fingerprint.js';
import { NoticeCursor } from './notice-cursor.js';
import { RowCursor } from './row-cursor.js';
import {
  candleFromBar,
  candleFromSpan,
  readSealedCandle,
  readSealedSpan,
  showBar,
  type ShownBar,
} from './read-candles.js';

export interface StreamShard {
  readonly memory: ShardMemory;
  readonly places: readonly RowPlace[];
}

/** A shard, and what was yielded of it. */
class ShardCursor {
  readonly memory: ShardMemory;
  readonly minutes: Yielded;

  constructor({ memory }: StreamShard) {
    this.memory = memory;
    this.minutes = new Yielded(memory.barCount);
  }
}

/** What was yielded of a longer timeframe. */
class LongerCursor {
  readonly timeframe: Timeframe;
  /** Number of each instrument's first candle. */
  readonly #first: number[] = [];
  readonly #yielded: Yielded;

  constructor(timeframe: Timeframe, rows: readonly { readonly memory: ShardMemory; readonly row: number }[]) {
    this.timeframe = timeframe;
    let candles = 0;
    for (const { memory, row } of rows) {
      this.#first.push(candles);
      candles += spansOf(memory, row, timeframe);
    }
    this.#yielded = new Yielded(candles);
  }

  note(
    memory: ShardMemory,
    { instrument, row }: RowPlace,
    span: BarSpan,
    now: Fingerprint,
  ): 'new' | 'changed' | undefined {
    return this.#yielded.note(
      this.#first[instrument.index] + spanIndexOf(memory, row, this.timeframe, span),
      now,
    );
  }
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

/** A longer candle as it is now. */
interface SeenSpan {
  readonly span: BarSpan;
  readonly rolledUp: RolledUp;
  readonly sealed: boolean;
}

export interface CandleStreamOptions {
  /** With them the end waits for the run's verdict. */
  readonly notices?: Notices | undefined;
  /** From the shortest, which is 1m; default that alone. */
  readonly timeframes?: readonly Timeframe[] | undefined;
}

export class CandleStream {
  readonly #cursors: readonly ShardCursor[];
  readonly #longer: readonly LongerCursor[];
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
  /** MAIN.polledNews as of the last read. */
  #polledNews = 0;

  /** `shards`: all of a run, in order. */
  constructor(shards: readonly StreamShard[], { notices, timeframes = ['1m'] }: CandleStreamOptions = {}) {
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
    const rows = this.#places.map((place) => ({ memory: shards[place.shard].memory, row: place.row }));
    this.#longer = timeframes.slice(1).map((timeframe) => new LongerCursor(timeframe, rows));
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
    const news = Atomics.load(this.#cursors[0].memory.i32, MAIN.polledNews);
    const gapBar =
      over || news !== this.#polledNews
        ? 0
        : Math.min(Infinity, ...gaps.map(({ startMs }) => this.#barAt(startMs)));
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
        yield* this.#longerEventsOf(place, bar, isSealed);
      }
    }
    for (const row of this.#rows) row.end();
    this.#polledNews = news;
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

  /** `timeframe`: its place among the run's. */
  #sequenceOf(bar: number, instrument: number, timeframe = 0): number {
    return (bar * this.#places.length + instrument) * (1 + this.#longer.length) + timeframe;
  }

  /**
   * The event of type `type` at a position, as the candle is now; undefined without one. For readers that keep
   * positions in place of events.
   */
  again(sequence: number, type: 'candle' | 'revision'): CandleEvent | undefined {
    const timeframes = 1 + this.#longer.length;
    const minute = Math.floor(sequence / timeframes);
    const place = this.#places[minute % this.#places.length];
    const bar = Math.floor(minute / this.#places.length);
    const sealed = bar <= this.#sealedBy(place.shard);
    const at = sequence % timeframes;
    if (at > 0) {
      const longer = this.#seeLonger(place, bar, at, sealed);
      return longer && this.#describeLonger(place, at, longer, type);
    }
    const seen = this.#see(place, bar, sealed);
    return seen && this.#describe(place, bar, seen, type);
  }

  /** The candle of the timeframe at `at` among the run's that is complete with the bar; undefined without one. */
  #seeLonger({ shard, row }: RowPlace, bar: number, at: number, sealed: boolean): SeenSpan | undefined {
    const { memory } = this.#cursors[shard];
    const span = spanEndingAt(memory, row, this.#longer[at - 1].timeframe, bar);
    const rolledUp = span && readRollUp(memory, row, span);
    return rolledUp && { span, rolledUp, sealed };
  }

  /** Candles of longer timeframes that are complete with the bar. */
  *#longerEventsOf(place: RowPlace, bar: number, sealed: boolean): Generator<CandleEvent, void> {
    const { memory } = this.#cursors[place.shard];
    for (const [k, longer] of this.#longer.entries()) {
      const seen = this.#seeLonger(place, bar, k + 1, sealed);
      if (seen === undefined) continue;
      const { figures, gapMs, isUnseen, polled } = seen.rolledUp;
      this.#fingerprint.of([figures, { isUnseen, polled }], gapMs, sealed);
      const what = longer.note(memory, place, seen.span, this.#fingerprint);
      if (what !== undefined)
        yield this.#describeLonger(place, k + 1, seen, what === 'new' ? 'candle' : 'revision');
    }
  }

  /** `at`: place of the timeframe among the run's. */
  #describeLonger(
    place: RowPlace,
    at: number,
    { span, rolledUp, sealed }: SeenSpan,
    type: 'candle' | 'revision',
  ): CandleEvent {
    const { instrument, shard, row } = place;
    const { memory } = this.#cursors[shard];
    const event = {
      instrument: this.#instruments[instrument.index],
      timeframe: this.#longer[at - 1].timeframe,
      sequence: this.#sequenceOf(lastBarOf(span), instrument.index, at),
      marketMs: spanEndMs(memory, row, span),
      ...candleFromSpan(memory, place, span, rolledUp, sealed),
      revision: changesInSpan(memory, row, span),
    };
    if (type === 'candle') return { type, ...event };
    return { type, ...event, previous: readSealedSpan(memory, place, span) ?? null };
  }

  #sealedBy(shard: number): number {
    return Atomics.load(this.#cursors[shard].memory.i32, SHARD.sealed);
  }

  #see({ shard, row }: RowPlace, bar: number, sealed: boolean): ShownBar | undefined {
    return showBar(this.#cursors[shard].memory, row, bar, sealed);
  }

  #eventOf(place: RowPlace, bar: number, sealed: boolean): CandleEvent | undefined {
    const seen = this.#see(place, bar, sealed);
    if (seen === undefined) return undefined;
    const { hasVolume } = this.#cursors[place.shard].memory.shape;
    if (seen.figures !== undefined) {
      const { volume, volSlack } = seen.figures;
      this.#rows[place.instrument.index].see(bar, volume, volSlack !== null || !hasVolume);
    }
    this.#fingerprint.of([seen.figures, seen.polled], seen.gapMs, sealed);
    const { memory, minutes } = this.#cursors[place.shard];
    const what = minutes.note(memory.placeOf(place.row, bar), this.#fingerprint);
    return what && this.#describe(place, bar, seen, what === 'new' ? 'candle' : 'revision');
  }

  #describe(place: RowPlace, bar: number, seen: ShownBar, type: 'candle' | 'revision'): CandleEvent {
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
      revision:
        (seen.figures === undefined ? 0 : changesSinceSeal(memory, row, bar, seen.figures, seen.gapMs)) +
        (seen.polled === undefined ? 0 : 1),
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
