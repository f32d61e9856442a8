/** `.env`: who may read it, and the messages if it is not as it should be. */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inFolder } from '../parquet/candles.js';
import { run, withoutCalendarEnd } from '../program/command.js';
import { firstOf, slow } from '../tier.js';
import { echoServer, ENV, found, PLANTED } from './echo.js';

const dotenv = Object.entries(ENV)
  .map(([name, value]) => `${name}=${value}`)
  .join('\n');
const noCredentials = [
  '--ws-test-mode',
  '--stage',
  '1',
  '--duration',
  '1',
  '--market-clock',
  '2026-11-23T11:00@1',
  '--feed',
  'ws://127.0.0.1:9',
];
const posix = process.platform !== 'win32';

describe.concurrent('.env', () => {
  it.runIf(posix).each(
    firstOf(1, [
      [0o644, true],
      [0o640, true],
      [0o602, true],
      [0o600, false],
      [0o400, false],
    ]),
  )('with mode %o is warned of: %s', async (mode, warned) => {
    await inFolder(async (folder) => {
      writeFileSync(join(folder, '.env'), dotenv);
      chmodSync(join(folder, '.env'), mode);
      const { stdout, stderr, code } = await run(noCredentials, folder);
      expect(
        stdout.includes('Warning: .env can be read by other users of this machine: `chmod 600 .env`.'),
      ).toBe(warned);
      expect(stderr).toMatch(/could not reach 127\.0\.0\.1:9 \(ECONNREFUSED\)/);
      expect(code).toBe(3);
      const doctor = await run(['doctor', '--feed', 'ws://127.0.0.1:9'], folder);
      expect(/\[warn\] Credentials[^[]*chmod 600 \.env/.test(doctor.stdout)).toBe(warned);
    });
  });

  it.runIf(posix)('that is a link is judged by what it leads to', async () => {
    await inFolder(async (folder) => {
      writeFileSync(join(folder, 'elsewhere'), dotenv, { mode: 0o600 });
      symlinkSync('elsewhere', join(folder, '.env'));
      const { stdout, stderr } = await run(noCredentials, folder);
      expect(withoutCalendarEnd(stdout)).not.toMatch(/Warning/);
      expect(stderr).toMatch(/ECONNREFUSED/);
    });
  });

  slow('that is a folder is named, exit 2', async () => {
    await inFolder(async (folder) => {
      mkdirSync(join(folder, '.env'));
      const { code, stderr } = await run(noCredentials, folder);
      expect(stderr).toBe(
        'tickshard: .env cannot be read (EISDIR): let this user read it, or start in another folder and use the environment.\n',
      );
      expect(code).toBe(2);
    });
  });

  it.each<[string, Buffer]>(
    firstOf(1, [
      [
        'as Windows PowerShell writes it, UTF-16',
        Buffer.from(`\ufeff${dotenv.replaceAll('\n', '\r\n')}\r\n`, 'utf16le'),
      ],
      [
        'with a mark in front and Windows line ends',
        Buffer.from(`\ufeff${dotenv.replaceAll('\n', '\r\n')}\r\n`),
      ],
      [
        'with quotes, blanks and comments',
        Buffer.from(
          `# mine\n${Object.entries(ENV)
            .map(([name, value]) => `${name} = "${value}"`)
            .join('\n\n')}\n`,
        ),
      ],
    ]),
  )('%s is understood', async (_what, bytes) => {
    await inFolder(async (folder) => {
      const server = await echoServer();
      writeFileSync(join(folder, '.env'), bytes, { mode: 0o600 });
      await run(['doctor', '--feed', server.url, '--json'], folder);
      expect(JSON.parse(server.logins[0].body)).toMatchObject({
        clientcode: PLANTED.clientCode,
        password: PLANTED.pin,
      });
      expect(server.logins[0].headers['x-privatekey']).toBe(PLANTED.apiKey);
      await server.close();
    });
  });

  it('in an encoding that is not read says how to save it, and none of what it holds', () =>
    inFolder(async (folder) => {
      // UTF-16, the high byte first: `iconv` without a byte order mark.
      const bytes = Buffer.from(`\ufeff${dotenv}`, 'utf16le').swap16();
      writeFileSync(join(folder, '.env'), bytes, { mode: 0o600 });
      const { code, stdout, stderr } = await run(noCredentials, folder);
      expect(stderr).toMatch(/^tickshard: \.env is in an encoding that is not read here: save it as UTF-8 [^\n]+\n$/);
      expect(found({ stdout, stderr }, Object.values(PLANTED))).toEqual([]);
      expect(code).toBe(2);
    })); // prettier-ignore

  it.each(
    firstOf(1, [
      ['without names', Object.values(ENV).join('\n')],
      ['with colons', dotenv.replaceAll('=', ': ')],
      ['cut off', dotenv.slice(0, 40)],
    ]),
  )('%s says what is missing, and none of what it holds', async (_what, text) => {
    await inFolder(async (folder) => {
      writeFileSync(join(folder, '.env'), text, { mode: 0o600, encoding: 'latin1' });
      const { code, stdout, stderr } = await run(
        ['--ws-test-mode', '--stage', '1', '--duration', '1', '--wait-open'],
        folder,
      );
      expect(stderr).toMatch(/^tickshard: The feed needs ANGEL_.* in the environment or in \.env\.\n$/);
      expect(found({ stdout, stderr }, Object.values(PLANTED))).toEqual([]);
      expect(code).toBe(2);
    });
  });
});
