/**
 * Frames from another process over loopback, in each mode, without journal and with it: the whole engine, compared
 * with a bare `ws` client that discards every message.
 *
 *   sender's process ─► TCP ─► FrameTap ─► FeedSocket ─► Pipeline ─► Router ══ ring ══► shard's thread
 *                    ├─► TCP ─► ws ─► discarded
 *                    └─► TCP ─► discarded      (the sender's own rate, which must exceed the bare client's)
 *
 * Measured from the first byte to the last candle. The candles must equal those of a plain fold, so nothing is lost.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { monoMs } from '../src/clock.js';
import type { ModeName } from '../src/market/packet.js';
import { inFolder } from '../test/parquet/candles.js';
import { framesOf, MODES, wireBytes, type Frames } from './market.js';
import { median, rowOf, type Bench, type Row } from './row.js';
import { bareClient, startSender, STEP_MS, wholeEngine } from './wire.js';

/** The sender must be at least this many times as fast as the bare client. */
const MIN_SENDER_RATIO = 1.5;

/** Million messages a second that the sender can send. */
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
  const rate = count / (monoMs() - fromMs) / 1000;
  socket.destroy();
  return rate;
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
    for (let round = 0; round < (smoke ? 1 : 3); round++) {
      rates.sender.push(await bareSocket(port, all));
      rates.bare.push((await bareClient(port, all)).rate);
      rates.engine.push((await wholeEngine(port, all, undefined)).rate);
      const kept = await inFolder((folder) => wholeEngine(port, all, join(folder, 'journal')));
      rates.kept.push(kept.rate);
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
