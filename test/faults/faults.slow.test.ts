/**
 * Every fault of the broker in a whole run: the report's words and figures, exactly which gates change, and that whole
 * candles equal those of a run without the fault. Mutations that were caught, each by a row: a second packet of
 * the same sequence counts as a tick, a pong counts as a packet, a gap does not reach the shards, the decoder
 * takes a frame of any length, a price of 0 is accepted.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { inFolder } from '../parquet/candles.js';
import { rowsOnDisk, type DiskRow } from '../parquet/rows.js';
import { run } from '../program/command.js';
import { ROWS, type Row } from './catalogue.js';

/** Statuses of any good run of four minutes in stepped time. */
const ALWAYS = { lag: 'skip', schema: 'skip', performance: 'skip', duration: 'warn' };

interface Report {
  readonly gates: readonly { readonly id: string; readonly status: string }[];
  readonly counters: Record<string, unknown>;
  readonly unseen: {
    readonly gaps: readonly { readonly from: string; readonly to: string; readonly ms: number }[];
    readonly partialMinutes: readonly { readonly minute: string; readonly symbols: number }[];
  };
}

interface Ran {
  readonly code: number | null;
  readonly said: string;
  readonly report: Report | undefined;
  readonly candles: readonly DiskRow[];
}

function ran(faults: readonly string[], mode = 'ltp', minutes = 4, speed = 'max'): Promise<Ran> {
  return inFolder(async (folder) => {
    const args =
      `--ws-test-mode --stage 2 --symbols RELIANCE,TCS,INFY --mode ${mode} --duration ${minutes} --feed sim ` +
      `--speed ${speed} --report report.json --out out --journal journal`;
    const { code, stderr } = await run(
      [...args.split(' '), ...faults.flatMap((fault) => ['--fault', fault])],
      folder,
    );
    const path = join(folder, 'report.json');
    const text = existsSync(path) ? JSON.stringify(JSON.parse(readFileSync(path, 'utf8'))) : undefined;
    return {
      code,
      said: text ?? stderr,
      report: text === undefined ? undefined : (JSON.parse(text) as Report),
      candles: text === undefined ? [] : await rowsOnDisk(join(folder, 'out')),
    };
  });
}

const counterOf = (report: Report, path: string): unknown =>
  path.split('.').reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], report.counters);

/** Gates that do not pass, with their status. */
const turned = ({ gates }: Report): Record<string, string> =>
  Object.fromEntries(gates.filter(({ status }) => status !== 'pass').map(({ id, status }) => [id, status]));

const minuteOf = (time: string): string => time.slice(11, 16);

/** Whether a gap touches a minute, `HH:mm`. */
const touches = ({ from, to }: Report['unseen']['gaps'][number], minute: string): boolean =>
  minute >= minuteOf(from) &&
  minute <= minuteOf(to) &&
  !(minute === minuteOf(to) && to.slice(17, 19) === '00');

/** The gaps and partial minutes are as in the row. Each candle that a gap touches is partial and says so. */
function checkGaps({ report, candles }: Ran, { gaps = [], partial, minutes = 4 }: Row): void {
  const { unseen } = report!;
  expect(unseen.gaps.map(({ from, to }) => `${from.slice(11, 19)} to ${to.slice(11, 19)}`)).toEqual(gaps);
  const inGaps = candles.filter(({ minute }) => unseen.gaps.some((gap) => touches(gap, minute)));
  for (const { partial, gapMs } of inGaps) expect([partial, gapMs > 0]).toEqual([true, true]);
  const edges = ['11:00', `11:${String(minutes).padStart(2, '0')}`];
  expect(unseen.partialMinutes.map(({ minute, symbols }) => `${minuteOf(minute)} x${symbols}`)).toEqual(
    partial ??
      [...new Set([...edges, ...inGaps.map(({ minute }) => minute)])].sort().map((minute) => `${minute} x3`),
  );
}

let without: Ran;
let quoted: Ran;
beforeAll(async () => {
  [without, quoted] = await Promise.all([ran([]), ran([], 'quote')]);
});

it('a run without any fault passes every gate', () => {
  expect(without.code).toBe(0);
  expect(turned(without.report!)).toEqual(ALWAYS);
  checkGaps(without, { gaps: [] } as unknown as Row);
  expect(without.candles.filter(({ partial }) => !partial)).toHaveLength(9);
});

describe.concurrent('the fault', () => {
  it.each(ROWS.map((row) => ({ name: row.faults.join(' '), row })))('$name', async ({ row }) => {
    const run = await ran(row.faults, row.mode, row.minutes);
    for (const words of row.says) expect(run.said).toContain(words);
    if (row.exit !== undefined) {
      expect([run.code, run.report]).toEqual([row.exit, undefined]);
      return;
    }
    const report = run.report!;
    expect(turned(report)).toEqual({ ...ALWAYS, ...row.gates });
    expect(run.code).toBe(Object.values(row.gates).includes('fail') ? 1 : 0);
    for (const [path, figure] of Object.entries(row.counted ?? {}))
      expect(counterOf(report, path), path).toBe(figure);
    checkGaps(run, row);
    if (!row.untouched) return;
    const whole = new Map(
      (row.mode === 'quote' ? quoted : without).candles
        .filter(({ partial }) => !partial)
        .map(({ symbol, minute, candle }) => [`${symbol} ${minute}`, candle]),
    );
    for (const { symbol, minute, candle, partial } of run.candles)
      if (!partial && whole.has(`${symbol} ${minute}`))
        expect(`${symbol} ${minute} ${candle}`).toBe(
          `${symbol} ${minute} ${whole.get(`${symbol} ${minute}`)!}`,
        );
  });
});

// Stepped time skips gate `lag`, so these run at sixty times real time. A busy machine adds seconds to lags of minutes.
describe.concurrent('gate `lag` at a real speed with the fault', () => {
  const named = ROWS.flatMap(({ faults, lag }) =>
    lag === undefined ? [] : [{ name: faults.join(' '), faults, lag }],
  );
  it.each(named)('$name', async ({ faults, lag }) => {
    const { report, said } = await ran(faults, 'ltp', 3, '60');
    expect(report!.gates.find(({ id }) => id === 'lag')?.status).toBe(lag.status);
    expect(said).toContain(lag.says);
  });
});
