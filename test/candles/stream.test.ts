/** The cursor over shared memory: what it yields, in which order, and when it wakes. */
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { CandleWithQuality } from '../../src/candles/candle.js';
import type { CandleEvent } from '../../src/candles/events.js';
import { readCandles } from '../../src/candles/read-candles.js';
import { CandleStream } from '../../src/candles/stream.js';
import type { Engine } from '../../src/ingest/engine.js';
import { layPolled, tellPolled } from '../../src/memory/polled.js';
import { seededRandom } from '../../src/random.js';
import { at, drain, engineOf, playInline, tell } from '../shard/drive.js';
import { seededHappenings, unfold } from '../shard/schedule.js';
import { INSTRUMENTS } from '../listed.js';
import { Script } from '../shard/script.js';

function streamOf({ memories, places }: Engine): CandleStream {
  return new CandleStream(
    memories.map((memory, shard) => ({ memory, places: places.filter((place) => place.shard === shard) })),
  );
}

const timeOf = (ms: number): string => new Date(ms + 19_800_000).toISOString().slice(11, 16);

/** An event in one line. */
function brief(event: CandleEvent): string {
  switch (event.type) {
    case 'gap':
      return `gap ${event.fromMs === 0 ? 'start' : timeOf(event.fromMs)}-${event.toMs === null ? 'open' : timeOf(event.toMs)}`;
    case 'end':
      return 'end';
    case 'connection':
      return `connection ${event.connection} ${event.state}`;
    case 'stale':
    case 'live':
      return `${event.type} ${event.instrument.symbol}`;
    case 'candle':
    case 'revision':
      return `${event.type} ${event.instrument.symbol} ${timeOf(event.candle.timestampMs)} ${event.candle.close}`;
  }
}

/** Two minutes of RELIANCE and one of INFY, sealed. */
function twoMinutes(): Script {
  return new Script()
    .subscribe(at('10:59') + 30_000)
    .frame('RELIANCE', at('11:00') + 500, 10_000)
    .frame('INFY', at('11:00') + 700, 20_000)
    .hum(at('11:01'))
    .frame('RELIANCE', at('11:01') + 1000, 10_200)
    .hum(at('11:02') + 20_000);
}

const own = (events: readonly CandleEvent[]): string[] =>
  events.map(brief).filter((line) => !line.includes('USDINR'));

const SEED = Number(process.env.SEED ?? 7);

