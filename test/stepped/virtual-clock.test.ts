import { describe, expect, it } from 'vitest';
import { within } from '../../src/clock.js';
import { VirtualClock } from '../../src/stepped/virtual-clock.js';

const ORIGIN_MS = 1_795_000_000_000;

describe('a virtual clock', () => {
  it('shows one time for the market, the machine and the wall, and stands still', () => {
    const clock = new VirtualClock(ORIGIN_MS);
    expect([clock.marketMs(), clock.monoMs(), clock.wallMs(), clock.speed]).toEqual([
      ORIGIN_MS,
      ORIGIN_MS,
      ORIGIN_MS,
      1,
    ]);
    expect(clock.dueMs).toBe(Infinity);
    clock.fireNext();
    expect(clock.marketMs()).toBe(ORIGIN_MS);
  });

  it('fires timers in the order of their times, and of their making at the same time', () => {
    const clock = new VirtualClock(ORIGIN_MS);
    const fired: string[] = [];
    const note = (name: string) => (): void => void fired.push(`${name} ${clock.monoMs() - ORIGIN_MS}`);
    clock.every(10, note('every 10'));
    clock.after(20, note('after 20'));
    clock.after(5, note('after 5')).cancel();
    clock.after(15, () => clock.after(5, note('made at 15')));
    while (clock.dueMs <= ORIGIN_MS + 20) clock.fireNext();
    expect(fired).toEqual(['every 10 10', 'after 20 20', 'every 10 20', 'made at 15 20']);
  });

  it('never moves back, and a timer that moves itself to now does not hold time still', () => {
    const clock = new VirtualClock(ORIGIN_MS);
    clock.moveTo(ORIGIN_MS + 100);
    clock.moveTo(ORIGIN_MS + 50);
    expect(clock.marketMs()).toBe(ORIGIN_MS + 100);
    const again = (): void => void clock.after(0, again);
    again();
    for (let k = 0; k < 5; k++) clock.fireNext();
    expect(clock.marketMs()).toBe(ORIGIN_MS + 105);
  });

  it('knows whether the next timer may send', () => {
    const clock = new VirtualClock(ORIGIN_MS);
    const nothing = (): void => undefined;
    clock.every(10, nothing, 'sends nothing');
    expect(clock.dueMaySend).toBe(false);
    const sends = clock.after(5, nothing);
    expect(clock.dueMaySend).toBe(true);
    sends.cancel();
    expect(clock.dueMaySend).toBe(false);
  });

  it('bounds a promise like any clock', async () => {
    const clock = new VirtualClock(ORIGIN_MS);
    const late = within(clock, 1000, new Promise<string>(() => undefined), () => 'late');
    clock.fireNext();
    expect(await late).toBe('late');
    expect(clock.marketMs()).toBe(ORIGIN_MS + 1000);
    expect(clock.dueMs).toBe(Infinity);
  });
});
