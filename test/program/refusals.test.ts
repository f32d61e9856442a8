/** Bad input: exit 2, one clear sentence, nothing written, nothing connected. */
import { RULES } from '../../src/candles/rules.js';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ParquetStore } from '../../src/parquet/store.js';
import { inFolder } from '../parquet/candles.js';
import { firstOf, slow } from '../tier.js';
import { everythingIn, run } from './command.js';
import { startServer } from './server.js';

const stage = ['--ws-test-mode', '--stage', '1', '--duration', '10'];
const sim = [...stage, '--feed', 'sim', '--speed', 'max'];

/** Runs in an empty folder and expects a refusal that leaves it as it was. */
async function refused(
  args: readonly string[],
  sentence: RegExp,
  options: {
    code?: number;
    prepare?: (folder: string) => void | Promise<void>;
    env?: Record<string, string>;
  } = {},
): Promise<void> {
  await inFolder(async (folder) => {
    await options.prepare?.(folder);
    const before = everythingIn(folder);
    const { code, stdout, stderr } = await run(args, folder, options.env);
    expect(stderr).toMatch(sentence);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(/^tickshard: .*\.\n$/);
    expect(stdout).toBe('');
    expect(code).toBe(options.code ?? 2);
    expect(everythingIn(folder)).toEqual(before);
  });
}

describe.concurrent('a stage run refuses', () => {
  it.each(
    firstOf(4, [
      ['no flag', ['--stage', '1', '--duration', '10', '--feed', 'sim'], /--ws-test-mode/],
      ['duration 0', ['--ws-test-mode', '--stage', '1', '--duration', '0', '--feed', 'sim'], /1 to 15/],
      ['stage 3', ['--ws-test-mode', '--stage', '3', '--duration', '10', '--feed', 'sim'], /1 or 2/],
      ['an unknown symbol', [...sim, '--symbols', 'NOSUCH'], /Unknown symbol NOSUCH/],
      ['a path as symbol', [...sim, '--symbols', '../x'], /no trading symbol/],
      ['an unknown option', [...sim, '--bogus'], /bogus/],
      [
        'the live feed without credentials',
        stage,
        /ANGEL_API_KEY, ANGEL_CLIENT_ID, ANGEL_PIN, ANGEL_TOTP_SECRET|market is shut/,
      ],
      [
        'a holiday',
        [...sim, '--at', '2026-11-24T11:00'],
        /shut at 2026-11-24.*holiday.*opens 2026-11-25T09:15/,
      ],
      ['a Saturday', [...sim, '--at', '2026-11-28T11:00'], /Saturday.*opens 2026-11-30T09:15/],
      [
        'before the opening',
        [...sim, '--at', '2026-11-23T08:59'],
        /before the opening.*opens 2026-11-23T09:15/,
      ],
      ['after the close', [...sim, '--at', '2026-11-23T15:40'], /after the close.*opens 2026-11-25T09:15/],
      [
        'ws: to another machine',
        [...stage, '--feed', 'ws://10.0.0.1:80', '--market-clock', '2026-11-23T11:00@1'],
        /wss:/,
      ],
      [
        'secrets in the URL',
        [...stage, '--feed', 'wss://feed.example/?feedToken=hush', '--market-clock', '2026-11-23T11:00@1'],
        /environment/,
      ],
      ['a history that is no folder', [...sim, '--history', 'nowhere'], /no folder/],
      ['an instrument file that is absent', [...sim, '--instruments', 'nowhere.json'], /cannot be read/],
    ]),
  )('%s', async (_what, args, sentence) => {
    await refused(args, sentence);
  });

  slow('a token clash', async () => {
    const row = {
      token: '1',
      symbol: 'RELIANCE-EQ',
      name: 'RELIANCE',
      exch_seg: 'NSE',
      instrumenttype: '',
      tick_size: '10.000000',
    };
    await refused([...sim, '--instruments', 'master.json'], /RELIANCE has token 2885/, {
      prepare: (folder) => writeFileSync(join(folder, 'master.json'), JSON.stringify([row])),
    });
  });

  slow('an output folder that is a file, or below one', async () => {
    const prepare = (folder: string): void => writeFileSync(join(folder, 'taken'), 'x');
    await refused([...sim, '--out', 'taken'], /taken is a file|cannot be a folder/, { prepare });
    await refused([...sim, '--out', 'taken/below'], /taken/, { prepare });
    await refused([...sim, '--report', 'taken/below/r.json'], /taken/, { prepare });
  });

  slow('an output folder that the system will not write to', async () => {
    // Root may write anywhere but where the kernel itself refuses.
    const out = process.getuid?.() === 0 ? '/proc/tickshard' : 'locked/out';
    await refused([...sim, '--out', out], /cannot be written to/, {
      prepare: (folder) => {
        mkdirSync(join(folder, 'locked'));
        chmodSync(join(folder, 'locked'), 0o555);
      },
    });
  });

  it('an existing file of another origin', async () => {
    const prepare = async (folder: string): Promise<void> => {
      const sink = new ParquetStore({
        outDir: join(folder, 'out'),
        identity: { feed: 'live', mode: 'ltp', volumeKind: 'tick', rules: RULES },
        wait: () => Promise.resolve(),
      });
      const timestampMs = Date.UTC(2026, 10, 23, 5, 30);
      await sink.write({ exchange: 'NSE', symbol: 'RELIANCE' }, [
        {
          candle: {
            symbol: 'RELIANCE',
            exchange: 'NSE',
            timestampMs,
            open: 1,
            high: 1,
            low: 1,
            close: 1,
            volume: 1,
          },
          quality: {
            timestampMs,
            ticks: 1,
            priceChanges: 0,
            partial: false,
            revision: 0,
            late: 0,
            gapMs: 0,
            source: 'continuous',
            volSlack: null,
            repaired: false,
            coverage: 1,
            maxAgeMs: 1000,
            oiHigh: null,
            oiLow: null,
            oiClose: null,
            tail: false,
          },
        },
      ]);
    };
    await refused(
      [...sim, '--out', 'out'],
      /NSE_RELIANCE_1m_test.parquet holds rows of feed `live`.*another --out/,
      { prepare },
    );
  });

  slow('an existing file that tickshard did not write', async () => {
    const prepare = (folder: string): void => {
      mkdirSync(join(folder, 'out'));
      writeFileSync(join(folder, 'out', 'NSE_RELIANCE_1m_test.parquet'), 'not parquet at all');
    };
    await refused([...sim, '--out', 'out'], /no whole Parquet file/, { prepare });
  });

  slow('a history file that is damaged', async () => {
    const prepare = (folder: string): void => {
      mkdirSync(join(folder, 'history'));
      writeFileSync(join(folder, 'history', 'NSE_RELIANCE_1m.parquet'), 'PAR1 damaged PAR1');
    };
    await refused([...sim, '--history', 'history'], /NSE_RELIANCE_1m.parquet/, { prepare });
  });
});

