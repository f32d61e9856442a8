/** What the router decides for all shards alike: gaps, kept frames, END. */
import { describe, expect, it } from 'vitest';
import { COUNTER } from '../../src/memory/counters.js';
import { GAP, GAP_CAPACITY, MAIN, SHARD } from '../../src/memory/layout.js';
import { KIND, kindOf } from '../../src/memory/record.js';
import { applyGap } from '../../src/shard/bar-builder.js';
import type { Engine } from '../../src/ingest/engine.js';
import { at, drain, engineOf, INSTRUMENTS } from '../shard/drive.js';
import { Script } from '../shard/script.js';

/** Gaps as the first shard has them. */
function gapsOf(engine: Engine): [number, number][] {
  drain(engine);
  const m = engine.memories[0];
  const at_ = (k: number): number => m.gaps + k * GAP.size;
  return Array.from({ length: m.i32[SHARD.gaps] }, (_, k) => [
    m.f64[at_(k) + GAP.startMs],
    m.f64[at_(k) + GAP.endMs],
  ]);
}

/** The kinds of records in the first shard's ring. */
function kinds(engine: Engine): number[] {
  engine.router.publish();
  const m = engine.memories[0];
  return Array.from({ length: m.i32[MAIN.tail] }, (_, cursor) => kindOf(m.whatAt(cursor)));
}

/** Subscribed at 11:00:30; seen from then on. */
const started = (options: ConstructorParameters<typeof Script>[0] = {}): Script =>
  new Script(options)
    .subscribe(at('11:00:30'))
    .frame('RELIANCE', at('11:00:30'), 1000)
    .frame('RELIANCE', at('11:00:32'), 1001);

