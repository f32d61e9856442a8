/**
 * LTP frames from another process over loopback: the whole engine, compared with a client of the same library that
 * throws every message away.
 *
 *   sender's process ─► TCP ─► Inlet (ws for all but packets) ─► FeedSocket ─► Line ─► Intake ─► Router ══ ring ══►
 *   shard's thread ─► candles
 *                    ├─► TCP ─► ws ─► nothing
 *                    └─► TCP ─► nothing          (how fast the sender is: where it is no faster than the bare client, the bench says nothing and fails)
 *
 * Counted from the first byte to the last candle. Nothing may be lost: the candles are those of a plain fold.
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
import { Engine } from '../src/ingest/engine.js';
import { ShardPool } from '../src/threads/shard-pool.js';
import { Intake } from '../src/ingest/intake.js';
import { Pipeline } from '../src/ingest/pipeline.js';
import { frames } from './baselines.js';
import {
  engineAnswer,
  FRAME_BYTES,
  instrumentsOf,
  naiveAnswer,
  OPEN_MS,
  SESSION,
  SUBSCRIBED_BEFORE_MS,
} from './market.js';
import { median, rowOf, type Bench } from './row.js';

const STEP_MS = 2;
/** Bytes of a message on the wire. */
const WIRE_BYTES = FRAME_BYTES + 2;
/** Minimum speed of the sender, as a multiple of the bare client's. */
const FAST_SENDER = 1.5;

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

/** A clock whose market is as far as the frames that came. */
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

async function wholeEngine(
  port: number,
  count: number,
  tokens: readonly string[],
  expected: string,
): Promise<number> {
  const instruments = instrumentsOf(tokens);
  let left = count;
  // The machine is faster than any market: its clock is that of the frames. Before them it is so early that none
  // passes for a cached one.
  const clock = new FramesClock(
    () => OPEN_MS + (left === count ? -SUBSCRIBED_BEFORE_MS : (count - left) * STEP_MS),
  );
  const engine = new Engine({
    codec: ANGEL.codec,
    instruments,
    sessionOf: () => SESSION,
    mode: 'ltp',
    shards: 1,
    graceMs: 3000,
    silenceMs: 120_000,
    marketDateMs: OPEN_MS,
  });
  const pool = new ShardPool({ memories: engine.memories, counters: engine.counters });
  await pool.start();
  const intake = new Intake({ engine, instruments });
  const line = new Pipeline({
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
  const socket = new FeedSocket({
    broker: ANGEL,
    endpoint: feedEndpoint(`ws://127.0.0.1:${port}`),
    session: LOGGED_IN,
    secrets: [],
    connection: 1,
    clock,
    handlers: {
      opened: () => {
        line.opened(1);
        line.subscribed(1);
      },
      binary: (messages) => {
        fromMs ||= monoMs();
        left -= messages.count;
        line.binary(messages, 1);
        if (left === 0) all();
      },
      text: () => undefined,
      pong: () => undefined,
      ended: (_connection, end) => {
        if (left > 0)
          throw new Error(`socket: the connection ended by ${end.cause} with ${left} messages to come`);
      },
    },
  });
  try {
    line.start();
    await over;
    await line.end();
    await pool.done;
    const rate = perSecond(count, fromMs);
    const answer = engineAnswer(engine);
    if (answer !== expected || engine.counters[COUNTER.routed] !== count)
      throw new Error(
        `socket: ${answer} of ${engine.counters[COUNTER.routed]} messages where a plain fold of ${count} has ${expected}`,
      );
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
    "sender's process -> TCP -> Inlet -> FeedSocket -> Line -> Router == ring ==> shard thread -> candles; compared with a bare ws client that discards",
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
    if (!smoke && median(rates.sender) < FAST_SENDER * median(rates.bare))
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
