/**
 * An export has every field of every packet of the run, in the order that docs/ticks.md says, as a decode of the bytes
 * by the document has them.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ModeName } from '../../src/market/packet.js';
import { broker } from '../../src/run/broker.js';
import { exportTicks, groupsOf, type ExportOptions, type ExportOutcome } from '../../src/ticks/export.js';
import { duckdb, inFolder } from '../parquet/candles.js';
import { columnsOf, isPrice } from './frames.js';
import { INSTRUMENTS, journalIn, type Put } from './made.js';

const MODES = { ltp: 1, quote: 2, snapquote: 3 } as const;

const exported = (folder: string, out: string, more: Partial<ExportOptions> = {}): Promise<ExportOutcome> =>
  exportTicks({
    folder,
    out: () => out,
    oneFile: false,
    format: 'parquet',
    unit: 'rupees',
    codec: broker.codec,
    ...more,
  });

/** What the rows must be, times in epoch ms: by symbol, then by arrival. */
function expectedRows(puts: readonly Put[], mode: ModeName, rupees: boolean): Record<string, unknown>[] {
  const rows = puts.flatMap(({ bytes, stamp, arrival, subscribedMs }) => {
    const instrument = INSTRUMENTS.find(
      ({ exchangeType, token }) =>
        bytes[0] === MODES[mode] && bytes[1] === exchangeType && columnsOf(bytes)['token'] === token,
    );
    if (instrument === undefined) return [];
    const scale = rupees ? (instrument.exchangeType === 13 ? 1e7 : 100) : 1;
    const fields = Object.entries(columnsOf(bytes)).map(([name, value]) => [
      name,
      isPrice(name) ? Number(value) / scale : value,
    ]);
    return [
      {
        symbol: instrument.symbol,
        exchange: instrument.exchange,
        received_timestamp: Math.round(stamp.marketMs),
        ...(Object.fromEntries(fields) as object),
        wall_timestamp: Math.round(stamp.wallMs),
        connection: stamp.connection,
        subscribed_timestamp: Math.round(subscribedMs),
        arrival,
      },
    ];
  });
  return rows.sort((a, b) => (a.symbol < b.symbol ? -1 : a.symbol > b.symbol ? 1 : a.arrival - b.arrival));
}

/** Rows of Parquet by DuckDB, numbers as numbers and times as epoch ms, in the order of the files. */
async function parquetRows(files: string): Promise<Record<string, unknown>[]> {
  const rows = await duckdb(
    `SELECT * REPLACE (epoch_ms(received_timestamp) AS received_timestamp, epoch_ms(exchange_timestamp) AS exchange_timestamp, epoch_ms(wall_timestamp) AS wall_timestamp, epoch_ms(subscribed_timestamp) AS subscribed_timestamp) FROM read_parquet('${files}')`,
  );
  const text = new Set(['symbol', 'exchange', 'token']);
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name,
        text.has(name)
          ? value
          : name === 'last_traded_timestamp'
            ? Date.parse(
                String(value)
                  .replace(' ', 'T')
                  .replace(/\+00$/, 'Z')
                  .replace(/\+05:30$/, '+05:30'),
              )
            : Number(value),
      ]),
    ),
  );
}

