/**
 * Frames from another process over loopback, in each mode, without journal and with it: the whole engine, compared with a bare `ws` client that discards every
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
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
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
import type { ModeName } from '../src/market/packet.js';
import { inFolder } from '../test/parquet/candles.js';
import {
  engineAnswer,
  framesOf,
  MODES,
  OPEN_MS,
  SUBSCRIBED_BEFORE_MS,
  unsubscribed,
  wireBytes,
  type Frames,
} from './market.js';
import { median, rowOf, type Bench, type Row } from './row.js';

const STEP_MS = 2;
/** The sender must be at least this many times as fast as the bare client. */
const MIN_SENDER_RATIO = 1.5;

/** Million messages a second, from the first to the last. */
const perSecond = (count: number, fromMs: number): number => count / (monoMs() - fromMs) / 1000;

async function bareSocket(port: number, { count, frameBytes }: Frames): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write('x');
  let bytes = 0;
  let fromMs = 0;
  await new Promise<void>((resolve) => {
    socket.on('data', (chunk) => {
      fromMs ||= monoMs();
      bytes += chunk.length;
      if (bytes === count * wireBytes(frameBytes)) resolve();
    });
  });
  const rate = perSecond(count, fromMs);
  socket.destroy();
  return rate;
}

async function bareClient(port: number, { count }: Frames): Promise<number> {
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

function journalOf(folder: string, clock: FramesClock): JournalWriter {
  mkdirSync(folder, { recursive: true });
  const onTrouble = (sentence: string): void => {
    throw new Error(`socket: ${sentence}`);
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
    throw new Error(`socket: ${answer} of ${routed} messages where a plain fold of ${count} has ${expected}`);
}

/** `folder`: of the journal; undefined: none. */
async function wholeEngine(port: number, all: Frames, folder: string | undefined): Promise<number> {
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
  let fromMs = 0;
  let arrived!: () => void;
  const over = new Promise<void>((resolve) => (arrived = resolve));
  const socket = feedSocketOf(port, clock, {
    opened: () => {
      pipeline.opened(1);
      pipeline.subscribed(1);
    },
    binary: (messages) => {
      fromMs ||= monoMs();
      left -= messages.count;
      pipeline.binary(messages, 1);
      if (left === 0) arrived();
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
    checkAnswer(engine, all);
    if (journal !== undefined && journal.figures.frames !== count)
      throw new Error(`socket: the journal has ${journal.figures.frames} of ${count} frames`);
    return rate;
  } finally {
    socket.terminate();
    await pool.stop();
    await journal?.stop();
  }
}

async function startSender({
  mode,
  count,
}: Frames): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const child = fork(fileURLToPath(new URL('./sender.js', import.meta.url)), [
    mode,
    String(count),
    String(STEP_MS),
  ]);
  const [port] = (await once(child, 'message')) as [number];
  return { child, port };
}

/** Frames a round, and targets without and with journal. */
const SIZES = {
  ltp: { count: 1_500_000, target: 0.85, withJournal: 1.2 },
  quote: { count: 800_000, target: 1.2, withJournal: 0.8 },
  snapquote: { count: 400_000, target: 1.2, withJournal: 0.8 },
} as const;
const SMOKE_COUNT = 20_000;

async function rowsOf(mode: ModeName, smoke: boolean): Promise<Row[]> {
  const { count, target, withJournal } = SIZES[mode];
  const all = framesOf(mode, smoke ? SMOKE_COUNT : count, STEP_MS);
  const { child, port } = await startSender(all);
  const rates = {
    sender: [] as number[],
    bare: [] as number[],
    engine: [] as number[],
    kept: [] as number[],
  };
  try {
    for (let round = 0; round < (smoke ? 1 : 5); round++) {
      rates.sender.push(await bareSocket(port, all));
      rates.bare.push(await bareClient(port, all));
      rates.engine.push(await wholeEngine(port, all, undefined));
      rates.kept.push(await inFolder((folder) => wholeEngine(port, all, join(folder, 'journal'))));
    }
  } finally {
    child.disconnect();
  }
  if (!smoke && median(rates.sender) < MIN_SENDER_RATIO * median(rates.bare))
    throw new Error(
      `socket: the sender is the bottleneck: ${median(rates.sender).toFixed(2)} M messages/s where the bare client takes ${median(rates.bare).toFixed(2)}`,
    );
  const common = { unit: 'M messages/s', moreIsBetter: true } as const;
  return [
    rowOf({
      ...common,
      name: `socket ${mode}, whole engine`,
      values: rates.engine,
      baseline: rates.bare,
      target,
    }),
    rowOf({
      ...common,
      name: `socket ${mode}, with journal`,
      values: rates.kept,
      baseline: rates.bare,
      target: withJournal,
    }),
    rowOf({ ...common, name: `socket ${mode}, the sender alone`, values: rates.sender }),
  ];
}

export const socket: Bench = {
  name: 'socket',
  topology:
    "sender's process -> TCP -> FrameTap -> FeedSocket -> Pipeline (-> journal) -> Router == ring ==> shard thread -> candles; compared with a bare ws client that discards",
  async run({ smoke }) {
    const rows: Row[] = [];
    for (const mode of MODES) rows.push(...(await rowsOf(mode, smoke)));
    return rows;
  },
};
