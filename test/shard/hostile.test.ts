/** Single frames that a hostile or broken server can send, and what they must not do to the minutes around them. */
import { describe, expect, it } from 'vitest';
import { COUNTER } from '../../src/memory/counters.js';
import { at, INSTRUMENTS } from './drive.js';
import { Script } from './script.js';

const LIMIT = 2n ** 53n - 1n;

/** Subscribed at 11:00:30; seen from then on. */
const started = (mode: 1 | 2 = 1): Script =>
  new Script({ mode })
    .subscribe(at('11:00:30'))
    .frame('RELIANCE', at('11:00:30'), 1000, { volume: 100n })
    .frame('RELIANCE', at('11:00:32'), 1001, { volume: 110n });

describe('one frame', () => {
  it('after another, each a minute further ahead, does not drag market time without votes', () => {
    const script = started();
    const now = at('11:00:33');
    for (let k = 1; k <= 5; k++)
      script.frame('RELIANCE', now, 1002, { exchangeMs: BigInt(now + k * 59_000) });
    expect(script.engine.watermark.timeMs).toBe(now + 59_000);
    for (let second = 34; second < 40; second++) script.frame('RELIANCE', at(`11:00:${second}`), 1003);
    script.end();
    // The held packets found no agreement and were rejected; the first stray was in time.
    expect(script.engine.counters[COUNTER.unadmittedTime]).toBe(4);
  });

  it('with an absurd volume leaves a count that a file can hold', () => {
    const script = started(2);
    for (let k = 0; k < 3; k++)
      script
        .frame('RELIANCE', at('11:01:10') + k * 4000, 1002, { volume: LIMIT })
        .frame('RELIANCE', at('11:01:11') + k * 4000, 1002, { volume: LIMIT })
        .frame('RELIANCE', at('11:01:12') + k * 4000, 1002, { volume: 1n })
        .frame('RELIANCE', at('11:01:13') + k * 4000, 1002, { volume: 1n });
    script.frame('RELIANCE', at('11:02:04'), 1003, { volume: 5n });
    const { candle } = script.candles('RELIANCE').get('11:01')!;
    expect(candle.volume).toBe(Number(LIMIT));
    expect(Number.isSafeInteger(candle.volume)).toBe(true);
  });
});

it('a counter that restarts on another connection does not silence the symbol', () => {
  const script = started(2)
    .frame('RELIANCE', at('11:01:10'), 1002, { sequence: 1_000_000n, volume: 200n })
    .disconnect();
  script.subscribe(at('11:01:20')).frame('RELIANCE', at('11:01:20'), 1002, { sequence: 1n, volume: 205n });
  script.frame('RELIANCE', at('11:01:22'), 1003, { sequence: 2n, volume: 210n });
  script
    .hum(at('11:02:10'))
    .frame('RELIANCE', at('11:02:10'), 1004, { sequence: 3n, volume: 230n })
    .hum(at('11:03:05'))
    .frame('RELIANCE', at('11:03:05'), 1005, { sequence: 4n, volume: 231n });
  const candles = script.candles('RELIANCE');
  expect(candles.get('11:02')).toMatchObject({
    candle: { close: 10.04, volume: 20 },
    quality: { partial: false },
  });
});

describe('a feed that is silent when the run ends', () => {
  it('leaves the minute in which it fell silent partial', () => {
    const script = started()
      .hum(at('11:01:40'))
      .frame('RELIANCE', at('11:01:40'), 1002)
      .tick(at('11:02:20'))
      .end();
    expect(script.candles('RELIANCE').get('11:01')!.quality).toMatchObject({ partial: true, gapMs: 20_000 });
  });

  it('in the last second of a minute leaves that minute partial: what more was told in that second was not heard', () => {
    // Found by the simulation: the gap began with the second after the last frame's.
    const script = started()
      .hum(at('11:01:59'))
      .frame('RELIANCE', at('11:01:59'), 1002)
      .tick(at('11:02:20'))
      .end();
    expect(script.candles('RELIANCE').get('11:01')!.quality).toMatchObject({ partial: true, gapMs: 1000 });
  });

  it('does not when trading was over', () => {
    const script = new Script({ instruments: INSTRUMENTS.slice(0, 1) })
      .subscribe(at('15:13:30'))
      .frame('RELIANCE', at('15:13:30'), 1000);
    for (let second = 2; second < 80; second += 10)
      script.frame('RELIANCE', at('15:13:30') + second * 1000, 1001);
    script.frame('RELIANCE', at('15:14:50'), 1002).tick(at('15:18:00')).end();
    expect(script.candles('RELIANCE').get('15:14')!.quality).toMatchObject({ partial: false, gapMs: 0 });
  });
});
