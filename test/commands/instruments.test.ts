/** `tickshard instruments` as a user runs it, and what a run makes of the file. More in instruments.slow.test.ts. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { istDate } from '../../src/market/session.js';
import { inFolder } from '../parquet/candles.js';
import { everythingIn, run, simulated } from '../program/command.js';
import { contents, fileOf, folderOf, instrumentServer } from './instrument-server.js';

let server: Server;
let base = '';
beforeAll(async () => ({ base, server } = await instrumentServer()));
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
        `data/test/instruments/others-${istDate(Date.now())}.json`,
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
});

describe.concurrent('a run on the live feed', () => {
  it('which the simulated broker does not', async () => {
    await inFolder(async (folder) => {
      mkdirSync(folderOf(folder), { recursive: true });
      writeFileSync(fileOf(folder), JSON.stringify(contents['wrong']));
      const { code, stdout } = await run(simulated(1, 1, '--symbols', 'TCS'), folder);
      expect(stdout).toMatch(/Verdict: PASS/);
      expect(code).toBe(0);
    });
  });
});
