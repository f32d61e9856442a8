/**
 * `tickshard backfill` of a run whose feed was an address: the broker is a server in this process, so the run has real
 * time. Nothing depends on when exactly what is sent; the minute in which the run begins lies in a gap in any case.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startBroker } from '../../src/library/sim.js';
import { inFolder } from '../parquet/candles.js';
import { JOURNALED, run, served } from './command.js';
import { rowsIn } from './stepped.js';

const SPEED = 10;

it('a run of a server at an address is back-filled from it, when the address is named again', () =>
  inFolder(async (folder) => {
    await using server = await startBroker({ speed: SPEED });
    const { apiKey, clientCode, pin, totpSecret } = server.credentials;
    const env = {
      ANGEL_API_KEY: apiKey,
      ANGEL_CLIENT_ID: clientCode,
      ANGEL_PIN: pin,
      ANGEL_TOTP_SECRET: totpSecret,
    };
    const args = served(server.url, `2026-11-23T11:00:00@${SPEED}`, 2, 2, '--symbols', 'RELIANCE,TCS');
    const ran = await run([...args, '--mode', 'snapquote', ...JOURNALED], folder, env);
    expect([0, 1], ran.stderr).toContain(ran.code);
    const journal = join('journal', readdirSync(join(folder, 'journal'))[0]);
    const command = ['backfill', journal, '--out', 'out', '--run-report', 'report.json'];
    expect(await run(command, folder, env)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('name it with --feed URL.') as string,
    });
    const filled = await run([...command, '--feed', server.url], folder, env);
    expect(filled.code, filled.stderr).toBe(0);
    const [, polled, asked] = /Back-fill: (\d+) of (\d+) minutes polled/.exec(filled.stdout)!;
    expect([polled, Number(polled) >= 2]).toEqual([asked, true]);

    const rows = await rowsIn(folder);
    const minuteOf = (row: Record<string, unknown>): number => new Date(String(row['timestamp'])).getTime();
    for (const symbol of ['RELIANCE', 'TCS']) {
      const truth = new Map(server.candles(`NSE:${symbol}`).map((candle) => [candle.timestampMs, candle]));
      const ofFile = (file: string) => rows.filter((row) => row['file'] === file);
      const sources = ofFile(`quality/NSE_${symbol}_1m_quality.parquet`);
      const minutes = sources.filter(({ source }) => source === 'polled').map(minuteOf);
      expect(minutes.length).toBeGreaterThan(0);
      for (const row of ofFile(`NSE_${symbol}_1m_test.parquet`).filter((one) =>
        minutes.includes(minuteOf(one)),
      )) {
        const { open, high, low, close, volume } = truth.get(minuteOf(row))!;
        expect(row).toMatchObject({ open, high, low, close });
        expect(Number(row['volume'])).toBe(volume);
      }
    }
    const replay = await run(['replay', journal, '--json', '--out', 'again'], folder);
    expect(JSON.parse(replay.stdout)).toMatchObject({ same: true, problems: [] });
  }));
