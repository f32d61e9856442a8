/** `tickshard instruments` as a user runs it, and what a run makes of the file. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { istDate } from '../../src/market/session.js';
import { niftyFifty } from '../../src/run/universe.js';
import { option, row, type Row } from '../broker/angel/scrip-rows.js';
import { inFolder } from '../parquet/candles.js';
import { everythingIn, run } from '../program/command.js';

const nifty = (): Row[] => [
  ...niftyFifty().map(({ symbol, token, tickSizeRupees }) =>
    row(`${symbol}-EQ`, token, { tick_size: (tickSizeRupees * 100).toFixed(6) }),
  ),
  ...niftyFifty().map(({ symbol }, k) =>
    row(`${symbol}25NOV26FUT`, String(50_000 + k), {
      name: symbol,
      exch_seg: 'NFO',
      instrumenttype: 'FUTSTK',
    }),
  ),
];
const contents: Record<string, unknown> = {
  good: [...Array.from({ length: 500 }, (_, k) => option(k)), ...nifty(), row('NEWCO-EQ', '424242')],
  wrong: nifty()
    .map((one) => (one['symbol'] === 'TCS-EQ' ? { ...one, token: '1' } : one))
    .filter(({ symbol }) => symbol !== 'WIPRO-EQ'),
  html: '<html>',
};
const folderOf = (folder: string): string => join(folder, 'data/test/instruments');
const fileOf = (folder: string, daysAgo = 0): string =>
  join(folderOf(folder), `OpenAPIScripMaster-${istDate(Date.now() - daysAgo * 86_400_000)}.json`);
const account = { ANGEL_API_KEY: 'k', ANGEL_CLIENT_ID: 'c', ANGEL_PIN: '1234', ANGEL_TOTP_SECRET: 'AAAA' };

let server: Server;
let base = '';
beforeAll(async () => {
  server = createServer((request, response) => {
    const content = contents[(request.url ?? '').slice(1)];
    if (content === undefined) response.writeHead(404).end();
    else response.end(typeof content === 'string' ? content : JSON.stringify(content));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

describe.concurrent('tickshard instruments', () => {
  it('fetches, keeps the needed rows by date, and finds the fifty tokens as shipped', async () => {
    await inFolder(async (folder) => {
      const { code, stdout, stderr } = await run(
        ['instruments', '--fetch', '--from', `${base}/good`],
        folder,
      );
      expect(stderr).toBe('');
      expect(stdout).toMatch(
        /51 cash equities of NSE, 50 stocks with futures[\s\S]*The 50 tokens of the shipped NIFTY 50 are the same in it\./,
      );
      expect(code).toBe(0);
      expect(everythingIn(folder).filter((path) => path.endsWith('.json'))).toEqual([
        `data/test/instruments/OpenAPIScripMaster-${istDate(Date.now())}.json`,
      ]);
      expect((JSON.parse(readFileSync(fileOf(folder), 'utf8')) as unknown[]).length).toBe(101);
      const again = await run(['instruments', '--json'], folder);
      expect(JSON.parse(again.stdout)).toMatchObject({
        ok: true,
        equities: 51,
        withFutures: 50,
        warnings: [],
      });
    });
  });

  it('names each wrong shipped token, keeps the file, exits with 1', async () => {
    await inFolder(async (folder) => {
      const { code, stdout } = await run(['instruments', '--fetch', '--from', `${base}/wrong`], folder);
      expect(stdout).toMatch(
        /2 of the 50 .*:\n {2}TCS has token 11536 in the shipped list and 1 in the file.*\n {2}WIPRO \(token 3787\) is not in the file/,
      );
      expect(code).toBe(1);
      expect(readdirSync(folderOf(folder))).toHaveLength(1);
    });
  });

  it.each([
    ['a page in its place', 'html', /What 127\.0\.0\.1:\d+ serves is no JSON that can be read/, 2],
    ['404', 'nothing', /answers HTTP 404/, 3],
  ])('leaves what there was when it meets %s', async (_what, path, sentence, exit) => {
    await inFolder(async (folder) => {
      mkdirSync(folderOf(folder), { recursive: true });
      writeFileSync(fileOf(folder), JSON.stringify(contents['good']));
      const { code, stderr } = await run(['instruments', '--fetch', '--from', `${base}/${path}`], folder);
      expect(stderr).toMatch(sentence);
      expect(code).toBe(exit);
      expect(readdirSync(folderOf(folder))).toHaveLength(1);
      expect(JSON.parse(readFileSync(fileOf(folder), 'utf8'))).toEqual(contents['good']);
    });
  });

  it('says what to run when no file was fetched, and writes nothing', async () => {
    await inFolder(async (folder) => {
      const { code, stderr } = await run(['instruments'], folder);
      expect(stderr).toMatch(
        /^tickshard: No instrument file was fetched yet: `tickshard instruments --fetch`/,
      );
      expect(code).toBe(2);
      expect(everythingIn(folder)).toEqual([]);
    });
  });

  it('warns of a file of yesterday', async () => {
    await inFolder(async (folder) => {
      mkdirSync(folderOf(folder), { recursive: true });
      writeFileSync(fileOf(folder, 1), JSON.stringify(contents['good']));
      const { code, stdout } = await run(['instruments'], folder);
      expect(stdout).toMatch(/Warning: The instrument file is of yesterday .*--fetch` gets today's/);
      expect(code).toBe(0);
    });
  });
});

describe.concurrent('a run on the live feed', () => {
  const live = ['--ws-test-mode', '--stage', '1', '--duration', '1', '--wait-open'];

  it('uses the fetched file: other symbols are known, wrong tokens are refused before anything is sent', async () => {
    await inFolder(async (folder) => {
      mkdirSync(folderOf(folder), { recursive: true });
      writeFileSync(fileOf(folder), JSON.stringify(contents['wrong']));
      const wrong = await run([...live, '--symbols', 'TCS'], folder, account);
      expect(wrong.stderr).toMatch(
        /OpenAPIScripMaster-.*: TCS has token 11536 in the shipped list and 1 in the file/,
      );
      expect(wrong.code).toBe(2);
      const unknown = await run([...live, '--symbols', 'NEWCO'], folder, account);
      expect(unknown.stderr).toMatch(/Unknown symbol NEWCO: neither in the NIFTY 50 nor in data/);
      expect(unknown.code).toBe(2);
    });
  });

  it('which the simulated broker does not', async () => {
    await inFolder(async (folder) => {
      mkdirSync(folderOf(folder), { recursive: true });
      writeFileSync(fileOf(folder), JSON.stringify(contents['wrong']));
      const { code, stdout } = await run(
        [
          '--ws-test-mode',
          '--stage',
          '1',
          '--duration',
          '1',
          '--feed',
          'sim',
          '--speed',
          '60',
          '--symbols',
          'TCS',
        ],
        folder,
      );
      expect(stdout).toMatch(/Verdict: PASS/);
      expect(code).toBe(0);
    });
  });
});
