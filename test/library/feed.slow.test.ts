/** `openFeed` on the simulated broker: all events, slow consumers, ends, errors, and feeds at the same time. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  angel,
  FeedError,
  openFeed,
  simulated,
  type CandleEvent,
  type Feed,
  type FeedOptions,
} from '../../src/library/index.js';
import { startBroker } from '../../src/library/sim.js';
import { monoMs } from '../../src/clock.js';
import { nameOf } from '../../src/market/instrument.js';
import { eventOf } from '../candles/event-schema.js';
import { inFolder } from '../parquet/candles.js';

const ACCOUNT = { apiKey: 'key', clientCode: 'A1', pin: '1234', totpSecret: 'JBSWY3DPEHPK3PXP' };

async function all(feed: Feed): Promise<CandleEvent[]> {
  const events: CandleEvent[] = [];
  for await (const event of feed) events.push(event);
  return events;
}

const opened = (more: Partial<FeedOptions> = {}): Promise<Feed> =>
  openFeed({ broker: simulated({ seed: 5 }), instruments: ['NSE:RELIANCE', 'TCS'], minutes: 4, ...more });

const candlesIn = (events: readonly CandleEvent[]): string[] =>
  events.flatMap((event) =>
    event.type === 'candle'
      ? [`${event.instrument.symbol} ${event.candle.timestampMs} ${event.candle.close}`]
      : [],
  );

describe('a feed', () => {
  it('yields events of the published schema, the end last, to each loop and to listeners', async () => {
    await using feed = await opened();
    const heard: CandleEvent[] = [];
    feed.on('candle', (event) => heard.push(event));
    const [first, second] = await Promise.all([all(feed), all(feed)]);
    for (const event of first) eventOf(JSON.stringify(event));
    expect(first.at(-1)).toMatchObject({ type: 'end', verdict: null });
    expect(candlesIn(first).length).toBeGreaterThanOrEqual(8);
    await feed.closed;
    expect(candlesIn(second)).toEqual(candlesIn(first));
    expect(candlesIn(heard)).toEqual(candlesIn(first));
    // A loop that begins after the end has everything too.
    expect(candlesIn(await all(feed))).toEqual(candlesIn(first));
  });

  it('yields candles of the timeframes that are asked for', async () => {
    const events = await all(await opened({ timeframes: ['3m'] }));
    const lengths = events.flatMap((event) => (event.type === 'candle' ? [event.timeframe] : []));
    for (const event of events) eventOf(JSON.stringify(event));
    expect([...new Set(lengths)].sort()).toEqual(['1m', '3m']);
  });

  it('loses nothing while its consumer computes', async () => {
    // At speed 60 four seconds are four minutes of the market.
    const feed = await opened({ broker: simulated({ seed: 5, speed: 60 }), minutes: 3 });
    const untilMs = monoMs() + 4000;
    while (monoMs() < untilMs);
    const events = await all(feed);
    expect(events.filter(({ type }) => type === 'connection')).toHaveLength(1);
    const whole = events.filter((event) => event.type === 'candle' && !event.quality.partial);
    expect(whole.length).toBeGreaterThanOrEqual(4);
  });

  it('ends in order by a signal, by close, and when its loop is left', async () => {
    const ending = new AbortController();
    const bySignal = await opened({ minutes: 300, signal: ending.signal });
    const types: string[] = [];
    for await (const { type } of bySignal) {
      types.push(type);
      if (type === 'candle') ending.abort();
    }
    expect(types.at(-1)).toBe('end');
    const left = await opened({ minutes: 300 });
    for await (const { type } of left) if (type === 'candle') break;
    await left.closed;
    const closed = await opened({ minutes: 300 });
    await Promise.all([closed.close(), closed.close()]);
    expect((await all(closed)).at(-1)!.type).toBe('end');
  });

  it('ends with what a listener throws', async () => {
    const feed = await opened({ minutes: 300 });
    feed.on('candle', () => {
      throw new Error('of the listener');
    });
    await expect(feed.closed).rejects.toThrow('of the listener');
  });

  it('knows nothing of others in the same process', async () => {
    const seeds = [1, 2, 3, 1];
    const feeds = await Promise.all(seeds.map((seed) => opened({ broker: simulated({ seed }), minutes: 2 })));
    const [a, b, c, d] = await Promise.all(feeds.map(all));
    expect(candlesIn(a)).toEqual(candlesIn(d));
    expect(new Set([a, b, c].map((one) => candlesIn(one).join()))).toHaveProperty('size', 3);
  });

  it('connects to a broker that a test started, and says what happened to the connection', async () => {
    // The market runs while the feed is opened, for however long that takes: one of these drops meets it.
    const faults = [70, 190, 310, 430, 550, 670, 790, 910].map((at) => `drop:at=${at}`);
    await using server = await startBroker({ seed: 3, speed: 60, faults });
    await using feed = await openFeed({ broker: server.broker, instruments: ['INFY'], minutes: 5 });
    const events = await all(feed);
    const states = events.flatMap((event) => (event.type === 'connection' ? [event.state] : []));
    expect(states.slice(0, 4)).toEqual(['opened', 'ended', 'waiting', 'opened']);
    expect(events.flatMap((event) => (event.type === 'gap' ? [event.cause] : []))).toContain('connection');
  });

  it('connects to a broker of the instruments that a test chose, of one symbol on two exchanges', () =>
    inFolder(async (folder) => {
      const instruments = ['NSE:RELIANCE', 'BSE:RELIANCE', 'NFO:NIFTY@fut'];
      await using server = await startBroker({ seed: 3, speed: 60, instruments });
      const file = join(folder, 'instruments.json');
      const path = 'OpenAPI_File/files/OpenAPIScripMaster.json';
      const master = await fetch(`http://127.0.0.1:${server.port}/${path}`);
      writeFileSync(file, await master.text());
      await using feed = await openFeed({ broker: server.broker, instruments, instrumentFile: file, minutes: 3 });
      const events = await all(feed);
      const names = new Set(events.flatMap((event) => (event.type === 'candle' ? [nameOf(event.instrument)] : [])));
      expect([...names].sort()).toEqual(['BSE:RELIANCE', expect.stringMatching(/^NFO:NIFTY.*FUT$/), 'RELIANCE']);
      for (const name of names) {
        const [{ symbol, exchange }] = server.candles(name);
        const low = Math.min(...server.candles(name).map((row) => row.low));
        const high = Math.max(...server.candles(name).map((row) => row.high));
        const candles = events.flatMap((event) =>
          event.type === 'candle' && event.instrument.exchange === exchange && !event.quality.partial ? [event.candle] : [],
        );
        expect(candles.length, name).toBeGreaterThan(0);
        for (const candle of candles) {
          expect([candle.symbol, candle.exchange]).toEqual([symbol, exchange]);
          expect(candle.low).toBeGreaterThanOrEqual(low);
          expect(candle.high).toBeLessThanOrEqual(high);
        }
      }
      await expect(startBroker({ instruments: ['BSE:NOPE'] })).rejects.toMatchObject({ code: 'INSTRUMENT' });
      await expect(startBroker({ instruments: [] })).rejects.toMatchObject({ code: 'USAGE' });
    })); // prettier-ignore
});

describe('a feed that cannot be opened', () => {
  it.each<[string, Partial<FeedOptions>, string, RegExp]>([
    ['without instruments', { instruments: [] }, 'USAGE', /^instruments takes/],
    ['of an unknown symbol', { instruments: ['NOPE'] }, 'INSTRUMENT', /^Unknown symbol NOPE/],
    [
      'of an unknown contract',
      { instruments: ['NFO:X'] },
      'INSTRUMENT',
      /^NFO:X is not in .*; the nearest names/,
    ],
    ['with an unknown fault', { broker: simulated({ faults: ['foo'] }) }, 'USAGE', /^faults takes NAME/],
    [
      'on a day without trading',
      { broker: simulated({ at: '2026-11-22T11:00' }) },
      'MARKET_SHUT',
      /waitOpen: true/,
    ],
    ['live without test mode', { broker: angel(ACCOUNT) }, 'USAGE', /testMode: true/],
    [
      'where no one listens',
      {
        broker: angel(ACCOUNT, {
          url: 'ws://127.0.0.1:1',
          marketClock: { at: '2026-11-23T11:00', speed: 1 },
        }),
      },
      'LOGIN',
      /127\.0\.0\.1:1/,
    ],
    ['with a mode that does not exist', { mode: 'depth' as never }, 'USAGE', /^mode takes/],
    [
      'with an unknown timeframe',
      { timeframes: ['2m' as never] },
      'USAGE',
      /^timeframes takes a list of 1m, 3m/,
    ],
    ['for no time', { minutes: 0 }, 'USAGE', /^minutes takes/],
  ])('%s is refused with one sentence', async (_, options, code, sentence) => {
    const failure = await opened(options).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(FeedError);
    expect(failure).toMatchObject({ code });
    expect((failure as FeedError).message).toMatch(sentence);
    expect((failure as FeedError).remedy.length).toBeGreaterThan(10);
    expect((failure as FeedError).message).not.toContain('JBSWY3DP');
  });

  it('is refused with the first sentence when the broker refuses the log-in', async () => {
    await using server = await startBroker({ speed: 1 });
    const wrong = angel(
      { ...server.credentials, pin: '9999' },
      { url: server.url, marketClock: { at: '2026-11-23T11:00', speed: 1 } },
    );
    await expect(openFeed({ broker: wrong, instruments: ['TCS'] })).rejects.toMatchObject({ code: 'LOGIN' });
  });
});
