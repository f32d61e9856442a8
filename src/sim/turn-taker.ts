/** The simulator's side of stepped time (src/stepped/turns.ts). */
import type { Socket } from 'node:net';
import { Connections } from '../stepped/connections.js';
import { quiet } from '../stepped/quiet.js';
import type { Turn, Turned } from '../stepped/turns.js';
import type { VirtualClock } from '../stepped/virtual-clock.js';

export class TurnTaker {
  readonly #clock: VirtualClock;
  readonly #answer: (turned: Turned) => void;
  readonly #connections = new Connections();

  constructor(clock: VirtualClock, answer: (turned: Turned) => void) {
    this.#clock = clock;
    this.#answer = answer;
  }

  /** Takes a client's socket. Those that the run does not name are of other programs: time does not wait for them. */
  accept(socket: Socket): void {
    const { remotePort } = socket;
    if (remotePort !== undefined) this.#connections.add(remotePort, socket);
  }

  /** Answers when quiet. */
  async take({ nowMs, fires, sent }: Turn): Promise<void> {
    const connections = this.#connections;
    this.#clock.moveTo(nowMs);
    connections.forgetUnnamed(sent);
    // The run notices when time stands still.
    const becomeQuiet = (): Promise<void> =>
      quiet(() => {
        connections.told(sent);
        return {
          activity: connections.activity,
          outstanding: !connections.hasAll(sent) || !connections.settled || !connections.flushed,
        };
      });
    await becomeQuiet();
    // What a timer sent arrives before the next one fires.
    for (let before = connections.activity; fires && this.#clock.dueMs <= nowMs;) {
      this.#clock.fireNext();
      await becomeQuiet();
      if (connections.activity !== before) break;
    }
    const { dueMs } = this.#clock;
    const named = new Set(sent.map(({ port }) => port));
    this.#answer({
      dueMs: dueMs === Infinity ? null : dueMs,
      sent: connections.sent().filter(({ port }) => named.has(port)),
    });
  }
}
