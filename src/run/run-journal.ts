/** A run's journal: makes room on the disk and its folder, and writes what the run is. */
import { join, resolve } from 'node:path';
import { SystemClock, type Clock } from '../clock.js';
import { EngineError, sentenceOf } from '../errors.js';
import { KIND, type Kind } from '../journal/format.js';
import { givenEntry, type RunMeta } from '../journal/meta.js';
import type { JournalPosition } from '../journal/segments.js';
import { removedText, removeOldJournals } from '../journal/retention.js';
import { JournalWriter, type JournalFigures } from '../journal/writer.js';
import type { Hashes } from '../gates/facts.js';
import type { RunVerdict } from '../gates/gate.js';
import { programVersion } from '../paths.js';
import type { Engine } from '../ingest/engine.js';
import { filled, type WarmUpCandles } from '../candles/warm-up-candles.js';
import { CompactorHost } from '../threads/compactor-host.js';
import { processStart } from '../text/process-liveness.js';
import type { RunRoom } from './output-folders.js';
import type { Plan } from './plan.js';

export interface RunJournalOptions {
  readonly plan: Plan;
  readonly engine: Engine;
  /** By name: SHA-256 of the rows used from `--history`. */
  readonly historyRows: Readonly<Record<string, string>>;
  readonly given: WarmUpCandles | undefined;
  /** The end of the killed process's journal; undefined in a new run. */
  readonly from: JournalPosition | undefined;
  readonly room: RunRoom;
  /** For the compactor's thread. */
  readonly ledger: SharedArrayBuffer;
  /** What it did, a sentence. */
  readonly say: (sentence: string) => void;
  readonly onTrouble: (sentence: string) => void;
}

function metaOf({ plan, historyRows, given }: RunJournalOptions, clock: Clock): RunMeta {
  const { config, instruments, identity } = plan;
  return {
    version: programVersion(),
    runId: plan.runId,
    processId: process.pid,
    processStart: processStart(process.pid),
    stage: config.stage,
    durationMin: config.durationMin ?? null,
    shadow: config.shadow,
    mode: config.mode,
    feed: identity.feed,
    volumeKind: identity.volumeKind,
    timeframes: config.timeframes,
    rules: identity.rules,
    speed: plan.speed,
    stepped: plan.stepped,
    graceMs: config.graceMs,
    silenceMs: plan.silenceMs,
    marketDateMs: plan.startsMs,
    wallMs: clock.wallMs(),
    marketMs: clock.marketMs(),
    opensMs: plan.opensMs ?? null,
    out: plan.outDir,
    history: config.history === undefined ? null : { folder: resolve(config.history), rows: historyRows },
    given: given?.volumeKind ?? null,
    instruments,
    sessions: instruments.map(plan.sessionOf),
  };
}

export class RunJournal {
  readonly journal: JournalWriter;
  readonly #options: RunJournalOptions;
  readonly #compactor: CompactorHost;

  private constructor(options: RunJournalOptions, journal: JournalWriter, compactor: CompactorHost) {
    this.#options = options;
    this.journal = journal;
    this.#compactor = compactor;
  }

  get figures(): JournalFigures {
    return { ...this.journal.figures, compaction: this.#compactor.figures };
  }

  /**
   * Makes the folder and first segment; undefined with `--no-journal`. Throws EngineError OUTPUT if the disk refuses:
   * only the user may choose a run without a journal.
   */
  static async begin(options: RunJournalOptions): Promise<RunJournal | undefined> {
    const { plan, engine, from, room, onTrouble } = options;
    if (plan.journalDir === undefined) return undefined;
    const folder = join(plan.journalDir, plan.runId);
    const clock = new SystemClock();
    try {
      const removed = await removeOldJournals(plan.journalDir, plan.config, plan.runId, clock.wallMs());
      const said = removedText(removed, plan.config);
      if (said !== undefined) options.say(said);
      const hasRoom = room.hasRoomIn(plan.journalDir, plan.outDir);
      const compactor = new CompactorHost({ folder, ledger: options.ledger, hasRoom, onTrouble });
      const journal = new JournalWriter({
        folder,
        runId: plan.runId,
        clock,
        from,
        hasRoom,
        onTrouble,
        onClosed: (number) => compactor.add(number),
      });
      await journal.start({
        taken: () => engine.router.mark(),
        written: () => engine.router.publishMarked(),
      });
      // Those that the killed process had not compacted.
      for (let number = 1; number < (from?.segment ?? 1); number++) compactor.add(number);
      return new RunJournal(options, journal, compactor);
    } catch (error) {
      throw new EngineError(
        'OUTPUT',
        `The journal ${folder} cannot be written (${sentenceOf(error)}); --no-journal runs without one.`,
        { cause: error },
      );
    }
  }

  /** Writes what the run is, before its first frame; journals the router's decisions from then on. */
  describe(clock: Clock): void {
    const { journal } = this;
    const { given, engine, from } = this.#options;
    this.#note(clock, KIND.meta, Buffer.from(JSON.stringify(metaOf(this.#options, clock))));
    if (from === undefined)
      for (const [name, numbers] of Object.entries(given?.rows ?? {}))
        this.#note(clock, KIND.given, givenEntry(name, filled(numbers)));
    journal.commit();
    engine.router.observeDecisions({
      sealed: (through) => journal.numbers(KIND.seal, through),
      gap: (startMs, endMs) => journal.numbers(KIND.gap, startMs, endMs),
      ended: (endMs) => journal.numbers(KIND.sealedEnd, endMs),
    });
  }

  /**
   * Writes hashes and verdict, the last entry, closes the journal, and has the rest of it compacted. False if the disk
   * refuses the entry, which is reported.
   */
  async conclude(clock: Clock, sum: Hashes & { readonly verdict: RunVerdict }): Promise<boolean> {
    const { trouble } = this.journal.figures;
    this.#note(clock, KIND.sum, Buffer.from(JSON.stringify(sum)));
    await this.journal.conclude();
    const whole = this.journal.figures.trouble === trouble;
    if (whole) this.#compactor.add(this.journal.figures.segments);
    await this.#compactor.finish();
    return whole;
  }

  /** Closes what there is. May be called twice. */
  async stop(): Promise<void> {
    await this.journal.stop();
    await this.#compactor.stop();
  }

  #note(clock: Clock, kind: Kind, bytes: Buffer): void {
    this.journal.open({
      connection: 0,
      monoMs: clock.monoMs(),
      wallMs: clock.wallMs(),
      marketMs: clock.marketMs(),
    });
    this.journal.put(kind, bytes);
  }
}
