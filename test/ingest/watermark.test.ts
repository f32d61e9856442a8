import { describe, expect, it } from 'vitest';
import { MINUTE_MS } from '../../src/market/session.js';
import { Watermark } from '../../src/ingest/watermark.js';
import { at } from '../shard/drive.js';

const OPEN = at('09:15');
const AUCTION_END = at('15:35');
const GRACE = 3000;

function watermark(more: { graceMs?: number; silenceMs?: number } = {}): Watermark {
  return new Watermark({ openMs: OPEN, minutes: 375, bars: 380, graceMs: GRACE, silenceMs: 3000, ...more });
}

/** A live frame that arrives when it was sent, by a clock that is `skewMs` ahead of the exchange. */
const live = (s: Watermark, ms: number, skewMs = 0): string =>
  s.decide({ exchangeMs: ms, nowMs: ms + skewMs, monoMs: 0 }, true);

describe('grace', () => {
  it('seals a minute when market time is its end and the grace, not a millisecond before', () => {
    const s = watermark();
    expect(s.takeDueBar()).toBeUndefined();
    live(s, OPEN + MINUTE_MS + GRACE - 1);
    expect(s.takeDueBar()).toBeUndefined();
    live(s, OPEN + MINUTE_MS + GRACE);
    expect(s.takeDueBar()).toBe(0);
    expect(s.takeDueBar()).toBeUndefined();
    expect(s.sealed).toBe(0);
  });

  it('may be none', () => {
    const s = watermark({ graceMs: 0 });
    live(s, OPEN + MINUTE_MS - 1);
    expect(s.takeDueBar()).toBeUndefined();
    live(s, OPEN + MINUTE_MS);
    expect(s.takeDueBar()).toBe(0);
  });

  it('seals all that became due at once', () => {
    const s = watermark();
    live(s, OPEN - MINUTE_MS);
    expect(s.takeDueBar()).toBeUndefined();
    live(s, OPEN + 5 * MINUTE_MS + GRACE);
    expect(s.takeDueBar()).toBe(4);
  });

  it('never goes back with a late frame', () => {
    const s = watermark();
    live(s, OPEN + 2 * MINUTE_MS + GRACE);
    expect(s.takeDueBar()).toBe(1);
    s.decide({ exchangeMs: OPEN, nowMs: OPEN + 2 * MINUTE_MS + GRACE, monoMs: 0 }, true);
    expect(s.timeMs).toBe(OPEN + 2 * MINUTE_MS + GRACE);
    expect(s.takeDueBar()).toBeUndefined();
  });
});

describe('the auction', () => {
  it('is sealed after its window and the grace, and the last continuous minutes before it', () => {
    const s = watermark();
    live(s, AUCTION_END + GRACE - 1);
    expect(s.takeDueBar()).toBe(378);
    live(s, AUCTION_END + GRACE);
    expect(s.takeDueBar()).toBe(379);
    live(s, AUCTION_END + 10 * MINUTE_MS);
    expect(s.takeDueBar()).toBeUndefined();
  });

  it('is never sealed without an auction', () => {
    const s = new Watermark({
      openMs: OPEN,
      minutes: 375,
      bars: 375,
      graceMs: GRACE,
      silenceMs: 3000,
    });
    live(s, AUCTION_END + MINUTE_MS);
    expect(s.takeDueBar()).toBe(374);
  });
});

describe('silence', () => {
  it('moves it a quarter second at a time, and at once when a bar is due', () => {
    const s = watermark();
    const last = OPEN + MINUTE_MS - 100;
    live(s, last);
    expect(s.takeDueBar()).toBeUndefined();
    const told: number[] = [];
    for (let ms = last; ms <= last + 4000; ms += 25)
      if (s.isBehind(ms)) {
        told.push(ms - last);
        s.advanceTo(ms);
        if (s.takeDueBar() === 0) break;
      }
    expect(told).toEqual([3000, 3100]);
    expect(s.isBehind(last + 3325)).toBe(false);
    expect(s.isBehind(last + 3350)).toBe(true);
  });

  it('moves market time by what elapsed, once it has lasted', () => {
    const s = watermark();
    s.advanceTo(OPEN + 10 * MINUTE_MS);
    expect(s.timeMs, 'nothing is known before the first frame').toBeUndefined();
    const last = OPEN + MINUTE_MS - 500;
    s.decide({ exchangeMs: last, nowMs: last + 40, monoMs: 0 }, true);
    s.advanceTo(last + 40 + 2999);
    expect(s.timeMs).toBe(last);
    s.advanceTo(last + 40 + 3000);
    expect(s.timeMs).toBe(last + 3000);
    expect(s.takeDueBar()).toBeUndefined();
    s.advanceTo(last + 40 + 3500);
    expect(s.takeDueBar()).toBe(0);
    expect(s.lastFrameMs, 'what a frame said stays what it said').toBe(last);
  });

  it('lasts as configured, for a longer grace or an accelerated market', () => {
    const s = watermark({ silenceMs: 120_000 });
    live(s, OPEN);
    s.advanceTo(OPEN + 119_999);
    expect(s.timeMs).toBe(OPEN);
    s.advanceTo(OPEN + 120_000);
    expect(s.timeMs).toBe(OPEN + 120_000);
  });

  it('is broken by any frame, and excused by a pause of our own', () => {
    const s = watermark();
    live(s, OPEN + 10_000);
    s.decide({ exchangeMs: OPEN, nowMs: OPEN + 12_000, monoMs: 0 }, true);
    s.advanceTo(OPEN + 14_000);
    expect(s.timeMs).toBe(OPEN + 10_000);
    s.resetSilence(OPEN + 14_500);
    s.advanceTo(OPEN + 17_000);
    expect(s.timeMs).toBe(OPEN + 10_000);
    s.advanceTo(OPEN + 17_500);
    expect(s.timeMs).toBe(OPEN + 17_500);
  });

  it('does not make a frame on time look early or late', () => {
    const s = watermark();
    live(s, OPEN);
    s.advanceTo(OPEN + 600_000);
    expect(s.timeMs).toBe(OPEN + 600_000);
    expect(live(s, OPEN + 600_000)).toBe('use');
    expect(live(s, OPEN + 601_000)).toBe('use');
    expect(s.timeMs).toBe(OPEN + 601_000);
  });
});

