/** One seed is one run: every mode, with and without faults, on a busy machine. Runs that are killed at any minute. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inFolder } from '../parquet/candles.js';
import { rowsOnDisk } from '../parquet/rows.js';
import { run } from './command.js';
import { startHeld } from './pause.js';
import { busy, outcomeOf, stepped, type Outcome } from './stepped.js';

const CASES: readonly (readonly string[])[] = [
  [],
  ['drop:at=75'],
  ['late:at=50,for=60,by=20'],
  ['burst:at=100,frames=50000', 'reorder:at=30,for=60'],
  ['half-open:at=60', 'garbage:at=20,for=60'],
];

/** The same run in folders of its own, for numbers of shards. */
async function expectSame(args: readonly string[], shards = ['1', '4']): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  for (const count of shards)
    await inFolder(async (folder) => outcomes.push(await outcomeOf([...args, '--shards', count], folder)));
  for (const outcome of outcomes.slice(1)) expect(outcome).toEqual(outcomes[0]);
  return outcomes[0];
}

describe.each([
  ['ltp', CASES],
  ['quote', CASES.slice(0, 1)],
  ['snapquote', CASES],
] as const)('a run in %s mode is the same each time', (mode, cases) => {
  it.each(cases.map((faults) => [faults.join(', ') || 'nothing', faults] as const))(
    'with %s',
    async (_what, faults) => {
      const { rows } = await expectSame(
        stepped('--duration', '3', '--mode', mode, ...faults.flatMap((fault) => ['--fault', fault])),
      );
      expect(rows.length).toBeGreaterThan(10);
    },
  );
});

describe('while two processes use all of the machine', () => {
  let quiet: Outcome;
  const args = stepped('--duration', '3', '--mode', 'snapquote', '--fault', 'drop:at=80');
  let calm = (): void => undefined;

  beforeAll(async () => {
    quiet = await expectSame(args, ['1']);
    calm = busy();
  });
  afterAll(() => calm());

  it('a run is the same for 1, 2 and 4 shards', async () => {
    expect(await expectSame(args, ['1', '2', '4'])).toEqual(quiet);
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
  it.each([
    ['11:01', '0'],
    ['11:02', '5'],
    ['11:03', '40'],
    ['11:04', '90'],
  ])('at %s, after %s s, has the candles of an unbroken run outside its gap', async (minute, afterS) => {
    await inFolder((folder) =>
      inFolder(async (other) => {
        const args = stepped('--duration', '6', '--mode', 'snapquote');
        await outcomeOf(args, other);
        const running = startHeld(args, folder, new RegExp(`^${minute} {2}`, 'm'));
        await running.held();
        running.child.kill('SIGKILL');
        await running.ended;
        const { stderr } = await run([...args, '--resume', '--resume-after', afterS], folder);
        expect(stderr).toBe('');
        const [resumed, unbroken] = await Promise.all(
          [folder, other].map((one) => rowsOnDisk(join(one, 'out'))),
        );
        const expected = new Map(unbroken.map((row) => [`${row.symbol} ${row.minute}`, row]));
        const whole = resumed.filter(({ partial }) => !partial);
        expect(whole.length).toBeGreaterThan(0);
        for (const row of whole) expect(row).toEqual(expected.get(`${row.symbol} ${row.minute}`));
        // Partial is no more than what the gap touches, and the first and the last minute.
        const minutes = new Set(resumed.filter(({ partial }) => partial).map((row) => row.minute));
        expect(minutes.size).toBeLessThanOrEqual(3 + Math.ceil(Number(afterS) / 60) + 1);
      }),
    );
  });
});
