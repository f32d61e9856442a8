/**
 * Candles of an honest quarter of an hour agree by `compare` with the broker's own candles in every mode, with all
 * habits of the feed, and with each of them switched off: no habit but `bursts` changes a trade, and no cause is
 * missing for one.
 */
import { describe, expect, it } from 'vitest';
import { HABIT_NAMES } from '../../src/sim/habits/catalogue.js';
import { inFolder } from '../parquet/candles.js';
import { run } from './command.js';

const MODES = ['snapquote', 'quote', 'ltp'] as const;
const STAGE =
  '--ws-test-mode --stage 2 --symbols RELIANCE,TCS,INFY --duration 15 --feed sim --speed max --no-journal';

async function expectHonest(mode: string, ...habits: readonly string[]): Promise<void> {
  await inFolder(async (folder) => {
    const more = habits.flatMap((habit) => ['--habit', habit]);
    const stage = await run([...STAGE.split(' '), '--mode', mode, '--out', 'out', ...more], folder);
    expect(stage, stage.stdout).toMatchObject({ code: 0, stderr: '' });
    const compared = await run(['compare', '--ours', 'out', '--fetch', '--feed', 'sim'], folder);
    // Of LTP candles no volume can be compared: that prices agree is the best that can be said.
    expect(compared.stdout).toContain(mode === 'ltp' ? 'Verdict: PRICES AGREE' : 'Verdict: PASS');
    expect(compared.code).toBe(mode === 'ltp' ? 1 : 0);
  });
}

describe('an honest quarter of an hour passes', () => {
  it.each(MODES)('in mode %s', (mode) => expectHonest(mode));

  it.each(HABIT_NAMES.map((name, k) => [name, MODES[k % MODES.length]]))(
    'without %s, in mode %s',
    (name, mode) => expectHonest(mode, `${name}=off`),
  );

  it('without any', () => expectHonest('quote', 'all=off'));
});
