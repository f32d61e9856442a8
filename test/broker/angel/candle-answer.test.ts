/** What `getCandleData` may answer, and what it is taken for. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { istMs } from '../../../src/market/session.js';
import { holds, seedsOf } from '../../volume.js';
import { readAnswer, type CandleWindow } from '../../../src/broker/angel/candle-answer.js';

const WINDOW: CandleWindow = {
  symbol: 'RELIANCE',
  exchange: 'NSE',
  fromMs: istMs('2026-11-23', '10:00'),
  toMs: istMs('2026-11-23', '10:02'),
  startOf: (labelMs) => (labelMs % 60_000 === 0 ? labelMs : undefined),
};
const SECRETS = ['secret-key-of-mine'];
const row = (time: string, ...more: unknown[]): unknown[] => [
  `2026-11-23T${time}:00+05:30`,
  ...(more.length > 0 ? more : [100, 101, 99, 100.5, 42]),
];
const granted = (data: unknown): string =>
  JSON.stringify({ status: true, message: 'SUCCESS', errorcode: '', data });
const read = (status: number, body: unknown) =>
  readAnswer(status, typeof body === 'string' ? body : JSON.stringify(body), WINDOW, SECRETS);

describe('an answer', () => {
  it('gives the rows of the window, in order, each minute once, and no others', () => {
    const found = read(
      200,
      granted([row('10:02'), row('09:59'), row('10:00', 1, 2, 3, 4, 5), row('10:00'), row('10:03')]),
    );
    expect(found).toMatchObject({
      kind: 'rows',
      left: 0,
      rows: [
        { timestampMs: WINDOW.fromMs, open: 100, volume: 42 },
        { timestampMs: WINDOW.toMs, symbol: 'RELIANCE', exchange: 'NSE', high: 101, low: 99, close: 100.5 },
      ],
    });
  });

  it.each([
    ['[]', []],
    ['null', null],
    ["''", ''],
  ])('with data %s has no rows', (_, data) => {
    expect(read(200, granted(data))).toEqual({ kind: 'rows', rows: [], left: 0 });
  });

  it.each([
    ['a price of 0', row('10:01', 0, 1, 1, 1, 1)],
    ['a price of null', row('10:01', 1, null, 1, 1, 1)],
    ['a volume below 0', row('10:01', 1, 1, 1, 1, -1)],
    ['half a share', row('10:01', 1, 1, 1, 1, 1.5)],
    ['no volume', ['2026-11-23T10:01:00+05:30', 1, 1, 1, 1]],
    ['a time without a zone', ['2026-11-23T10:01:00', 1, 1, 1, 1, 1]],
    ['a time inside a minute', ['2026-11-23T10:01:07+05:30', 1, 1, 1, 1, 1]],
    ['no list', { open: 1 }],
  ])('with %s leaves that row out and says so', (_, bad) => {
    expect(read(200, granted([row('10:00'), bad, row('10:02')]))).toMatchObject({
      kind: 'rows',
      left: 1,
      rows: [{}, {}],
    });
  });

  it('takes numbers that are texts, as some gateways make them', () => {
    expect(read(200, granted([row('10:00', '100.05', '101', '99', '100', '7')]))).toMatchObject({
      rows: [{ open: 100.05, volume: 7 }],
    });
  });

  it.each([
    [403, 'Access denied because of exceeding access rate', 'limited'],
    [429, '', 'limited'],
    [
      200,
      { status: false, message: 'Access denied because of exceeding access rate', errorcode: 'AB1019' },
      'limited',
    ],
    [
      400,
      { status: false, message: "To datetime can't be greater than current datetime", errorcode: '' },
      'early',
    ],
    [500, '<html>', 'down'],
    [200, '<html>', 'down'],
    [200, '[1]', 'down'],
    [200, '{"status":true,"data":{"a":1}}', 'down'],
    [
      200,
      { status: false, message: 'Something Went Wrong, Please Try After Sometime', errorcode: 'AB1004' },
      'down',
    ],
    [403, '{"message":"Forbidden"}', 'refused'],
    [200, { success: false, message: 'Invalid Token', errorCode: 'AG8001', data: '' }, 'refused'],
    [400, { status: false, message: 'Invalid symboltoken', errorcode: 'AB13000' }, 'refused'],
  ])('%i %j is %s', (status, body, kind) => {
    expect(read(status, body).kind).toBe(kind);
  });

  it("repeats the broker's words without secrets, and says what to do of a code that is known", () => {
    const found = read(200, {
      success: false,
      message: 'Bad key secret-key-of-mine \u001b[31m',
      errorCode: 'AG8004',
    });
    expect(found).toMatchObject({ kind: 'refused' });
    expect(JSON.stringify(found)).not.toContain('secret-key');
    expect(JSON.stringify(found)).not.toContain('\\u001b');
    expect(found).toMatchObject({ why: expect.stringContaining('check ANGEL_API_KEY') as string });
  });

  it.each(seedsOf(3))('throws for no answer and gives no row outside the window (seed %i)', (seed) =>
    holds(
      'candle answers',
      seed,
      fc.property(
        fc.integer({ min: 100, max: 599 }),
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.array(fc.anything()).map((data) => granted(data)),
        ),
        (status, text) => {
          const found = readAnswer(status, text, WINDOW, SECRETS);
          if (found.kind === 'rows')
            for (const { timestampMs } of found.rows)
              expect(timestampMs >= WINDOW.fromMs && timestampMs <= WINDOW.toMs).toBe(true);
        },
      ),
    ),
  );
});
