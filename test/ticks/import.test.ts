/** Recordings as people have them become one and the same journal; what cannot be used is named. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { parseMeta } from '../../src/journal/meta.js';
import { KIND } from '../../src/journal/format.js';
import { storedJournal } from '../../src/journal/stored.js';
import { shippedCalendar } from '../../src/market/trading-calendar.js';
import { broker } from '../../src/run/broker.js';
import { niftyFifty } from '../../src/run/universe.js';
import { importRecording, type ImportOptions, type ImportOutcome } from '../../src/ticks/import.js';
import { foundByDocument } from '../journal/made.js';
import { inFolder } from '../parquet/candles.js';
import { columnsOf } from './frames.js';
import { csv, FROM_MS, javaScript, lines, packets, repr, snapQuote, type Packet } from './recorded.js';

const ASKED = { date: undefined, mode: undefined, rupees: false, named: [] } as const;

interface Imported extends ImportOutcome {
  readonly frames: readonly string[];
  /** Market time of each frame, epoch ms. */
  readonly marketMs: readonly number[];
  readonly kinds: readonly number[];
}

/** The journal of a recording, in a folder of its own, which must hold nothing else afterwards. */
function imported(text: string | Buffer, more: Partial<ImportOptions> = {}): Promise<Imported> {
  return inFolder(async (folder) => {
    writeFileSync(join(folder, 'recording'), text);
    const into = join(folder, 'journal');
    const outcome = await importRecording({
      ...ASKED,
      path: join(folder, 'recording'),
      into,
      codec: broker.codec,
      listings: niftyFifty(),
      calendar: shippedCalendar(),
      version: '1',
      ...more,
    }).catch((error: unknown) => {
      expect(readdirSync(folder)).toEqual(['recording']);
      throw error;
    });
    expect(readdirSync(folder).sort()).toEqual(['journal', 'recording']);
    expect(readdirSync(into)).toEqual(['000001.journal']);
    const entries = foundByDocument(into);
    expect(parseMeta(Buffer.from(entries[0].bytes, 'hex'), 'journal')).toEqual(outcome.meta);
    expect(entries.at(-1)!.kind).toBe(KIND.end);
    expect((await storedJournal(into, 'journal'))?.state).toBe('whole');
    const frames = entries.filter(({ kind }) => kind === KIND.frame);
    return {
      ...outcome,
      kinds: entries.map(({ kind }) => kind),
      frames: frames.map(({ bytes }) => bytes),
      marketMs: frames.map(({ stamp }) => stamp.marketMs),
    };
  });
}

/** What the rows say, by the names of an export. */
function told(row: Packet): Record<string, unknown> {
  const { best_5_buy_data, best_5_sell_data, ...rest } = row;
  const book: Record<string, unknown> = {};
  for (const [side, list] of [
    ['buy', best_5_buy_data],
    ['sell', best_5_sell_data],
  ] as const)
    for (const [n, level] of (list as Packet[]).entries()) {
      book[`${side}_${n + 1}_price`] = level['price'];
      book[`${side}_${n + 1}_quantity`] = level['quantity'];
      book[`${side}_${n + 1}_orders`] = level['no of orders'];
    }
  const { subscription_mode_val, open_interest_change_percentage, ...fields } = rest;
  void [subscription_mode_val, open_interest_change_percentage];
  return { ...fields, ...book, last_traded_timestamp: 1000 * Number(row['last_traded_timestamp']) };
}

