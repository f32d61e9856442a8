/**
 * The close of a session over a real socket: prices that change at stamps of the first two seconds after it, repeats
 * of a price, official closes, and a connection that ends among them. 50 symbols of a server without a market; the
 * expected candles are literals of the test. Real time: late, the server sends the same frames in the same order.
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { niftyFifty } from '../../src/run/universe.js';
import { duckdb, inFolder } from '../parquet/candles.js';
import { frame } from '../shard/schedule.js';
import { REPORTED, served, start } from './command.js';
import { startServer } from './server.js';

const SPEED = 40;
const STOCKS = niftyFifty();
/** Seconds around the end of continuous trading: what each of the symbols' packets then has. */
interface Told {
  readonly second: number;
  /** Added to the symbol's own price, paise. */
  readonly price: number;
  readonly volume: number;
  readonly quantity: number;
}
const base = (index: number): number => 100_000 + 1000 * index;

const DAY: readonly Told[] = [
  { second: -70, price: 0, volume: 1000, quantity: 1 },
  { second: -69, price: 5, volume: 1010, quantity: 10 },
  { second: -60, price: 10, volume: 1020, quantity: 10 },
  // A feed in session is never silent for 15 s.
  ...[-50, -40, -30, -20, -10].map((second) => ({ second, price: 10, volume: 1020, quantity: 10 })),
  { second: -2, price: 0, volume: 1030, quantity: 10 },
  { second: 0, price: 20, volume: 1040, quantity: 10 },
  { second: 1, price: -15, volume: 1047, quantity: 7 },
];
const AFTER: readonly Told[] = [
  { second: 12, price: -15, volume: 1047, quantity: 7 },
  { second: 50, price: 400, volume: 1047, quantity: 7 },
];
const repeated = DAY.map((told) =>
  told.second < 0 ? told : { ...told, price: 0, volume: 1030, quantity: 10 },
);

interface Close {
  readonly mode: 1 | 2;
  readonly date: string;
  readonly close: string;
  readonly shards: number;
  /** The second at which the server drops the first connection. */
  readonly dropsAt?: number;
}

/** Sends `all` of each symbol; Ctrl-C ends the run when it has read the last. Returns the last minute's rows. */
async function lastMinutes(all: readonly Told[], close: Close, folder: string): Promise<object[]> {
  const closeMs = Date.parse(`${close.date}T${close.close}:00+05:30`);
  const startedMs = closeMs - 75_000;
  let sequence = 0;
  let next = 0;
  let beganMs: number | undefined;
  let end = (): void => undefined;
  const send = (socket: WebSocket, { second, price, volume, quantity }: Told): void => {
    for (const [index, { exchangeType, token }] of STOCKS.entries()) {
      const at = { exchangeMs: BigInt(closeMs + second * 1000), lastTradeSeconds: 0n };
      const own = {
        price: BigInt(base(index) + price),
        volume: BigInt(volume),
        lastQuantity: BigInt(quantity),
      };
      const range = { dayHigh: BigInt(base(index) + 900), dayLow: BigInt(base(index) - 900) };
      sequence += 1;
      const fields = {
        mode: close.mode,
        exchangeType,
        token,
        sequence: BigInt(sequence),
        ...at,
        ...own,
        ...range,
      };
      socket.send(frame(fields));
    }
  };
  const server = await startServer({
    onSubscribe(socket, connection) {
      beganMs ??= performance.now();
      const since = beganMs;
      socket.on('pong', () => end());
      const timer = setInterval(() => {
        const second = ((performance.now() - since) * SPEED) / 1000 - 75;
        if (connection === 1 && close.dropsAt !== undefined && second > close.dropsAt) {
          clearInterval(timer);
          socket.terminate();
          return;
        }
        while (next < all.length && all[next].second <= second) send(socket, all[next++]);
        if (next < all.length) return;
        clearInterval(timer);
        socket.ping();
      }, 2);
      socket.on('close', () => clearInterval(timer));
    },
  });
  try {
    const clock = `${new Date(startedMs + 19_800_000).toISOString().slice(0, 19)}@${SPEED}`;
    const mode = close.mode === 1 ? 'ltp' : 'quote';
    const args = served(
      server.url,
      clock,
      2,
      15,
      '--mode',
      mode,
      '--shards',
      String(close.shards),
      ...REPORTED,
    );
    const running = start(args, folder);
    end = () => void running.child.kill('SIGINT');
    await running.ended;
    return await duckdb(
      `SELECT c.symbol, c.open, c.high, c.low, c.close, c.volume::INT AS volume, q.ticks::INT AS ticks, q.partial, q.tail
       FROM read_parquet('${join(folder, 'out')}/NSE_*_1m_test.parquet') c JOIN read_parquet('${join(folder, 'out')}/quality/*.parquet', filename = true) q
       ON c.timestamp = q.timestamp AND contains(q.filename, '/NSE_' || c.symbol || '_')
       WHERE epoch_ms(c.timestamp) = ${closeMs - 60_000} ORDER BY c.symbol`,
    );
  } finally {
    await server.close();
  }
}

/** The same row of all symbols; prices in paise above their own. */
function rowsOf(
  row: { open: number; high: number; low: number; close: number } & Record<string, unknown>,
): object[] {
  return STOCKS.map(({ symbol }, index) => {
    const rupees = (paise: number): number => (base(index) + paise) / 100;
    const { open, high, low, close, ...rest } = row;
    return {
      symbol,
      open: rupees(open),
      high: rupees(high),
      low: rupees(low),
      close: rupees(close),
      ...rest,
    };
  }).sort((a, b) => (a.symbol < b.symbol ? -1 : 1));
}

const OLD = { date: '2026-07-31', close: '15:30' } as const;
const NEW = { date: '2026-11-23', close: '15:15' } as const;
const TRUE = { open: 10, high: 20, low: -15, close: -15 } as const;

describe('the last minute of 50 symbols', () => {
  it.each([
    [1, 1, OLD],
    [1, 4, NEW],
    [2, 2, NEW],
  ] as const)('has its true close (mode %i, %i shards, %o)', (mode, shards, day) =>
    inFolder(async (folder) => {
      const rows = await lastMinutes([...DAY, ...AFTER], { mode, shards, ...day }, folder);
      const seen = { partial: false, tail: true };
      expect(rows).toEqual(
        rowsOf(
          mode === 1 ? { ...TRUE, volume: 7, ticks: 7, ...seen } : { ...TRUE, volume: 37, ticks: 4, ...seen },
        ),
      );
    }),
  );

  it('takes nothing from packets that repeat a price, nor from official closes', () =>
    inFolder(async (folder) => {
      const rows = await lastMinutes([...repeated, AFTER[1]], { mode: 1, shards: 2, ...OLD }, folder);
      expect(rows).toEqual(
        rowsOf({ open: 10, high: 10, low: 0, close: 0, volume: 7, ticks: 7, partial: false, tail: false }),
      );
    }));

  it('is partial when the connection ends in the second after it', () =>
    inFolder(async (folder) => {
      const rows = await lastMinutes(
        [...DAY, ...AFTER],
        { mode: 1, shards: 2, dropsAt: 0.5, ...OLD },
        folder,
      );
      expect(rows).toHaveLength(50);
      expect(new Set(rows.map((row) => (row as { partial: boolean }).partial))).toEqual(new Set([true]));
    }));
});
