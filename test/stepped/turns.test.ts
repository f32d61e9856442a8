/** Both sides of stepped time over real sockets, in one process. */
import { createServer, connect, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineError } from '../../src/errors.js';
import { Stepper } from '../../src/run/stepper.js';
import { TurnTaker } from '../../src/sim/turn-taker.js';
import type { Turned } from '../../src/stepped/turns.js';
import { VirtualClock } from '../../src/stepped/virtual-clock.js';

const ORIGIN_MS = 1_795_000_000_000;

/** A server and a run that share stepped time; `log` has what each saw, and when. */
class Pair {
  readonly log: string[] = [];
  readonly ours = new VirtualClock(ORIGIN_MS);
  readonly theirs = new VirtualClock(ORIGIN_MS);
  readonly sockets: Socket[] = [];
  readonly server: Server;
  #answer: (turned: Turned) => void = () => undefined;
  readonly #taker = new TurnTaker(this.theirs, (turned) => this.#answer(turned));
  stepper!: Stepper;
  failure: EngineError | undefined;
  turns = 0;

  constructor() {
    this.server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#taker.accept(socket);
      this.sockets.push(socket);
      socket.on('data', (data) => this.note('server', `got ${data.length}`));
      socket.on('end', () => {
        this.note('server', 'end');
        socket.end();
      });
      socket.on('error', () => undefined);
    });
  }

  async start(): Promise<void> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.stepper = new Stepper({
      clock: this.ours,
      port: this.port,
      turn: (turn) =>
        new Promise((resolve) => {
          this.turns++;
          this.#answer = resolve;
          void this.#taker.take(turn);
        }),
    });
    this.stepper.start((error) => (this.failure = error));
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  note(who: 'run' | 'server', what: string): void {
    const clock = who === 'run' ? this.ours : this.theirs;
    this.log.push(`${clock.monoMs() - ORIGIN_MS} ${who} ${what}`);
  }

  /** A client's socket whose events are noted. */
  connect(): Socket {
    const socket = connect({ port: this.port, host: '127.0.0.1' });
    socket.on('connect', () => this.note('run', 'connected'));
    socket.on('data', (data) => this.note('run', `got ${data.length}`));
    socket.on('end', () => this.note('run', 'end'));
    socket.on('error', () => this.note('run', 'error'));
    socket.on('close', () => this.note('run', 'closed'));
    return socket;
  }

  /** Market ms from now on the run's clock. */
  pass(ms: number): Promise<void> {
    return new Promise((resolve) => this.ours.after(ms, resolve));
  }

  async stop(): Promise<void> {
    await this.stepper.stop();
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}

describe('two processes in stepped time', () => {
  let pair: Pair;
  beforeEach(async () => {
    pair = new Pair();
    await pair.start();
  });
  afterEach(() => pair.stop());

  it('see what is sent at the time of its sending, in both directions', async () => {
    const socket = pair.connect();
    pair.ours.after(1000, () => socket.write('hello'));
    pair.theirs.after(2000, () => pair.sockets[0].write(Buffer.alloc(70_000)));
    pair.ours.after(3000, () => socket.end());
    await pair.pass(4000);
    const sums = new Map<string, number>();
    for (const line of pair.log) {
      const found = /^(.* got) (\d+)$/.exec(line);
      if (found !== null) sums.set(found[1], (sums.get(found[1]) ?? 0) + Number(found[2]));
    }
    expect([...sums]).toEqual([
      ['1000 server got', 5],
      ['2000 run got', 70_000],
    ]);
    expect(pair.log.filter((line) => !line.includes('got'))).toEqual([
      '0 run connected',
      '3000 server end',
      '3000 run end',
      '3000 run closed',
    ]);
  });

  it('see a reset and a drop at their time, and do not wait for what they destroyed', async () => {
    const [reset, dropped] = [pair.connect(), pair.connect()];
    await pair.pass(10);
    // Neither is read: what is sent stays in flight, until the close settles it.
    for (const socket of [reset, dropped]) socket.pause();
    pair.ours.after(999, () => {
      for (const socket of [reset, dropped]) socket.resume();
    });
    pair.theirs.after(1000, () => {
      for (const socket of pair.sockets) socket.write(Buffer.alloc(1000));
      pair.sockets[0].resetAndDestroy();
      pair.sockets[1].destroy();
    });
    await pair.pass(3000);
    expect([reset.destroyed, dropped.destroyed]).toEqual([true, true]);
    expect(pair.log.filter((line) => line.endsWith('closed'))).toEqual([
      '1010 run closed',
      '1010 run closed',
    ]);
  });

  it('wait for a reader that paused: what it cannot take now it takes when it has room', async () => {
    const socket = pair.connect();
    await pair.pass(10);
    let isFull = false;
    socket.once('data', () => {
      isFull = true;
      socket.pause();
    });
    let settled = 0;
    pair.stepper.waitFor({
      any: () => isFull,
      settle: () => {
        settled++;
        isFull = false;
        socket.resume();
        return Promise.resolve();
      },
    });
    // More than the kernel holds: the server cannot be quiet before we have read.
    pair.theirs.after(490, () => pair.sockets[0].write(Buffer.alloc(20_000_000)));
    // The run learns of the server's timers with the next turn.
    await pair.pass(1);
    await pair.pass(999);
    expect([settled, socket.bytesRead]).toEqual([1, 20_000_000]);
    const got = pair.log.filter((line) => line.includes('run got'));
    expect(new Set(got.map((line) => line.split(' ')[0]))).toEqual(new Set(['500']));
  });

  it('pass hours without an event in one turn, and give no turn for timers that send nothing', async () => {
    const before = pair.turns;
    let ticks = 0;
    pair.ours.every(25, () => ticks++, 'sends nothing');
    await pair.pass(60_000);
    expect(ticks).toBeGreaterThanOrEqual(2399);
    expect(pair.turns - before).toBeLessThan(5);
  });

  it('go on alone when the other process has gone, and say so once', async () => {
    const lost = new EngineError('SIMULATOR', 'gone');
    const clock = new VirtualClock(ORIGIN_MS);
    const failures: EngineError[] = [];
    const stepper = new Stepper({ clock, port: 1, turn: () => Promise.reject(lost) });
    stepper.start((error) => failures.push(error));
    await new Promise<void>((resolve) => clock.after(5000, resolve));
    await stepper.stop();
    expect(failures).toEqual([lost]);
    expect(clock.monoMs()).toBe(ORIGIN_MS + 5000);
  });
});