describe('a recording', () => {
  const rows = packets(40);
  const shapes: Record<string, string | Buffer> = {
    'JSON lines': lines(rows),
    'JSON lines with a carriage return and a byte order mark': `\uFEFF${lines(rows).replaceAll('\n', '\r\n')}\r\n`,
    'an array on one line': JSON.stringify(rows),
    'an array over many lines': JSON.stringify(rows, null, 2),
    "Python's repr in a log": rows
      .map((row) => `[I 260116 09:45:00 sample:33] Ticks: ${repr(row)}`)
      .join('\n'),
    "what JavaScript's client gives": lines(rows.map(javaScript)),
    'what Node prints of it': rows
      .map(
        (row) =>
          `tick: ${JSON.stringify(javaScript(row), null, 2)
            .replace(/"(\w+)":/g, '$1:')
            .replace(/^  52_/gm, '  fiftytwo_')}`,
      )
      .join('\n'),
    CSV: csv(rows),
    'CSV of other programs': gzipSync(csv(rows, ';')),
    'CSV with numbers that became doubles': csv(
      rows.map((row) => ({
        ...row,
        token: '2885.0',
        last_traded_price: `${String(row['last_traded_price'])}.0`,
      })),
    ),
    'times in seconds': lines(
      rows.map((row) => ({ ...row, exchange_timestamp: Number(row['exchange_timestamp']) / 1000 })),
    ),
    'times as text': lines(
      rows.map((row) => ({
        ...row,
        exchange_timestamp: new Date(Number(row['exchange_timestamp'])).toISOString(),
      })),
    ),
  };
  for (const [shape, text] of Object.entries(shapes))
    it(`as ${shape} is the journal of its packets`, async () => {
      const { frames, meta, notes, recording } = await imported(text);
      expect(frames.map((hex) => columnsOf(Buffer.from(hex, 'hex')))).toEqual(
        rows.map((row) => expect.objectContaining(told(row)) as object),
      );
      expect(meta).toMatchObject({
        ...{ runId: 'journal', mode: 'snapquote', feed: 'recording', volumeKind: 'traded' },
      });
      expect(meta.recording).toEqual({ file: 'recording', received: false, missing: [] });
      expect(meta.instruments).toMatchObject([{ symbol: 'RELIANCE', token: '2885', derivatives: true }]);
      expect([notes, recording.bad, recording.unknown]).toEqual([[], [], []]);
    });

  it('has its receive times, or the stamps in their place', async () => {
    const received = (k: number): number => FROM_MS + 500 * k + 321.25;
    const rowsWith = rows.map((row, k) => ({ ...row, received_at: received(k) }));
    const with_ = await imported(lines(rowsWith));
    expect(with_.marketMs).toEqual(rows.map((_, k) => received(k)));
    expect(with_.meta.recording!.received).toBe(true);
    const without = await imported(lines([...rowsWith.slice(0, -1), rows.at(-1)!]));
    expect(without.marketMs).toEqual(rows.map((row) => row['exchange_timestamp']));
    expect(without.notes).toEqual([
      '1 packet of 40 without a receive time: those of the others are not used.',
    ]);
    const early = await imported(
      lines(rows.map((row, k) => ({ ...row, received_at: received(k) - 19_800_000 }))),
    );
    expect(early.meta.recording!.received).toBe(false);
    expect(early.notes[0]).toMatch(/before the exchange sent the packet/);
  });

  it('lets the clock run while nothing comes, and is not led astray by one stamp', async () => {
    const silent = rows.map((row, k) => ({ ...row, received_at: FROM_MS + 500 * k + (k < 20 ? 0 : 60_000) }));
    const { kinds } = await imported(lines(silent));
    // 60.5 s without a packet, of which 3 are no silence yet.
    expect(kinds.filter((kind) => kind === KIND.tick)).toHaveLength(58);
    const astray = rows.map((row, k) => ({
      ...row,
      ...(k === 20 ? { exchange_timestamp: FROM_MS + 7_200_000 } : {}),
    }));
    const { marketMs } = await imported(lines(astray));
    expect(marketMs[20]).toBe(marketMs[19]);
    expect(marketMs.at(-1)).toBe(rows.at(-1)!['exchange_timestamp']);
  });

  it('is sorted if its lines are in no order, and not if they are', async () => {
    const shuffled = [...rows].sort(
      (a, b) => ((Number(a['sequence_number']) * 7) % 40) - ((Number(b['sequence_number']) * 7) % 40),
    );
    const stretched = (list: readonly Packet[]): Packet[] =>
      list.map((row) => ({
        ...row,
        exchange_timestamp: FROM_MS + 20_000 * (Number(row['sequence_number']) - 1000),
      }));
    const { frames, notes } = await imported(lines(stretched(shuffled)));
    expect(frames).toEqual((await imported(lines(stretched(rows)))).frames);
    expect(notes[0]).toMatch(/sorted by exchange_timestamp/);
    const late = [...rows.slice(0, 20), rows[5], ...rows.slice(20)];
    expect((await imported(lines(late))).frames).toHaveLength(41);
    const received = shuffled.map((row) => ({
      ...row,
      received_at: Number(row['exchange_timestamp']) + Number(row['sequence_number']),
    }));
    const sorted = await imported(lines(received));
    expect([...sorted.marketMs].sort((a, b) => a - b)).toEqual(sorted.marketMs);
    expect(sorted.notes[0]).toMatch(/order of their receive times: they were sorted/);
  });

  it('that lacks fields has fewer in its mode, or 0, and says so', async () => {
    const lacking = (...names: string[]): string =>
      lines(
        rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name)))),
      );
    const quote = await imported(lacking('last_traded_timestamp'));
    expect(quote.meta).toMatchObject({ mode: 'quote', volumeKind: 'traded' });
    expect(quote.notes[0]).toMatch(/lack its time of the last trade: they are taken as mode quote/);
    const ltp = await imported(lacking('volume_trade_for_the_day'));
    expect(ltp.meta).toMatchObject({ mode: 'ltp', volumeKind: 'tick' });
    expect(ltp.frames.every((hex) => hex.length === 2 * 51)).toBe(true);
    const zeros = await imported(lacking('average_traded_price', 'best_5_buy_data', 'best_5_sell_data'));
    expect(zeros.meta.recording!.missing).toEqual([
      'average_traded_price',
      'best_5_buy_data',
      'best_5_sell_data',
    ]);
    expect(columnsOf(Buffer.from(zeros.frames[0], 'hex'))['average_traded_price']).toBe(0);
    const unnumbered = await imported(lacking('sequence_number', 'subscription_mode'));
    expect(unnumbered.meta).toMatchObject({ mode: 'snapquote' });
    expect(unnumbered.meta.recording!.missing).toEqual(['sequence_number']);
  });

  it('as pandas writes it has no value where it says so, and no column without a name', async () => {
    const table = csv(rows.map((row) => ({ ...row, received_at: 'NaT', open_interest: 'nan' })))
      .split('\n')
      .map((line, k) => `${k === 0 ? '' : k - 1},${line}`)
      .join('\n');
    const { meta, recording } = await imported(table);
    expect(recording).toMatchObject({ bad: [], unknown: [] });
    expect(meta.recording).toMatchObject({ received: false, missing: ['open_interest'] });
  });

  it('is of no day of 1970 for a stamp of 0', async () => {
    const { notes, frames } = await imported(lines([{ ...rows[0], exchange_timestamp: 0 }, ...rows]));
    expect(notes).toEqual(['Left out: 1 packet with a time before 2000 or after 2100.']);
    expect(frames).toHaveLength(40);
  });

  it('has its bad lines named, by reason', async () => {
    const text = lines(rows).split('\n');
    text[3] = text[3].slice(0, 60);
    text[7] = 'pong';
    text[9] = '{"a": 1}';
    text[20] = '';
    text[30] = text[30].replace('"last_traded_price":140850', '"last_traded_price":1408.505');
    text[31] = text[31].replace('"token":"2885"', '"token":null');
    text[32] = text[32].replace('"subscription_mode":3', '"subscription_mode":4');
    const { frames, recording } = await imported(text.join('\n'));
    expect(frames).toHaveLength(33);
    expect(recording.bad.map(({ reason, count, first }) => [reason, count, first])).toEqual([
      ['cut off', 1, [4]],
      ['without an object', 1, [8]],
      ['without exchange_type', 1, [10]],
      ['with a price that is no whole number of paise', 1, [31]],
      ['without a token', 1, [32]],
      ['of a subscription_mode other than 1, 2 and 3', 1, [33]],
    ]);
    expect(recording.unknown).toEqual(['a']);
  });

  it('with prices in rupees is refused, or converted exactly if that is said', async () => {
    const prices = Object.keys(snapQuote(0)).filter((name) => /price|circuit/.test(name));
    const divided = (row: Packet, names: readonly string[]): Packet => ({
      ...row,
      ...Object.fromEntries(names.map((name) => [name, Number(row[name]) / 100])),
    });
    const book = (row: Packet): Packet => ({
      ...row,
      best_5_buy_data: (row['best_5_buy_data'] as Packet[]).map((level) => divided(level, ['price'])),
      best_5_sell_data: (row['best_5_sell_data'] as Packet[]).map((level) => divided(level, ['price'])),
    });
    const rupees = rows.map((row) => divided(book(row), prices));
    await expect(imported(lines(rupees))).rejects.toThrow(/no whole number of paise.*say --rupees/);
    const paise = (await imported(lines(rows))).frames;
    expect((await imported(lines(rupees), { rupees: true })).frames).toEqual(paise);
    const says = lines(rupees.map((row) => ({ ...row, price_unit: 'rupees' })));
    expect((await imported(says)).frames).toEqual(paise);
    const mixed = lines(rows.map((row) => divided(row, ['last_traded_price'])));
    await expect(imported(mixed, { rupees: true })).rejects.toThrow(/some of their prices are in rupees/);
    const whole = lines(rows.map((row) => ({ ...row, last_traded_price: 1407 })));
    await expect(imported(whole)).rejects.toThrow(/bring them to one unit/);
  });
});

