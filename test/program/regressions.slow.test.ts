/**
 * The faults of this system's predecessor, and similar ones, through the whole program: a scripted server, a real
 * socket, real threads, files read by DuckDB. The expected candles are literals, not computed by the program.
 * The server is of the test's own, so the runs have real time; late, it sends the same frames in the same order.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { duckdb, inFolder } from '../parquet/candles.js';
import { slow } from '../tier.js';
import { REPORTED, served, start, type Ended } from './command.js';
import { ltpFrame, startServer } from './server.js';

/** 11:00:00 IST on a trading day. */
const ORIGIN_MS = Date.UTC(2026, 10, 23, 5, 30);
const SPEED = 60;
const RELIANCE = '2885';
const INFY = '1594';

interface Frame {
  /** When the frame is sent, market seconds after the subscription. */
  readonly at: number;
  /** Its contents. */
  readonly token: string;
  /** Seconds after 11:00:00. */
  readonly second: number;
  readonly pricePaise: number;
}

/** By then the minutes 11:01 and 11:02 are sealed. */
const ENOUGH_SECONDS = 200;

/**
 * Sends `frames` at their times. Ctrl-C ends the run once it has read those of ENOUGH_SECONDS, however late that is; a
 * pong proves it. Returns how the program ended, and its candles.
 */
async function play(
  frames: readonly Frame[],
  options: { clock?: string; symbols?: string },
  folder: string,
): Promise<{ ended: Ended; candles: Record<string, unknown>[]; report: Report }> {
  let end = (): void => undefined;
  const server = await startServer({
    onSubscribe(socket) {
      const startedMs = performance.now();
      let next = 0;
      let asked = false;
      socket.on('pong', () => end());
      const timer = setInterval(() => {
        const nowSeconds = ((performance.now() - startedMs) * SPEED) / 1000;
        for (; next < frames.length && frames[next].at <= nowSeconds; next++) {
          const { token, second, pricePaise } = frames[next];
          socket.send(ltpFrame({ token, sequence: next + 1, timeMs: ORIGIN_MS + second * 1000, pricePaise }));
        }
        if (!asked && nowSeconds > ENOUGH_SECONDS) socket.ping();
        asked ||= nowSeconds > ENOUGH_SECONDS;
      }, 2);
      socket.on('close', () => clearInterval(timer));
    },
  });
  try {
    const running = start(
      [
        '--ws-test-mode',
        '--stage',
        '1',
        '--duration',
        '15',
        '--symbols',
        options.symbols ?? 'RELIANCE,INFY',
        '--feed',
        server.url,
        '--market-clock',
        options.clock ?? `2026-11-23T11:00:00@${SPEED}`,
        '--out',
        'out',
        '--report',
        'report.json',
      ],
      folder,
    );
    end = () => void running.child.kill('SIGINT');
    const ended = await running.ended;
    const candles = await duckdb(
      `SELECT c.symbol, strftime(c.timestamp, '%H:%M') AS minute, c.open, c.high, c.low, c.close, c.volume::INT AS volume, q.partial, q.late::INT AS late
       FROM read_parquet('${join(folder, 'out')}/NSE_*_1m_test.parquet') c JOIN read_parquet('${join(folder, 'out')}/quality/*.parquet', filename = true) q
       ON c.timestamp = q.timestamp AND contains(q.filename, '/NSE_' || c.symbol || '_') ORDER BY c.symbol, c.timestamp`,
    );
    return {
      ended,
      candles,
      report: JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report,
    };
  } finally {
    await server.close();
  }
}

interface Report {
  readonly verdict: string;
  readonly gates: readonly { readonly id: string; readonly status: string }[];
  readonly counters: { readonly binary: number; readonly unadmitted: Record<string, number> };
}

/** Gates that failed, but those that judge the machine, and the one that Ctrl-C fails. */
const failedIn = ({ gates }: Report): string[] =>
  gates.flatMap(({ id, status }) =>
    status === 'fail' && !['lag', 'performance', 'duration'].includes(id) ? [id] : [],
  );

