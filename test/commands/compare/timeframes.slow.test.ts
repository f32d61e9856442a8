/**
 * `compare --timeframe` of a whole simulated day against the simulated broker: the same feed, rolled up by the test,
 * agrees in every timeframe within what the feed leaves open. Broken on purpose and caught: a broker whose longer
 * candles are counted from the hour.
 */
import { describe, expect, it } from 'vitest';
import type { FileIdentity } from '../../../src/candles/candle.js';
import { istMs } from '../../../src/market/session.js';
import { minutesOf, TIMEFRAMES } from '../../../src/market/timeframe.js';
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

describe('a simulated day', () => {
  it('agrees with the broker in every timeframe', () =>
    inFolders(async (folders) => {
      const shadow = await run(['shadow', '--ws-test-mode', '--until-close', '--wait-open', '--symbols', 'RELIANCE', '--feed', 'sim', '--speed', 'max', '--seed', '5', '--at', '2026-11-23T09:08', '--out', folders.ours], folders.root);
      expect(shadow.code).toBe(0);
      await writeLonger(folders, 'RELIANCE');
      for (const timeframe of TIMEFRAMES) {
        const { code, stdout, stderr } = await run(['compare', '--ours', folders.ours, '--fetch', '--feed', 'sim', '--timeframe', timeframe, '--json'], folders.root);
        const json = JSON.parse(stdout);
        const candles = timeframe === '1d' ? 1 : 360 / minutesOf(timeframe) + 1;
        expect({ code, reasons: json.reasons, stderr }, timeframe).toMatchObject({ code: 0, reasons: [] });
        expect(json, timeframe).toMatchObject({ timeframe, symbols: [{ compared: candles, partial: 0, missingOurs: 0, missingReference: 0 }] });
      }
    })); // prettier-ignore
});
