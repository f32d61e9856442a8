/** The Parquet sink: events in, files out. */
import { readdir, rename } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { CandleWithQuality } from '../../src/candles/candle.js';
import type { CandleEvent } from '../../src/candles/events.js';
import { candlesPath } from '../../src/parquet/candles-file.js';
import { ParquetSink, type ParquetSinkOptions } from '../../src/parquet/sink.js';
import { ParquetStore, type WrittenFile } from '../../src/parquet/store.js';
import { IDENTITY, candleOf, inFolder, noWait } from './candles.js';

const RUN = { identity: IDENTITY, marketDateMs: 0, instruments: [] };
const instrumentOf = (symbol: string) => ({ exchange: 'NSE', token: '1', symbol });

function eventOf(
  { candle, quality }: CandleWithQuality,
  type: 'candle' | 'revision' = 'candle',
): CandleEvent {
  const event = {
    instrument: instrumentOf(candle.symbol),
    timeframe: '1m',
    sequence: 0,
    marketMs: 0,
    candle,
    quality,
    revision: 0,
  } as const;
  return type === 'candle' ? { type, ...event } : { type, ...event, previous: null };
}

async function opened(
  outDir: string,
  more: Partial<ParquetSinkOptions> = {},
): Promise<{ readonly sink: ParquetSink; readonly written: WrittenFile[] }> {
  const written: WrittenFile[] = [];
  const sink = new ParquetSink({
    outDir,
    wait: noWait,
    onWritten: (files) => written.push(...files),
    ...more,
  });
  await sink.open(RUN);
  return { sink, written };
}

const rowsOf = (outDir: string, symbol: string) =>
  new ParquetStore({ outDir, identity: IDENTITY, wait: noWait }).readBack(instrumentOf(symbol));

describe('ParquetSink', () => {
  it('writes files when it is flushed, a revision over its candle, and nothing twice', () =>
    inFolder(async (folder) => {
      const { sink, written } = await opened(folder);
      await sink.write([eventOf(candleOf({ minute: 0 })), eventOf(candleOf({ minute: 1, partial: true }))]);
      await sink.write([{ type: 'gap', sequence: 0, marketMs: 0, fromMs: 0, toMs: 1, cause: 'start' }]);
      expect(written).toEqual([]);
      await sink.flush();
      expect(written.map(({ rows }) => rows)).toEqual([2, 2]);
      const late = candleOf({ minute: 0, close: 100.5, ticks: 43, late: 1, revision: 1 });
      await sink.write([eventOf(late, 'revision')]);
      await sink.flush();
      await sink.flush();
      expect(written).toHaveLength(4);
      expect(await rowsOf(folder, 'RELIANCE')).toStrictEqual([late, candleOf({ minute: 1, partial: true })]);
    }));

  it('stores more than 200 instruments every five minutes, and at the end', () =>
    inFolder(async (folder) => {
      const written: WrittenFile[] = [];
      const sink = new ParquetSink({
        outDir: folder,
        wait: noWait,
        onWritten: (files) => written.push(...files),
      });
      const instruments = Array.from({ length: 201 }, (_, k) => ({
        ...instrumentOf(`S${k}`),
        index: k,
        exchangeType: 1,
        tickSizeRupees: 0.05,
        derivatives: false,
      }));
      await sink.open({ ...RUN, instruments });
      const storedAfter: number[] = [];
      for (let minute = 0; minute < 12; minute++) {
        await sink.write([eventOf(candleOf({ minute }))]);
        const before = written.length;
        await sink.flush();
        if (written.length > before) storedAfter.push(minute);
      }
      // 09:15 begins five minutes; the first store has no earlier one to wait for.
      expect(storedAfter).toEqual([0, 4, 9]);
      await sink.write([eventOf(candleOf({ minute: 11, close: 100.5, revision: 1 }), 'revision')]);
      await sink.close();
      expect(await rowsOf(folder, 'RELIANCE')).toHaveLength(12);
    }));

  it('keeps what is refused and stores it with the next flush; others are stored', () =>
    inFolder(async (folder) => {
      let held = true;
      const refused = candlesPath(folder, instrumentOf('TCS'));
      const { sink } = await opened(folder, {
        rename: (from, to) =>
          held && to === refused
            ? Promise.reject(Object.assign(new Error('held'), { code: 'EBUSY' }))
            : rename(from, to),
      });
      const rows = ['TCS', 'INFY'].map((symbol) => candleOf({ symbol, minute: 0 }));
      await sink.write(rows.map((row) => eventOf(row)));
      await expect(sink.flush()).rejects.toMatchObject({
        errors: [{ code: 'OUTPUT', message: expect.stringContaining('TCS') as string }],
      });
      expect(await rowsOf(folder, 'INFY')).toStrictEqual([rows[1]]);
      held = false;
      await sink.close();
      expect(await rowsOf(folder, 'TCS')).toStrictEqual([rows[0]]);
    }));

  it("restores the run's rows when a file is lost, and knows where an earlier run's row stayed", () =>
    inFolder(async (folder) => {
      const earlier = candleOf({ minute: 0, close: 100.9 });
      await new ParquetStore({ outDir: folder, identity: IDENTITY, wait: noWait }).write(
        instrumentOf('RELIANCE'),
        [earlier],
      );
      const { sink } = await opened(folder);
      const rows = [candleOf({ minute: 0, partial: true }), candleOf({ minute: 1 }), candleOf({ minute: 2 })];
      await sink.write(rows.slice(0, 2).map((row) => eventOf(row)));
      await sink.flush();
      expect([...sink.kept(instrumentOf('RELIANCE'))]).toEqual([earlier.candle.timestampMs]);
      await sink.write([eventOf(rows[2])]);
      await sink.flush();
      expect([...sink.kept(instrumentOf('RELIANCE'))]).toEqual([earlier.candle.timestampMs]);
      expect(await rowsOf(folder, 'RELIANCE')).toStrictEqual([earlier, rows[1], rows[2]]);
    }));

  it('writes one instrument after the other when a disk has no room for the temporary files of all', () =>
    inFolder(async (folder) => {
      const asides = async (): Promise<number> =>
        (await readdir(folder)).filter((name) => name.endsWith('.writing')).length;
      const { sink, written } = await opened(folder, {
        rename: async (from, to) => {
          if ((await asides()) > 1) throw Object.assign(new Error('ENOSPC: no space'), { code: 'ENOSPC' });
          await rename(from, to);
        },
      });
      await sink.write(['TCS', 'INFY', 'SBIN'].map((symbol) => eventOf(candleOf({ symbol, minute: 0 }))));
      await sink.flush();
      expect(written).toHaveLength(6);
      expect(await asides()).toBe(0);
      for (const symbol of ['TCS', 'INFY', 'SBIN']) expect(await rowsOf(folder, symbol)).toHaveLength(1);
    }));
});
