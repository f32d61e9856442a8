/** The maximum of symbols that the broker serves on one connection, through the whole program; and one more. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { inFolder } from '../parquet/candles.js';
import { long, usual } from '../tier.js';
import { everythingIn, run, simulated } from './command.js';

/** The maximum. */
const SYMBOLS = 1000;

/** An instrument file with `size` equities, and their names for `--symbols`. */
function manySymbols(folder: string, size: number): { master: string; symbols: string } {
  const rows = Array.from({ length: size }, (_, k) => ({
    token: String(100_001 + 7 * k),
    symbol: `MANY${k}-EQ`,
    name: `MANY${k}`,
    expiry: '',
    strike: '-1.000000',
    lotsize: '1',
    instrumenttype: '',
    exch_seg: 'NSE',
    tick_size: '5.000000',
  }));
  const master = join(folder, 'OpenAPIScripMaster.json');
  writeFileSync(master, JSON.stringify(rows));
  return { master, symbols: rows.map(({ name }) => name).join(',') };
}

long(`${SYMBOLS} symbols on one socket: each has packets and a whole candle, nothing is lost`, async () => {
  await inFolder(async (folder) => {
    const { master, symbols } = manySymbols(folder, SYMBOLS);
    const { code, stdout, stderr } = await run(
      simulated(2, 2, '--instruments', master, '--symbols', symbols),
      folder,
    );
    expect(stderr).toBe('');
    expect(stdout).toMatch(
      new RegExp(`\\[pass\\] Subscribed to ${SYMBOLS} symbols +${SYMBOLS} of ${SYMBOLS} symbols answered`),
    );
    expect(stdout).toMatch(/\[pass\] Nothing lost/);
    const report = JSON.parse(readFileSync(join(folder, 'data/test/reports/latest.json'), 'utf8')) as {
      symbols: { symbol: string; whole: number }[];
      network: { websocketHandshakes: number };
      files: unknown[];
      verdict: string;
    };
    expect(report.symbols.filter(({ whole }) => whole < 1)).toEqual([]);
    expect(report.network.websocketHandshakes).toBe(1);
    expect(report.files).toHaveLength(2 * SYMBOLS);
    expect(
      readdirSync(join(folder, 'data/test/sim/websocket_candles')).filter((name) =>
        name.endsWith('.parquet'),
      ),
    ).toHaveLength(SYMBOLS);
    expect([code, report.verdict]).toEqual([0, 'pass']);
  });
});

usual('1,001 are refused with the reason before anything is written', async () => {
  await inFolder(async (folder) => {
    const { master, symbols } = manySymbols(folder, 1001);
    const before = everythingIn(folder);
    const { code, stderr } = await run(
      [
        '--ws-test-mode',
        '--stage',
        '2',
        '--duration',
        '2',
        '--feed',
        'sim',
        '--instruments',
        master,
        '--symbols',
        symbols,
      ],
      folder,
    );
    expect(stderr).toBe(
      'tickshard: 1001 symbols are more than the 1000 that the broker serves on one connection: leave some out.\n',
    );
    expect(code).toBe(2);
    expect(everythingIn(folder)).toEqual(before);
  });
});