/** One tick of a symbol each market second, so that every minute is covered. `priceOf` may leave one out. */
function stream(
  token: string,
  fromSecond: number,
  toSecond: number,
  priceOf: (second: number) => number | undefined,
): Frame[] {
  const frames: Frame[] = [];
  for (let second = fromSecond; second < toSecond; second++) {
    const pricePaise = priceOf(second);
    if (pricePaise !== undefined) frames.push({ at: second, token, second, pricePaise });
  }
  return frames;
}

const inOrder = (frames: readonly Frame[]): Frame[] => [...frames].sort((a, b) => a.at - b.at);
const whole = (candles: readonly Record<string, unknown>[], symbol: string): Record<string, unknown>[] =>
  candles.filter((candle) => candle['symbol'] === symbol && candle['partial'] === false);

/** The expected candle of a minute of `stream`. */
function expected(
  symbol: string,
  minute: number,
  priceOf: (second: number) => number | undefined,
): Record<string, unknown> {
  const prices = Array.from({ length: 60 }, (_, index) => priceOf(minute * 60 + index)).filter(
    (price) => price !== undefined,
  );
  return {
    symbol,
    minute: `11:${String(minute).padStart(2, '0')}`,
    open: prices[0] / 100,
    high: Math.max(...prices) / 100,
    low: Math.min(...prices) / 100,
    close: prices.at(-1)! / 100,
    volume: prices.length,
    partial: false,
    late: 0,
  };
}

const wave = (second: number): number => 140_000 + ((second * 7919) % 601) - 300;
const other = (second: number): number => 150_000 + ((second * 104_729) % 997) - 500;

describe.concurrent('regressions', () => {
  it('the first tick of a symbol never seen before is in its candle', async () => {
    // INFY's cached packet comes at once, its next packet in the first second of 11:02.
    const late = (second: number): number | undefined => (second < 120 ? undefined : other(second));
    const frames = inOrder([
      { at: 0, token: INFY, second: -30, pricePaise: 1 },
      ...stream(RELIANCE, 0, 260, wave),
      ...stream(INFY, 0, 260, late),
    ]);
    await inFolder(async (folder) => {
      const { candles } = await play(frames, {}, folder);
      expect(whole(candles, 'INFY')[0]).toEqual(expected('INFY', 2, late));
      expect(candles.filter(({ symbol, open }) => symbol === 'INFY' && open === 0.01)).toEqual([]);
    });
  });

  slow('a tick of the next minute before any timer opens the next minute and loses neither', async () => {
    // RELIANCE's last tick of 11:01 comes after INFY has been in 11:02 for two seconds, within grace.
    const frames = inOrder([
      ...stream(RELIANCE, 0, 260, wave).map((frame) =>
        frame.second === 119 ? { ...frame, at: 121.5 } : frame,
      ),
      ...stream(INFY, 0, 260, other),
    ]);
    await inFolder(async (folder) => {
      const { candles } = await play(frames, {}, folder);
      expect(whole(candles, 'RELIANCE')).toEqual([1, 2].map((minute) => expected('RELIANCE', minute, wave)));
      expect(whole(candles, 'INFY')).toEqual([1, 2].map((minute) => expected('INFY', minute, other)));
    });
  });

  slow('a minute with ticks and no volume is a candle: LTP frames carry none', async () => {
    await inFolder(async (folder) => {
      const { candles, report } = await play(stream(RELIANCE, 0, 260, wave), { symbols: 'RELIANCE' }, folder);
      expect(whole(candles, 'RELIANCE')).toEqual([1, 2].map((minute) => expected('RELIANCE', minute, wave)));
      expect(failedIn(report)).toEqual([]);
    });
  });

  slow.each([
    ['ahead', '2026-11-23T11:05:00'],
    ['behind', '2026-11-23T10:55:00'],
  ])('a wall clock that is wrong by five minutes, %s, moves no candle', async (_which, origin) => {
    const frames = inOrder([...stream(RELIANCE, 0, 260, wave), ...stream(INFY, 0, 260, other)]);
    await inFolder(async (folder) => {
      const { candles, report } = await play(frames, { clock: `${origin}@${SPEED}` }, folder);
      expect(whole(candles, 'RELIANCE')).toEqual([1, 2].map((minute) => expected('RELIANCE', minute, wave)));
      expect(whole(candles, 'INFY')).toEqual([1, 2].map((minute) => expected('INFY', minute, other)));
      expect(failedIn(report)).toEqual([]);
    });
  });

  slow('one frame dated in the year 9999 is counted and moves nothing', async () => {
    const stray: Frame = {
      at: 70,
      token: RELIANCE,
      second: (Date.UTC(9999, 11, 31) - ORIGIN_MS) / 1000,
      pricePaise: 140_000,
    };
    const frames = inOrder([...stream(RELIANCE, 0, 260, wave), ...stream(INFY, 0, 260, other), stray]);
    await inFolder(async (folder) => {
      const { candles, report } = await play(frames, {}, folder);
      expect(whole(candles, 'RELIANCE')).toEqual([1, 2].map((minute) => expected('RELIANCE', minute, wave)));
      expect(report.counters.unadmitted['time']).toBe(1);
      expect(failedIn(report)).toEqual([]);
    });
  });

  slow('a late tick revises its candle and the file says so', async () => {
    const frames = inOrder([
      ...stream(RELIANCE, 0, 260, wave),
      ...stream(INFY, 0, 260, other),
      // The highest price, of 11:01:30, arrives at 11:02:20.
      { at: 140, token: INFY, second: 90, pricePaise: 999_900 },
    ]);
    await inFolder(async (folder) => {
      const { candles } = await play(frames, {}, folder);
      const clean = expected('INFY', 1, other);
      expect(whole(candles, 'INFY')[0]).toEqual({ ...clean, high: 9999, volume: 61, late: 1 });
      expect(whole(candles, 'RELIANCE')).toEqual([1, 2].map((minute) => expected('RELIANCE', minute, wave)));
    });
  });
});

