/**
 * The writer: the real cursor over the shards' memory, and a sink in memory that merges as the real one does, as
 * `src/threads/writer.ts` has them. It dies before, between and after its writes, and the sink refuses for a while.
 */
import type { CandleWithQuality } from '../../src/candles/candle.js';
import { readAsSealed, type RowPlace } from '../../src/memory/shard-reader.js';
import { readCandles } from '../../src/candles/read-candles.js';
import { CandleStream } from '../../src/candles/stream.js';
import { SHARD, type ShardMemory } from '../../src/memory/layout.js';
import type { FileInstrument } from '../../src/parquet/candles-file.js';
import { mergeRun, sameCandle, type StoredCandle } from '../../src/parquet/merge.js';
import type { WriteOutcome } from '../../src/parquet/store.js';
import type { Engine } from '../../src/ingest/engine.js';
import type { Random } from '../../src/random.js';
import type { Agenda } from './agenda.js';
import { between } from './profile.js';
import { must } from './violation.js';

/** What is on the disk that there is not. */
class Disk {
  readonly files = new Map<string, readonly StoredCandle[]>();
  refusesUntilMs = 0;
}

/** Ticks and prices as no candle of the run has them, so that a row of an earlier run is known for what it is. */
const EARLIER_TICKS = 1_000_003;

/** A row that an earlier run has left. */
function earlierRow(
  { symbol, exchange }: FileInstrument,
  timestampMs: number,
  random: Random,
): CandleWithQuality {
  const revision = between(random, 0, 2);
  const candle = { symbol, exchange, timestampMs, open: 7.7, high: 7.7, low: 7.7, close: 7.7, volume: 7 };
  return {
    candle,
    quality: {
      timestampMs,
      ticks: EARLIER_TICKS,
      priceChanges: 0,
      partial: random() < 0.6,
      revision,
      late: revision,
      gapMs: 0,
      source: 'continuous',
      volSlack: null,
      repaired: false,
      coverage: 0,
      maxAgeMs: 60_000,
      oiHigh: null,
      oiLow: null,
      oiClose: null,
      tail: false,
    },
  };
}

/**
 * Whether a row beats another of its minute, in the words of the design: whole beats partial, then the higher revision,
 * then the newer.
 */
function beats(newer: CandleWithQuality, older: StoredCandle): boolean {
  if (newer.quality.partial !== older.quality!.partial) return older.quality!.partial;
  return newer.quality.revision >= older.quality!.revision;
}

/** A writer's own sink: what it remembers of its writes is gone with it. */
class MemorySink {
  readonly #disk: Disk;
  readonly #agenda: Agenda;
  readonly #own = new Map<string, Map<number, CandleWithQuality>>();

  constructor(disk: Disk, agenda: Agenda) {
    this.#disk = disk;
    this.#agenda = agenda;
  }

