/**
 * The writer: feeds the sinks from shared memory, evaluates the momentum rule, and proves the files at the end. Its
 * own thread keeps a slow disk and the rule from stalling the socket; one thread for all, because the Parquet library
 * costs each thread that loads it 150 ms and more.
 *
 * A replacement reads everything again from shared memory and disk.
 */
import { sleep } from '../clock.js';
import { abortOf, ShardChanges } from '../candles/changes.js';
import { sentenceOf } from '../errors.js';
import type { CandleSink, SinkExports, SinkModule, SinkRun } from '../candles/sink.js';
import { SinkFeed } from '../candles/sink-feed.js';
import { openShards } from '../candles/shared-shards.js';
import { CandleStream, type StreamShard } from '../candles/stream.js';
import { renameHolding } from '../parquet/out-lock.js';
import { ParquetSink } from '../parquet/sink.js';
import { conclude } from './conclusion.js';
import { MomentumEvaluation } from './evaluation.js';
import type { FinishAnswer, FromWriter, PrepareAnswer, ToWriter, WriterTask } from './writer-messages.js';

/** Real ms to open and to finish. The Parquet files have no limit: the run's verdict needs them. */
const SINK_TIMEOUT_MS = 30_000;
/** Minimum real ms between two evaluations. */
const MIN_PAUSE_MS = 200;

interface NamedFeed {
  readonly name: string;
  readonly feed: SinkFeed;
}

export class Writer {
  readonly #task: WriterTask;
  readonly #shards: readonly StreamShard[];
  readonly #parquet: ParquetSink;
  readonly #files: SinkFeed;
  readonly #evaluation: MomentumEvaluation;
  /** Sinks other than the Parquet files. */
  readonly #others: NamedFeed[] = [];
  readonly #unopened: string[] = [];
  #opened: Promise<void> | undefined;
  readonly #following = new AbortController();
  /** Of the files and the evaluation; other sinks may take longer. */
  #loops: Promise<unknown> = Promise.resolve();

  constructor(task: WriterTask) {
    this.#task = task;
    this.#shards = openShards(task.shards);
    this.#parquet = new ParquetSink({
      outDir: task.outDir,
      reserve: task.reserve,
      seenBetter: task.seenBetter,
      wait: sleep,
      ...(task.lock === undefined ? {} : { rename: renameHolding(task.lock) }),
      onWritten: (files) => this.#say({ kind: 'written', files }),
    });
    this.#files = this.#feedOf(undefined, this.#parquet);
    this.#evaluation = new MomentumEvaluation({
      setup: task,
      shards: this.#shards,
      evaluated: task.evaluated,
      onEvaluated: (message) => this.#say(message),
    });
  }

  /** Answers requests up to `finish`. */
  run(): Promise<void> {
    const { port } = this.#task;
    return new Promise((resolve) => {
      port.on('message', (message: ToWriter) => {
        void this.#handle(message)
          .catch((error: unknown): FromWriter => ({ kind: 'fault', error }))
          .then((answer) => {
            if (answer !== undefined) this.#say(answer);
            if (message.kind === 'finish') resolve(port.close());
          });
      });
    });
  }

  #say(message: FromWriter): void {
    this.#task.port.postMessage(message);
  }

  async #handle(message: ToWriter): Promise<FromWriter | undefined> {
    switch (message.kind) {
      case 'prepare':
        return this.#prepare();
      case 'follow':
        await this.#open();
        this.#follow(message.onRequest);
        return undefined;
      case 'settle':
        await this.#open();
        await this.#files.round();
        await this.#evaluation.evaluate();
        return { kind: 'settle' };
      case 'finish':
        return this.#finish();
    }
  }

  async #prepare(): Promise<PrepareAnswer> {
    const answer = await this.#evaluation.prepare();
    if (answer.refusal === undefined) await this.#open();
    return answer;
  }

  /** Opens the sinks, once. One that fails is reported and gets nothing; the Parquet sink's error is thrown. */
  #open(): Promise<void> {
    return (this.#opened ??= this.#openAll());
  }

  async #openAll(): Promise<void> {
    const { identity, marketDateMs, sinks = [] } = this.#task;
    const instruments = this.#shards.flatMap(({ places }) => places.map(({ instrument }) => instrument));
    const run: SinkRun = { identity, marketDateMs, instruments };
    await this.#files.open(run);
    for (const module of sinks) await this.#openModule(module, run);
  }

  async #openModule({ name, url, settings }: SinkModule, run: SinkRun): Promise<void> {
    try {
      const { createSink } = (await import(url)) as SinkExports;
      const feed = this.#feedOf(name, createSink(settings));
      await feed.open(run);
      this.#others.push({ name, feed });
    } catch (error) {
      const sentence = `cannot be opened: ${sentenceOf(error)}`;
      this.#unopened.push(`The sink ${name} ${sentence}`);
      this.#say({ kind: 'fed', sink: name, failures: [sentence] });
    }
  }

  /** `name` is undefined for the Parquet files, whose messages name the file. */
  #feedOf(name: string | undefined, sink: CandleSink): SinkFeed {
    return new SinkFeed({
      sink,
      stream: new CandleStream(this.#shards, { timeframes: this.#task.timeframes }),
      onRound: (failures) => this.#say({ kind: 'fed', sink: name, failures }),
      timeoutMs: name === undefined ? undefined : SINK_TIMEOUT_MS,
    });
  }

  #follow(onRequest: boolean): void {
    const { signal } = this.#following;
    if (!onRequest) this.#loops = Promise.all([this.#files.follow(signal), this.#followEvaluation()]);
    for (const { feed } of this.#others) void feed.follow(signal);
  }

  async #followEvaluation(): Promise<void> {
    const { signal } = this.#following;
    const aborted = abortOf(signal);
    const changes = new ShardChanges(this.#shards.map(({ memory }) => memory));
    while (!signal.aborted && !changes.ended) {
      await changes.changed(signal);
      if (signal.aborted) break;
      changes.look();
      await this.#evaluation.evaluate();
      await Promise.race([sleep(MIN_PAUSE_MS), aborted.promise]);
    }
    aborted.release();
  }

  async #finish(): Promise<FinishAnswer> {
    this.#following.abort();
    await this.#open();
    await this.#loops;
    const others = this.#others.map(async ({ name, feed }) =>
      (await feed.finish()).map((failure) => `The sink ${name}: ${failure}`),
    );
    const unwritten = [
      ...(await this.#files.finish()),
      ...this.#unopened,
      ...(await Promise.all(others)).flat(),
    ];
    await this.#evaluation.evaluate();
    const { outDir } = this.#task;
    const conclusion = await conclude({
      outDir,
      shards: this.#shards,
      timeframes: this.#task.timeframes,
      parquet: this.#parquet,
      evaluation: this.#evaluation,
    });
    return { kind: 'finish', unwritten, conclusion };
  }
}
