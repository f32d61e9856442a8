/**
 * The writer's main-thread side: starts its thread, replaces one that dies, and keeps its reports. Candles go from
 * shared memory to the sinks within that thread, never by message.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { sharedShards } from '../candles/shared-shards.js';
import { sentenceOf, EngineError } from '../errors.js';
import type { ShardMemory } from '../memory/layout.js';
import type { RowPlace } from '../memory/shard-reader.js';
import type { Evaluation } from '../momentum/series.js';
import type { WrittenFile } from '../parquet/store.js';
import { ThreadHost, type ThreadTask } from './thread-host.js';
import type {
  ConcludeAnswer,
  FinishAnswer,
  FromWriter,
  PrepareAnswer,
  ToWriter,
  WriterSetup,
  WriterTask,
} from './writer-messages.js';

export interface WriterHostOptions extends WriterSetup {
  readonly memories: readonly ShardMemory[];
  readonly places: readonly RowPlace[];
  /** The compiled thread entry; default the package's own. */
  readonly workerUrl?: URL | undefined;
  /** Each failure, for the log. */
  readonly onFailure: (sentence: string) => void;
  /** A sentence for people when a sink begins to refuse candles, and when it has all again. */
  readonly onTrouble: (sentence: string) => void;
}

/** Deaths in a row without a message after which the thread is not replaced. */
const MAX_SILENT_DEATHS = 3;

interface Request {
  readonly message: ToWriter;
  readonly resolve: (answer: FromWriter) => void;
  readonly reject: (error: unknown) => void;
}

export class WriterHost {
  readonly #options: WriterHostOptions;
  readonly #host: ThreadHost;
  #port: MessagePort | undefined;
  #request: Request | undefined;
  #following: Extract<ToWriter, { kind: 'follow' }> | undefined;
  #lost: Error | undefined;
  #silentDeaths = 0;
  readonly #files = new Map<string, WrittenFile>();
  /** Sinks that last refused something; undefined is the Parquet files. */
  readonly #refusing = new Set<string | undefined>();
  /** Last bar evaluated, by shard. */
  readonly #evaluated: number[];
  readonly #evaluations: Evaluation[] = [];
  readonly #evaluationFailures: string[] = [];
  #unwritten: readonly string[] = [];

