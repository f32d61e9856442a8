/** Faults that systems of this kind have had, by name; each was somebody's lost candle (docs/traps.md E). */
import { describe, expect, it } from 'vitest';
import { COUNTER } from '../../src/memory/counters.js';
import { readBar } from '../../src/memory/shard-reader.js';
import { bucketOf } from '../../src/memory/histogram.js';
import { STATIC, type ShardMemory } from '../../src/memory/layout.js';
import { FLAG, KIND, RECORD, whatOf } from '../../src/memory/record.js';
import { RingWriter } from '../../src/memory/ring.js';
import { Shard } from '../../src/shard/shard.js';
import { at, engineOf } from './drive.js';
import { Script } from './script.js';

/** A run that sees 11:00 from its beginning on. */
function running(options: ConstructorParameters<typeof Script>[0] = {}): Script {
  const script = new Script(options).subscribe(at('10:58:00'));
  for (const time of ['10:58:00', '10:58:10']) {
    for (const symbol of ['RELIANCE', 'M&M']) script.frame(symbol, at(time), 1000, { volume: 100n });
  }
  return script;
}

/** A shard's ring, written to by hand: LTP records of the first instrument, which are applied in one batch. */
function byHand(): {
  readonly memory: ShardMemory;
  readonly row: number;
  readonly put: (
    flags: number,
    connection: number,
    time: string,
    sequence: number,
    price: number,
    receivedUs?: number,
  ) => void;
  readonly apply: (nowMs?: number) => void;
} {
  const engine = engineOf(1, 1);
  const [memory] = engine.memories;
  const [{ row }] = engine.places;
  const ring = new RingWriter(memory);
  const shard = new Shard(memory);
  return {
    memory,
    row,
    put: (flags, connection, time, sequence, price, receivedUs = 0) => {
      const record = 2 * ring.claim();
      memory.i32.fill(0, record, record + 2 * memory.recordSize);
      memory.i32[record + RECORD.what] = whatOf(KIND.packet, flags, row);
      memory.i32[record + RECORD.receivedUs] = receivedUs;
      memory.i32[record + RECORD.connection] = connection;
      memory.i32[record + RECORD.time] = at(time) - memory.f64[memory.statics + STATIC.originMs];
      memory.i32[record + RECORD.priceLow] = price;
      memory.i32[record + RECORD.sequenceLow] = sequence;
      ring.commit();
    },
    apply: (nowMs = 0) => {
      ring.publish();
      while (shard.step(() => nowMs, 16) > 0);
    },
  };
}

