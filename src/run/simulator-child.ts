/**
 * The simulated broker as a child process, so that this process's CPU, memory and connections are the run's alone.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { EngineError } from '../errors.js';
import type { VolumeKind } from '../candles/candle.js';
import type { Listing } from '../market/instrument.js';
import type { FromSimulator, SimulatorTask, ToSimulator } from '../sim/ipc-messages.js';
import type { Turn, Turned } from '../stepped/turns.js';

export type Started = Extract<FromSimulator, { type: 'started' }>;

/** Throws EngineError SIMULATOR if the child fails or ends first. */
function awaitMessage<Kind extends FromSimulator['type']>(
  child: ChildProcess,
  kind: Kind,
  complaints: () => string,
): Promise<Extract<FromSimulator, { type: Kind }>> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      child.off('message', onMessage).off('exit', onExit);
    };
    const onMessage = (message: FromSimulator): void => {
      if (message.type === 'failed') {
        done();
        reject(new EngineError('SIMULATOR', message.sentence));
      } else if (message.type === kind) {
        done();
        resolve(message as Extract<FromSimulator, { type: Kind }>);
      }
    };
    const onExit = (code: number | null): void => {
      done();
      reject(
        new EngineError(
          'SIMULATOR',
          `The simulated broker ended with code ${code ?? 'none'} before it answered. ${complaints()}`.trim(),
        ),
      );
    };
    child.on('message', onMessage).on('exit', onExit);
    if (child.exitCode !== null || child.signalCode !== null) onExit(child.exitCode);
  });
}

export class SimulatorChild {
  readonly #child: ChildProcess;
  #last = '';

  constructor(task: SimulatorTask) {
    const entry = fileURLToPath(new URL('../../workers/simulator.js', import.meta.url));
    this.#child = fork(entry, [JSON.stringify(task)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
    });
    this.#child
      .stderr!.setEncoding('utf8')
      .on('data', (text: string) => (this.#last = (this.#last + text).slice(-500)));
    // A message that cannot be sent says only that the child has ended: its exit and its own words say why.
    this.#child.on('error', (error) => {
      if (this.#child.pid === undefined) this.#last = error.message;
    });
  }

  /**
   * Makes the market. Returns earlier candles of the symbols in `historyOf`, packed by
   * src/candles/warm-up-candles.ts. Throws EngineError SIMULATOR.
   */
  async prepare(
    listings: readonly Listing[],
    historyOf: readonly string[],
    volumeKind: VolumeKind,
  ): Promise<Readonly<Record<string, readonly number[]>>> {
    this.#send({ type: 'prepare', listings, historyOf, volumeKind });
    return (await this.#answer('prepared')).history;
  }

  start(): Promise<Started> {
    this.#send({ type: 'start' });
    return this.#answer('started');
  }

  /** Stepped time only. */
  async turn(turn: Turn): Promise<Turned> {
    this.#send({ type: 'turn', turn });
    return (await this.#answer('turned')).turned;
  }

  /** May be called twice. */
  stop(): void {
    if (this.#child.connected) this.#child.disconnect();
  }

  #send(message: ToSimulator): void {
    this.#child.send(message);
  }

  #answer<Kind extends FromSimulator['type']>(kind: Kind): Promise<Extract<FromSimulator, { type: Kind }>> {
    return awaitMessage(this.#child, kind, () => this.#last.trim().split('\n')[0] ?? '');
  }
}