  constructor(options: WriterHostOptions) {
    this.#options = options;
    this.#evaluated = options.memories.map(() => -1);
    this.#host = new ThreadHost({
      entry: options.workerUrl ?? new URL('../../workers/writer.js', import.meta.url),
    });
  }

  /** The newest state of each file written. */
  get files(): readonly WrittenFile[] {
    return [...this.#files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** Of candles as first sealed, in the order made. */
  get evaluations(): readonly Evaluation[] {
    return this.#evaluations;
  }

  get evaluationFailures(): readonly string[] {
    return this.#evaluationFailures;
  }

  /** Sinks whose last write failed; the Parquet files are one. */
  get refusing(): number {
    return this.#refusing.size;
  }

  /** What could not be stored, a sentence each. */
  get unwritten(): readonly string[] {
    return this.#unwritten;
  }

  /** Starts the thread, loads library and history. Throws EngineError HISTORY when the history cannot be used. */
  async prepare(): Promise<PrepareAnswer> {
    const answer = (await this.#ask({ kind: 'prepare' })) as PrepareAnswer;
    if (answer.refusal !== undefined) throw new EngineError(answer.refusal.code, answer.refusal.sentence);
    return answer;
  }

  /** From now on candles are written and evaluated when sealed; `onRequest`: when `settle` asks for it. */
  follow(onRequest = false): void {
    this.#following = { kind: 'follow', onRequest };
    this.#send(this.#following);
  }

  /** Before `follow`, or after `follow(true)`: writes and evaluates what is sealed now. */
  async settle(): Promise<void> {
    await this.#ask({ kind: 'settle' });
  }

  /** After the shards have read everything: writes the rest, open minutes included, evaluates it and proves all. */
  async finish(): Promise<ConcludeAnswer> {
    const { unwritten, conclusion } = (await this.#ask({ kind: 'finish' })) as FinishAnswer;
    this.#unwritten = unwritten;
    return conclusion;
  }

  /** Ends the thread at once. */
  async stop(): Promise<void> {
    await this.#host.stop();
    this.#port?.close();
  }

  #send(message: ToWriter): void {
    this.#port?.postMessage(message);
  }

  #ask(message: ToWriter): Promise<FromWriter> {
    return new Promise((resolve, reject) => {
      if (this.#lost !== undefined) return reject(this.#lost);
      this.#request = { message, resolve, reject };
      if (this.#port === undefined) this.#start();
      else this.#send(message);
    });
  }

  #start(): void {
    const onDeath = (error: unknown): void => {
      this.#options.onFailure(`The writer's thread died: ${sentenceOf(error)}`);
      this.#silentDeaths++;
      if (this.#silentDeaths >= MAX_SILENT_DEATHS) throw error;
    };
    this.#host
      .run(() => this.#newThread(), onDeath)
      .catch((error: unknown) => {
        const lost = error instanceof Error ? error : new Error(String(error));
        this.#lost = lost;
        this.#request?.reject(lost);
      });
  }

  /** Sends a new thread the requests that it must continue. */
  #newThread(): ThreadTask {
    const { memories, places, outDir, lock, reserve, seenBetter } = this.#options;
    const { identity, timeframes, historyDir, marketDateMs, given, ledger, sinks } = this.#options;
    const { port1, port2 } = new MessageChannel();
    port1.on('message', (message: FromWriter) => this.#hear(message));
    this.#port?.close();
    this.#port = port1;
    if (this.#following !== undefined) this.#send(this.#following);
    if (this.#request !== undefined) this.#send(this.#request.message);
    const value: WriterTask = {
      port: port2,
      shards: sharedShards({ memories, places }),
      outDir,
      lock,
      reserve,
      seenBetter,
      identity,
      timeframes,
      historyDir,
      marketDateMs,
      given,
      ledger,
      sinks,
      evaluated: this.#evaluated,
    };
    return { value, transfer: [port2] };
  }

  #hear(message: FromWriter): void {
    this.#silentDeaths = 0;
    switch (message.kind) {
      case 'written':
        for (const file of message.files) this.#files.set(file.path, file);
        return;
      case 'fed':
        return this.#fed(message.sink, message.failures);
      case 'evaluated':
        this.#evaluated[message.shard] = message.through;
        this.#evaluations.push(...message.evaluations);
        if (message.failure === undefined) return;
        this.#evaluationFailures.push(message.failure);
        return this.#options.onFailure(
          `Momentum of shard ${message.shard} could not be evaluated: ${message.failure}`,
        );
      case 'prepare':
      case 'settle':
      case 'finish':
      case 'fault':
        return this.#answered(message);
    }
  }

  #answered(message: FromWriter): void {
    const request = this.#request;
    this.#request = undefined;
    if (message.kind === 'fault') request?.reject(message.error);
    else request?.resolve(message);
  }

  /** Logs each failure. Says once that a sink refuses candles, and once that it has them all. */
  #fed(sink: string | undefined, failures: readonly string[]): void {
    const { onFailure, onTrouble, outDir } = this.#options;
    const who = sink === undefined ? '' : `The sink ${sink}: `;
    for (const failure of failures) onFailure(`${who}${failure}`);
    const refusedBefore = this.#refusing.has(sink);
    if (failures.length > 0) this.#refusing.add(sink);
    else this.#refusing.delete(sink);
    if (failures.length > 0 && !refusedBefore)
      onTrouble(
        `${who}${failures[0]} The candles stay in memory; it is tried again with each minute that is sealed.`,
      );
    if (failures.length === 0 && refusedBefore)
      onTrouble(
        sink === undefined
          ? `The candles in ${outDir} are written again; nothing of them is missing.`
          : `The sink ${sink} has all candles again.`,
      );
  }
}
