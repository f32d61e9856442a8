/** Files by date: the newest that is not of the future, whole or not at all, the last few only. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { keep, newestCached, readMasterFile } from '../../../src/broker/angel/scrip-cache.js';
import { readMaster } from '../../../src/broker/angel/scrip-master.js';
import type { MasterRow } from '../../../src/broker/angel/scrip-rows.js';
import { inFolder } from '../../parquet/candles.js';
import { pieces, row } from './scrip-rows.js';

const rows = [row('RELIANCE-EQ', '2885'), row('M&M-EQ', '2031')] as MasterRow[];

it('keeps what it is given so that the same reader reads it, a row a line', async () => {
  await inFolder(async (folder) => {
    const path = await keep(join(folder, 'deep/down'), '2026-11-25', rows);
    expect((await readMasterFile(path)).kept).toEqual(rows);
    expect(readFileSync(path, 'utf8').trim().split('\n')).toHaveLength(4);
    const again = await readMaster(pieces(readFileSync(path), 5), 'it');
    expect(again.kept).toEqual(rows);
  });
});

it('finds the newest of today or before, with its age, and nothing in an empty folder', async () => {
  await inFolder(async (folder) => {
    expect(await newestCached(join(folder, 'absent'), '2026-11-25')).toBeUndefined();
    for (const date of ['2026-11-20', '2026-11-24', '2026-11-26']) await keep(folder, date, rows);
    writeFileSync(join(folder, 'OpenAPIScripMaster-2026-11-25.json.old'), '');
    expect(await newestCached(folder, '2026-11-25')).toMatchObject({ date: '2026-11-24', ageDays: 1 });
    expect(await newestCached(folder, '2026-11-20')).toMatchObject({ date: '2026-11-20', ageDays: 0 });
    expect(await newestCached(folder, '2026-11-19')).toBeUndefined();
    expect(await newestCached(folder, '2026-12-01')).toMatchObject({ date: '2026-11-26', ageDays: 5 });
  });
});

it('removes all but the last five, and nothing that is not its own', async () => {
  await inFolder(async (folder) => {
    writeFileSync(join(folder, 'mine.json'), '');
    writeFileSync(join(folder, 'OpenAPIScripMaster.json'), '');
    for (let day = 10; day < 18; day++) await keep(folder, `2026-11-${day}`, rows);
    expect(readdirSync(folder).sort()).toEqual([
      'OpenAPIScripMaster-2026-11-13.json',
      'OpenAPIScripMaster-2026-11-14.json',
      'OpenAPIScripMaster-2026-11-15.json',
      'OpenAPIScripMaster-2026-11-16.json',
      'OpenAPIScripMaster-2026-11-17.json',
      'OpenAPIScripMaster.json',
      'mine.json',
    ]);
  });
});

it('says in one sentence what cannot be written or read, and leaves nothing aside', async () => {
  await inFolder(async (folder) => {
    mkdirSync(join(folder, 'OpenAPIScripMaster-2026-11-25.json'));
    await expect(keep(folder, '2026-11-25', rows)).rejects.toThrow(
      /OpenAPIScripMaster-2026-11-25\.json cannot be written/,
    );
    expect(readdirSync(folder)).toEqual(['OpenAPIScripMaster-2026-11-25.json']);
    await expect(readMasterFile(join(folder, 'nowhere.json'))).rejects.toThrow(
      /nowhere\.json cannot be read/,
    );
    await expect(readMasterFile(folder)).rejects.toThrow(/cannot be read/);
  });
});

it('has all but cash equities of NSE in a second file, which only a reader of those reads, by exchange', async () => {
  await inFolder(async (folder) => {
    const future = row('GOLD04DEC26FUT', '1160', {
      ...{
        exch_seg: 'MCX',
        name: 'GOLD',
        instrumenttype: 'FUTCOM',
        expiry: '04DEC2026',
        tick_size: '100.000000',
      },
    });
    const others = [future, row('RELIANCE', '500325', { exch_seg: 'BSE' })] as MasterRow[];
    const path = await keep(folder, '2026-11-25', rows, others);
    expect(readdirSync(folder)).toEqual(['OpenAPIScripMaster-2026-11-25.json', 'others-2026-11-25.json']);
    expect([...(await readMasterFile(path)).others.keys()]).toEqual([]);
    const read = await readMasterFile(path, (exchange) => exchange === 'MCX');
    expect([...read.others.values()]).toMatchObject([
      { symbol: 'GOLD04DEC26FUT', exchangeType: 5, tickSizeRupees: 1, contract: { expiry: '2026-12-04' } },
    ]);
    expect([...read.listings.keys()]).toEqual(['RELIANCE', 'M&M']);
    writeFileSync(join(folder, 'others-2026-11-25.json'), '[\nno row\n]\n');
    await expect(readMasterFile(path, () => true)).rejects.toThrow('has a line that is no row');
    // A day's two files go together.
    for (let day = 10; day < 16; day++) await keep(folder, `2026-12-${day}`, rows, others);
    expect(readdirSync(folder).filter((name) => name.includes('11-25'))).toEqual([]);
  });
});
