/** The habits of the feed: how they are given, and what switching one off does. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { HABIT_NAMES, HABITS, MEASURED, type HabitName } from '../../src/sim/habits/catalogue.js';
import { changedHabits, habitsWith, parseHabit } from '../../src/sim/habits/habit.js';
import { HABITS_PAGE, habitsDocument } from './habits-document.js';
import { framesOf, type Frame } from './habits-measured.js';
import { niftyFifty } from '../../src/run/universe.js';

describe('--habit', () => {
  it('changes one of the measured values, and of two changes the last counts', () => {
    expect(habitsWith([])).toStrictEqual(MEASURED);
    const habits = habitsWith(['delay=3', 'cycle=off', 'delay=2.5'].map(parseHabit));
    expect(habits).toStrictEqual({ ...MEASURED, delay: 2.5, cycle: undefined });
    expect(changedHabits(habits)).toStrictEqual(['cycle=off', 'delay=2.5']);
    const one = habitsWith(['all=off', 'rate=2'].map(parseHabit));
    expect(HABIT_NAMES.filter((name) => one[name] !== undefined)).toStrictEqual(['rate']);
  });

  it.each([
    ['dela=1', 'no habit is named `dela`: the nearest is delay'],
    ['ltprate=1', 'no habit is named `ltprate`: the nearest is ltp-rate'],
    ['', 'no habit is named ``: the nearest is'],
    ['delay', '--habit delay takes a number from 0.1 to 5 (s) or off, as in --habit delay=1.5, not ``.'],
    ['delay=0', '--habit delay takes a number from 0.1 to 5 (s) or off, as in --habit delay=1.5, not `0`.'],
    ['delay=on', 'not `on`.'],
    ['delay=1e0', 'not `1e0`.'],
    ['cycle=1.5', '--habit cycle takes a whole number from 1 to 10 (s) or off'],
    ['all=1', '--habit all takes off alone, as in --habit all=off, not `all=1`.'],
  ])('refuses %s in one sentence', (text, why) => {
    expect(() => parseHabit(text)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(why) as string }) as Error,
    );
  });

  it('has presets within their bounds, and a page that is written from the catalogue', () => {
    for (const name of HABIT_NAMES) expect(parseHabit(`${name}=${HABITS[name].preset}`)).toBeDefined();
    expect(readFileSync(HABITS_PAGE, 'utf8'), 'npm run habits writes it again').toBe(habitsDocument());
  });
});

/** One token's frames with a habit off. */
const without = (name: HabitName, mode: 1 | 3, from = '09:20', seconds = 60): Frame[] =>
  framesOf({
    mode,
    from,
    seconds,
    listings: niftyFifty().slice(0, 1),
    habits: { ...MEASURED, [name]: undefined },
  });

const live = (frames: readonly Frame[]): readonly Frame[] => frames.filter(({ isCached }) => !isCached);

describe('switched off', () => {
  it('`stamps` are of ms, `sequence` counts the token alone, `rate` has up to 4 packets a second', () => {
    expect(live(without('stamps', 3)).filter(({ exchangeMs }) => exchangeMs % 1000 === 0)).toHaveLength(0);
    const steps = live(without('sequence', 3)).map(({ sequence }) => sequence);
    // LTP packets, which this client does not have, count too.
    expect(Math.max(...steps.slice(1).map((one, k) => one - steps[k]))).toBeLessThanOrEqual(4);
    expect(live(without('rate', 3)).length).toBeGreaterThan(1.3 * live(without('delay', 3)).length);
  });

  it('`repeats` sends no LTP packet with the price of the one before', () => {
    const prices = live(without('repeats', 1)).map(({ price }) => price);
    expect(prices.length).toBeGreaterThan(5);
    expect(prices.filter((price, k) => k > 0 && price === prices[k - 1])).toStrictEqual([]);
  });

  it('`price-first` shows no other price and quantity with the volume before', () => {
    const frames = live(without('price-first', 3, '09:20', 300));
    const first = frames.filter((frame, k) => {
      const before = frames[k - 1];
      return k > 0 && before.volume === frame.volume && before.price !== frame.price;
    });
    expect(first).toStrictEqual([]);
  });

  it('`cached-within` answers at once, `cached-age` with the last packet, `morning` with the day before', () => {
    expect(without('cached-within', 1)[0].atMs).toBe(framesOf({ mode: 1, from: '09:20', seconds: 0, listings: niftyFifty().slice(0, 1), habits: { ...MEASURED, 'cached-within': undefined } })[0].atMs);
    const [cached] = without('cached-age', 3);
    expect(cached.atMs - cached.exchangeMs).toBeLessThan(2500);
    expect(without('morning', 1, '08:00', 2)[0].exchangeMs).toBeLessThan(without('stamps', 1, '08:00', 2)[0].exchangeMs - 40_000_000);
  });

  it('`official-close` keeps the last price, `book` changes every level', () => {
    const frames = without('official-close', 1, '15:29:50', 600);
    const after = frames.filter(({ atMs }) => atMs > frames[0].atMs + 15_000);
    expect(new Set([...after, frames[frames.length - 1]].map(({ price }) => price)).size).toBe(1);
    const levels = live(without('book', 3)).map(({ levels: all }) => all);
    expect(levels.filter((all, k) => k > 0 && all.some((level) => levels[k - 1].includes(level))).length).toBeLessThan(levels.length / 10);
  });
}); // prettier-ignore
