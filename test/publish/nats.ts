/** A NATS server of the test's own on a free port, to be killed, stopped, wiped and started again. */
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect as connectSocket, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { PublishedCandle } from '../../src/publish/message.js';

/** The server's program; undefined where it is not installed. */
export const natsServer: string | undefined = [...(process.env.PATH ?? '').split(':'), '/usr/sbin']
  .map((folder) => join(folder, 'nats-server'))
  .find((path) => existsSync(path));
if (natsServer === undefined)
  console.warn('nats-server is not installed: the tests that need it are skipped.');

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

const opens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connectSocket(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class Nats {
  readonly port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'tickshard-nats-'));
  readonly #more: readonly string[];
  #child: ChildProcess | undefined;

  private constructor(port: number, more: readonly string[]) {
    this.port = port;
    this.#more = more;
  }

  /** `more`: arguments of the server. */
  static async start(...more: readonly string[]): Promise<Nats> {
    const server = new Nats(await freePort(), more);
    await server.start();
    return server;
  }

  /** For a server that is not started yet. */
  static async later(): Promise<Nats> {
    return new Nats(await freePort(), []);
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Resolves when it answers. */
  async start(): Promise<void> {
    const args = ['-js', '-a', '127.0.0.1', '-p', String(this.port), '-sd', join(this.#folder, 'store')];
    this.#child = spawn(natsServer!, [...args, ...this.#more], { stdio: 'ignore' });
    while (!(await opens(this.port))) await sleep(20);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child!.kill(name);
  }

  /** Removes its disk; it must not run. */
  wipe(): void {
    rmSync(join(this.#folder, 'store'), { recursive: true, force: true });
  }

  /** Keeps its disk as it is now, and puts it back; it must not run. */
  save(): void {
    cpSync(join(this.#folder, 'store'), join(this.#folder, 'saved'), { recursive: true });
  }

  restore(): void {
    this.wipe();
    cpSync(join(this.#folder, 'saved'), join(this.#folder, 'store'), { recursive: true });
  }

  async stop(): Promise<void> {
    this.#child?.kill('SIGCONT');
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async connected<T>(body: (connection: NatsConnection) => Promise<T>, more: object = {}): Promise<T> {
    const connection = await connect({ servers: `127.0.0.1:${this.port}`, ...more });
    try {
      return await body(connection);
    } finally {
      await connection.close();
    }
  }

  /** All messages of the stream of candles, from the oldest. */
  async messages(more: object = {}): Promise<Message[]> {
    return this.connected(async (connection) => {
      const manager = await jetstreamManager(connection);
      const { state } = await manager.streams.info('CANDLES');
      if (state.messages === 0) return [];
      const consumer = await jetstream(connection).consumers.get('CANDLES', { filter_subjects: 'candle.>' });
      const found: Message[] = [];
      for await (const message of await consumer.consume()) {
        const header = (name: string): string => message.headers?.get(name) ?? '';
        found.push({
          subject: message.subject,
          run: header('Tickshard-Run'),
          state: header('Tickshard-Candle'),
          event: message.json<PublishedCandle>(),
        });
        if (message.info.pending === 0) break;
      }
      return found;
    }, more);
  }
}

export interface Message {
  readonly subject: string;
  readonly run: string;
  readonly state: string;
  readonly event: PublishedCandle;
}

interface Held {
  readonly revision: number;
  readonly candle: unknown;
  readonly quality: unknown;
}

/** What a consumer holds in the end: of each candle the highest revision, and of two with the same the later one. */
export function heldOf(events: Iterable<PublishedCandle>): ReadonlyMap<string, Held> {
  const held = new Map<string, Held>();
  for (const { instrument, timeframe, candle, quality, revision } of events) {
    const key = `${instrument.exchange}:${instrument.symbol} ${timeframe} ${candle.timestampMs}`;
    const before = held.get(key);
    if (before === undefined || before.revision <= revision) held.set(key, { revision, candle, quality });
  }
  return new Map([...held].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Messages that say the same of the same candle. */
export function twice(messages: readonly Message[]): string[] {
  const all = messages.map(({ subject, state }) => `${subject} ${state}`);
  return all.filter((one, k) => all.indexOf(one) !== k);
}
