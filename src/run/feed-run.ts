/**
 * A feed without output: connects, builds candles in shared memory, and ends in order. What a stage run is without
 * journal, files, pages and gates; the library reads the memory from another thread.
 */
import { SystemClock, type Clock } from '../clock.js';
import type { EngineError } from '../errors.js';
import type { Engine } from '../ingest/engine.js';
import type { Intake } from '../ingest/intake.js';
import { Pipeline } from '../ingest/pipeline.js';
import { wireEngine } from '../ingest/wire-engine.js';
import { silentLog } from '../log.js';
import { LEDGER } from '../memory/io-ledger.js';
import { readRow } from '../memory/shard-reader.js';
import { Notices } from '../memory/notices.js';
import { ConnectionRecord } from '../monitor/connection-record.js';
import { Staleness } from '../monitor/staleness.js';
import { StallMeter } from '../stalls.js';
import { ShardPool } from '../threads/shard-pool.js';
import { engineOptionsOf } from './engine-preset.js';
import { wireFeed } from './feed-wiring.js';
import { shardsDrained } from './run-end.js';
import type { Plan } from './plan.js';
import { checkEveryMs, RunClock } from './run-clock.js';
import type { PreparedSource, Source } from './source.js';
import { outstandingOf } from './stepper.js';
import { marketWait, waitToConnect } from './wait-for-open.js';

export interface FeedRunHooks {
  /** Once, before anything connects: memory that other threads may read. */
  readonly onMemory: (engine: Engine, notices: Notices) => void;
  /** Once, at the first open connection. */
  readonly onOpen: () => void;
}

export class FeedRun {
  readonly #plan: Plan;
  readonly #hooks: FeedRunHooks;
  readonly #engine: Engine;
  readonly #intake: Intake;
  readonly #notices: Notices;
  readonly #clock: RunClock;
  readonly #over: Promise<void>;
  #end!: () => void;
  #ending = false;
  #failure: EngineError | undefined;

  constructor(plan: Plan, hooks: FeedRunHooks) {
    this.#plan = plan;
    this.#hooks = hooks;
    this.#clock = new RunClock(plan);
    this.#notices = new Notices(plan.instruments.length);
    this.#over = new Promise((resolve) => (this.#end = resolve));
    ({ engine: this.#engine, intake: this.#intake } = wireEngine(engineOptionsOf(plan)));
  }

  /** Ends the run in order. May be called at any time, and again. */
  stop(): void {
    this.#ending = true;
    this.#end();
  }

  /** Until its end. Throws EngineError when it could not begin or when the feed gave up. */
  async run(prepared: PreparedSource): Promise<void> {
    const ledger = new SharedArrayBuffer(LEDGER.words * 4);
    const { memories, counters } = this.#engine;
    const shards = new ShardPool({ memories, counters, ledger });
    try {
      await shards.start();
      this.#hooks.onMemory(this.#engine, this.#notices);
      await this.#feed(await prepared.start());
      await shardsDrained(shards, new SystemClock());
    } finally {
      this.#notices.conclude(null);
      prepared.stop();
      await shards.stop();
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  #fail(error: EngineError): void {
    this.#failure = error;
    this.stop();
  }

  async #feed(source: Source): Promise<void> {
    const { clock, stepper } = source;
    const record = new ConnectionRecord(clock, this.#notices);
    const stalls = new StallMeter(new SystemClock(), () => undefined);
    stepper?.start((error) => this.#fail(error));
    const line: Pipeline = new Pipeline({
      engine: this.#engine,
      intake: this.#intake,
      clock,
      journal: undefined,
      socket: { pause: () => client.pause(), resume: () => client.resume() },
      redact: () => undefined,
    });
    const client = wireFeed({
      plan: this.#plan,
      source,
      session: undefined,
      engine: this.#engine,
      line,
      record,
      network: { enter: () => undefined },
      log: silentLog(),
      connectionsBefore: 0,
      stalls,
      onOpen: () => {
        this.#clock.opened(clock);
        this.#hooks.onOpen();
      },
      onFailed: (error) => this.#fail(error),
      say: () => undefined,
    });
    stepper?.waitFor(outstandingOf(this.#engine, line, { settle: () => Promise.resolve() }));
    if (stepper === undefined) stalls.start();
    try {
      if (this.#plan.opensMs !== undefined)
        await waitToConnect(this.#plan.opensMs, marketWait(this.#plan, clock, this.#over), () => undefined);
      if (!this.#ending) await Promise.race([client.start(), this.#over]);
      if (record.connections > 0) await this.#live(line, clock, record);
    } finally {
      stalls.stop();
      record.end();
      await client.stop();
      await stepper?.stop();
      await line.end();
    }
  }

  /** From the first open until the duration passed and its last whole minute is sealed, or the run must end. */
  async #live(line: Pipeline, clock: Clock, record: ConnectionRecord): Promise<void> {
    const { instruments, sessionOf } = this.#plan;
    const staleness = new Staleness(this.#notices, instruments.map(sessionOf));
    const { watermark, memories, places } = this.#engine;
    line.start();
    const looking = clock.every(
      checkEveryMs(this.#plan),
      () => {
        const lastTicksMs = places.map(({ shard, row }) => readRow(memories[shard], row).lastTickMs);
        staleness.update(record.connected, watermark.timeMs, lastTicksMs);
        // The end sends, a look does not.
        if (this.#clock.isOver(clock, watermark)) clock.after(1, this.#end);
      },
      'sends nothing',
    );
    await this.#over;
    looking.cancel();
  }
}