  /** Stores rows that are new, with all that it stored before. */
  async write(
    { symbol }: FileInstrument,
    pending: ReadonlyMap<number, CandleWithQuality>,
  ): Promise<WriteOutcome> {
    if (this.#disk.refusesUntilMs > this.#agenda.monoMs()) throw new Error('the disk is full');
    const own = this.#own.get(symbol) ?? new Map<number, CandleWithQuality>();
    const rows = [...new Map([...own, ...pending]).values()];
    const merged = mergeRun(this.#disk.files.get(symbol) ?? [], rows, own);
    this.#disk.files.set(symbol, merged.rows);
    for (const row of rows) own.set(row.candle.timestampMs, row);
    this.#own.set(symbol, own);
    return Promise.resolve({ files: [], kept: merged.kept });
  }
}

export class Writer {
  readonly disk = new Disk();
  deaths = 0;
  failures = 0;
  readonly #agenda: Agenda;
  readonly #random: Random;
  readonly #engine: Engine;
  /** SHARD.changes of each shard at the last poll. */
  readonly #seen: number[];
  #stream: CandleStream;
  /** Whether there may be events to read. */
  #isDue = false;
  /** Rows that are read and not on disk, by symbol and minute. */
  readonly #pending = new Map<string, Map<number, CandleWithQuality>>();
  /** Symbols to write in this round. */
  #queue: RowPlace[] = [];
  #sink: MemorySink;
  #working = false;
  #life = 0;
  /** What was read of each sealed minute, by symbol and minute: the newest, and all. */
  readonly #newest = new Map<string, CandleWithQuality>();
  readonly #everRead = new Map<string, Set<string>>();
  readonly #first = new Map<string, string>();
  /** Rows of an earlier run, by symbol and minute; and of those, which a row of ours has beaten. */
  readonly #earlier = new Map<string, StoredCandle>();
  readonly #beaten = new Set<string>();

  /** `startMs`: the run's first minute; an earlier run knew some of those that follow. */
  constructor(options: { engine: Engine; agenda: Agenda; random: Random; startMs: number }) {
    this.#engine = options.engine;
    this.#agenda = options.agenda;
    this.#random = options.random;
    this.#seen = options.engine.memories.map(() => -1);
    this.#stream = this.#newStream();
    this.#sink = new MemorySink(this.disk, this.#agenda);
    const firstMs = options.startMs - (options.startMs % 60_000);
    for (const { instrument } of options.engine.places) {
      if (this.#random() < 0.6) continue;
      const minutes = [0, 1, 2, 3, 4].filter(() => this.#random() < 0.5);
      const rows = minutes.map((minute) => earlierRow(instrument, firstMs + minute * 60_000, this.#random));
      this.disk.files.set(instrument.symbol, rows);
      for (const row of rows) this.#earlier.set(`${instrument.symbol} ${row.candle.timestampMs}`, row);
    }
  }

  #newStream(): CandleStream {
    const { memories, places } = this.#engine;
    return new CandleStream(
      memories.map((memory, shard) => ({ memory, places: places.filter((place) => place.shard === shard) })),
    );
  }

  /** Starts what has become due. */
  poll(): void {
    for (const [shard, memory] of this.#engine.memories.entries()) {
      const changes = Atomics.load(memory.i32, SHARD.changes);
      if (changes === this.#seen[shard]) continue;
      this.#seen[shard] = changes;
      this.#isDue = true;
    }
    this.#workSoon();
  }

  /** The thread dies with what it has at hand; another one, which knows nothing, continues. */
  die(): void {
    this.deaths++;
    this.#life++;
    this.#working = false;
    this.#sink = new MemorySink(this.disk, this.#agenda);
    this.#stream = this.#newStream();
    this.#pending.clear();
    this.#queue = [];
    this.#isDue = true;
    this.#workSoon();
  }

  refuse(realMs: number): void {
    this.disk.refusesUntilMs = this.#agenda.monoMs() + realMs;
  }

  /**
   * After the shards have read everything: the rest is written, open minutes included. What the disk holds is then the
   * last word.
   */
  async finish(): Promise<void> {
    this.disk.refusesUntilMs = 0;
    this.#life++;
    this.#read();
    for (const place of this.#engine.places) await this.#write(place);
    for (const place of this.#engine.places) {
      const memory = this.#engine.memories[place.shard];
      const { symbol } = place.instrument;
      const stored = this.disk.files.get(symbol) ?? [];
      const expected = this.#lastWords(symbol, readCandles(memory, place, true));
      must(
        'sink',
        JSON.stringify(stored) === JSON.stringify(expected),
        () => `${symbol}: the disk holds ${difference(stored, expected)}`,
      );
    }
  }

  /**
   * What a symbol's file must say in the end: the last of each minute, or what an earlier run knew better all the time.
   */
  #lastWords(symbol: string, rows: readonly CandleWithQuality[]): StoredCandle[] {
    const byMinute = new Map<number, StoredCandle>(rows.map((row) => [row.candle.timestampMs, row]));
    for (const [key, row] of this.#earlier)
      if (row.candle.symbol === symbol && !this.#beaten.has(key)) byMinute.set(row.candle.timestampMs, row);
    return [...byMinute.values()].sort((a, b) => a.candle.timestampMs - b.candle.timestampMs);
  }

  /** Takes the events that are due. */
  #read(): void {
    this.#isDue = false;
    const { places, memories } = this.#engine;
    for (const event of this.#stream.read()) {
      if (event.type !== 'candle' && event.type !== 'revision') continue;
      const { symbol } = event.instrument;
      const rows = this.#pending.get(symbol) ?? new Map<number, CandleWithQuality>();
      const row = { candle: event.candle, quality: event.quality };
      rows.set(row.candle.timestampMs, row);
      this.#pending.set(symbol, rows);
      const place = places.find(({ instrument }) => instrument.symbol === symbol)!;
      this.#look(memories[place.shard], place, [row], this.#stream.ended);
    }
  }

  #workSoon(): void {
    if (this.#working || !this.#isDue) return;
    this.#working = true;
    const life = this.#life;
    const after = (next: () => Promise<void>): void =>
      void this.#agenda.at(this.#agenda.monoMs() + between(this.#random, 1, 30), () =>
        this.#life === life ? next() : undefined,
      );
    const work = async (): Promise<void> => {
      if (this.#isDue) {
        this.#read();
        this.#queue = this.#engine.places.filter(({ instrument }) => this.#pending.has(instrument.symbol));
      }
      const place = this.#queue.shift();
      if (place !== undefined) {
        await this.#write(place);
        return after(work);
      }
      this.#working = false;
      this.#workSoon();
    };
    after(work);
  }

  async #write(place: RowPlace): Promise<void> {
    const { symbol } = place.instrument;
    const rows = this.#pending.get(symbol);
    if (rows === undefined) return;
    try {
      await this.#sink.write(place.instrument, rows);
      this.#pending.delete(symbol);
      for (const row of rows.values()) {
        const key = `${symbol} ${row.candle.timestampMs}`;
        const earlier = this.#earlier.get(key);
        if (earlier !== undefined && beats(row, earlier)) this.#beaten.add(key);
      }
    } catch (error) {
      this.failures++;
      if ((error as Error).message !== 'the disk is full') throw error;
    }
    this.#inspect(symbol);
  }

  /** What is sealed changes by late ticks, each of them counted, and by a volume that is taken back. */
  #look(
    memory: ShardMemory,
    place: RowPlace,
    rows: readonly CandleWithQuality[],
    includeOpen: boolean,
  ): void {
    const { symbol } = place.instrument;
    for (const row of rows) {
      const key = `${symbol} ${row.candle.timestampMs}`;
      const before = this.#newest.get(key);
      if (before !== undefined) {
        const late = row.quality.late - before.quality.late;
        const taken = row.quality.revision - before.quality.revision - late;
        const same = sameCandle(before.candle, row.candle) && before.quality.ticks === row.quality.ticks;
        must(
          'sealed',
          late >= 0 && taken >= 0 && (taken === 0 || row.candle.volume < before.candle.volume || late > 0),
          () =>
            `${key}: ${late} more late ticks and ${row.quality.revision - before.quality.revision} revisions`,
        );
        const ticks = row.quality.ticks - before.quality.ticks;
        must(
          'sealed',
          // In the tail a late price of LTP is no tick.
          (row.quality.tail ? ticks <= late : ticks === late) && (same || late > 0 || taken > 0),
          () => `${key} changed after its seal without a revision`,
        );
      }
      if (!includeOpen) this.#newest.set(key, row);
      const all = this.#everRead.get(key) ?? new Set<string>();
      this.#everRead.set(key, all.add(JSON.stringify(row)));
    }
    for (let bar = 0; bar < memory.shape.bars; bar++) {
      const first = readAsSealed(memory, place.row, bar);
      if (first === undefined) continue;
      const key = `${symbol} ${bar}`;
      const before = this.#first.get(key);
      const now = JSON.stringify(first);
      must(
        'sealed',
        before === undefined || before === now,
        () => `the candle ${key} as it was sealed first was ${before} and is ${now}`,
      );
      this.#first.set(key, now);
    }
  }

  /** What is on disk is sorted, once a minute, and was sealed so at some time. */
  #inspect(symbol: string): void {
    let previous = -1;
    for (const row of this.disk.files.get(symbol) ?? []) {
      const { timestampMs } = row.candle;
      must('sink', timestampMs > previous, () => `${symbol} is not sorted and unique at ${timestampMs}`);
      previous = timestampMs;
      if (this.#earlier.get(`${symbol} ${timestampMs}`) === row) continue;
      must(
        'sink',
        this.#everRead.get(`${symbol} ${timestampMs}`)?.has(JSON.stringify(row)) === true,
        () => `${symbol} ${timestampMs} was never sealed as the disk has it`,
      );
    }
  }
}

function difference(stored: readonly StoredCandle[], expected: readonly StoredCandle[]): string {
  const at = expected.findIndex((row, k) => JSON.stringify(row) !== JSON.stringify(stored[k]));
  return at < 0
    ? `${stored.length} candles where ${expected.length} were sealed`
    : `${JSON.stringify(stored[at])} where ${JSON.stringify(expected[at])} was sealed`;
}
