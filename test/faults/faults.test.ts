/**
 * Every fault of the broker in a whole run: the report's words, exactly which gates change, and that whole
 * candles equal those of a run without the fault. Mutations that were caught, each by a row: a second packet of
 * the same sequence counts as a tick, a pong counts as a packet, a gap does not reach the shards, the decoder
 * takes a frame of any length, a price of 0 is accepted.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { shipped } from '../../src/paths.js';
import { FAULT_NAMES } from '../../src/sim/faults/catalogue.js';
import { inFolder } from '../parquet/candles.js';
import { rowsOnDisk, type DiskRow } from '../parquet/rows.js';
import { start } from '../program/command.js';
import { ROWS, type Row } from './catalogue.js';
import { DOCUMENT, faultsDocument } from './document.js';

const program = fileURLToPath(shipped('dist/test/faults/quick-feed.js'));
/**
 * Statuses that a run of four minutes at sixty times real time may have: it is short, and the machine may be
 * busy.
 */
const TOLERATED: Readonly<Record<string, readonly string[]>> = {
  duration: ['warn'],
  schema: ['skip'],
  lag: ['warn'],
  performance: ['warn'],
};

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

function ran(faults: readonly string[], mode = 'ltp', minutes = 4): Promise<Ran> {
  return inFolder(async (folder) => {
    const args = [
      '--ws-test-mode',
      '--stage',
      '2',
      '--symbols',
      'RELIANCE,TCS,INFY',
      '--mode',
      mode,
      '--duration',
      String(minutes),
      '--feed',
      'sim',
      '--speed',
      '60',
      '--report',
      'report.json',
      '--out',
      'out',
      '--journal',
      'journal',
    ];
    const { code, stderr } = await start(
      [...args, ...faults.flatMap((fault) => ['--fault', fault])],
      folder,
      {},
      program,
    ).ended;
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

/** Gates that differ from any good run, with their status. */
const turned = ({ gates }: Report, row: Row): Record<string, string> =>
  Object.fromEntries(
    gates
      .filter(
        ({ id, status }) =>
          status !== 'pass' && (id in row.gates || TOLERATED[id]?.includes(status) !== true),
      )
      .map(({ id, status }) => [id, status]),
  );

function checkGates(report: Report, row: Row): void {
  const seen = turned(report, row);
  // A gate that the row lets warn on a busy machine may also pass.
  const must = Object.entries(row.gates).filter(([id, how]) => !(id === 'lag' && typeof how !== 'string'));
  expect(
    Object.keys(seen).filter((id) => !(id in row.gates)),
    JSON.stringify(seen),
  ).toEqual([]);
  for (const [id, how] of must)
    expect(typeof how === 'string' ? [how] : how, `${id} in ${JSON.stringify(seen)}`).toContain(seen[id]);
}

/** The gap is in the report and on each candle that it touches, and each of those is partial. */
function checkGap({ report, candles }: Ran): void {
  const { gaps, partialMinutes } = report!.unseen;
  expect(gaps.length).toBeGreaterThan(0);
  for (const { from, to } of gaps) {
    const touched = candles.filter(
      ({ minute }) =>
        minute >= from.slice(11, 16) &&
        minute <= to.slice(11, 16) &&
        !(minute === to.slice(11, 16) && to.slice(17, 19) === '00'),
    );
    expect(touched.length).toBeGreaterThan(0);
    for (const { partial, gapMs } of touched) expect([partial, gapMs > 0]).toEqual([true, true]);
    expect(partialMinutes.map(({ minute }) => minute.slice(11, 16))).toEqual(
      expect.arrayContaining([...new Set(touched.map(({ minute }) => minute))]),
    );
  }
}

let without: Ran;
beforeAll(async () => {
  without = await ran([]);
});

it('a run without any fault passes every gate', () => {
  expect(without.code).toBe(0);
  expect(turned(without.report!, { gates: {} } as Row)).toEqual({});
  expect(without.candles.filter(({ partial }) => !partial)).toHaveLength(9);
});

it('every fault that there is has its row, and docs/faults.md is written from them', () => {
  expect(new Set(ROWS.flatMap(({ faults }) => faults.map((fault) => fault.split(':')[0])))).toEqual(
    new Set(FAULT_NAMES),
  );
  expect(readFileSync(DOCUMENT, 'utf8'), 'npm run faults writes it again').toBe(faultsDocument());
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
    checkGates(report, row);
    expect(run.code).toBe(report.gates.some(({ status }) => status === 'fail') ? 1 : 0);
    if (row.counted !== undefined) expect(counterOf(report, row.counted), row.counted).toBeGreaterThan(0);
    if (row.gap !== undefined) checkGap(run);
    else expect(report.unseen.gaps).toEqual([]);
    if (!row.untouched) return;
    const whole = new Map(
      without.candles
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