describe('one frame cannot drag market time', () => {
  it('60 s ahead of the expected time is used, more is held', () => {
    const s = watermark();
    live(s, OPEN);
    expect(s.decide({ exchangeMs: OPEN + 10_000 + 60_001, nowMs: OPEN + 10_000, monoMs: 0 }, true)).toBe(
      'hold',
    );
    expect(s.timeMs).toBe(OPEN);
    const other = watermark();
    live(other, OPEN);
    expect(other.decide({ exchangeMs: OPEN + 10_000 + 60_000, nowMs: OPEN + 10_000, monoMs: 0 }, true)).toBe(
      'use',
    );
  });

  it('a frame 2 minutes ahead alone is outvoted by the ordinary flow, three that agree are followed', () => {
    const s = watermark();
    live(s, OPEN);
    expect(s.decide({ exchangeMs: OPEN + 121_000, nowMs: OPEN + 1000, monoMs: 0 }, true)).toBe('hold');
    for (const second of [2, 3]) {
      expect(live(s, OPEN + second * 1000)).toBe('use');
      expect(s.dropOutvoted()).toBe(false);
    }
    live(s, OPEN + 4000);
    expect(s.dropOutvoted()).toBe(true);
    expect(s.dropOutvoted(), 'once').toBe(false);
    expect(s.timeMs).toBe(OPEN + 4000);

    const answers = [121_000, 122_000, 121_500].map((ms) =>
      s.decide({ exchangeMs: OPEN + ms, nowMs: OPEN + 5000, monoMs: 0 }, true),
    );
    expect(answers).toEqual(['hold', 'hold', 'release']);
    expect(s.timeMs).toBe(OPEN + 122_000);
    expect(live(s, OPEN + 6000)).toBe('use');
  });

  it('frames of a time that stands still do not outvote', () => {
    const s = watermark();
    live(s, OPEN);
    s.decide({ exchangeMs: OPEN + 200_000, nowMs: OPEN, monoMs: 0 }, true);
    for (let k = 0; k < 10; k++) {
      live(s, OPEN);
      expect(s.dropOutvoted()).toBe(false);
    }
  });

  it('three that disagree are not followed: the newest replaces the held ones', () => {
    const s = watermark();
    live(s, OPEN);
    const answers = [100, 300, 500, 700].map((seconds) =>
      s.decide({ exchangeMs: OPEN + seconds * 1000, nowMs: OPEN, monoMs: 0 }, true),
    );
    expect(answers).toEqual(['hold', 'replace', 'replace', 'replace']);
    expect(s.timeMs).toBe(OPEN);
  });

  it('a late frame does not make the next one on time look early', () => {
    const s = watermark();
    live(s, OPEN);
    // Ninety seconds pass in silence; a frame that was 80 s on its way is nevertheless the newest.
    expect(s.decide({ exchangeMs: OPEN + 10_000, nowMs: OPEN + 90_000, monoMs: 0 }, true)).toBe('use');
    expect(live(s, OPEN + 91_000)).toBe('use');
  });

  it('cached packets of any age may come first, in any order', () => {
    const s = watermark();
    const now = at('23:03:44');
    for (const time of ['15:58:34', '16:05:39', '15:59:00', '16:30:00'])
      expect(s.decide({ exchangeMs: at(time), nowMs: now, monoMs: 0 }, false)).toBe('use');
    expect(s.timeMs).toBe(at('16:30:00'));
  });
});

describe('a wall clock that is wrong by five minutes', () => {
  it.each([-300_000, 0, 300_000])('changes no seal (%i ms)', (skewMs) => {
    const s = watermark();
    const seals: [number, number][] = [];
    for (let ms = OPEN; ms < OPEN + 10 * MINUTE_MS; ms += 500) {
      live(s, ms, skewMs);
      s.advanceTo(ms + skewMs);
      const through = s.takeDueBar();
      if (through !== undefined) seals.push([through, ms]);
    }
    expect(seals).toEqual(Array.from({ length: 9 }, (_, bar) => [bar, OPEN + (bar + 1) * MINUTE_MS + GRACE]));
  });

  it('when it is slow, the first frames wait for each other, and then it is known', () => {
    const s = watermark();
    expect([0, 1000, 2000, 3000].map((ms) => live(s, OPEN + ms, -300_000))).toEqual([
      'hold',
      'hold',
      'release',
      'use',
    ]);
  });

  it.each([-300_000, 300_000])(
    'lets one frame 2 minutes ahead drag nothing once the market is known (%i ms)',
    (skewMs) => {
      const s = watermark();
      for (let k = 0; k < 5; k++) live(s, OPEN + k * 1000, skewMs);
      expect(s.decide({ exchangeMs: OPEN + 125_000, nowMs: OPEN + 5000 + skewMs, monoMs: 0 }, true)).toBe(
        'hold',
      );
    },
  );
});
