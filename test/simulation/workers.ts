/**
 * The shards, on this thread: they take turns, sleep, die after a store or between two records, and
 * are replaced.
 */
import { readRow, type RowPlace } from '../../src/memory/shard-reader.js';
import { readCandles } from '../../src/candles/read-candles.js';
import { MAIN, SHARD, type ShardMemory } from '../../src/memory/layout.js';
import type { Engine } from '../../src/ingest/engine.js';
import type { Shard } from '../../src/shard/shard.js';
import type { Random } from '../../src/random.js';
import type { Agenda } from './agenda.js';
import { DEATH, fate } from './mortal.js';
import { between, pick } from './profile.js';
import { must } from './violation.js';

interface Worker {
  readonly memory: ShardMemory;
  readonly places: readonly RowPlace[];
  shard: Shard | undefined;
  sleepsUntilMs: number;
  /** Stores until it dies; 0: it does not. */
  storesLeft: number;
  /** How often it will die yet. */
  deathsLeft: number;
  /** It is watched record by record, for what others see of it when it dies. */
  watched: boolean;
  /** What was to be seen before the record at work, and of the death whose record is not done yet: then. */
  before: string;
  torn: { readonly before: string; readonly dead: string } | undefined;
  head: number;
  /** Records at which it died last, and how often. */
  diedAt: number;
  deathsThere: number;
}

/** A record's third death would make it poison, which is another test's business. */
const MAX_DEATHS_AT_ONE_RECORD = 2;

export class Workers {
  deaths = 0;
  readonly #agenda: Agenda;
  readonly #random: Random;
  readonly #make: typeof Shard;
  readonly #workers: Worker[];

  constructor(options: { engine: Engine; agenda: Agenda; random: Random; make: typeof Shard }) {
    this.#agenda = options.agenda;
    this.#random = options.random;
    this.#make = options.make;
    fate(0);
    this.#workers = options.engine.memories.map((memory, shard) => ({
      memory,
      places: options.engine.places.filter((place) => place.shard === shard),
      shard: new options.make(memory),
      sleepsUntilMs: 0,
      storesLeft: 0,
      deathsLeft: 0,
      watched: false,
      before: '',
      torn: undefined,
      head: 0,
      diedAt: -1,
      deathsThere: 0,
    }));
  }

  /** Some of those that are awake get some of their work done. */
  turn(): void {
    for (const worker of this.#workers) {
      if (worker.sleepsUntilMs > this.#agenda.monoMs() || this.#random() < 0.2) continue;
      this.#step(worker, pick(this.#random, [1, 3, 16, 64, 256]));
    }
  }

  /** Everybody does all there is to do. */
  drain(): void {
    for (const worker of this.#workers) {
      worker.sleepsUntilMs = 0;
      worker.storesLeft = 0;
      worker.deathsLeft = 0;
      while (Atomics.load(worker.memory.i32, MAIN.tail) !== Atomics.load(worker.memory.i32, SHARD.head)) {
        worker.shard ??= new this.#make(worker.memory);
        this.#step(worker, 256);
      }
    }
  }

  /** One of them stands still for a while. */
  sleep(realMs: number): void {
    pick(this.#random, this.#workers).sleepsUntilMs = this.#agenda.monoMs() + realMs;
  }

  /** All of them stand still for a while, as on a machine that is busy. */
  sleepAll(realMs: number): void {
    for (const worker of this.#workers) worker.sleepsUntilMs = this.#agenda.monoMs() + realMs;
  }

  /** Kills one of them: after some store of its next step, or at once, between two records. */
  kill(idle: boolean): void {
    const worker = pick(this.#random, this.#workers);
    if (idle) return this.#died(worker, false);
    worker.deathsLeft = between(this.#random, 1, 8);
    worker.storesLeft = between(this.#random, 1, 300);
    worker.watched = this.#random() < 0.5;
  }

  #step(worker: Worker, limit: number): void {
    const watching = (worker.watched && worker.storesLeft > 0) || worker.torn !== undefined;
    if (worker.shard === undefined) return;
    if (watching) worker.before = seen(worker);
    fate(worker.storesLeft);
    try {
      worker.shard.step(() => this.#agenda.monoMs(), watching ? 1 : limit);
      worker.storesLeft = fate(0);
    } catch (error) {
      fate(0);
      if (error !== DEATH) throw error;
      worker.storesLeft = 0;
      this.#died(worker, watching);
      return;
    }
    const head = Atomics.load(worker.memory.i32, SHARD.head);
    const done = (head - worker.head) | 0;
    must(
      'conservation',
      done >= 0 && ((Atomics.load(worker.memory.i32, MAIN.tail) - head) | 0) >= 0,
      () => `HEAD went from ${worker.head} to ${head}`,
    );
    worker.head = head;
    if (done > 0) this.#compare(worker);
  }

  /**
   * The record at which a watched shard died is done now: what was to be seen of the dead one was of before it or of
   * after it.
   */
  #compare(worker: Worker): void {
    const { torn } = worker;
    if (torn === undefined) return;
    worker.torn = undefined;
    const after = seen(worker);
    must(
      'killed',
      torn.dead === torn.before || torn.dead === after,
      () =>
        `what is seen of a dead shard is neither before nor after its record: ${firstDifference(torn.dead, after)}`,
    );
  }

  #died(worker: Worker, watched: boolean): void {
    this.deaths++;
    worker.deathsLeft--;
    worker.shard = undefined;
    const cursor = worker.memory.i32[SHARD.working];
    worker.deathsThere = worker.diedAt === cursor ? worker.deathsThere + 1 : 1;
    worker.diedAt = cursor;
    // A record that HEAD has passed already is done, and nothing of it is repeated.
    const isDone = ((Atomics.load(worker.memory.i32, SHARD.head) - cursor) | 0) > 0;
    if (isDone) this.#compare(worker);
    if (watched && !isDone && worker.torn === undefined)
      worker.torn = { before: worker.before, dead: seen(worker) };
    const replace = (): void => {
      if (this.#random() < 0.2) fate(between(this.#random, 1, 6));
      try {
        worker.shard = new this.#make(worker.memory);
      } catch (error) {
        if (error !== DEATH) throw error;
        return this.#died(worker, false);
      } finally {
        fate(0);
      }
      // Now and then the next one dies at the same record.
      if (worker.deathsThere < MAX_DEATHS_AT_ONE_RECORD && this.#random() < 0.2)
        worker.storesLeft = between(this.#random, 1, 90);
      else if (worker.deathsLeft > 0) worker.storesLeft = between(this.#random, 90, 300);
    };
    const awayMs = this.#random() < 0.5 ? 0 : between(this.#random, 1, 3000);
    this.#agenda.at(this.#agenda.monoMs() + awayMs, () => {
      if (worker.shard === undefined) replace();
    });
  }
}

/** All that others can read of a shard. */
function seen({ memory, places }: Worker): string {
  return JSON.stringify(
    places.map((place) => [readCandles(memory, place, true), readRow(memory, place.row)]),
  );
}

function firstDifference(a: string, b: string): string {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return `${a.slice(Math.max(0, at - 60), at + 60)} and ${b.slice(Math.max(0, at - 60), at + 60)}`;
}
