/**
 * LTP frames from another process over loopback: the whole engine, compared with a bare `ws` client that discards every
 * message.
 *
 *   sender's process ─► TCP ─► FrameTap ─► FeedSocket ─► Pipeline ─► Router ══ ring ══► shard's thread
 *                    ├─► TCP ─► ws ─► discarded
 *                    └─► TCP ─► discarded      (the sender's own rate, which must exceed the bare client's)
 *
 * Measured from the first byte to the last candle. The candles must equal those of a plain fold, so nothing is lost.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
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
import { frames } from './baselines.js';
import {
  engineAnswer,
  FRAME_BYTES,
  naiveAnswer,
  OPEN_MS,
  SUBSCRIBED_BEFORE_MS,
  unsubscribed,
} from './market.js';
import { median, rowOf, type Bench } from './row.js';

const STEP_MS = 2;
/** Bytes of a message on the wire. */
const WIRE_BYTES = FRAME_BYTES + 2;
/** The sender must be at least this many times as fast as the bare client. */
const MIN_SENDER_RATIO = 1.5;

/** Million messages a second, from the first to the last. */
const perSecond = (count: number, fromMs: number): number => count / (monoMs() - fromMs) / 1000;

async function bareSocket(port: number, count: number): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write('x');
  let bytes = 0;
  let fromMs = 0;
  await new Promise<void>((resolve) => {
    socket.on('data', (chunk) => {
      fromMs ||= monoMs();
      bytes += chunk.length;
      if (bytes === count * WIRE_BYTES) resolve();
    });
  });
  const rate = perSecond(count, fromMs);
  socket.destroy();
  return rate;
}

async function bareClient(port: number, count: number): Promise<number> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { perMessageDeflate: false });
  let messages = 0;
  let fromMs = 0;
  await new Promise<void>((resolve) => {
    socket.on('message', () => {
      fromMs ||= monoMs();
      if (++messages === count) resolve();
    });
  });
  const rate = perSecond(count, fromMs);
  socket.terminate();
  return rate;
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

function checkAnswer(engine: Engine, count: number, expected: string): void {
  const answer = engineAnswer(engine);
  const routed = engine.counters[COUNTER.routed];
  if (answer !== expected || routed !== count)
    throw new Error(`socket: ${answer} of ${routed} messages where a plain fold of ${count} has ${expected}`);
}

async function wholeEngine(
  port: number,
  count: number,
  tokens: readonly string[],
  expected: string,
): Promise<number> {
  let left = count;
  // The machine is faster than any market, so its clock follows the frames. It starts early enough that no frame passes
  // for a cached one.
  const clock = new FramesClock(
    () => OPEN_MS + (left === count ? -SUBSCRIBED_BEFORE_MS : (count - left) * STEP_MS),
  );
  const { engine, intake } = unsubscribed(tokens, { silenceMs: 120_000 });
  const pool = new ShardPool({ memories: engine.memories, counters: engine.counters });
  await pool.start();
  const pipeline = new Pipeline({
    engine,
    intake,
    clock,
    journal: undefined,
    socket: { pause: () => socket.pause(), resume: () => socket.resume() },
    redact: () => undefined,
  });
  let fromMs = 0;
  let all!: () => void;
  const over = new Promise<void>((resolve) => (all = resolve));
  const socket = feedSocketOf(port, clock, {
    opened: () => {
      pipeline.opened(1);
      pipeline.subscribed(1);
    },
    binary: (messages) => {
      fromMs ||= monoMs();
      left -= messages.count;
      pipeline.binary(messages, 1);
      if (left === 0) all();
    },
    text: () => undefined,
    pong: () => undefined,
    ended: (_connection, end) => {
      if (left > 0)
        throw new Error(`socket: the connection ended by ${end.cause} with ${left} messages to come`);
    },
  });
  try {
    pipeline.start();
    await over;
    await pipeline.end();
    await pool.done;
    const rate = perSecond(count, fromMs);
    checkAnswer(engine, count, expected);
    return rate;
  } finally {
    socket.terminate();
    await pool.stop();
  }
}

async function startSender(count: number): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const child = fork(fileURLToPath(new URL('./sender.js', import.meta.url)), [
    String(count),
    String(STEP_MS),
  ]);
  const [port] = (await once(child, 'message')) as [number];
  return { child, port };
}

export const socket: Bench = {
  name: 'socket',
  topology:
    "sender's process -> TCP -> FrameTap -> FeedSocket -> Pipeline -> Router == ring ==> shard thread -> candles; compared with a bare ws client that discards",
  async run({ smoke }) {
    const count = smoke ? 20_000 : 1_500_000;
    const { buf, tokens } = frames(count, 50, STEP_MS);
    const expected = naiveAnswer(buf, count, tokens);
    const { child, port } = await startSender(count);
    const rates = { sender: [] as number[], bare: [] as number[], engine: [] as number[] };
    try {
      for (let round = 0; round < (smoke ? 1 : 7); round++) {
        rates.sender.push(await bareSocket(port, count));
        rates.bare.push(await bareClient(port, count));
        rates.engine.push(await wholeEngine(port, count, tokens, expected));
      }
    } finally {
      child.disconnect();
    }
    if (!smoke && median(rates.sender) < MIN_SENDER_RATIO * median(rates.bare))
      throw new Error(
        `socket: the sender is the bottleneck: ${median(rates.sender).toFixed(2)} M messages/s where the bare client takes ${median(rates.bare).toFixed(2)}`,
      );
    return [
      rowOf({
        name: 'socket, whole engine',
        unit: 'M messages/s',
        values: rates.engine,
        baseline: rates.bare,
        target: 0.85,
        moreIsBetter: true,
      }),
      rowOf({
        name: 'socket, the sender alone',
        unit: 'M messages/s',
        values: rates.sender,
        moreIsBetter: true,
      }),
    ];
  },
};
