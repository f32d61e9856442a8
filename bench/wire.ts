/** Frames from another process over loopback, taken by the whole engine or by a bare client. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { ANGEL } from '../src/broker/angel/angel.js';
import { monoMs, SystemClock } from '../src/clock.js';
import type { SmartApiSession } from '../src/broker/angel/login.js';
import { feedEndpoint } from '../src/broker/angel/endpoint.js';
import { FeedSocket } from '../src/feed/socket.js';
import { COUNTER } from '../src/memory/counters.js';
import type { Engine } from '../src/ingest/engine.js';
import { ShardPool } from '../src/threads/shard-pool.js';
import { Pipeline } from '../src/ingest/pipeline.js';
import { JournalWriter } from '../src/journal/writer.js';
import { engineAnswer, OPEN_MS, SUBSCRIBED_BEFORE_MS, unsubscribed, type Frames } from './market.js';

/** Market ms from frame to frame. */
export const STEP_MS = 2;

/** What it took from the first message to the end. */
export interface Taken {
  /** Million messages a second. */
  readonly rate: number;
  /** Of all threads of this process, microseconds a message. */
  readonly cpuUs: number;
}

class Meter {
  readonly #count: number;
  #fromMs = 0;
  #cpu: NodeJS.CpuUsage | undefined;

  constructor(count: number) {
    this.#count = count;
  }

  /** At each message; the first counts. */
  begin(): void {
    if (this.#cpu !== undefined) return;
    this.#fromMs = monoMs();
    this.#cpu = process.cpuUsage();
  }

  end(): Taken {
    const { user, system } = process.cpuUsage(this.#cpu);
    return {
      rate: this.#count / (monoMs() - this.#fromMs) / 1000,
      cpuUs: (user + system) / this.#count,
    };
  }
}

/** A bare client that throws every message away. */
export async function bareClient(port: number, { count }: Frames): Promise<Taken> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: false });
  let messages = 0;
  const meter = new Meter(count);
  await new Promise<void>((resolve) => {
    socket.on('message', () => {
      meter.begin();
      if (++messages === count) resolve();
    });
  });
  const taken = meter.end();
  socket.terminate();
  return taken;
}

/** A clock whose market time follows the frames received. */
class FramesClock extends SystemClock {
  readonly #frameMs: () => number;

  constructor(frameMs: () => number) {
    super();
    this.#frameMs = frameMs;
  }

  override marketMs(): number {
    return this.#frameMs();
  }
}

/** What a log-in would have given. */
const LOGGED_IN: SmartApiSession = {
  jwt: 'j',
  feedToken: 'f',
  apiKey: 'k',
  clientCode: 'c',
  validUntilMs: Infinity,
  clockAheadMs: undefined,
  secrets: [],
};

function journalOf(folder: string, clock: FramesClock): JournalWriter {
  mkdirSync(folder, { recursive: true });
  const onTrouble = (sentence: string): void => {
    throw new Error(`wire: ${sentence}`);
  };
  return new JournalWriter({ folder, runId: 'bench', clock, onTrouble });
}

type FeedHandlers = ConstructorParameters<typeof FeedSocket>[0]['handlers'];

/** Connects to the sender as connection 1. */
function feedSocketOf(port: number, clock: FramesClock, handlers: FeedHandlers): FeedSocket {
  return new FeedSocket({
    broker: ANGEL,
    endpoint: feedEndpoint(`ws://127.0.0.1:${port}`),
    session: LOGGED_IN,
    secrets: [],
    connection: 1,
    clock,
    handlers,
  });
}

function checkAnswer(engine: Engine, { count, expected }: Frames): void {
  const answer = engineAnswer(engine);
  const routed = engine.counters[COUNTER.routed];
  if (answer !== expected || routed !== count)
    throw new Error(`wire: ${answer} of ${routed} messages where a plain fold of ${count} has ${expected}`);
}

/** From the first message to the last candle. `folder`: of the journal; undefined: none. Throws if anything is lost. */
export async function wholeEngine(port: number, all: Frames, folder: string | undefined): Promise<Taken> {
  const { count } = all;
  let left = count;
  // The machine is faster than any market, so its clock follows the frames. It starts early enough that no frame passes
  // for a cached one.
  const clock = new FramesClock(
    () => OPEN_MS + (left === count ? -SUBSCRIBED_BEFORE_MS : (count - left) * STEP_MS),
  );
  const { engine, intake } = unsubscribed(all.tokens, { silenceMs: 120_000, mode: all.mode });
  const pool = new ShardPool({ memories: engine.memories, counters: engine.counters });
  await pool.start();
  const journal = folder === undefined ? undefined : journalOf(folder, clock);
  await journal?.start({ taken: () => engine.router.mark(), written: () => engine.router.publishMarked() });
  const pipeline = new Pipeline({
    engine,
    intake,
    clock,
    journal,
    socket: { pause: () => socket.pause(), resume: () => socket.resume() },
    redact: () => undefined,
  });
  const meter = new Meter(count);
  let arrived!: () => void;
  const over = new Promise<void>((resolve) => (arrived = resolve));
  const socket = feedSocketOf(port, clock, {
    opened: () => {
      pipeline.opened(1);
      pipeline.subscribed(1);
    },
    binary: (messages) => {
      meter.begin();
      left -= messages.count;
      pipeline.binary(messages, 1);
      if (left === 0) arrived();
    },
    text: () => undefined,
    pong: () => undefined,
    ended: (_connection, end) => {
      if (left > 0)
        throw new Error(`wire: the connection ended by ${end.cause} with ${left} messages to come`);
    },
  });
  try {
    pipeline.start();
    await over;
    await pipeline.end();
    await pool.done;
    const taken = meter.end();
    checkAnswer(engine, all);
    if (journal !== undefined && journal.figures.frames !== count)
      throw new Error(`wire: the journal has ${journal.figures.frames} of ${count} frames`);
    return taken;
  } finally {
    socket.terminate();
    await pool.stop();
    await journal?.stop();
  }
}

/** A process that sends the frames. `perSecond`: in bursts of 5 ms; 0: as fast as they are read. */
export async function startSender(
  { mode, count }: Frames,
  perSecond = 0,
): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const args = [mode, count, STEP_MS, perSecond].map(String);
  const child = fork(fileURLToPath(new URL('./sender.js', import.meta.url)), args);
  const [port] = (await once(child, 'message')) as [number];
  return { child, port };
}
