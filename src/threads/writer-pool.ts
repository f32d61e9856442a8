/**
 * The writer's main-thread side: looks at the shards' counters, hands out tasks, keeps what they answer. Piscina runs the tasks in a
 * thread of its own, so that neither a slow disk nor the rule can stall the socket.
 */
import { Piscina } from 'piscina';
import { sentenceOf, EngineError } from '../errors.js';
import { SHARD, type ShardMemory } from '../memory/layout.js';
import type { RowPlace } from '../memory/shard-reader.js';
import type { FileIdentity } from '../candles/candle.js';
import type { Evaluation } from '../momentum/series.js';
import type { WrittenFile } from '../parquet/sink.js';
import type {
  ConcludeAnswer,
  EvaluateAnswer,
  PrepareAnswer,
  WriteAnswer,
  WriterSetup,
  WriterTask,
} from './writer-messages.js';
import type { WarmUpCandles } from '../candles/warm-up-candles.js';

export interface WriterPoolOptions {
  readonly memories: readonly ShardMemory[];
  readonly places: readonly RowPlace[];
  readonly outDir: string;
  readonly identity: FileIdentity;
  readonly historyDir: string | undefined;
  readonly marketDateMs: number;
  readonly given: WarmUpCandles | undefined;
  readonly ledger: SharedArrayBuffer;
  /** Told of each task that could not be done, in a sentence. */
  readonly onFailure: (sentence: string) => void;
  /** Told when files begin to be refused, and when all are written again; sentences. */
  readonly onTrouble: (sentence: string) => void;
}

/** How often the last write of a shard is tried before the run says what is missing. */
const LAST_ATTEMPTS = 3;

interface ShardProgress {
  /** SHARD.changes when the last write began; -1 before the first. */
  written: number;
  evaluated: number;
  /** Whether the last write left something out. */
  refused: boolean;
  writing: Promise<void> | undefined;
  evaluating: Promise<void> | undefined;
}

export class WriterPool {
  readonly #options: WriterPoolOptions;
  readonly #pool: Piscina;
  readonly #progress: ShardProgress[];
  readonly #files = new Map<string, WrittenFile>();
  readonly #evaluations: Evaluation[] = [];
  readonly #evaluationFailures: string[] = [];
  #unwritten: readonly string[] = [];