describe('regressions', () => {
  it('the first tick of a symbol never seen', () => {
    // Elsewhere a deadlock: the tick added the symbol under a lock that it held already.
    const script = running()
      .hum(at('11:00:01'))
      .frame('INFY', at('11:00:01'), 5000)
      .hum(at('11:01:03'))
      .frame('M&M', at('11:01:03'), 1001);
    const { candle, quality } = script.candles('INFY').get('11:00')!;
    expect(candle).toMatchObject({ open: 50, high: 50, low: 50, close: 50, volume: 1 });
    expect(quality).toMatchObject({ ticks: 1, partial: false });
    expect(script.end().candles('FARAWAY', true).size).toBe(0);
  });

  it('a tick of the next minute before the timer', () => {
    const script = running()
      .frame('RELIANCE', at('11:00:59'), 1010)
      .frame('RELIANCE', at('11:01:00'), 1020)
      .frame('RELIANCE', at('11:01:02'), 1030);
    expect(script.candles('RELIANCE').has('11:00'), 'within the grace').toBe(false);
    script.tick(at('11:01:02') + 2999).tick(at('11:01:05'));
    expect(script.candles('RELIANCE').get('11:00')!.candle).toMatchObject({
      open: 10.1,
      close: 10.1,
      volume: 1,
    });
    expect(script.candles('RELIANCE', true).get('11:01')!.candle).toMatchObject({
      open: 10.2,
      close: 10.3,
      volume: 2,
    });
  });

  it('a minute with ticks and no volume', () => {
    // LTP carries none: the number of ticks stands for it, and a candle there is.
    const ltp = running().frame('RELIANCE', at('11:00:10'), 1010).frame('RELIANCE', at('11:01:05'), 1010);
    expect(ltp.candles('RELIANCE').get('11:00')!.candle.volume).toBe(1);
    // In Quote mode packets without a rise of volume are no trades, and a minute of them is no candle.
    const quote = running({ mode: 2 })
      .frame('RELIANCE', at('11:00:10'), 1010, { volume: 100n })
      .frame('RELIANCE', at('11:01:05'), 1020, { volume: 150n })
      .end();
    expect([...quote.candles('RELIANCE', true).keys()]).toEqual(['11:01']);
    expect(quote.candles('RELIANCE', true).get('11:01')!.candle.volume).toBe(50);
  });

  it.each([-300_000, 300_000])('a wall clock that is wrong by five minutes (%i ms)', (skewMs) => {
    const told = [0, skewMs].map((skew) => {
      const script = running({ skewMs: skew });
      for (let s = 0; s < 180; s += 7)
        script.frame('RELIANCE', at('11:00:00') + s * 1000, 1000 + s).tick(at('11:00:00') + s * 1000 + 4000);
      return [script.candles('RELIANCE'), script.engine.watermark.sealed, [...script.engine.counters]];
    });
    // When the clock is slow the first frames are kept until three agree, and minutes before them are sealed in one go.
    for (const one of told)
      for (const counter of [COUNTER.held, COUNTER.seals]) (one[2] as number[])[counter] = 0;
    expect(told[1]).toEqual(told[0]);
    expect([...(told[0][0] as Map<string, unknown>).keys()]).toEqual(['10:58', '11:00', '11:01']);
  });

  it('one frame dated in the year 9999', () => {
    const year9999 = { exchangeMs: 253_402_300_799_000n };
    for (const mode of [1, 2, 3] as const) {
      const script = running({ mode })
        .frame('RELIANCE', at('11:00:10'), 1010, { volume: 150n })
        .frame('M&M', at('11:00:11'), 9999, year9999);
      expect(script.engine.counters[COUNTER.unadmittedTime]).toBe(1);
      expect(script.engine.watermark.timeMs).toBe(at('11:00:10'));
      script
        .frame('RELIANCE', at('11:00:12'), 1005, { volume: 160n })
        .frame('RELIANCE', at('11:01:03'), 1005, { volume: 160n });
      expect(script.candles('RELIANCE').get('11:00')!.candle).toMatchObject({ open: 10.1, close: 10.05 });
      expect(script.candles('M&M', true).get('11:00')).toBeUndefined();
    }
  });

  it('one frame that is 2 minutes ahead, alone', () => {
    const script = running()
      .frame('RELIANCE', at('11:00:10'), 1010)
      .frame('M&M', at('11:00:11'), 9999, { exchangeMs: BigInt(at('11:02:11')) });
    for (const second of [12, 13, 14]) script.frame('RELIANCE', at(`11:00:${second}`), 1010);
    expect(script.engine.counters[COUNTER.unadmittedTime]).toBe(1);
    expect(script.engine.watermark.timeMs).toBe(at('11:00:14'));
    expect(script.candles('RELIANCE').has('11:00')).toBe(false);
    expect(script.end().candles('M&M', true).has('11:02')).toBe(false);
  });

  it('a trade told as of the year 9999, or of tomorrow, in a packet of today', () => {
    const script = running({ mode: 3 });
    script.frame('RELIANCE', at('11:00:10'), 1010, { volume: 150n, lastTradeSeconds: 253_402_300_799n });
    script.frame('RELIANCE', at('11:00:11'), 1010, {
      volume: 150n,
      lastTradeSeconds: BigInt(at('11:00:11') / 1000 + 86_400),
    });
    expect(script.engine.counters[COUNTER.unadmittedTime]).toBe(2);
  });

  it("a Monday's first packet that tells of Friday's last trade, in SnapQuote", () => {
    const friday = BigInt((at('15:29:56') - 3 * 86_400_000) / 1000);
    const script = new Script({ mode: 3 }).subscribe(at('09:14:00'));
    script.frame('RELIANCE', at('09:14:00'), 1000, { volume: 0n, lastTradeSeconds: friday });
    script
      .frame('RELIANCE', at('09:15:01'), 1010, { volume: 40n })
      .frame('RELIANCE', at('09:16:03'), 1010, { volume: 40n });
    expect(script.engine.counters[COUNTER.unadmittedTime]).toBe(0);
    expect(script.candles('RELIANCE').get('09:15')!.candle).toMatchObject({ open: 10.1, volume: 40 });
  });

  it('an auction print among packets that repeat the old price', () => {
    const script = running().frame('RELIANCE', at('15:14:59'), 1010).frame('RELIANCE', at('15:15:02'), 1099);
    script
      .hum(at('15:28:00'))
      .frame('RELIANCE', at('15:28:00'), 1010)
      .hum(at('15:29:30'))
      .frame('RELIANCE', at('15:29:30'), 1050)
      .hum(at('15:35:00'))
      .frame('RELIANCE', at('15:35:00'), 1098);
    script.frame('RELIANCE', at('15:35:03'), 1098);
    const candles = script.candles('RELIANCE');
    expect([...candles.keys()].slice(-2)).toEqual(['15:14', '15:29']);
    expect(candles.get('15:14')!.candle.close).toBe(10.1);
    expect(candles.get('15:29')).toMatchObject({
      candle: { open: 10.5, high: 10.5, low: 10.5, close: 10.5, volume: 2 },
      quality: { source: 'auction', ticks: 2, partial: false },
    });
    expect(script.first('RELIANCE', '15:34')).toMatchObject({ open: 10.5 * 100, low: 1050, close: 1050 });
  });

  it('a tick at exactly the full minute, at the opening and at the close', () => {
    const script = new Script()
      .subscribe(at('09:13:00'))
      .frame('RELIANCE', at('09:13:00'), 900)
      .frame('RELIANCE', at('09:14:59'), 901);
    script.frame('RELIANCE', at('09:15:00'), 902).frame('RELIANCE', at('09:16:00'), 903);
    script.frame('RELIANCE', at('15:15:00'), 904).end();
    expect([...script.candles('RELIANCE', true)].map(([time, { candle }]) => [time, candle.open])).toEqual([['09:15', 9.02], ['09:16', 9.03]]); // prettier-ignore
  });

  it('a tick on another connection whose first packet there was lost', () => {
    // That packet would have said so; the tick accumulator must see it by itself, or the next is ordered by the
    // sequence of another connection.
    const { memory, row, put, apply } = byHand();
    put(FLAG.initial | FLAG.live, 1, '11:00:01', 90, 1000);
    put(0, 1, '11:00:02', 100, 1010);
    put(0, 1, '11:00:03', 101, 1015);
    put(0, 2, '11:00:04', 5, 1020);
    put(0, 2, '11:00:04', 3, 1030);
    apply();
    const bar = Math.floor((at('11:00:00') - memory.f64[memory.statics + STATIC.originMs]) / 60_000);
    expect(readBar(memory, row, bar)).toMatchObject({ ticks: 5, close: 1020, high: 1030 });
  });

  it('ticks of one batch that arrived at different times', () => {
    const { memory, put, apply } = byHand();
    const countAt = (us: number): number => memory.i32[memory.histogram + bucketOf(us)];
    put(FLAG.initial | FLAG.live, 1, '11:00:01', 90, 1000, 1);
    apply(1);
    for (const [k, receivedUs] of [1_000_000, 1_000_000, 1_400_000, 1_400_000, 1_400_000].entries())
      put(0, 1, `11:00:0${k + 2}`, 100 + k, 1000, receivedUs);
    apply(1500);
    expect([countAt(500_000), countAt(100_000)]).toEqual([2, 3]);
  });
});
