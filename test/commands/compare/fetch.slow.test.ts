/** `compare --fetch` as a user runs it: what it asks, what it waits for, what it says without the broker's candles. */
import { RULES } from '../../../src/candles/rules.js';
import { readFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SystemClock } from '../../../src/clock.js';
import { startBroker } from '../../../src/sim/broker.js';
import { DEMO_ACCOUNT } from '../../../src/sim/demo-account.js';
import { TOKENS } from '../../feed/secrets.js';
import { answer, hostileServer, loggedIn, type Login } from '../../feed/hostile-server.js';
import { candlesPath } from '../../../src/parquet/candles-file.js';
import { marketAt } from '../../sim/world.js';
import { OPEN_MS } from '../../parquet/candles.js';
import { run, start } from '../../program/command.js';
import { slow } from '../../tier.js';
import { candleOf, inFolders, minutes, writeOurs, type Folders } from './folders.js';

/** Five minutes of ours of the symbol. */
const ours = (symbol: string) => minutes(0, 4).map((minute) => candleOf({ minute, symbol, volSlack: 0 }));
const stamp = (minute: number): string =>
  `${new Date(OPEN_MS + minute * 60_000 + 19_800_000).toISOString().slice(0, 19)}+05:30`;
const same = minutes(0, 4).map((minute) => [stamp(minute), 100, 101, 99.5, 100.05, 42]);
const granted = (data: unknown): Login => answer({ status: true, message: 'SUCCESS', errorcode: '', data });

async function fetching(folders: Folders, answers: readonly Login[], ...more: readonly string[]) {
  const server = await hostileServer();
  server.loginAnswers = [answer(loggedIn()), ...answers];
  try {
    const ended = await run(
      ['compare', '--ours', folders.ours, '--fetch', '--feed', server.url, '--json', ...more],
      folders.root,
    );
    return {
      ...ended,
      json: (ended.stdout === '' ? {} : JSON.parse(ended.stdout)) as Record<string, unknown>,
      bodies: server.logins.slice(1).map(({ body }) => JSON.parse(body) as Record<string, string>),
    };
  } finally {
    await server.close();
  }
}

/** A clock whose market time is set. */
class SettingClock extends SystemClock {
  nowMs: number;

  constructor(nowMs: number) {
    super({ originMs: nowMs });
    this.nowMs = nowMs;
  }

  override marketMs(): number {
    return this.nowMs;
  }
}