  constructor(options: WriterPoolOptions) {
    this.#options = options;
    const { memories, places, outDir, identity, historyDir, marketDateMs, given, ledger } = options;
    const setup: WriterSetup = {
      shards: memories.map((memory, shard) => ({
        shape: memory.shape,
        buffer: memory.buffer,
        places: places.filter((place) => place.shard === shard),
      })),
      outDir,
      identity,
      historyDir,
      marketDateMs,
      given,
      ledger,
    };
    this.#pool = new Piscina({
      filename: new URL('../../workers/writer.js', import.meta.url).href,
      minThreads: 1,
      maxThreads: 1,
      concurrentTasksPerWorker: 1,
      idleTimeout: Infinity,
      // The default queue let a task starve: a shard's candles must not wait for ever behind another's.
      stricterFIFO: true,
      recordTiming: false,
      workerData: setup,
    });
    this.#pool.on('error', (error: Error) => options.onFailure(`The writer's thread: ${error.message}`));
    this.#progress = memories.map(() => ({
      written: -1,
      evaluated: -1,
      refused: false,
      writing: undefined,
      evaluating: undefined,
    }));
  }

  /** The newest state of each file written. */
  get files(): readonly WrittenFile[] {
    return [...this.#files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** Evaluations of candles as they were first sealed, in the order in which they were made. */
  get evaluations(): readonly Evaluation[] {
    return this.#evaluations;
  }

  get evaluationFailures(): readonly string[] {
    return this.#evaluationFailures;
  }

  /** What could not be written in the end, a sentence each. */
  get unwritten(): readonly string[] {
    return this.#unwritten;
  }

  /** Loads the library and the history. Throws EngineError HISTORY when the history is of no use. */
  async prepare(): Promise<PrepareAnswer> {
    const answer = (await this.#run({ kind: 'prepare' })) as PrepareAnswer;
    if (answer.refusal !== undefined) throw new EngineError(answer.refusal.code, answer.refusal.sentence);
    return answer;
  }

  /** Starts what has become due; returns at once. */
  poll(): void {
    for (const shard of this.#progress.keys()) {
      this.#pollWrite(shard);
      this.#pollEvaluation(shard);
    }
  }

  #pollWrite(shard: number): void {
    const progress = this.#progress[shard];
    if (
      progress.writing !== undefined ||
      Atomics.load(this.#options.memories[shard].i32, SHARD.changes) === progress.written
    )
      return;
    const over = (): void => void (progress.writing = undefined);
    progress.writing = this.#write(shard, false).then(over, (error: unknown) => {
      over();
      this.#options.onFailure(`Shard ${shard} could not be written: ${sentenceOf(error)}`);
    });
  }

  #pollEvaluation(shard: number): void {
    const progress = this.#progress[shard];
    const sealed = Atomics.load(this.#options.memories[shard].i32, SHARD.sealed);
    if (progress.evaluating !== undefined || sealed <= progress.evaluated) return;
    const over = (): void => void (progress.evaluating = undefined);
    progress.evaluating = this.#evaluate(shard, sealed).then(over, (error: unknown) => {
      over();
      // What failed is not tried for ever: the evaluation of the final candles comes in any case.
      progress.evaluated = sealed;
      this.#evaluationFailures.push(sentenceOf(error));
      this.#options.onFailure(`Momentum of shard ${shard} could not be evaluated: ${sentenceOf(error)}`);
    });
  }

  /** After the shards have read everything: writes the rest, open minutes included, evaluates the rest and proves it all. */
  async finish(): Promise<ConcludeAnswer> {
    await this.settle();
    const unwritten: string[] = [];
    for (const shard of this.#progress.keys()) {
      let failures: readonly string[] = [];
      for (let attempt = 1; attempt <= LAST_ATTEMPTS; attempt++) {
        failures = await this.#write(shard, true).catch((error: unknown) => [sentenceOf(error)]);
        if (failures.length === 0) break;
      }
      unwritten.push(...failures);
    }
    this.#unwritten = unwritten;
    for (const shard of this.#progress.keys()) this.#pollEvaluation(shard);
    await this.settle();
    return (await this.#run({ kind: 'conclude' })) as ConcludeAnswer;
  }

  /** Resolves when no task is under way. */
  async settle(): Promise<void> {
    for (const { writing, evaluating } of this.#progress) {
      await writing;
      await evaluating;
    }
  }

  /** Ends the thread, whatever it is doing. */
  async stop(): Promise<void> {
    await this.#pool.destroy();
  }

  async #run(task: WriterTask): Promise<unknown> {
    return this.#pool.run(task) as Promise<unknown>;
  }

  async #write(shard: number, includeOpen: boolean): Promise<readonly string[]> {
    // What fails is tried again when the shard changes next, with each minute at the latest, and at the end.
    this.#progress[shard].written = Atomics.load(this.#options.memories[shard].i32, SHARD.changes);
    const { files, failures } = (await this.#run({ kind: 'write', shard, includeOpen })) as WriteAnswer;
    for (const file of files) this.#files.set(file.path, file);
    for (const failure of failures) this.#options.onFailure(failure);
    this.#tell(shard, failures);
    return failures;
  }

  /** Says once that files are refused, whichever and however often, and once that none is any more. */
  #tell(shard: number, failures: readonly string[]): void {
    const refusedBefore = this.#progress.some(({ refused }) => refused);
    this.#progress[shard].refused = failures.length > 0;
    const refusedNow = this.#progress.some(({ refused }) => refused);
    if (refusedNow && !refusedBefore)
      this.#options.onTrouble(
        `${failures[0]} The candles stay in memory; it is tried again with each minute that is sealed.`,
      );
    if (refusedBefore && !refusedNow)
      this.#options.onTrouble(
        `The candles in ${this.#options.outDir} are written again; nothing of them is missing.`,
      );
  }

  async #evaluate(shard: number, sealed: number): Promise<void> {
    const progress = this.#progress[shard];
    const { evaluations } = (await this.#run({
      kind: 'evaluate',
      shard,
      from: progress.evaluated + 1,
      through: sealed,
    })) as EvaluateAnswer;
    this.#evaluations.push(...evaluations);
    progress.evaluated = sealed;
  }
}
