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
import { DENSE_ARGS } from '../dense.js';
import { run } from '../program/command.js';
import { ROWS } from './catalogue.js';
import type { Row } from './row.js';

const MINUTES = 4;
/** Gates of any good run in stepped time that do not pass. */
const always = (minutes: number): Record<string, string> => ({
  ...{ lag: 'skip', schema: 'skip', performance: 'skip', published: 'skip' },
  ...(minutes < 10 ? { duration: 'warn' } : {}),
});

interface Report {
  readonly disconnects: readonly { readonly at: string }[];
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

function ran(faults: readonly string[], mode = 'ltp', minutes = MINUTES, speed = 'max'): Promise<Ran> {
  return inFolder(async (folder) => {
    const args =
      `--ws-test-mode --stage 2 --symbols RELIANCE,TCS,INFY --mode ${mode} --duration ${minutes} --feed sim ` +
      `--speed ${speed} --report report.json --out out --journal journal`;
    const { code, stderr } = await run(
      [...args.split(' '), ...DENSE_ARGS, ...faults.flatMap((fault) => ['--fault', fault])],
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
const nameOf = (minute: number): string => `11:${String(minute).padStart(2, '0')}`;

/** Rows that share a run. */
interface Group {
  readonly rows: readonly Row[];
  readonly minutes: number;
}

function groupOf(row: Row): Group {
  const { share, mode } = row;
  const rows = share === undefined ? [row] : ROWS.filter((one) => one.share?.run === share.run);
  expect(rows.map((one) => one.mode)).toEqual(rows.map(() => mode));
  const last = Math.max(0, ...rows.flatMap((one) => one.share?.minutes ?? []));
  // One minute is undisturbed, because gate `candles` fails without any whole candle.
  return { rows, minutes: Math.max(MINUTES, last + 2) };
}

const shared = new Map<string, Promise<Ran>>();
function runOf({ share, mode }: Row, { rows, minutes }: Group): Promise<Ran> {
  const start = (): Promise<Ran> =>
    ran(
      rows.flatMap(({ faults }) => faults),
      mode,
      minutes,
    );
  if (share === undefined) return start();
  if (!shared.has(share.run)) shared.set(share.run, start());
  return shared.get(share.run)!;
}

/** Whether a minute, `HH:mm`, is this row's own; without a share all are. */
const owns = ({ share }: Row, minute: string): boolean =>
  share === undefined || share.minutes.some((own) => nameOf(own) === minute);

/** What the row says, of a connection's end among those of its own minutes. */
function checkSaid({ report, said }: Ran, row: Row): void {
  const ends = JSON.stringify(report?.disconnects.filter(({ at }) => owns(row, minuteOf(at))));
  for (const words of row.says) expect(words.startsWith('"cause"') ? ends : said).toContain(words);
}

function checkCounters({ report }: Ran, row: Row, { rows }: Group): void {
  for (const path of Object.keys(row.counted ?? {}))
    expect(counterOf(report!, path), path).toBe(
      rows.reduce((sum, { counted }) => sum + (counted?.[path] ?? 0), 0),
    );
}

/** Whether a gap touches a minute, `HH:mm`. */
const touches = ({ from, to }: Report['unseen']['gaps'][number], minute: string): boolean =>
  minute >= minuteOf(from) &&
  minute <= minuteOf(to) &&
  !(minute === minuteOf(to) && to.slice(17, 19) === '00');

/** The gaps and partial minutes are as in the rows. Each candle that a gap touches is partial and says so. */
function checkGaps(
  { report, candles }: Ran,
  row: Pick<Row, 'gaps' | 'share'>,
  { rows, minutes }: Group,
): void {
  const { unseen } = report!;
  const own = unseen.gaps.filter(({ from }) => owns(row as Row, minuteOf(from)));
  expect(own.map(({ from, to }) => `${from.slice(11, 19)} to ${to.slice(11, 19)}`)).toEqual(row.gaps ?? []);
  const inGaps = candles.filter(({ minute }) => unseen.gaps.some((gap) => touches(gap, minute)));
  for (const { partial, gapMs } of inGaps) expect([partial, gapMs > 0]).toEqual([true, true]);
  const edges = ['11:00', nameOf(minutes)];
  const [partial] = rows.flatMap((one) => (one.partial === undefined ? [] : [one.partial]));
  expect(unseen.partialMinutes.map(({ minute, symbols }) => `${minuteOf(minute)} x${symbols}`)).toEqual(
    partial ??
      [...new Set([...edges, ...inGaps.map(({ minute }) => minute)])].sort().map((minute) => `${minute} x3`),
  );
}

/** Whole candles are those of a run without the fault, but in minutes of rows that change them. */
function checkCandles({ candles }: Ran, { rows }: Group, undisturbed: Ran): void {
  const whole = new Map(
    undisturbed.candles
      .filter(({ partial }) => !partial)
      .map(({ symbol, minute, candle }) => [`${symbol} ${minute}`, candle]),
  );
  const changed = rows.filter(({ untouched }) => !untouched);
  for (const { symbol, minute, candle, partial } of candles) {
    const expected = whole.get(`${symbol} ${minute}`);
    if (!partial && expected !== undefined && !changed.some((row) => owns(row, minute)))
      expect(`${symbol} ${minute} ${candle}`).toBe(`${symbol} ${minute} ${expected}`);
  }
}

let without: Ran;
let quoted: Ran;
beforeAll(async () => {
  const longest = Math.max(...ROWS.map((row) => groupOf(row).minutes));
  [without, quoted] = await Promise.all([ran([], 'ltp', longest), ran([], 'quote')]);
});

it('a run without any fault passes every gate', () => {
  expect(without.code).toBe(0);
  const whole = without.candles.filter(({ partial }) => !partial);
  expect(turned(without.report!)).toEqual(always(whole.length / 3 + 1));
  expect(new Set(whole.map(({ symbol }) => symbol)).size).toBe(3);
  checkGaps(without, {}, { rows: [], minutes: whole.length / 3 + 1 });
});

describe.concurrent('the fault', () => {
  it.each(ROWS.map((row) => ({ name: row.faults.join(' '), row })))('$name', async ({ row }) => {
    const group = groupOf(row);
    const run = await runOf(row, group);
    checkSaid(run, row);
    if (row.exit !== undefined) {
      expect([run.code, run.report]).toEqual([row.exit, undefined]);
      return;
    }
    const gates = Object.assign({}, ...group.rows.map((one) => one.gates)) as Row['gates'];
    expect(turned(run.report!)).toEqual({ ...always(group.minutes), ...gates });
    expect(run.code).toBe(Object.values(gates).includes('fail') ? 1 : 0);
    checkCounters(run, row, group);
    checkGaps(run, row, group);
    checkCandles(run, group, row.mode === 'quote' ? quoted : without);
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
