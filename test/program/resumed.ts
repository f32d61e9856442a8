/** Runs with faults that are the same each time, and runs that are killed and resumed. */
import { join } from 'node:path';
import { expect } from 'vitest';
import { inFolder } from '../parquet/candles.js';
import { rowsOnDisk, type DiskRow } from '../parquet/rows.js';
import { run } from './command.js';
import { startHeld } from './pause.js';
import { expectSame, outcomeOf, stepped } from './stepped.js';

/** They strike one after the other. */
export const FAULTS = [
  ...['late:at=20,for=40,by=20', 'drop:at=75', 'reorder:at=110,for=30'],
  ...['garbage:at=145,for=20', 'half-open:at=170', 'burst:at=210,frames=50000'],
];

export async function expectSameWithFaults(mode: string): Promise<void> {
  const { rows, report } = await expectSame(
    stepped('--duration', '5', '--mode', mode, ...FAULTS.flatMap((fault) => ['--fault', fault])),
  );
  expect(rows.length).toBeGreaterThan(20);
  expect(report['disconnects']).toHaveLength(2);
}

/** A run of the NIFTY 50, or of its first `subset`, for 1 and 4 shards. */
export async function expectSameOf(subset: number): Promise<void> {
  const all = stepped('--duration', '1', '--mode', 'snapquote', '--subset', String(subset)).filter(
    (arg, k, args) => arg !== '--symbols' && args[k - 1] !== '--symbols',
  );
  const { rows } = await expectSame(all, ['1', '4']);
  expect(rows.length).toBeGreaterThan(3 * subset);
}

const args = stepped('--duration', '5', '--mode', 'snapquote');

/** The rows of a run that is not killed. */
export const unbroken = (): Promise<readonly DiskRow[]> =>
  inFolder(async (folder) => {
    await outcomeOf(args, folder);
    return rowsOnDisk(join(folder, 'out'));
  });

/** Kills a run and resumes it after `afterS` of market time: outside its gap it has the candles of `expectedRows`. */
export async function expectResumed(
  minute: string,
  afterS: string,
  expectedRows: readonly DiskRow[],
): Promise<void> {
  await inFolder(async (folder) => {
    const running = startHeld(args, folder, new RegExp(`^${minute} {2}`, 'm'));
    await running.held();
    running.child.kill('SIGKILL');
    await running.ended;
    const { code, stdout, stderr } = await run([...args, '--resume', '--resume-after', afterS], folder);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/Resuming run [\w-]+: \d+ frames from its journal/);
    // Without a connection for more than 5 % of the run, gate `connected` fails.
    expect(code).toBe(Number(afterS) > 5 ? 1 : 0);
    const resumed = await rowsOnDisk(join(folder, 'out'));
    expect(namesOf(resumed)).toEqual(namesOf(expectedRows));
    const expected = new Map(expectedRows.map((row) => [`${row.symbol} ${row.minute}`, row]));
    const whole = resumed.filter(({ partial }) => !partial);
    expect(whole.length).toBeGreaterThan(0);
    for (const row of whole) expect(row).toEqual(expected.get(`${row.symbol} ${row.minute}`));
    // Partial is no more than what the gap touches, and the first and the last minute.
    const minutes = new Set(resumed.filter(({ partial }) => partial).map((row) => row.minute));
    expect(minutes.size).toBeLessThanOrEqual(3 + Math.ceil(Number(afterS) / 60) + 1);
    // The line of a minute is printed a few seconds into it, and nothing was received from then on.
    expect(minutes.has(minute)).toBe(true);
    for (const row of resumed.filter((one) => one.minute === minute))
      expect(row.gapMs).toBeGreaterThanOrEqual(Math.min(Number(afterS), 50) * 1000);
  });
}

const namesOf = (rows: readonly DiskRow[]): string[] =>
  rows.map(({ symbol, minute }) => `${symbol} ${minute}`);