describe('CandleStream', () => {
  it('yields sealed candles by minute and instrument, in rupees, once', () => {
    const script = twoMinutes();
    const stream = streamOf(script.engine);
    drain(script.engine);
    const events = [...stream.read()];
    expect(own(events)).toEqual([
      'gap start-open',
      'gap start-10:59',
      'candle RELIANCE 11:00 100',
      'candle INFY 11:00 200',
      'candle RELIANCE 11:01 102',
    ]);
    const sequences = events.map(({ sequence }) => sequence);
    expect(sequences.slice(2)).toEqual(sequences.slice(2).toSorted((a, b) => a - b));
    expect(events.find(({ type }) => type === 'candle')).toMatchObject({
      timeframe: '1m',
      instrument: { symbol: 'RELIANCE', exchange: 'NSE', token: '2885' },
      marketMs: at('11:01'),
      quality: { ticks: 1, revision: 0 },
    });
    expect([...stream.read()]).toEqual([]);
  });

  it('yields a late packet as a revision, with the candle as it was sealed', () => {
    const script = twoMinutes();
    const stream = streamOf(script.engine);
    drain(script.engine);
    expect([...stream.read()].length).toBeGreaterThan(0);
    const late = { exchangeMs: BigInt(at('11:00') + 59_000) };
    script.frame('RELIANCE', at('11:02') + 21_000, 10_900, late);
    drain(script.engine);
    const events = [...stream.read()].filter(({ type }) => type === 'revision');
    expect(own(events)).toEqual(['revision RELIANCE 11:00 109']);
    expect(events[0]).toMatchObject({ previous: { close: 100 }, quality: { late: 1, revision: 1 } });
  });

  it('misses nothing while it sleeps, and shows the last of several revisions to a new consumer as its candle', () => {
    const script = twoMinutes();
    const late = { exchangeMs: BigInt(at('11:00') + 59_000) };
    script.frame('RELIANCE', at('11:02') + 21_000, 10_900, late);
    script.frame('RELIANCE', at('11:02') + 22_000, 11_000, late);
    drain(script.engine);
    expect(own([...streamOf(script.engine).read()])).toContain('candle RELIANCE 11:00 110');
  });

  it('yields a gap when it opens and when it ends, open minutes and the end when the run is over', () => {
    const script = twoMinutes();
    const stream = streamOf(script.engine);
    script.disconnect();
    drain(script.engine);
    expect(own([...stream.read()]).at(-1)).toBe('gap 11:02-open');
    script.subscribe(at('11:03')).frame('RELIANCE', at('11:03') + 15_000, 10_300);
    drain(script.engine);
    expect(own([...stream.read()])).toContain('gap 11:02-11:03');
    script.end();
    expect(stream.ended).toBe(false);
    const last = [...stream.read()];
    expect(own(last)).toContain('candle RELIANCE 11:03 103');
    expect(brief(last.at(-1)!)).toBe('end');
    expect(stream.ended).toBe(true);
    expect([...stream.read()]).toEqual([]);
  });

  it('continues after a loop that stopped early', () => {
    const script = twoMinutes();
    drain(script.engine);
    const whole = [...streamOf(script.engine).read()].map(brief);
    const stream = streamOf(script.engine);
    const parts: string[] = [];
    for (let left = whole.length; left > 0; left--)
      for (const event of stream.read()) {
        parts.push(brief(event));
        break;
      }
    expect(parts).toEqual(whole);
  });

  it.each([1, 2, 3] as const)('holds what memory holds after each read (mode %i)', (mode) => {
    const steps = unfold(seededHappenings(seededRandom(SEED, mode), 3000, 20, 300), {
      mode,
      startMs: at('11:00'),
      speed: 1,
      instruments: INSTRUMENTS,
    });
    const ends = [1, 4].map((shards) => {
      const engine = engineOf(mode, shards);
      const stream = streamOf(engine);
      const rows = new Map<string, CandleEvent>();
      const kept = new Map<string, CandleWithQuality>();
      const read = (): void => {
        for (const event of stream.read()) {
          if (event.type !== 'candle' && event.type !== 'revision') continue;
          const key = `${event.instrument.symbol} ${event.sequence}`;
          expect(event.type, key).toBe(rows.has(key) ? 'revision' : 'candle');
          rows.set(key, event);
          const { candle, quality } = event;
          kept.set(`${candle.symbol} ${candle.timestampMs} ${quality.source}`, { candle, quality });
        }
        for (const place of engine.places)
          for (const { candle, quality } of readCandles(engine.memories[place.shard], place, stream.ended)) {
            const key = `${candle.symbol} ${candle.timestampMs} ${quality.source}`;
            expect(kept.get(key), key).toEqual({ candle, quality });
          }
      };
      for (const [k, step] of steps.entries()) {
        tell(engine, step);
        if (k % 50 === 0) drain(engine);
        if (k % 150 === 0) read();
      }
      playInline(engine, []);
      read();
      const expected = engine.places.flatMap((place) =>
        readCandles(engine.memories[place.shard], place, true),
      );
      expect(rows.size).toBe(expected.length);
      return [...rows.values()].map((event) => JSON.stringify({ ...event, type: 'any' })).sort();
    });
    expect(ends[1]).toEqual(ends[0]);
  });

  it('wakes when a shard signals a change, and when it is aborted', async () => {
    const script = twoMinutes();
    const stream = streamOf(script.engine);
    drain(script.engine);
    const { signal } = new AbortController();
    await stream.changed(signal);
    expect([...stream.read()].length).toBeGreaterThan(0);
    let woken = false;
    const waiting = stream.changed(signal).then(() => (woken = true));
    await delay(20);
    expect(woken).toBe(false);
    script.disconnect();
    drain(script.engine);
    await waiting;
    expect(own([...stream.read()])).toEqual(['gap 11:02-open']);
    const ending = new AbortController();
    const aborted = stream.changed(ending.signal);
    ending.abort();
    await aborted;
  });

  it('yields polled minutes as revisions, or as candles where there was none, and wakes for them', async () => {
    const script = twoMinutes();
    script.disconnect().subscribe(at('11:04') + 30_000).frame('RELIANCE', at('11:05') + 1000, 10_500).hum(at('11:06') + 4000);
    script.engine.router.end();
    drain(script.engine);
    const stream = streamOf(script.engine);
    const seen = [...stream.read()];
    expect(seen.at(-1)?.type).toBe('end');
    const waiting = stream.changed(AbortSignal.timeout(200_000));
    const [instrument] = script.engine.places.filter((place) => place.instrument.symbol === 'RELIANCE').map((place) => place.instrument.index);
    const polled = { instrument, open: 9_000, high: 9_300, low: 8_900, close: 9_100, volume: 5, answers: 2 };
    for (const minute of ['11:01', '11:02', '11:03']) layPolled(script.engine, { ...polled, minuteMs: at(minute) });
    tellPolled(script.engine.memories);
    await waiting;
    const news = [...stream.read()];
    // The first minute was seen whole.
    expect(own(news)).toEqual(['candle RELIANCE 11:02 91', 'candle RELIANCE 11:03 91']);
    expect(news.every((event) => event.type === 'candle' && event.revision === 1 && event.quality.source === 'polled')).toBe(true);
    expect([...stream.read()]).toEqual([]);
    for (const event of news)
      expect(stream.again(event.sequence, 'candle')).toEqual(event);
  }); // prettier-ignore
});
