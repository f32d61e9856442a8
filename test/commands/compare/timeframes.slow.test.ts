/**
 * `compare --timeframe` of a simulated afternoon against the simulated broker: the same feed, rolled up by the test,
 * agrees within what the feed leaves open. Broken on purpose and caught: a broker whose longer
 * candles are counted from the hour.
 */
import { describe, expect, it } from 'vitest';
import type { FileIdentity } from '../../../src/candles/candle.js';
import { istMs } from '../../../src/market/session.js';
import { TIMEFRAMES } from '../../../src/market/timeframe.js';
import { run } from '../../program/command.js';
import { inFolders, writeOurs, type Folders } from './folders.js';
import { minutesOfRun, rolledUp } from './roll-up.js';

const openMs = (): number => istMs('2026-11-23', '09:15');

/** Rolls up what a run left in `ours` and writes it next to the minutes. */
async function writeLonger({ ours: folder }: Folders, symbol: string): Promise<void> {
  const { rows, keys } = await minutesOfRun(folder, symbol);
  const identity: FileIdentity = {
    feed: keys.get('feed')!,
    mode: keys.get('mode')!,
    volumeKind: 'traded',
    rules: Number(keys.get('rules')),
  };
  for (const timeframe of TIMEFRAMES.filter((name) => name !== '1m'))
    await writeOurs(folder, rolledUp(rows, timeframe, openMs), identity, timeframe);
}

describe('a simulated afternoon', () => {
  it('agrees with the broker in longer timeframes', () =>
    inFolders(async (folders) => {
      const shadow = await run(['shadow', '--ws-test-mode', '--until-close', '--symbols', 'RELIANCE', '--feed', 'sim', '--speed', 'max', '--seed', '5', '--at', '2026-11-23T13:08', '--out', folders.ours], folders.root);
      expect(shadow.code).toBe(0);
      await writeLonger(folders, 'RELIANCE');
      // Whole ones from 13:10 and 13:15, and the auction; the first is partial.
      for (const [timeframe, compared] of [['5m', 26], ['1h', 3]] as const) {
        const { stdout, stderr } = await run(['compare', '--ours', folders.ours, '--fetch', '--feed', 'sim', '--timeframe', timeframe, '--json'], folders.root);
        expect(JSON.parse(stdout), stderr).toMatchObject({ timeframe, verdict: 'pass', reasons: [], symbols: [{ compared, partial: 1, missingOurs: 0, missingReference: 0 }] });
      }
    })); // prettier-ignore
});
