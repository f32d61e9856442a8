/** One run: composes the engine, feeds and watches it, and ends with a verdict. */
import { SystemClock, type Clock, type Timer } from '../clock.js';
import { EngineError, EXIT } from '../errors.js';
import type { FeedClient } from '../feed/client.js';
import { silentLog, type Log } from '../log.js';
import { ConnectionRecord } from '../monitor/connection-record.js';
import type { BackFillFigures } from '../gates/facts.js';
import { judgeGates, verdictOf } from '../gates/gates.js';
import { NetworkAudit } from '../monitor/network-audit.js';
import { Probe } from '../monitor/probe.js';
import { COUNTER } from '../memory/counters.js';
import { LEDGER } from '../memory/io-ledger.js';
import type { Engine } from '../ingest/engine.js';
import { wireEngine } from '../ingest/wire-engine.js';
import { ShardPool } from '../threads/shard-pool.js';
import { engineOptionsOf, type EnginePreset } from './engine-preset.js';
import { EventOutput } from './event-output.js';
import { exitCodeOf, finalFacts, reportWritten } from './finish.js';
import { broker } from './broker.js';
import { logOf, logSample, logStart, wireFeed } from './feed-wiring.js';
import { collectFacts, type RunProgress, type FactSources } from './collect-facts.js';
import type { Intake } from '../ingest/intake.js';
import { warmUpCandlesOf, type JournalSummary } from '../ingest/journal-source.js';
import { Pipeline } from '../ingest/pipeline.js';
import { marketWait, waitToConnect } from './wait-for-open.js';
import { claimFolders, lockOf, RunRoom } from './output-folders.js';
import { indexNotes, type Plan } from './plan.js';
import { Presenter } from './presenter.js';
import { backFillRun } from './run-back-fill.js';
import { RunJournal } from './run-journal.js';
import { runWriter } from './run-writer.js';
import { firstOpening, restore, resumingText, replayKilledRun } from './resume.js';
import { checkEveryMs, RunClock } from './run-clock.js';
import { prepareSource, type PreparedSource, type Source } from './source.js';
import { outstandingOf, type Stepper } from './stepper.js';
import { endByFault, onStop, type FaultReporters } from './shutdown.js';
import { warmUp, warmUpRoom, type WarmUp } from './warm-up.js';
import { networkWarnings } from '../parquet/network-disk.js';
import type { OutLock } from '../parquet/out-lock.js';
import { StallMeter, stallText } from '../stalls.js';
import type { WriterHost } from '../threads/writer-host.js';
import type { WarmUpCandles } from '../candles/warm-up-candles.js';

export class StageRun {
  readonly #plan: Plan;
  readonly #preset: EnginePreset;
  readonly #engine: Engine;
  readonly #intake: Intake;
  readonly #killed: JournalSummary | undefined;
  readonly #ledger = new SharedArrayBuffer(LEDGER.words * 4);
  readonly #network = new NetworkAudit(broker.access.restPurposes);
  /** Resolves when the run must end. */
  readonly #over: Promise<void>;
  #end!: () => void;
  readonly #presenter: Presenter;
  readonly #lock: OutLock;
  readonly #room = new RunRoom();
  readonly #stalls = new StallMeter(new SystemClock(), (ms) => this.#tellTrouble(stallText(ms)));
  #log: Log = silentLog();
  #client: FeedClient | undefined;
  #journal: RunJournal | undefined;
  readonly #clock: RunClock;
  readonly #events: EventOutput;
  /** Earlier candles: from the simulator, a warm-up or the killed run's journal. */
  #given: WarmUpCandles | undefined;
  #interrupted = false;
  readonly #polling = new AbortController();
  #broken: EngineError | undefined;