describe('Ctrl-C', () => {
  const play3 = (socket: WebSocket): void => {
    const startedMs = performance.now();
    let second = 0;
    const timer = setInterval(() => {
      for (; second <= ((performance.now() - startedMs) * SPEED) / 1000; second++)
        socket.send(
          ltpFrame({
            token: RELIANCE,
            sequence: second + 1,
            timeMs: ORIGIN_MS + second * 1000,
            pricePaise: wave(second),
          }),
        );
    }, 2);
    socket.on('close', () => clearInterval(timer));
  };
  const args = (url: string): string[] => served(url, `2026-11-23T11:00:00@${SPEED}`, 1, 15, ...REPORTED);

  slow(
    'once writes open minutes as partial, keeps what was sealed, closes with a close frame and exits 130',
    async () => {
      let closeCode = 0;
      const server = await startServer({
        onSubscribe: (socket) => {
          play3(socket);
          socket.on('close', (code) => (closeCode = code));
        },
      });
      try {
        await inFolder(async (folder) => {
          const program = start(args(server.url), folder);
          await program.saw(/11:02 {2}/);
          program.child.kill('SIGINT');
          const { code, stdout } = await program.ended;
          expect(code).toBe(130);
          expect(closeCode).toBe(1000);
          expect(stdout).toMatch(/INTERRUPTED/);
          const candles = await duckdb(
            `SELECT strftime(c.timestamp, '%H:%M') AS minute, q.partial FROM read_parquet('${join(folder, 'out')}/NSE_RELIANCE_1m_test.parquet') c JOIN read_parquet('${join(folder, 'out')}/quality/NSE_RELIANCE_1m_quality.parquet') q USING (timestamp) ORDER BY 1`,
          );
          expect(candles.at(0)).toEqual({ minute: '11:00', partial: true });
          expect(candles.at(1)).toEqual({ minute: '11:01', partial: false });
          expect(candles.at(-1)).toMatchObject({ partial: true });
          expect((JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report).verdict).toBe(
            'interrupted',
          );
        });
      } finally {
        await server.close();
      }
    },
  );

  slow('twice ends at once', async () => {
    const server = await startServer({ onSubscribe: play3 });
    try {
      await inFolder(async (folder) => {
        const program = start(args(server.url), folder);
        await program.saw(/11:01 {2}/);
        program.child.kill('SIGINT');
        program.child.kill('SIGINT');
        await program.saw(/Interrupted/).catch(() => undefined);
        program.child.kill('SIGINT');
        expect((await program.ended).code).toBe(130);
      });
    } finally {
      await server.close();
    }
  });
});