// The servers are of the test's own, so these runs have real time.
describe.concurrent('compare --fetch', () => {
  it('asks from the opening until two answers agree, and judges as with files', () =>
    inFolders(async (folders) => {
      await writeOurs(folders.ours, ours('RELIANCE'));
      const unsettled = [...same.slice(0, 4), [stamp(4), 100, 101, 99.5, 100.05, 30]];
      const { code, json, bodies } = await fetching(folders, [granted(unsettled), granted(same)]);
      expect(json).toMatchObject({ kind: 'comparison', verdict: 'pass', reference: { files: 1, feeds: ['url:127.0.0.1'] }, symbols: [{ symbol: 'RELIANCE', compared: 5, volume: { exact: 5 } }] });
      expect(json['notes']).toEqual(['The broker was asked 3 times, two a second, until two answers for a symbol agreed.']);
      expect(bodies).toHaveLength(3);
      expect(bodies[0]).toEqual({ exchange: 'NSE', symboltoken: '2885', interval: 'ONE_MINUTE', fromdate: '2026-11-23 09:00', todate: '2026-11-23 09:20' });
      expect(code).toBe(0);
    })); // prettier-ignore

  slow('waits after a 403 for the rate, and asks again', () =>
    inFolders(async (folders) => {
      await writeOurs(folders.ours, ours('TCS'));
      const { code, json } = await fetching(folders, [answer('Access denied because of exceeding access rate', 403), granted(same)]);
      expect(json).toMatchObject({ verdict: 'pass', notes: ['The broker was asked 3 times, two a second, until two answers for a symbol agreed.'] });
      expect(code).toBe(0);
    })); // prettier-ignore

  slow('names a refused symbol, and compares the others', () =>
    inFolders(async (folders) => {
      await writeOurs(folders.ours, ours('RELIANCE'));
      await writeOurs(folders.ours, ours('TCS'));
      const byToken: Login = (request, body, response) => (body.includes('"2885"') ? granted(same) : answer({ status: false, message: 'Invalid symboltoken', errorcode: 'AB13000' }, 400))(request, body, response);
      const { code, json } = await fetching(folders, [byToken]);
      expect(json).toMatchObject({ verdict: 'fail', reasons: ['the reference has nothing of TCS'], symbols: [{ symbol: 'RELIANCE', compared: 5 }, { symbol: 'TCS', referenceFound: false }] });
      expect(json['notes']).toContain('The broker refuses the candles of TCS: Invalid symboltoken (AB13000).');
      expect(code).toBe(1);
    })); // prettier-ignore

  slow('prints no secret that the broker repeats', () =>
    inFolders(async (folders) => {
      await writeOurs(folders.ours, ours('RELIANCE'));
      const secrets = [TOKENS.jwt, TOKENS.feed, ...Object.values(DEMO_ACCOUNT)];
      const telling = answer({ status: false, message: `No, ${secrets.join(' ')}`, errorcode: TOKENS.feed }, 400);
      const { stdout, stderr } = await fetching(folders, [telling], '--report', 'report.json', '--html', 'page.html');
      const all = [stdout, stderr, ...['report.json', 'page.html'].map((name) => readFileSync(join(folders.root, name), 'utf8'))];
      expect(stdout).toContain('The broker refuses the candles of RELIANCE: No, [secret] [secret]');
      for (const secret of secrets) for (const text of all) expect(text.includes(secret), secret).toBe(false);
    })); // prettier-ignore

  slow('says in one sentence why it cannot fetch', () =>
    inFolders(async (folders) => {
      const refusal = async (...args: readonly string[]) => {
        const { code, stdout, stderr } = await run(['compare', '--ours', folders.ours, '--fetch', ...args], folders.root);
        expect(stdout).toBe('');
        return [code, stderr.trimEnd().split('\n').at(-1)];
      };
      await writeOurs(folders.ours, ours('RELIANCE'));
      expect(await refusal()).toEqual([2, 'tickshard: --fetch asks the live broker, and our candles are of a simulated market: ask that one with --feed sim.']);
      expect(await refusal('--feed', 'ws://127.0.0.1:9')).toEqual([3, 'tickshard: The log-in could not reach 127.0.0.1:9 (ECONNREFUSED).']);
      expect(await refusal('--feed', 'ws://127.0.0.1:9', '--date', '2026-11-20')).toEqual([2, `tickshard: ${folders.ours} has no candle of 2026-11-20: name a day on which a run was.`]);
      expect(await refusal('--feed', 'ws://127.0.0.1:9', '--html', join(candlesPath(folders.ours, { exchange: 'NSE', symbol: 'RELIANCE' }), 'page.html'))).toEqual([2, expect.stringMatching(/_1m_test\.parquet is a file; name another\.$/)]);
      await writeOurs(folders.ours, ours('NOTLISTED'));
      expect(await refusal('--feed', 'ws://127.0.0.1:9')).toEqual([2, expect.stringMatching(/^tickshard: Unknown symbol NOTLISTED/)]);
    })); // prettier-ignore

  slow('--feed sim asks the simulated broker of the same seed, and passes; candles of another market are refused', () =>
    inFolders(async (folders) => {
      const stage = await run(['--ws-test-mode', '--stage', '2', '--symbols', 'RELIANCE,TCS', '--duration', '4', '--mode', 'snapquote', '--feed', 'sim', '--speed', 'max', '--seed', '5', '--out', folders.ours], folders.root);
      expect(stage.code).toBe(0);
      const args = ['compare', '--ours', folders.ours, '--fetch', '--feed', 'sim', '--json'];
      const { code, stdout } = await run(args, folders.root);
      expect(JSON.parse(stdout)).toMatchObject({ verdict: 'pass', reference: { feeds: ['sim:5'] }, values: { unexplained: 0 }, symbols: [{ symbol: 'RELIANCE', compared: 3, partial: 3 }, { symbol: 'TCS', compared: 3 }] });
      expect(code).toBe(0);
      await rm(folders.ours, { recursive: true });
      await mkdir(folders.ours);
      await writeOurs(folders.ours, ours('RELIANCE'), { feed: 'live', mode: 'snapquote', volumeKind: 'traded', rules: RULES });
      expect(await run(args, folders.root)).toMatchObject({ code: 2, stderr: expect.stringMatching(/^tickshard: --feed sim asks the simulated broker, and our candles are of live: ask whom they are of with --feed\.\n$/) as string });
    })); // prettier-ignore

  slow('waits for a minute that has not ended for the broker, and for one that has not settled', () =>
    inFolders(async (folders) => {
      // The broker's time is within our last minute until the program waits for it; then the minute has settled.
      const market = marketAt('09:16', { seed: 1 });
      const clock = new SettingClock(market.startMs + 210_000);
      const broker = await startBroker({ port: 0, market, clock });
      try {
        await writeOurs(folders.ours, ours('RELIANCE'));
        const running = start(['compare', '--ours', folders.ours, '--fetch', '--feed', `ws://127.0.0.1:${broker.port}`, '--json'], folders.root);
        await running.saw(/The last minute of RELIANCE is not over for the broker: trying again in 5 s\./);
        clock.nowMs += 120_000;
        const { code, stdout } = await running.ended;
        // Our candles were made up: the true ones are others, and all five are there.
        expect(JSON.parse(stdout)).toMatchObject({ verdict: 'fail', symbols: [{ compared: 5, missingReference: 0, missingOurs: 0 }] });
        expect(code).toBe(1);
      } finally {
        await broker.close();
      }
    })); // prettier-ignore
});
