/** `tickshard instruments` and a run with a file that differs from the shipped list, or is old. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inFolder } from '../parquet/candles.js';
import { run } from '../program/command.js';
import { contents, fileOf, folderOf, instrumentServer } from './instrument-server.js';

const account = { ANGEL_API_KEY: 'k', ANGEL_CLIENT_ID: 'c', ANGEL_PIN: '1234', ANGEL_TOTP_SECRET: 'AAAA' };

let server: Server;
let base = '';
beforeAll(async () => ({ base, server } = await instrumentServer()));
afterAll(() => void server.close());

describe.concurrent('tickshard instruments', () => {
  it('names each wrong shipped token, keeps the file, exits with 1', async () => {
    await inFolder(async (folder) => {
      const { code, stdout } = await run(['instruments', '--fetch', '--from', `${base}/wrong`], folder);
      expect(stdout).toMatch(
        /2 of the 50 .*:\n {2}TCS has token 11536 in the shipped list and 1 in the file.*\n {2}WIPRO \(token 3787\) is not in the file/,
      );
      expect(code).toBe(1);
      expect(readdirSync(folderOf(folder))).toHaveLength(2);
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
});
