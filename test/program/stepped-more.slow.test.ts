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

describe('a run is the same each time', () => {
  it.each(['ltp', 'snapquote'])(`in %s mode with ${FAULTS.join(', ')}`, async (mode) => {
    const { rows, report } = await expectSame(
      stepped('--duration', '5', '--mode', mode, ...FAULTS.flatMap((fault) => ['--fault', fault])),
    );
    expect(rows.length).toBeGreaterThan(20);
    expect(report['disconnects']).toHaveLength(2);
  });

  // In SnapQuote mode: the NIFTY 50 below.
  it('in quote mode without faults; another seed gives another market', async () => {
    const args = stepped('--duration', '2', '--mode', 'quote');
    const { rows } = await expectSame(args);
    expect(rows.length).toBeGreaterThan(10);
    await inFolder(async (folder) => {
      const other = await outcomeOf(
        args.map((arg) => (arg === '7' ? '8' : arg)),
        folder,
      );
      expect(other.rows).not.toEqual(rows);
    });
  });
});

describe('a run of the NIFTY 50', () => {
  it('is the same for 1 and 4 shards', async () => {
    const all = stepped('--duration', '1', '--mode', 'snapquote').filter(
      (arg, k, args) => arg !== '--symbols' && args[k - 1] !== '--symbols',
    );
    const { rows } = await expectSame(all, ['1', '4']);
    expect(rows.length).toBeGreaterThan(150);
  });
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
