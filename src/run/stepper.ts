/**
 * The run's side of stepped time (src/stepped/turns.ts): moves both clocks from event to event, and only when nothing
 * is outstanding in either process.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { monoMs, sleep } from '../clock.js';
import { ShardChanges } from '../candles/changes.js';
import { EngineError } from '../errors.js';
import type { Engine } from '../ingest/engine.js';
import type { Pipeline } from '../ingest/pipeline.js';
import { Connections } from '../stepped/connections.js';
import { linger, quiet } from '../stepped/quiet.js';
import type { Turn, Turned } from '../stepped/turns.js';
import type { VirtualClock } from '../stepped/virtual-clock.js';
import type { WriterHost } from '../threads/writer-host.js';

/** Node publishes every client socket here. */
const SOCKETS = 'net.client.socket';
/** Real ms without any change after which time is taken to be stuck. */
const STUCK_MS = 120_000;
/** Real ms between looks at this process during the simulator's turn. */
const LOOK_MS = 1;

/** What stepped time waits for in this process besides its sockets. */
export interface Outstanding {
  /** True while there is work that takes no market time: journal, rings, files. */
  readonly any: () => boolean;
  readonly settle: () => Promise<void>;
}

/** A run waits for its journal, rings and files. */
export function outstandingOf(
  { memories }: Pick<Engine, 'memories'>,
  line: Pipeline,
  writer: Pick<WriterHost, 'settle'>,
): Outstanding {
  const changes = new ShardChanges(memories);
  return {
    any: () => line.busy || changes.moved,
    async settle() {
      await line.settle();
      if (!changes.moved) return;
      changes.look();
      await writer.settle();
    },
  };
}

export interface StepperOptions {
  readonly clock: VirtualClock;
  /** Of the simulator. */
  readonly port: number;
  /** Gives the simulator a turn. */
  readonly turn: (turn: Turn) => Promise<Turned>;
}

export class Stepper {
  readonly #options: StepperOptions;
  readonly #connections = new Connections();
  /** Sockets that are not connected yet. */
  #connecting = 0;
  #outstanding: Outstanding = { any: () => false, settle: () => Promise.resolve() };
  /** The simulator's next event, epoch ms. */
  #peerDueMs = -Infinity;
  /** What the simulator was last told, as text. */
  #told = '';
  #toldMs = NaN;
  /** The last event sent nothing, so nothing is awaited but `#outstanding`. */
  #isCalm = false;
  #stopped = false;
  #running: Promise<void> | undefined;
  readonly #onSocket = (message: unknown): void => this.#watch((message as { socket: Socket }).socket);

  constructor(options: StepperOptions) {
    this.#options = options;
  }

  /** Starts time, also again. `onFailed`: the simulator has gone; from then on this process's timers fire alone. */
  start(onFailed: (error: EngineError) => void): void {
    this.#stopped = false;
    subscribe(SOCKETS, this.#onSocket);
    this.#running = this.#run(onFailed);
  }

  /** From now on time also waits for this. */
  waitFor(outstanding: Outstanding): void {
    this.#outstanding = outstanding;
  }

  /** Time stands still from now on. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    unsubscribe(SOCKETS, this.#onSocket);
  }

  #watch(socket: Socket): void {
    let pending = true;
    this.#connecting++;
    const done = (): void => {
      if (pending) this.#connecting--;
      pending = false;
    };
    socket.once('close', done).once('connect', () => {
      done();
      if (socket.remotePort === this.#options.port && socket.localPort !== undefined)
        this.#connections.add(socket.localPort, socket);
    });
  }

  async #run(onFailed: (error: EngineError) => void): Promise<void> {
    let alone = false;
    while (!this.#stopped) {
      try {
        await this.#step(alone);
      } catch (error) {
        // Other errors are faults of this program and end it.
        if (!(error instanceof EngineError) || alone) throw error;
        alone = true;
        this.#peerDueMs = Infinity;
        onFailed(error);
      }
    }
  }

  /** One event, or one exchange of what was sent. */
  async #step(alone: boolean): Promise<void> {
    const { clock } = this.#options;
    if (!alone) {
      if (!this.#isCalm || this.#outstanding.any()) await this.#quiet();
      this.#isCalm = false;
      if (this.#stopped) return;
      if (JSON.stringify(this.#connections.sent()) !== this.#told) return this.#exchange(false);
    } else await sleep(0);
    const ownMs = clock.dueMs;
    if (this.#peerDueMs <= ownMs && this.#peerDueMs < Infinity) {
      clock.moveTo(this.#peerDueMs);
      return this.#exchange(true);
    }
    if (ownMs === Infinity) return sleep(LOOK_MS);
    if (!alone && clock.dueMaySend && ownMs > this.#toldMs) {
      clock.moveTo(ownMs);
      await this.#exchange(false);
    }
    this.#isCalm = !clock.dueMaySend;
    clock.fireNext();
  }

  /** Gives the simulator a turn, and takes in what it sends. */
  async #exchange(fires: boolean): Promise<void> {
    const { clock, turn } = this.#options;
    const sent = this.#connections.sent();
    this.#told = JSON.stringify(sent);
    this.#toldMs = clock.monoMs();
    const answer = turn({ nowMs: this.#toldMs, fires, sent });
    await this.#workDuring(answer);
    const { dueMs, sent: theirs } = await answer;
    this.#peerDueMs = dueMs ?? Infinity;
    this.#connections.told(theirs);
    this.#connections.forgetClosed(sent);
  }

  /** Until the answer: the simulator may be waiting until this process has read, which it does while it has room. */
  async #workDuring(answer: Promise<Turned>): Promise<void> {
    let answered = false;
    const done = (): void => void (answered = true);
    // The caller awaits the answer itself.
    const arrived = answer.then(done, done);
    let seen = NaN;
    let changedMs = monoMs();
    await linger(() => answered);
    while (!answered) {
      await Promise.race([arrived, sleep(LOOK_MS)]);
      const isBusy = this.#outstanding.any();
      if (isBusy) await this.#outstanding.settle();
      const { activity } = this.#connections;
      if (isBusy || activity !== seen) changedMs = monoMs();
      else this.#checkStuck(monoMs() - changedMs);
      seen = activity;
    }
  }

  #quiet(): Promise<void> {
    return quiet(
      () => ({
        activity: this.#connections.activity,
        outstanding: this.#connecting > 0 || !this.#connections.settled || this.#outstanding.any(),
      }),
      () => (this.#outstanding.any() ? this.#outstanding.settle() : undefined),
      (stillMs) => this.#checkStuck(stillMs),
    );
  }

  #checkStuck(stillMs: number): void {
    if (stillMs < STUCK_MS) return;
    throw new EngineError(
      'SIMULATOR',
      `Stepped time stands still at ${new Date(this.#options.clock.monoMs()).toISOString()}: what was sent did not arrive within ${STUCK_MS / 1000} s.`,
    );
  }
}
