/** One seed is one run: every mode, with and without faults. Runs that are killed at any minute. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { inFolder } from '../parquet/candles.js';
import { rowsOnDisk, type DiskRow } from '../parquet/rows.js';
import { run } from './command.js';
import { startHeld } from './pause.js';
import { expectSame, outcomeOf, stepped } from './stepped.js';

/** They strike one after the other. */
const FAULTS = [
  ...['late:at=20,for=40,by=20', 'drop:at=75', 'reorder:at=110,for=30'],
  ...['garbage:at=145,for=20', 'half-open:at=170', 'burst:at=210,frames=50000'],
];

/** Without faults in SnapQuote mode: the NIFTY 50 below. */
describe.each([
  ['ltp', '2', []],
  ['ltp', '5', FAULTS],
  ['quote', '2', []],
  ['snapquote', '5', FAULTS],
] as const)('a run in %s mode of %s minutes', (mode, minutes, faults) => {
  it(`is the same each time with ${faults.join(', ') || 'nothing'}`, async () => {
    const { rows, report } = await expectSame(
      stepped('--duration', minutes, '--mode', mode, ...faults.flatMap((fault) => ['--fault', fault])),
    );
    expect(rows.length).toBeGreaterThan(faults.length > 0 ? 20 : 10);
    expect(report['disconnects']).toHaveLength(faults.length > 0 ? 2 : 0);
  });
});

describe('a run of the NIFTY 50', () => {
  it('is the same for 1 and 4 shards', async () => {
    const all = stepped('--duration', '2', '--mode', 'snapquote').filter(
      (arg, k, args) => arg !== '--symbols' && args[k - 1] !== '--symbols',
    );
    const { rows } = await expectSame(all, ['1', '4']);
    expect(rows.length).toBeGreaterThan(300);
  });
});

describe('another seed', () => {
  it('gives another market', () =>
    inFolder((folder) => inFolder(async (second) => {
      const first = await outcomeOf(stepped('--duration', '1'), folder);
      const other = await outcomeOf(stepped('--duration', '1').map((arg) => (arg === '7' ? '8' : arg)), second);
      expect(other.rows).not.toEqual(first.rows);
    }))); // prettier-ignore
});

describe('a run that is killed and resumed', () => {
  const args = stepped('--duration', '5', '--mode', 'snapquote');
  let unbroken: readonly DiskRow[];

  beforeAll(() =>
    inFolder(async (folder) => {
      await outcomeOf(args, folder);
      unbroken = await rowsOnDisk(join(folder, 'out'));
    }),
  );

  it.each([
    ['11:01', '90'],
    ['11:02', '5'],
    ['11:03', '0'],
  ])('at %s, after %s s, has the candles of an unbroken run outside its gap', async (minute, afterS) => {
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
      expect(namesOf(resumed)).toEqual(namesOf(unbroken));
      const expected = new Map(unbroken.map((row) => [`${row.symbol} ${row.minute}`, row]));
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
  });
});

const namesOf = (rows: readonly DiskRow[]): string[] =>
  rows.map(({ symbol, minute }) => `${symbol} ${minute}`);