describe('gaps', () => {
  it('everything before the first live packet is one, up to the moment of subscribing', () => {
    const script = new Script().subscribe(at('11:00:30')).frame('RELIANCE', at('11:00:30'), 1000);
    expect(gapsOf(script.engine)).toEqual([[0, Infinity]]);
    // Stamped 11:00:32, two seconds after subscribing, one of which it may have been on its way: at most 11:00:32 then.
    script.frame('RELIANCE', at('11:00:32') + 300, 1001);
    expect(gapsOf(script.engine)).toEqual([[0, at('11:00:32') - 300]]);
    script
      .hum(at('11:01:10'))
      .frame('RELIANCE', at('11:01:10'), 1002)
      .hum(at('11:02:04'))
      .frame('RELIANCE', at('11:02:04'), 1003);
    expect(script.candles('RELIANCE').get('11:00')!.quality).toMatchObject({ partial: true, gapMs: 31_700 });
    expect(script.candles('RELIANCE').get('11:01')!.quality).toMatchObject({ partial: false, gapMs: 0 });
  });

  it('is not ended by an old state that is repeated', () => {
    const old = { exchangeMs: BigInt(at('10:57:00')), sequence: 7n };
    const script = new Script().subscribe(at('11:00:30')).frame('RELIANCE', at('11:00:30'), 1000, old);
    script.frame('RELIANCE', at('11:00:31'), 1000, old);
    expect(gapsOf(script.engine)).toEqual([[0, Infinity]]);
    script.frame('RELIANCE', at('11:00:35'), 1001);
    expect(gapsOf(script.engine)).toEqual([[0, at('11:00:32')]]);
  });

  it('a reconnect is one from the last frame to subscribing, however far silence has moved market time', () => {
    const script = started().hum(at('11:01:20')).frame('RELIANCE', at('11:01:20'), 1002).tick(at('11:05:00'));
    expect(script.engine.watermark.timeMs).toBe(at('11:05:00'));
    expect(script.candles('RELIANCE').get('11:01')!.quality.partial).toBe(false);
    script.disconnect().disconnect().tick(at('11:06:00')).subscribe(at('11:07:00'));
    script.frame('RELIANCE', at('11:07:00'), 1003).frame('RELIANCE', at('11:07:02'), 1004);
    expect(gapsOf(script.engine).slice(1)).toEqual([[at('11:01:20'), at('11:07:02')]]);
    // What was sealed whole has become known as partial.
    expect(script.candles('RELIANCE').get('11:01')!.quality).toMatchObject({
      partial: true,
      gapMs: 40_000,
      revision: 0,
    });
    expect(script.first('RELIANCE', '11:01')!.partial).toBe(false);
    expect(script.engine.counters[COUNTER.gaps]).toBe(2);
  });

  it('a second loss while one is open adds nothing', () => {
    const script = started()
      .disconnect()
      .subscribe(at('11:00:40'))
      .frame('RELIANCE', at('11:00:40'), 1000)
      .disconnect();
    script
      .subscribe(at('11:00:50'))
      .frame('RELIANCE', at('11:00:50'), 1000)
      .frame('RELIANCE', at('11:00:52'), 1000);
    expect(gapsOf(script.engine).slice(1)).toEqual([[at('11:00:32'), at('11:00:52')]]);
    expect(script.engine.counters[COUNTER.gaps]).toBe(2);
  });

  it('never overlap and are never empty, so no minute has more gap than it is long', () => {
    const script = started();
    for (let k = 0; k < 10; k++) {
      // Half a second after subscribing comes a frame of the next second: the gap must end after it.
      const ms = at('11:01:00') + k * 2000 + 700;
      script
        .disconnect()
        .subscribe(ms)
        .frame('RELIANCE', ms, 1000)
        .frame('RELIANCE', ms + 500, 1000 + k);
    }
    const gaps = gapsOf(script.engine);
    expect(gaps.length).toBe(11);
    for (const [k, [from, to]] of gaps.entries()) {
      expect(to).toBeGreaterThan(from);
      if (k > 0) expect(from).toBeGreaterThanOrEqual(gaps[k - 1][1]);
    }
  });

  it('END opens one at market time, unless one is open', () => {
    const script = started().hum(at('11:01:59')).frame('RELIANCE', at('11:01:59'), 1002).end();
    expect(gapsOf(script.engine).at(-1)).toEqual([at('11:01:59'), Infinity]);
    expect(script.candles('RELIANCE', true).get('11:01')!.quality).toMatchObject({
      partial: true,
      gapMs: 1000,
    });
    const lost = started().disconnect().end();
    expect(gapsOf(lost.engine).slice(1)).toEqual([[at('11:00:32'), Infinity]]);
  });

  it('of a first packet that came late enough to be live ends with it', () => {
    const script = new Script().subscribe(at('11:00:30')).frame('RELIANCE', at('11:00:36'), 1000);
    expect(gapsOf(script.engine)).toEqual([[0, at('11:00:32')]]);
  });

  it('a silence in session that is longer than any feed is one, though the connection held', () => {
    // Found by the simulation: the feed went mute for less than the half minute of the watchdog, went on, and the
    // minute was called whole.
    const script = started()
      .hum(at('11:01:20'))
      .frame('RELIANCE', at('11:01:20'), 1002)
      .tick(at('11:01:30'))
      .frame('RELIANCE', at('11:01:44'), 1003);
    expect(gapsOf(script.engine).slice(1)).toEqual([[at('11:01:20'), at('11:01:44') + 1]]);
    script
      .hum(at('11:02:10'))
      .frame('RELIANCE', at('11:02:10'), 1004)
      .hum(at('11:03:04'))
      .frame('RELIANCE', at('11:03:04'), 1005);
    expect(script.candles('RELIANCE').get('11:01')!.quality).toMatchObject({ partial: true, gapMs: 24_001 });
    expect(script.candles('RELIANCE').get('11:02')!.quality).toMatchObject({ partial: false, gapMs: 0 });
    expect(script.engine.counters[COUNTER.gaps]).toBe(2);
  });

  it('begins a second sooner in SnapQuote, whose frames tell of trades of the second before', () => {
    // Found by the simulation: the connection broke at 11:01:00.3, and the next frame would have reported a trade of
    // 11:00:59.
    const script = started({ mode: 3 })
      .hum(at('11:01:00'))
      .frame('RELIANCE', at('11:01:00'), 1002)
      .disconnect();
    expect(gapsOf(script.engine).at(-1)).toEqual([at('11:00:59'), Infinity]);
    const quote = started({ mode: 2 })
      .hum(at('11:01:00'))
      .frame('RELIANCE', at('11:01:00'), 1002)
      .disconnect();
    expect(gapsOf(quote.engine).at(-1)).toEqual([at('11:01:00'), Infinity]);
  });

  it('does not end too soon with a packet that waited during a pause of ours', () => {
    // Found by the simulation: the packet of 11:01:06 was read four seconds later, and the gap was told to end before
    // the subscribing.
    const script = started().disconnect().subscribe(at('11:01:05')).frame('RELIANCE', at('11:01:05'), 1001);
    script.engine.watermark.resetSilence(at('11:01:10'));
    script.frame('RELIANCE', at('11:01:10'), 1002, { exchangeMs: BigInt(at('11:01:06')) });
    expect(gapsOf(script.engine).slice(1)).toEqual([[at('11:00:32'), at('11:01:07')]]);
  });

  it('does not end with a cached packet that waited during a pause of ours: although late, it is no tick', () => {
    // Found by the simulation: five seconds after subscribing it was taken for a tick, of a second in which
    // nothing was subscribed.
    const script = started().disconnect().subscribe(at('11:01:05'));
    script.engine.watermark.resetSilence(at('11:01:10') + 500);
    script.frame('RELIANCE', at('11:01:10') + 500, 1002, { exchangeMs: BigInt(at('11:01:04')) });
    expect(gapsOf(script.engine).at(-1)).toEqual([at('11:00:32'), Infinity]);
    script.frame('RELIANCE', at('11:01:11'), 1003).hum(at('11:02:20'));
    expect(script.candles('RELIANCE').get('11:01')).toMatchObject({
      candle: { open: 10.03 },
      quality: { ticks: 1, partial: true },
    });
  });

  it('a silence that a frame ahead of its time already covered adds no gap', () => {
    // Found by the simulation: a stray had moved the watermark and the end of the gap, and the silence after
    // it ended before it began.
    const script = started()
      .frame('RELIANCE', at('11:00:33'), 1001, { exchangeMs: BigInt(at('11:01:20')) })
      .tick(at('11:01:10'));
    script
      .disconnect()
      .subscribe(at('11:01:22'))
      .frame('RELIANCE', at('11:01:22'), 1000)
      .frame('RELIANCE', at('11:01:24'), 1001);
    const covered = gapsOf(script.engine);
    expect(covered.at(-1)).toEqual([at('11:01:20'), at('11:02:11')]);
    script.frame('RELIANCE', at('11:01:44'), 1002);
    expect(gapsOf(script.engine)).toEqual(covered);
  });

  it('seconds that no stamp named are one, though frames came: the exchange put its clock back for a while', () => {
    const script = started().hum(at('11:01:20')).frame('RELIANCE', at('11:01:20'), 1002);
    for (let second = 0; second < 60; second += 5)
      script.frame('RELIANCE', at('11:01:25') + second * 1000, 1004, {
        exchangeMs: BigInt(at('10:56:25') + second * 1000),
      });
    script.frame('RELIANCE', at('11:02:25'), 1005);
    expect(gapsOf(script.engine).at(-1)).toEqual([at('11:01:20'), at('11:02:25') + 1]);
  });

  it('in an accelerated market a silence must last real seconds; a hiccup of the feed does not count', () => {
    const script = started()
      .frame('RELIANCE', at('11:00:40'), 1002, {}, 10_000)
      .frame('RELIANCE', at('11:02:00'), 1003, {}, 11_400);
    expect(gapsOf(script.engine).length).toBe(1);
    script.frame('RELIANCE', at('11:04:00'), 1004, {}, 13_400);
    expect(gapsOf(script.engine).at(-1)).toEqual([at('11:02:00'), at('11:04:00') + 1]);
  });

  it('no silence is one that only our clock or only a stamp tells of, nor one outside the session', () => {
    const quiet = started();
    // A backlog after a stall of ours; a frame ahead of its time.
    quiet
      .frame('RELIANCE', at('11:01:30'), 1002, { exchangeMs: BigInt(at('11:00:34')) })
      .frame('RELIANCE', at('11:01:31'), 1003, { exchangeMs: BigInt(at('11:02:00')) });
    expect(gapsOf(quiet.engine).length).toBe(1);
    const shut = new Script({ instruments: INSTRUMENTS.slice(0, 1) })
      .subscribe(at('15:14:50'))
      .frame('RELIANCE', at('15:14:50'), 1000)
      .frame('RELIANCE', at('15:14:52'), 1001);
    shut.frame('RELIANCE', at('15:28:00'), 1002);
    expect(gapsOf(shut.engine).length).toBe(1);
  });

  it('beyond the room for them grow into one long one: too much rather than too little', () => {
    const m = engineOf(1, 1).memories[0];
    for (let k = 0; k < GAP_CAPACITY + 3; k++) {
      applyGap(m, 0, k * 100, Infinity);
      applyGap(m, 0, k * 100, k * 100 + 50);
    }
    expect(m.i32[SHARD.gaps]).toBe(GAP_CAPACITY);
    const last = m.gaps + (GAP_CAPACITY - 1) * GAP.size;
    expect([m.f64[last], m.f64[last + 1]]).toEqual([(GAP_CAPACITY - 1) * 100, (GAP_CAPACITY + 2) * 100 + 50]);
  });
});