describe('an export', () => {
  for (const mode of ['ltp', 'quote', 'snapquote'] as const)
    it(`in mode ${mode} is as an independent decode has it, read by DuckDB`, () =>
      inFolder(async (folder) => {
        const puts = await journalIn(join(folder, 'j'), mode, 400);
        const out = join(folder, 'out');
        const { survey, files } = await exported(join(folder, 'j'), out);
        expect(survey.leftOut).toEqual({ refused: 8, foreign: 8, otherMode: 8 });
        expect(files.map(({ name }) => name)).toEqual([
          ...['NSE_M&M_ticks.parquet', 'NSE_SILENT_ticks.parquet', 'NSE_TCS_ticks.parquet'],
          'CDS_USDINR_ticks.parquet',
        ]);
        const expected = expectedRows(puts, mode, true);
        const rows = [];
        for (const { name } of files) rows.push(...(await parquetRows(join(out, name))));
        expect(rows).toEqual(expected);
      }));

  it('in one file, in small groups and many passes, raw, has the same rows', () =>
    inFolder(async (folder) => {
      const puts = await journalIn(join(folder, 'j'), 'snapquote', 1000);
      const out = join(folder, 'out');
      const more = { oneFile: true, unit: 'wire', groupRows: 64, memoryBytes: 20_000 } as const;
      const { passes } = await exported(join(folder, 'j'), out, more);
      expect(passes).toBe(1 + INSTRUMENTS.length);
      expect(await parquetRows(join(out, 'ticks.parquet'))).toEqual(expectedRows(puts, 'snapquote', false));
      const [{ groups }] = await duckdb(
        `SELECT count(DISTINCT row_group_id) AS groups FROM parquet_metadata('${out}/ticks.parquet')`,
      );
      expect(Number(groups)).toBeGreaterThan(10);
    }));

  it('as JSON lines and CSV has the same values, and says its unit', () =>
    inFolder(async (folder) => {
      const puts = await journalIn(join(folder, 'j'), 'snapquote', 300);
      for (const format of ['csv', 'jsonl'] as const)
        await exported(join(folder, 'j'), join(folder, format), { format, oneFile: true });
      const expected = expectedRows(puts, 'snapquote', true);
      const csv = readFileSync(join(folder, 'csv/ticks.csv'), 'utf8').trimEnd().split('\n');
      const names = csv[0].split(',');
      const json = readFileSync(join(folder, 'jsonl/ticks.jsonl'), 'utf8').trimEnd().split('\n');
      expect(csv).toHaveLength(expected.length + 1);
      for (const [k, row] of expected.entries()) {
        const { received_timestamp, wall_timestamp, subscribed_timestamp, last_traded_timestamp, ...same } =
          row;
        const cells = csv[k + 1].split(',');
        const inCsv = Object.fromEntries(names.map((name, n) => [name, cells[n]]));
        const inJson = JSON.parse(json[k]) as Record<string, unknown>;
        for (const one of [inCsv, inJson]) {
          expect(one['price_unit']).toBe('rupees');
          expect(Math.round(Number(one['received_timestamp']))).toBe(received_timestamp);
          expect(Math.round(Number(one['wall_timestamp']))).toBe(wall_timestamp);
          expect(Math.round(Number(one['subscribed_timestamp']))).toBe(subscribed_timestamp);
          expect(1000 * Number(one['last_traded_timestamp'])).toBe(last_traded_timestamp);
        }
        for (const [name, value] of Object.entries(same)) {
          expect(inCsv[name], `${name} in line ${k + 2}`).toBe(String(value));
          const [, side, level, what] = /^(buy|sell)_(\d)_(\w+)$/.exec(name) ?? [];
          const list = inJson[`best_5_${side}_data`] as Record<string, unknown>[] | undefined;
          const shown =
            list === undefined
              ? inJson[name]
              : list[Number(level) - 1][what === 'orders' ? 'no of orders' : what];
          expect(shown, `${name} in line ${k + 1}`).toBe(value);
        }
      }
    }));

  it('replaces a whole export of its own, and no other folder', () =>
    inFolder(async (folder) => {
      await journalIn(join(folder, 'j'), 'ltp', 60);
      const out = join(folder, 'out');
      await exported(join(folder, 'j'), out);
      await exported(join(folder, 'j'), out, { format: 'csv', oneFile: true });
      expect(readdirSync(out).sort()).toEqual(['export.json', 'ticks.csv']);
      writeFileSync(join(out, 'notes.txt'), 'mine');
      await expect(exported(join(folder, 'j'), out)).rejects.toThrow(
        /holds notes.txt, which is not of the export/,
      );
      await exported(join(folder, 'j'), join(folder, 'other'), { format: 'csv' });
      writeFileSync(join(folder, 'other/NSE_TCS_ticks.csv'), 'changed');
      await expect(exported(join(folder, 'j'), join(folder, 'other'))).rejects.toThrow(/was changed since/);
      await expect(exported(join(folder, 'j'), join(folder, 'j'))).rejects.toThrow(/no export of ticks/);
      expect(readdirSync(folder).sort()).toEqual(['j', 'other', 'out']);
    }));

  it('reads instruments together while their packets fit, in the order of the rows', () => {
    const counts = [40, 30, 90, 0];
    const groups = groupsOf(INSTRUMENTS, ({ index }) => counts[index], 80);
    expect(groups.map((group) => group.map(({ symbol }) => symbol))).toEqual([
      ['M&M', 'SILENT', 'TCS'],
      ['USDINR'],
    ]);
  });
});
