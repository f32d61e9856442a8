/** `compare` against candles that a poller keeps raw, as JSON lines. */
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { istStamp } from '../../../src/market/session.js';
import { JsonLines } from '../../../src/reconcile/json-lines.js';
import { OPEN_MS } from '../../parquet/candles.js';
import { slow } from '../../tier.js';
import {
  candleOf,
  comparing,
  comparingJson,
  inFolders,
  minutes,
  writeOurs,
  type Folders,
} from './folders.js';

type Fields = Readonly<Record<string, unknown>>;

/** A candle as a poller writes it, equal to `candleOf`'s. */
function polled(minute: number, change: Fields = {}): Fields {
  const timestamp = istStamp(OPEN_MS + minute * 60_000);
  return {
    symbol: 'RELIANCE',
    exchange: 'NSE',
    interval: 'ONE_MINUTE',
    timestamp,
    open: 100,
    high: 101,
    low: 99.5,
    close: 100.05,
    volume: 42,
    source: 'getCandleData',
    ingestion_ts: '2026-11-23T16:00:00+05:30',
    ...change,
  };
}

async function against(folders: Folders, lines: readonly (Fields | string)[], name = 'candles.jsonl') {
  const reference = join(folders.root, name);
  await writeOurs(
    folders.ours,
    minutes(0, 4).map((minute) => candleOf({ minute })),
  );
  await writeFile(
    reference,
    lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
  );
  return comparingJson(folders, { reference });
}

const five = minutes(0, 4).map((minute) => polled(minute));

describe('JSON lines', () => {
  it.each<[string, readonly (Fields | string)[]]>([
    ['as they are', five],
    [
      'with CR and an empty line, a mark of the encoding, the name with -EQ',
      [
        `\uFEFF${JSON.stringify(polled(0, { symbol: 'RELIANCE-EQ' }))}\r`,
        '',
        ...five.slice(1).map((line) => `${JSON.stringify(line)}\r`),
        '',
      ],
    ],
    [
      'with numbers as text and times as seconds',
      minutes(0, 4).map((minute) =>
        polled(minute, {
          open: '100.00',
          volume: '42',
          timestamp: OPEN_MS / 1000 + 60 * minute,
          ingestion_ts: 1_795_000_000,
        }),
      ),
    ],
    [
      'with times as milliseconds, or in UTC',
      minutes(0, 4).map((minute) =>
        polled(minute, {
          timestamp:
            minute % 2 === 0 ? OPEN_MS + 60_000 * minute : new Date(OPEN_MS + 60_000 * minute).toISOString(),
        }),
      ),
    ],
    [
      'without interval and exchange',
      minutes(0, 4).map((minute) => polled(minute, { interval: undefined, exchange: undefined })),
    ],
    [
      'of which a minute was polled before it was whole, later in the file',
      [...five, polled(2, { close: 99, ingestion_ts: '2026-11-23T09:17:01+05:30' })],
    ],
    [
      'of which a minute was polled again, earlier in the file',
      [polled(3, { close: 99, ingestion_ts: '2026-11-23T09:18:01+05:30' }), ...five],
    ],
  ])('pass: %s', (_what, lines) =>
    inFolders(async (folders) => {
      const { code, json } = await against(folders, lines);
      expect(json).toMatchObject({ verdict: 'pass', symbols: [{ compared: 5, volume: { exact: 5 } }] });
      expect(code).toBe(0);
    }),
  );

  it('the latest ingestion_ts counts, and fails when it differs', () =>
    inFolders(async (folders) => {
      const { code, json } = await against(folders, [
        ...five,
        polled(2, { close: 99, ingestion_ts: '2026-11-23T16:00:01+05:30' }),
      ]);
      expect(json).toMatchObject({ verdict: 'fail', symbols: [{ close: { exact: 4, different: 1 } }] });
      expect(json.notes).toContainEqual(
        expect.stringMatching(/candles\.jsonl: 1 candle was polled again; the latest ingestion_ts counts\.$/),
      );
      expect(code).toBe(1);
    }));

  it('a file of several symbols is one file, and its notes are printed once', () =>
    inFolders(async (folders) => {
      await writeOurs(
        folders.ours,
        minutes(0, 4).map((minute) => candleOf({ minute, symbol: 'TCS' })),
      );
      const both = five.flatMap((line) => [line, { ...line, symbol: 'TCS' }]);
      const { json } = await against(folders, [...both, '[]']);
      expect(json).toMatchObject({
        verdict: 'pass',
        symbols: [{ compared: 5 }, { compared: 5 }],
        reference: { files: 1 },
      });
      expect(json.notes).toEqual([
        expect.stringMatching(/candles\.jsonl: 1 line no object is left out, the first is line 11\.$/),
      ]);
    }));

  it('says what is left out and from where, and reads times without a zone as Indian', () =>
    inFolders(async (folders) => {
      const unzoned = five.map((line) => ({
        ...line,
        timestamp: String(line.timestamp).slice(0, 19).replace('T', ' '),
      }));
      const odd = [
        '{"symbol": "RELIANCE", ',
        '[]',
        JSON.stringify(polled(5, { interval: '5m' })),
        JSON.stringify(polled(6, { close: null })),
        JSON.stringify(polled(7, { timestamp: 'today' })),
        'x'.repeat(70_000),
      ];
      const { json } = await against(folders, [...unzoned, ...odd, ...odd.slice(2, 3)]);
      expect(json).toMatchObject({ verdict: 'pass', symbols: [{ compared: 5 }] });
      const notes = (json.notes as string[]).map((note) => note.replace(/^.*candles\.jsonl:? /, ''));
      expect(notes).toEqual([
        'has times without a zone: they are taken as IST.', '1 line no JSON is left out, the first is line 6.', '1 line no object is left out, the first is line 7.', '2 lines of another interval are left out, the first is line 8.',
        '1 line with a missing value is left out, the first is line 9.', '1 line without a time is left out, the first is line 10.', '1 line too long is left out, the first is line 11.',
      ]); // prettier-ignore
    }));

  it('a file without our symbols is no reference, and a missing one is named', () =>
    inFolders(async (folders) => {
      const { code, json } = await against(folders, [polled(0, { symbol: 'TCS' })]);
      expect([code, json.verdict, json.reasons[1]]).toEqual([
        1,
        'fail',
        'the reference has nothing of RELIANCE',
      ]);
      await expect(comparing(folders, { reference: join(folders.root, 'none.jsonl') })).rejects.toMatchObject(
        { code: 'USAGE' },
      );
      await expect(
        comparing(folders, { reference: join(folders.ours, 'NSE_RELIANCE_1m_test.parquet') }),
      ).rejects.toMatchObject({
        code: 'USAGE',
        message: expect.stringContaining('no file of JSON lines (.jsonl)') as string,
      });
    }));

  slow('a line without an end is not kept in memory: it may exceed the maximum string length', () =>
    inFolders(async (folders) => {
      const path = join(folders.root, 'endless.jsonl');
      await writeFile(path, '');
      await truncate(path, 700_000_000);
      expect((await JsonLines.read(path)).of({ symbol: 'RELIANCE', exchange: 'NSE' })).toBeUndefined();
    })); // prettier-ignore
});
