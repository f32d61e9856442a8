/**
 * `tickshard ticks` on journals of whole runs: what a run received comes back as files and from files, and a recording
 * is judged without a run. Broken on purpose and caught: an import without the connections, one without the moment of
 * subscribing.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { duckdb, inFolder } from '../parquet/candles.js';
import { perTier } from '../volume.js';
import { JOURNALED, run, start } from './command.js';

/** The market as measured, in which a lost connection loses trades. */
const stage = (...more: string[]): string[] => [
  ...['--ws-test-mode', '--stage', '2', '--duration', '2', '--subset', '4'],
  ...['--feed', 'sim', '--speed', 'max', ...JOURNALED, ...more],
];
const runOf = (folder: string): string => join('journal', readdirSync(join(folder, 'journal'))[0]);

async function said(args: readonly string[], cwd: string): Promise<Record<string, unknown>> {
  const { stdout, stderr } = await run([...args, '--json'], cwd);
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** Candles and quality rows of a replay, by another reader. */
const candlesOf = (out: string): Promise<Record<string, unknown>[]> =>
  duckdb(`SELECT * FROM read_parquet('${out}/*_test.parquet') ORDER BY symbol, timestamp`);

/** Debian's pandas, where it is. */
function pandas(): string | undefined {
  for (const python of ['/usr/bin/python3', 'python3'])
    try {
      return (
        execFileSync(python, ['-c', 'import pandas; print(pandas.__version__)'], {
          encoding: 'utf8',
          stdio: 'pipe',
        }) && python
      );
    } catch {
      continue; // Another one may have it.
    }
  return undefined;
}

type Mode = 'ltp' | 'quote' | 'snapquote';
const MODES = perTier<Mode[]>(['quote', 'snapquote'], ['quote', 'snapquote'], ['quote', 'snapquote', 'ltp']);
/** In turn by mode; in the long tier both for each. */
const FORMATS = [
  ['--jsonl', 'jsonl', []],
  ['--csv', 'csv', ['--raw']],
] as const;
const folders = {} as Record<Mode, string>;
beforeAll(async () => {
  for (const mode of MODES) {
    folders[mode] = mkdtempSync(join(tmpdir(), 'tickshard-ticks-'));
    await run(stage('--mode', mode, '--fault', 'drop:at=70'), folders[mode]);
  }
});
afterAll(() => {
  for (const folder of Object.values(folders)) rmSync(folder, { recursive: true });
});

describe.each(MODES)('a run in mode %s with a lost connection', (mode) => {
  let folder: string;
  let hashes: unknown;
  beforeAll(async () => {
    folder = folders[mode];
    hashes = (await said(['replay', runOf(folder), '--out', 'replayed'], folder))['hashes'];
  });

  const own = [FORMATS[MODES.indexOf(mode) % FORMATS.length]];
  it.each(perTier(own, own, [...FORMATS]))('comes back from %s, %s %s', async (format, extension, more) => {
    const out = `out${[format, ...more].join('')}`;
    await said(['ticks', runOf(folder), format, '--one-file', '--out', out, ...more], folder);
    const into = `into${[format, ...more].join('')}`;
    const imported = await said(['ticks', `${out}/ticks.${extension}`, '--into', into], folder);
    expect(imported).toMatchObject({ mode, feed: 'recording', received: true, missing: [], left: [] });
    const replayed = await said(['replay', into, '--out', `${into}-candles`], folder);
    expect(replayed).toMatchObject({ same: null, problems: [], feed: 'recording' });
    // And the same quality, where nothing else than packets made it.
    const { candles, quality } = hashes as Record<string, string>;
    expect(replayed['hashes']).toMatchObject({ candles, quality });
    expect(await candlesOf(join(folder, `${into}-candles`))).toEqual(
      await candlesOf(join(folder, 'replayed')),
    );
  });

  it('is read by pandas', async (context) => {
    const python = pandas();
    if (python === undefined) context.skip('no Python with pandas (Debian: python3-pandas)');
    await said(['ticks', runOf(folder), '--csv', '--one-file', '--out', 'pandas'], folder);
    await said(['ticks', runOf(folder), '--one-file', '--out', 'duck'], folder);
    const program =
      'import pandas,sys,json; t=pandas.read_csv(sys.argv[1],dtype={"token":str}); print(json.dumps({"rows":len(t),"price":t.last_traded_price.sum(),"last":int(t.exchange_timestamp.max()),"types":[str(t[c].dtype) for c in ["exchange_timestamp","last_traded_price","arrival"]]}))';
    const read = JSON.parse(
      execFileSync(python!, ['-c', program, join(folder, 'pandas/ticks.csv')], { encoding: 'utf8' }),
    ) as { rows: number; price: number; last: number; types: string[] };
    const [duck] = await duckdb(
      `SELECT count(*) AS rows, sum(last_traded_price) AS price, epoch_ms(max(exchange_timestamp)) AS last FROM '${join(folder, 'duck/ticks.parquet')}'`,
    );
    expect(read.rows).toBe(Number(duck['rows']));
    expect(read.price).toBeCloseTo(Number(duck['price']), 4);
    expect(read.last).toBe(Number(duck['last']));
    expect(read.types).toEqual(['int64', 'float64', 'int64']);
  });
});

describe('an export', () => {
  let folder: string;
  beforeAll(() => {
    folder = folders.quote;
  });

  it('has what is whole of a journal that is cut off, damaged or empty, and says so', async () => {
    const whole = await said(['ticks', runOf(folder), '--out', 'whole'], folder);
    const rows = whole['rows'] as number;
    const segment = (name: string): string => join(folder, name, '000001.journal');
    for (const name of ['cut', 'bad', 'empty'])
      cpSync(join(folder, runOf(folder)), join(folder, name), { recursive: true });
    const bytes = readFileSync(segment('cut'));
    truncateSync(segment('cut'), bytes.length >> 1);
    const cut = await run(['ticks', 'cut', '--out', 'of-cut', '--json'], folder);
    expect(cut.code).toBe(0);
    const told = JSON.parse(cut.stdout) as { rows: number; broken: string; notes: string[] };
    expect(told.broken).toBe('torn');
    expect(told.rows).toBeGreaterThan(rows / 4);
    expect(told.notes.join(' ')).toMatch(
      /The last write was cut off, or is going on: .*did not come to its end, or continues/,
    );
    const damaged = Buffer.from(bytes);
    damaged[damaged.length >> 1] ^= 1;
    writeFileSync(segment('bad'), damaged);
    const bad = await run(['ticks', 'bad', '--out', 'of-bad'], folder);
    expect(bad.code).toBe(1);
    expect(bad.stdout).toMatch(/Problem: The journal is damaged in segment 1 at byte \d+/);
    // The header and the first block, which says what the run was.
    truncateSync(segment('empty'), 64 + bytes.readUInt32LE(64));
    const empty = await run(['ticks', 'empty', '--csv', '--out', 'of-empty'], folder);
    expect([empty.code, empty.stderr]).toEqual([0, '']);
    expect(empty.stdout).toMatch(/0 packets of 0 messages in 4 files/);
    expect(readFileSync(join(folder, 'of-empty', readdirSync(join(folder, 'of-empty'))[0]), 'utf8')).toMatch(
      /^symbol,exchange,.*\n$/,
    );
    truncateSync(segment('empty'), 64);
    const nothing = await run(['ticks', 'empty', '--out', 'of-nothing'], folder);
    expect([nothing.code, nothing.stdout]).toEqual([2, '']);
    expect(nothing.stderr).toMatch(/ends before it says what its run was/);
  });

  it('never writes into the journal, over other files, or from a file', async () => {
    for (const [args, sentence] of [
      [[runOf(folder), '--out', runOf(folder)], /is in the journal's own folder/],
      [[runOf(folder), '--out', `${runOf(folder)}/ticks`], /is in the journal's own folder/],
      [[runOf(folder), '--out', 'out'], /holds files that are no export of ticks/],
      [['report.json'], /is a file, and a journal is a folder: .* say --into DIR/],
      [['journal'], /holds the journals of 1 run: name one/],
      [['nowhere'], /holds no journal/],
      [[runOf(folder), '--csv', '--jsonl'], /exclude each other/],
      [[runOf(folder), '--into', 'x'], /is a folder, and a recording is one file/],
      [['report.json', '--date', '2026-01-16'], /--date belongs to --into/],
      [['report.json', '--into', 'x', '--symbols', 'a=b'], /--symbols takes \[EXCHANGE:\]TOKEN=SYMBOL/],
    ] as const) {
      const { code, stdout, stderr } = await run(['ticks', ...args], folder);
      expect([code, stdout], stderr).toEqual([2, '']);
      expect(stderr).toMatch(sentence);
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    }
  });
});

it('a journal that is being written is exported as far as it goes', () =>
  inFolder(async (folder) => {
    const running = start(
      ['--ws-test-mode', '--stage', '1', '--duration', '2', '--feed', 'sim', '--speed', '30', ...JOURNALED],
      folder,
    );
    await running.saw(/ticks/);
    let rows = 0;
    for (let tries = 0; tries < 50 && rows === 0; tries++) {
      const { code, stdout } = await run(
        ['ticks', runOf(folder), '--json', '--out', `live-${tries}`],
        folder,
      );
      if (code === 0) rows = (JSON.parse(stdout) as { rows: number }).rows;
    }
    expect(rows).toBeGreaterThan(0);
    running.child.kill('SIGINT');
    await running.ended;
  }));

it('a recording is compared without a run, and the report says what it is', async () => {
  const folder = folders.snapquote;
  await said(['ticks', runOf(folder), '--jsonl', '--one-file', '--out', 'ticks'], folder);
  const lines = readFileSync(join(folder, 'ticks/ticks.jsonl'), 'utf8').trimEnd().split('\n');
  const ours =
    /^(symbol|exchange|received_timestamp|wall_timestamp|connection|subscribed_timestamp|arrival)$/;
  const plain = lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .sort((a, b) => Number(a['arrival']) - Number(b['arrival']))
    // As the broker's client would have left it.
    .map((packet) => Object.fromEntries(Object.entries(packet).filter(([name]) => !ours.test(name))));
  writeFileSync(join(folder, 'plain.jsonl'), plain.map((packet) => JSON.stringify(packet)).join('\n'));
  const imported = await said(['ticks', 'plain.jsonl', '--into', 'recorded'], folder);
  expect(imported).toMatchObject({ received: false, volumeKind: 'traded', left: [] });
  const replayed = await run(['replay', 'recorded', '--out', 'candles'], folder);
  expect(replayed.stdout).toMatch(/recording plain\.jsonl, .* feed recording/);
  expect(replayed.stdout).toMatch(/no receive times: lag and latency are not judged/);
  await run(['compare', '--ours', 'candles', '--reference', 'out', '--report', 'comparison.json'], folder);
  const report = JSON.parse(readFileSync(join(folder, 'comparison.json'), 'utf8')) as Record<string, unknown>;
  expect(report['ours']).toMatchObject({ feeds: ['recording'] });
});
