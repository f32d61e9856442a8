/** A run's journal: makes room on the disk and its folder, and writes what the run is. */
import { join, resolve } from 'node:path';
import { LIMITS } from '../limits.js';
import { SystemClock, type Clock } from '../clock.js';
import { EngineError, sentenceOf } from '../errors.js';
import { pruneJournals } from '../journal/folder.js';
import { KIND, type Kind } from '../journal/format.js';
import { givenEntry, type RunMeta } from '../journal/meta.js';
import type { JournalPosition } from '../journal/segments.js';
import { JournalWriter } from '../journal/writer.js';
import type { Hashes } from '../gates/facts.js';
import type { RunVerdict } from '../gates/gate.js';
import { programVersion } from '../paths.js';
import type { Engine } from '../ingest/engine.js';
import { filled, type WarmUpCandles } from '../candles/warm-up-candles.js';
import { processStart } from '../text/process-liveness.js';
import type { RunRoom } from './output-folders.js';
import type { Plan } from './plan.js';

/** Real ms since its last change in which a journal is not removed to make room. */
const RECENT_MS = 3_600_000;

export interface RunJournalOptions {
  readonly plan: Plan;
  readonly engine: Engine;
  /** By symbol: SHA-256 of the rows used from `--history`. */
  readonly historyRows: Readonly<Record<string, string>>;
  readonly given: WarmUpCandles | undefined;
  /** The end of the killed process's journal; undefined in a new run. */
  readonly from: JournalPosition | undefined;
  readonly room: RunRoom;
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

  private constructor(options: RunJournalOptions, journal: JournalWriter) {
    this.#options = options;
    this.journal = journal;
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
      const oldest = clock.wallMs() - RECENT_MS;
      const maxBytes = plan.config.shadow ? LIMITS.shadowJournalBytes : LIMITS.journalBytes;
      pruneJournals(
        plan.journalDir,
        LIMITS.journalsBytes,
        (run) => run.runId === plan.runId || run.changedMs > oldest,
      );
      const journal = new JournalWriter({
        folder,
        runId: plan.runId,
        clock,
        from,
        maxBytes,
        hasRoom: room.hasRoomIn(plan.journalDir, plan.outDir),
        onTrouble,
      });
      await journal.start({
        taken: () => engine.router.mark(),
        written: () => engine.router.publishMarked(),
      });
      return new RunJournal(options, journal);
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
      for (const [symbol, numbers] of Object.entries(given?.rows ?? {}))
        this.#note(clock, KIND.given, givenEntry(symbol, filled(numbers)));
    journal.commit();
    engine.router.observeDecisions({
      sealed: (through) => journal.numbers(KIND.seal, through),
      gap: (startMs, endMs) => journal.numbers(KIND.gap, startMs, endMs),
      ended: (endMs) => journal.numbers(KIND.sealedEnd, endMs),
    });
  }

  /** Writes hashes and verdict, the last entry, and closes the journal. False if that is refused, which is reported. */
  async conclude(clock: Clock, sum: Hashes & { readonly verdict: RunVerdict }): Promise<boolean> {
    const { trouble } = this.journal.figures;
    this.#note(clock, KIND.sum, Buffer.from(JSON.stringify(sum)));
    await this.journal.conclude();
    return this.journal.figures.trouble === trouble;
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