  /** `killed`: the run that this one resumes. */
  constructor(plan: Plan, preset: EnginePreset, killed?: JournalSummary) {
    this.#plan = plan;
    this.#preset = preset;
    this.#killed = killed;
    this.#presenter = new Presenter(plan);
    this.#clock = new RunClock(plan);
    this.#over = new Promise((resolve) => (this.#end = resolve));
    this.#lock = lockOf(plan, {
      onWait: (sentence) => this.#presenter.say(sentence),
      onLost: (error) => this.#fail(error),
    });
    ({ engine: this.#engine, intake: this.#intake } = wireEngine(
      { ...engineOptionsOf(plan), slots: preset.slots },
      (tick) => logSample(this.#log, tick),
    ));
    this.#events = new EventOutput(plan, this.#engine, this.#ledger, (text) => this.#presenter.say(text));
  }

  async run(): Promise<number> {
    const reporters = (): FaultReporters => ({
      log: this.#log,
      client: this.#client,
      clear: () => this.#presenter.clear(),
    });
    const release = onStop(
      () => this.#interrupt(),
      (error) => void endByFault(error, reporters()),
    );
    try {
      return await this.#prepared(await prepareSource(this.#plan));
    } catch (error) {
      if (error instanceof EngineError) throw error;
      return await endByFault(error, reporters());
    } finally {
      release();
    }
  }

  async #prepared(prepared: PreparedSource): Promise<number> {
    const plan = this.#plan;
    this.#given =
      this.#killed !== undefined
        ? warmUpCandlesOf(this.#killed)
        : plan.config.warmUp
          ? warmUpRoom(plan.instruments)
          : prepared.given;
    const shards = new ShardPool({
      memories: this.#engine.memories,
      counters: this.#engine.counters,
      ledger: this.#ledger,
      workerUrl: this.#preset.shardWorker,
      onDeath: (shard, cursor, reason) =>
        this.#log.error({ shard, cursor, reason }, 'a worker thread died and is replaced'),
    });
    const writer = this.#writer();
    try {
      const { notes, historyRows } = await writer.prepare();
      const shared = { ledger: this.#ledger, notices: this.#events.notices };
      await this.#presenter.openPages(this.#engine, shared, (sentence) => this.#log.warn(sentence));
      const claim = { lock: this.#lock, room: this.#room };
      if (!(await claimFolders(plan, claim, this.#over, (text) => this.#presenter.say(text))))
        return EXIT.interrupted;
      this.#log = logOf(plan, (sentence) => this.#presenter.say(sentence));
      await shards.start();
      this.#events.start();
      const from =
        this.#killed === undefined
          ? undefined
          : await replayKilledRun(this.#killed, this.#engine, this.#intake, writer);
      this.#journal = await RunJournal.begin({
        plan,
        engine: this.#engine,
        historyRows,
        given: this.#given,
        from,
        room: this.#room,
        ledger: this.#ledger,
        say: (sentence) => this.#presenter.say(sentence),
        onTrouble: (sentence) => this.#tellTrouble(sentence),
      });
      return await this.#withSource(prepared, shards, writer, notes);
    } finally {
      this.#network.stop();
      prepared.stop();
      await this.#journal?.stop();
      await Promise.all([shards.stop(), writer.stop(), this.#events.stop(), this.#presenter.stop()]);
      this.#room.release();
      await this.#lock.release();
    }
  }

  #writer(): WriterHost {
    return runWriter({
      plan: this.#plan,
      engine: this.#engine,
      lock: this.#lock,
      room: this.#room,
      killed: this.#killed,
      given: this.#given,
      ledger: this.#ledger,
      onFailure: (sentence) => this.#log.error(sentence),
      say: (sentence) => this.#presenter.say(sentence),
    });
  }

  #fail(error: EngineError): void {
    this.#broken = error;
    this.#end();
  }

  #tellTrouble(sentence: string): void {
    this.#log.error(sentence);
    this.#presenter.say(sentence);
  }

  /** The first call ends the run in order, the second at once: files are always whole. */
  #interrupt(): void {
    if (this.#interrupted) process.exit(EXIT.interrupted);
    this.#interrupted = true;
    this.#polling.abort();
    this.#presenter.say('Interrupted: closing the feed and writing what there is; once more ends at once.');
    this.#end();
  }

  async #withSource(
    prepared: PreparedSource,
    shards: ShardPool,
    writer: WriterHost,
    notes: readonly string[],
  ): Promise<number> {
    const plan = this.#plan;
    this.#network.start();
    const source = await prepared.start();
    const { clock, stepper } = source;
    const startedWallMs = new SystemClock().wallMs();
    stepper?.start((error) => this.#fail(error));
    // In stepped time, latency says nothing.
    this.#engine.router.fastPath.measures = stepper === undefined;
    logStart(this.#log, plan);
    this.#presenter.banner([...prepared.warnings, ...networkWarnings(plan.outDir)]);
    const warm = await this.#warmUp(source);
    this.#journal?.describe(clock);
    const record = new ConnectionRecord(clock, this.#events.notices);
    const { line, client } = this.#wire(source, warm, record);
    const sources: FactSources = {
      plan,
      clock,
      engine: this.#engine,
      intake: this.#intake,
      record,
      network: this.#network,
      probe: new Probe(new SystemClock(), this.#stalls),
      writer,
      journal: this.#journal,
      ledger: new Int32Array(this.#ledger, 0, LEDGER.words),
      publishing: this.#events,
      notes: [...notes, ...warm.notes, ...indexNotes(plan)],
    };
    if (this.#killed !== undefined) this.#restore(this.#killed, clock, line, record);
    if (stepper !== undefined) stepper.waitFor(outstandingOf(this.#engine, line, writer));
    await this.#feed(sources, line, client, stepper);
    return this.#conclude(sources, source, shards, startedWallMs);
  }

  /** Pipeline and client call each other: the one pauses the socket, the other delivers packets. */
  #wire(
    source: Source,
    warm: WarmUp,
    record: ConnectionRecord,
  ): { readonly line: Pipeline; readonly client: FeedClient } {
    const line = new Pipeline({
      engine: this.#engine,
      intake: this.#intake,
      clock: source.clock,
      journal: this.#journal?.journal,
      socket: { pause: () => client.pause(), resume: () => client.resume() },
      redact: (bytes) => client.conceal(bytes),
    });
    const client = wireFeed({
      plan: this.#plan,
      source,
      session: warm.session,
      engine: this.#engine,
      line,
      record,
      network: this.#network,
      log: this.#log,
      connectionsBefore: this.#killed?.lastConnection ?? 0,
      stalls: this.#stalls,
      onOpen: () => this.#clock.opened(source.clock),
      onFailed: (error) => this.#fail(error),
      say: (text) => this.#presenter.say(text),
    });
    this.#client = client;
    return { line, client };
  }

  /** Waits for the opening if asked, connects, and takes in the feed until the run is over. */
  async #feed(
    sources: FactSources,
    line: Pipeline,
    client: FeedClient,
    stepper: Stepper | undefined,
  ): Promise<void> {
    const { plan, clock, intake, record } = sources;
    if (stepper === undefined) this.#stalls.start();
    try {
      if (plan.opensMs !== undefined && plan.marketClock) {
        await waitToConnect(plan.opensMs, marketWait(plan, clock, this.#over), (text) =>
          this.#presenter.tell(text),
        );
      }
      // A resumed run may have ended, or its time may have passed: nothing is left to receive.
      const over = intake.ended || (this.#clock.begun && this.#clock.leftMin(clock) <= 0);
      if (!this.#interrupted && !over) await Promise.race([client.start(), this.#over]);
      if (record.connections > 0 && !intake.ended) await this.#live(sources, line);
    } finally {
      this.#stalls.stop();
      record.end();
      this.#clock.end(this.#killed?.ended?.marketMs ?? clock.marketMs());
      await client.stop();
      await stepper?.stop();
      this.#network.enter('after');
      await line.end();
    }
  }

  /** Polls earlier candles if asked. A resumed run has them in its journal. */
  async #warmUp(source: Source): Promise<WarmUp> {
    if (!this.#plan.config.warmUp || this.#killed !== undefined) return { session: undefined, notes: [] };
    const warm = await warmUp({
      plan: this.#plan,
      source,
      room: this.#given!,
      network: this.#network,
      say: (text) => this.#presenter.say(text),
      over: this.#over,
    });
    for (const note of warm.notes) this.#log.info(note);
    return warm;
  }

  /** Restores the killed process's connections and duration. */
  #restore(killed: JournalSummary, clock: Clock, line: Pipeline, record: ConnectionRecord): void {
    line.resumed();
    restore(record, killed, clock);
    this.#clock.restore(firstOpening(killed));
    this.#presenter.tell(resumingText(killed, clock.marketMs()));
    this.#log.warn({ frames: killed.frames, tornBytes: killed.extent.tornBytes }, 'run resumed');
  }

  /** From the first open until the duration passed and its last whole minute is sealed, or the run must end. */
  async #live(sources: FactSources, line: Pipeline): Promise<void> {
    const { clock, probe, writer } = sources;
    probe.start();
    writer.follow(this.#plan.stepped);
    line.start();
    const looking: Timer = clock.every(
      checkEveryMs(this.#plan),
      () => {
        probe.sample();
        const facts = collectFacts(sources, this.#progress(clock));
        this.#events.update(facts);
        const transitions = this.#presenter.show(facts, this.#clock.leftMin(clock), clock);
        for (const { gate, before } of transitions)
          this.#log.info({ gate, before }, `gate ${gate.id} turned from ${before} to ${gate.status}`);
        // The end sends, a look does not.
        if (this.#clock.isOver(clock, this.#engine.watermark)) clock.after(1, this.#end);
      },
      'sends nothing',
    );
    try {
      await this.#over;
    } finally {
      looking.cancel();
      this.#presenter.clear();
    }
  }

  #progress(clock: Clock): RunProgress {
    const time = this.#clock;
    return {
      finished: false,
      interrupted: this.#interrupted,
      ranMs: time.ranMs(clock),
      earlyMs: time.earlyMs,
      askedMin: time.askedMin,
    };
  }

  #backFill(source: Source): Promise<BackFillFigures | undefined> {
    return backFillRun({
      plan: this.#plan,
      source,
      engine: this.#engine,
      journal: this.#journal?.journal,
      network: this.#network,
      span: this.#clock.span,
      early: this.#interrupted ? 'was interrupted' : this.#broken && 'ended early',
      say: (sentence) => this.#presenter.tell(sentence),
      abort: this.#polling,
    });
  }

  async #conclude(sources: FactSources, source: Source, shards: ShardPool, beganMs: number): Promise<number> {
    const { clock } = sources;
    await this.#lock.refresh();
    const journal = this.#journal?.journal;
    const ends = { shards, journal, room: this.#room, backFill: () => this.#backFill(source) };
    const { facts, hashes } = await finalFacts(sources, ends, this.#progress(clock));
    const all = judgeGates(facts);
    const verdict = verdictOf(facts, all);
    for (const gate of all) this.#log.info({ gate }, `gate ${gate.id} ${gate.status}`);
    const endedWallMs = new SystemClock().wallMs();
    const ending = { facts, gates: all, verdict, engine: this.#engine, startedWallMs: beganMs, endedWallMs };
    const reported = reportWritten(
      () => this.#presenter.end(ending, clock),
      (sentence) => this.#tellTrouble(sentence),
    );
    // After the report: a run killed before this line can be resumed and makes the same report.
    this.#room.release();
    const concluded = (await this.#journal?.conclude(clock, { ...hashes, verdict })) ?? true;
    await this.#events.conclude(verdict);
    this.#log.info({ verdict, poison: this.#engine.counters[COUNTER.poison] }, 'run ends');
    if (this.#broken !== undefined) throw this.#broken;
    return reported && concluded ? exitCodeOf(verdict) : EXIT.failed;
  }
}