describe('a recording of more than one', () => {
  const rows = packets(10);
  const DAY = 86_400_000;
  const later = rows.map((row) => ({
    ...row,
    exchange_timestamp: Number(row['exchange_timestamp']) - DAY,
    last_traded_timestamp: Number(row['last_traded_timestamp']) - DAY / 1000,
  }));

  it('day or mode needs a choice', async () => {
    const days = lines([...later, ...rows]);
    await expect(imported(days)).rejects.toThrow(
      'The recording holds several days: 2026-01-15 (10 packets), 2026-01-16 (10 packets); choose one with --date.',
    );
    expect((await imported(days, { date: '2026-01-16' })).frames).toHaveLength(10);
    await expect(imported(days, { date: '2026-01-15' })).rejects.toThrow(/is no trading day \(holiday/);
    await expect(imported(days, { date: '2026-01-19' })).rejects.toThrow(/holds nothing of day 2026-01-19/);
    const modes = lines(rows.map((row, k) => ({ ...row, subscription_mode: 1 + (k % 2) })));
    await expect(imported(modes)).rejects.toThrow(/several modes: ltp \(5 packets\), quote/);
    expect((await imported(modes, { mode: 'quote' })).meta.mode).toBe('quote');
  });

  it('day is of the day it was received, though a first packet is older', async () => {
    const received = [later[0], ...rows].map((row, k) => ({ ...row, received_at: FROM_MS + 500 * k }));
    expect((await imported(lines(received))).frames).toHaveLength(11);
  });

  it('exchange leaves out those whose hours are not known', async () => {
    const { meta, notes } = await imported(
      lines(rows.map((row, k) => ({ ...row, exchange_type: k < 5 ? 1 : 7 }))),
    );
    expect(meta.instruments).toHaveLength(1);
    expect(notes).toEqual(['Left out: 5 packets of NCDEX, whose trading hours are not known.']);
  });
});

describe('symbols', () => {
  const two = packets(20).map((row, k) => ({
    ...row,
    ...(k % 2 === 0 ? {} : { token: '77', exchange_type: 2 }),
  }));
  const symbols = async (rows: readonly Packet[], named: ImportOptions['named'] = []): Promise<string[]> =>
    (await imported(lines(rows), { named })).meta.instruments.map(({ symbol }) => symbol);

  it('are those that are given, then of a column, then of a list, else the token', async () => {
    expect(await symbols(two)).toEqual(['RELIANCE', '77']);
    const columned = two.map((row, k) => (k % 2 === 0 ? row : { ...row, tradingsymbol: 'NIFTY26JANFUT' }));
    expect(await symbols(columned)).toEqual(['RELIANCE', 'NIFTY26JANFUT']);
    const named = [{ exchange: 'NFO', token: '77', symbol: 'FUT' }];
    expect(await symbols(columned, named)).toEqual(['RELIANCE', 'FUT']);
    const alike = two.map((row) => ({ ...row, symbol: 'RELIANCE-EQ' }));
    // The same symbol on another exchange is another instrument; twice on one it has its token too.
    expect(await symbols(alike)).toEqual(['RELIANCE', 'RELIANCE']);
    const twice = alike.map((row) => ({ ...row, exchange_type: 1 }));
    expect(await symbols(twice)).toEqual(['RELIANCE', 'RELIANCE-NSE-77']);
    await expect(symbols(two, [{ exchange: undefined, token: '5', symbol: 'X' }])).rejects.toThrow(
      '--symbols names token 5, which the recording does not hold.',
    );
    const same = two.map((row) => ({ ...row, token: '2885' }));
    await expect(symbols(same, [{ exchange: undefined, token: '2885', symbol: 'X' }])).rejects.toThrow(
      /holds of NSE and NFO: say which, as in NSE:2885=SYMBOL/,
    );
  });
});

describe('a file that is no recording', () => {
  for (const [text, sentence] of [
    ['', /holds no packet; a line needs exchange_type/],
    ['1,2885,140700\n1,2885,140705\n', /first line names no columns/],
    ['token,ltp\n2885,140700\n', /names no column exchange_timestamp/],
    ['\0\x01\x02', /is no text/],
    ['PAR1....', /is Parquet/],
    [`${'x'.repeat(200_000)}\n`, /first line names no columns/],
    [`{${'x'.repeat(200_000)}\n{"a":1}`, /holds no packet: 1 line/],
    ['{"__proto__": {"token": "5"}, "a": }', /holds no packet/],
  ] as const)
    it(`is refused: ${JSON.stringify(text.slice(0, 30))}`, () =>
      expect(imported(text)).rejects.toThrow(sentence));

  it('is never written over what is there', () =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, 'recording'), lines(packets(3)));
      const options = {
        ...ASKED,
        path: join(folder, 'recording'),
        into: folder,
        codec: broker.codec,
        listings: [],
        calendar: shippedCalendar(),
        version: '1',
      };
      await expect(importRecording(options)).rejects.toThrow(/holds files already: name a new folder/);
      expect(existsSync(join(folder, '000001.journal'))).toBe(false);
    }));
});