describe('held packets', () => {
  it('three that agree are routed in their order, before the SEAL that they cause', () => {
    const script = started();
    const before = kinds(script.engine).length;
    const now = at('11:00:33');
    for (const second of [0, 1, 2])
      script.frame('RELIANCE', now, 1010 + second, { exchangeMs: BigInt(at('11:30:00') + second * 1000) });
    expect(script.engine.counters[COUNTER.held]).toBe(2);
    const engine = script.engine;
    const shard = engine.places[0].shard;
    engine.router.publish();
    const m = engine.memories[shard];
    const records = Array.from({ length: m.i32[MAIN.tail] }, (_, cursor) => kindOf(m.whatAt(cursor)));
    expect(records.slice(-4)).toEqual([KIND.packet, KIND.packet, KIND.packet, KIND.seal]);
    expect(before).toBeGreaterThan(0);
    expect(script.candles('RELIANCE', true).get('11:30')!.candle).toMatchObject({ open: 10.1, close: 10.12 });
  });

  it('are refused as `time` when outvoted, when replaced, and at the END', () => {
    const ahead = (ms: number): { exchangeMs: bigint } => ({ exchangeMs: BigInt(ms) });
    const outvoted = started().frame('M&M', at('11:00:33'), 5, ahead(at('11:03:00')));
    for (const second of [34, 35, 36]) outvoted.frame('RELIANCE', at(`11:00:${second}`), 1000);
    expect(outvoted.engine.counters[COUNTER.unadmittedTime]).toBe(1);
    expect(outvoted.engine.watermark.sealed).toBeLessThan(105);
    const replaced = started()
      .frame('M&M', at('11:00:33'), 5, ahead(at('11:30:00')))
      .frame('M&M', at('11:00:33'), 5, ahead(at('12:30:00')));
    expect(replaced.engine.counters[COUNTER.unadmittedTime]).toBe(1);
    replaced.end();
    expect(replaced.engine.counters[COUNTER.unadmittedTime]).toBe(2);
    expect(replaced.candles('M&M', true).size).toBe(0);
    expect(replaced.engine.router.isDrained).toBe(true);
  });
});

