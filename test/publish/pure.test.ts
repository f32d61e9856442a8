/** Addresses, headers and settings. */
import { describe, expect, it } from 'vitest';
import { headerOf, stateIn, subjectOf } from '../../src/publish/message.js';
import { addressOf, namesOf, readServers, type NatsServers } from '../../src/publish/servers.js';
import { CANDLES_SETTINGS, differencesOf } from '../../src/publish/stream-settings.js';

describe('addresses', () => {
  it.each([
    ['nats://host', 'nats://host:4222'],
    ['nats://a,b:4333', 'nats://a:4222,b:4333'],
    ['nats://a, nats://b', 'nats://a:4222,b:4222'],
    ['tls://nats.example.com:443/', 'tls://nats.example.com:443'],
    ['nats://[::1]:1', 'nats://[::1]:1'],
  ])('%s is read', (text, names) => {
    expect(namesOf(readServers(text) as NatsServers)).toBe(names);
  });

  it.each(['', 'host', 'nats://', 'ws://host', 'nats://a b', 'nats://a:70000', 'nats://a,tls://b', 'nats://a,,b', 'nats://u:p@a', 'nats://a/x'])(
    '%j is refused, and is not repeated',
    (text) => {
      const refusal = readServers(text);
      expect(typeof refusal).toBe('string');
      expect(refusal).not.toMatch(/u:p|70000/);
    },
  ); // prettier-ignore

  it('of IPv6 have brackets', () => {
    expect(addressOf({ host: '::1', port: 4222 })).toBe('[::1]:4222');
  });
});

describe('a message', () => {
  it('has the subject of its instrument and timeframe', () => {
    const instrument = { exchange: 'NSE', token: '2885', symbol: 'RELIANCE' } as const;
    expect(subjectOf({ instrument, timeframe: '5m' })).toBe('candle.NSE.2885.5m');
    expect(subjectOf({ instrument: { ...instrument, token: 'a.b *>' }, timeframe: '1m' })).toBe(
      'candle.NSE.a_b___.1m',
    );
  });

  it('says which candle it holds, and others say nothing', () => {
    const state = { startMs: 1_764_000_000_000, revision: 3, digest: 0xabc };
    expect(headerOf(state)).toBe('1764000000000 3 abc');
    expect(stateIn(headerOf(state))).toEqual(state);
    for (const text of ['', '1 2', '1 2 xyz', 'x 0 1', '1 2 3 4']) expect(stateIn(text)).toBeUndefined();
  });
});

describe('a stream', () => {
  it('of our settings differs in nothing, whatever its copies', () => {
    expect(differencesOf({ ...CANDLES_SETTINGS, num_replicas: 5, name: 'CANDLES' })).toEqual([]);
  });

  it('of other settings says which', () => {
    expect(differencesOf({ ...CANDLES_SETTINGS, max_age: 86_400_000_000_000, subjects: ['x'] })).toEqual([
      'subjects is ["x"] and not ["candle.*.*.*"]',
      'max_age is 1 days and not 7 days',
    ]);
  });
});
