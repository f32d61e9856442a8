import { describe, expect, it } from 'vitest';
import { Packet } from '../../src/market/packet.js';
import { PacketFilter } from '../../src/ingest/packet-filter.js';
import { decode } from '../../src/broker/angel/frames.js';
import { at, INSTRUMENTS, instrumentsOf } from '../shard/drive.js';
import { frame, type Fields } from '../shard/schedule.js';

const now = at('11:00:00');
const good: Fields = {
  mode: 3, exchangeType: 1, token: '2885', sequence: 1n, exchangeMs: BigInt(now), price: 100n, volume: 1n, lastTradeSeconds: BigInt(now / 1000),
}; // prettier-ignore

function judge(change: Partial<Fields>, mode = 0): { reason: string | undefined; instrument: number } {
  const admission = new PacketFilter({ instruments: instrumentsOf(INSTRUMENTS), mode, marketDateMs: now });
  const packet = new Packet();
  expect(decode(frame({ ...good, ...change }), packet)).toBeUndefined();
  return { reason: admission.judge(packet), instrument: admission.instrument };
}

const DAY = 86_400_000;
const midnight = at('00:00');

describe('admission', () => {
  it.each<[string, Partial<Fields>, string | undefined]>([
    ['as it should be', {}, undefined],
    ['exchange that does not exist', { exchangeType: 6 }, 'exchange'],
    ['exchange 0', { exchangeType: 0 }, 'exchange'],
    ['known token of another exchange', { exchangeType: 2 }, 'token'],
    ['unknown token', { token: '2886' }, 'token'],
    ['token with a leading zero', { token: '02885' }, 'token'],
    ['token that is no number', { token: '2885A' }, 'token'],
    ['no token', { token: '' }, 'token'],
    ['token that equals a known one modulo 2^32', { token: String(2885 + 2 ** 32) }, 'token'],
    ['token beyond 2^32', { exchangeType: 5, token: '98765432101234' }, undefined],
    [
      'token that equals it modulo 2^32',
      { exchangeType: 5, token: String(98765432101234 % 2 ** 32) },
      'token',
    ],
    ['price 0', { price: 0n }, 'price'],
    ['price below 0', { price: -1n }, 'price'],
    ['least price', { price: -(2n ** 63n) }, 'price'],
    ['2^53 - 1', { price: 2n ** 53n - 1n }, undefined],
    ['2^53', { price: 2n ** 53n }, 'price'],
    ['2^32', { price: 2n ** 32n }, undefined],
    ['no time', { exchangeMs: 0n }, 'time'],
    ['a day before the market date', { exchangeMs: BigInt(midnight - DAY), lastTradeSeconds: 0n }, undefined],
    ['a millisecond more', { exchangeMs: BigInt(midnight - DAY - 1), lastTradeSeconds: 0n }, 'time'],
    ['the end of the day after', { exchangeMs: BigInt(midnight + 2 * DAY - 1) }, undefined],
    ['a millisecond later', { exchangeMs: BigInt(midnight + 2 * DAY) }, 'time'],
    ['seconds where ms should be', { exchangeMs: BigInt(now / 1000) }, 'time'],
    ['year 9999', { exchangeMs: 253_402_300_799_000n }, 'time'],
    ['greatest time', { exchangeMs: 2n ** 63n - 1n }, 'time'],
    ['last trade never', { lastTradeSeconds: 0n }, undefined],
    ['last trade on Friday', { lastTradeSeconds: BigInt((now - 3 * DAY) / 1000) }, undefined],
    ['last trade a minute ahead', { lastTradeSeconds: BigInt(now / 1000 + 60) }, undefined],
    ['last trade further ahead', { lastTradeSeconds: BigInt(now / 1000 + 61) }, 'time'],
    ['last trade in ms', { lastTradeSeconds: BigInt(now) }, 'time'],
    ['last trade below 0', { lastTradeSeconds: -1n }, 'time'],
  ])('%s', (_, change, reason) => {
    expect(judge(change).reason).toBe(reason);
  });

  it('keeps to the subscribed mode, and says whose packet it refused', () => {
    expect(judge({}, 1)).toEqual({ reason: 'mode', instrument: 0 });
    expect(judge({ price: 0n })).toEqual({ reason: 'price', instrument: 0 });
    expect(judge({ token: '1' })).toEqual({ reason: 'token', instrument: -1 });
  });

  it('without a market date takes any time of this century up to a day from now', () => {
    const nowMs = Date.parse('2026-11-25T12:00:00+05:30');
    const admission = new PacketFilter({
      instruments: instrumentsOf(INSTRUMENTS),
      mode: 0,
      marketDateMs: undefined,
      nowMs,
    });
    const packet = new Packet();
    const judged = (ms: number): string | undefined => {
      decode(frame({ ...good, exchangeMs: BigInt(ms), lastTradeSeconds: 0n }), packet);
      return admission.judge(packet);
    };
    expect(
      [
        Date.parse('2000-01-01T00:00:00Z'),
        Date.parse('2024-12-26T13:54:24+05:30'),
        nowMs,
        nowMs + 86_399_999,
      ].map(judged),
    ).toEqual([undefined, undefined, undefined, undefined]);
    expect(
      [0, Date.parse('1999-12-31T23:59:59Z'), nowMs + 86_400_000, Date.UTC(9999, 0, 1)].map(judged),
    ).toEqual(['time', 'time', 'time', 'time']);
  });

  it('finds every one of three thousand tokens and no other one', () => {
    const list = Array.from({ length: 3000 }, (_, k) => ({
      symbol: `S${k}`,
      exchangeType: 1 + (k % 5),
      token: String(1 + Math.floor(k / 5) * 4096),
    }));
    const admission = new PacketFilter({ instruments: instrumentsOf(list), mode: 0, marketDateMs: now });
    for (const [index, { exchangeType, token }] of list.entries()) {
      expect(admission.find(exchangeType, Number(token))).toBe(index);
      expect(admission.find(exchangeType, Number(token) + 1)).toBe(-1);
      expect(admission.find(7, Number(token))).toBe(-1);
    }
  });

  it.each([
    ['is no number', [{ symbol: 'A', exchangeType: 1, token: 'ABC' }]],
    ['begins with a zero', [{ symbol: 'A', exchangeType: 1, token: '02885' }]],
    ['has 16 digits', [{ symbol: 'A', exchangeType: 1, token: '1234567890123456' }]],
    ['is given twice', [{ symbol: 'A', exchangeType: 1, token: '1' }, { symbol: 'B', exchangeType: 1, token: '1' }]], // prettier-ignore
  ])('will not begin with a token that %s', (_, list) => {
    expect(() => new PacketFilter({ instruments: instrumentsOf(list), mode: 0, marketDateMs: now })).toThrow(
      'the token of',
    );
  });
});