describe('the first packet on a connection', () => {
  it('that is refused was the cached one nevertheless', () => {
    const script = new Script()
      .subscribe(at('11:00:30'))
      .frame('RELIANCE', at('11:00:30'), 0)
      .frame('RELIANCE', at('11:00:32'), 1001)
      .end();
    expect(script.engine.counters[COUNTER.unadmittedPrice]).toBe(1);
    expect(script.candles('RELIANCE', true).get('11:00')!.quality.ticks).toBe(1);
  });

  it('that is refused anchors no volume: the next one does, and the gap is dumped into no minute', () => {
    const script = new Script({ mode: 2 })
      .subscribe(at('11:00:30'))
      .frame('RELIANCE', at('11:00:30'), 1000, { volume: -5n });
    script
      .frame('RELIANCE', at('11:00:32'), 1001, { volume: 1_000_000n })
      .frame('RELIANCE', at('11:00:33'), 1002, { volume: 1_000_010n })
      .end();
    expect(script.candles('RELIANCE', true).get('11:00')!.candle.volume).toBe(10);
  });

  it.each([
    [5000, 5000, 0],
    [5001, 5001, 1],
    // An accelerated market: five of its seconds are a hiccup of ours.
    [15_000, 250, 0],
    [15_060, 251, 1],
  ])(
    'in LTP mode is a tick only when it came late: after %i market ms and %i real ms',
    (marketMs, realMs, ticks) => {
      const script = new Script()
        .subscribe(at('11:00:30'))
        .frame('RELIANCE', at('11:00:30') + marketMs, 1000, {}, realMs)
        .end();
      expect(script.candles('RELIANCE', true).size).toBe(ticks);
    },
  );
});