describe('a stage run that cannot connect ends with 3', () => {
  it('when the log-in is refused, without repeating a secret', async () => {
    const server = await startServer({
      login: () => ({ status: false, message: 'Invalid totp for HUSHCODE', errorcode: 'AB1050', data: null }),
    });
    const env = {
      ANGEL_API_KEY: 'hushkey',
      ANGEL_CLIENT_ID: 'HUSHCODE',
      ANGEL_PIN: '9182',
      ANGEL_TOTP_SECRET: 'JBSWY3DPEHPK3PXP',
    };
    try {
      await inFolder(async (folder) => {
        const { code, stderr, stdout } = await run(
          [...stage, '--feed', server.url, '--market-clock', '2026-11-23T11:00@1'],
          folder,
          env,
        );
        expect(stderr).toMatch(/refuses the log-in: Invalid totp for \[secret\] \(AB1050\)/);
        expect(stderr + stdout).not.toMatch(/HUSHCODE|hushkey|9182|JBSWY/);
        expect(code).toBe(3);
      });
    } finally {
      await server.close();
    }
  });

  slow('when no server listens', async () => {
    await inFolder(async (folder) => {
      const gone = await startServer({});
      await gone.close();
      const { code, stderr } = await run(
        [...stage, '--feed', gone.url, '--market-clock', '2026-11-23T11:00@1'],
        folder,
      );
      expect(stderr).toMatch(/could not reach 127.0.0.1:\d+ \(ECONNREFUSED\)/);
      expect(code).toBe(3);
    });
  });

  slow('when one credential is missing it names it', async () => {
    await inFolder(async (folder) => {
      const { code, stderr } = await run(
        [...stage, '--feed', 'ws://127.0.0.1:1', '--market-clock', '2026-11-23T11:00@1'],
        folder,
        { ANGEL_API_KEY: 'k', ANGEL_CLIENT_ID: 'C', ANGEL_PIN: ' ' },
      );
      expect(stderr).toMatch(/needs ANGEL_PIN, ANGEL_TOTP_SECRET in the environment/);
      expect(code).toBe(2);
    });
  });
});