describe('END', () => {
  it('is the last record: nothing is sealed after it, a second one is ignored, a packet is a broken invariant', () => {
    const script = started().end();
    const tails = script.engine.memories.map((m) => m.i32[MAIN.tail]);
    script.tick(at('15:40:00'));
    script.engine.router.end();
    script.engine.router.publish();
    expect(script.engine.memories.map((m) => m.i32[MAIN.tail])).toEqual(tails);
    expect(script.engine.router.ended && script.engine.router.isDrained).toBe(true);
    expect(() => script.frame('RELIANCE', at('11:00:40'), 1000)).toThrow('after END');
  });

  it('of a run that heard nothing leaves nothing', () => {
    const script = new Script().subscribe(at('11:00:00')).tick(at('11:10:00')).end();
    for (const { symbol } of INSTRUMENTS) expect(script.candles(symbol, true).size).toBe(0);
    expect(script.engine.router.isDrained).toBe(true);
  });
});

describe('sessions that differ', () => {
  it('a bar is the same minute of every instrument, and each keeps to its own hours', () => {
    const instruments = [
      { symbol: 'EARLY', exchangeType: 5, token: '11', hours: { open: '09:00', close: '15:30' } },
      { symbol: 'RELIANCE', exchangeType: 1, token: '2885' },
      { symbol: 'SHORT', exchangeType: 1, token: '12', hours: { open: '10:00', close: '11:00' } },
    ];
    const script = new Script({ instruments }).subscribe(at('08:59:00'));
    for (const { symbol } of instruments)
      script.frame(symbol, at('08:59:00'), 1000).frame(symbol, at('08:59:30'), 1000);
    for (const time of [
      '09:00:10',
      '09:15:10',
      '10:00:10',
      '10:59:59',
      '11:00:00',
      '15:14:59',
      '15:29:30',
      '15:34:00',
    ]) {
      for (const { symbol } of instruments) script.frame(symbol, at(time), 1000);
    }
    // The minute of 15:32. The auction's bar is that of 15:34, the last minute of its window.
    expect(script.engine.watermark.sealed).toBe(392);
    expect(script.engine.watermark.lastBar).toBe(394);
    expect([...script.candles('SHORT').keys()]).toEqual(['10:00', '10:59']);
    expect([...script.candles('EARLY').keys()]).toEqual([
      '09:00',
      '09:15',
      '10:00',
      '10:59',
      '11:00',
      '15:14',
      '15:29',
    ]);
    expect([...script.candles('RELIANCE', true).values()].map((one) => one.quality.source)).toEqual([
      ...Array<string>(5).fill('continuous'),
      'auction',
    ]);
    expect(script.candles('EARLY').get('15:29')!.quality.source).toBe('continuous');
    // A minute is sealed for all of them at once: a late tick is late in each.
    for (const { symbol } of instruments)
      script.frame(symbol, at('15:36:00'), 1500, { exchangeMs: BigInt(at('10:00:20')) });
    for (const { symbol } of instruments)
      expect(script.candles(symbol).get('10:00')!.quality, symbol).toMatchObject({ late: 1, revision: 1 });
  });
});
