/** A process that stood still: what it finds out, and what it then says of its connection. */
import { expect, it } from 'vitest';
import { endSentence, stallSentence } from '../../src/feed/disconnects.js';
import {
  FEED_LIMITS,
  IDLE,
  step,
  type FeedEvent,
  type FeedState,
} from '../../src/feed/connection-machine.js';
import { StallMeter } from '../../src/stalls.js';
import { broker } from '../../src/run/broker.js';
import { FakeClock } from './fake-clock.js';

const { words } = broker.feed;

it('is found by the clock, or by the uptime of a machine that slept, and not from ordinary delays', () => {
  let nowMs = 0;
  let sleptMs = 0;
  const clock = Object.assign(new FakeClock(), { monoMs: () => nowMs });
  const found: number[] = [];
  const meter = new StallMeter(clock, (ms) => found.push(ms), () => nowMs + sleptMs);
  const after = (ms: number): number => ((nowMs += ms), meter.look());
  expect(after(5000)).toBe(0);
  meter.start();
  expect([after(100), after(700), after(1100)]).toEqual([0, 0, 0]);
  expect(meter.longestMs).toBe(1000);
  expect(meter.recentMs(1e9)).toBeUndefined();
  expect(after(40_100)).toBe(40_000);
  sleptMs = 61_000;
  expect(after(100)).toBe(100_000);
  expect([found, meter.longestMs]).toEqual([[40_000, 60_000], 60_000]);
  after(100);
  expect([meter.recentMs(100), meter.recentMs(99)]).toEqual([60_000, undefined]);
  meter.restart();
  expect(meter.longestMs).toBe(0);
  meter.stop();
  expect(after(50_000)).toBe(100_000);
}); // prettier-ignore

it.each(['pong-overdue', 'mute', 'dropped', 'closed'] as const)('and a connection that ends as %s soon after: the stall is named', (cause) => {
  const rules = { limits: FEED_LIMITS, words };
  const events: FeedEvent[] = [
    { type: 'start', unattended: false },
    { type: 'loggedIn' },
    { type: 'opened', connection: 1 },
    { type: 'packet', connection: 1 },
  ];
  const live = events.reduce<FeedState>((state, event) => step(state, event, 0, rules).state, IDLE);
  const endedBy = (stoodStillMs: number | undefined): string | undefined => {
    const event: FeedEvent =
      cause === 'pong-overdue' || cause === 'mute'
        ? { type: 'tick', lastPongMs: cause === 'mute' ? 60_000 : 0, lastPacketMs: 0, inSession: true, paused: false, stoodStillMs, random: 0 }
        : { type: 'ended', connection: 1, end: { cause, code: 1006, reason: '', stoodStillMs }, random: 0 };
    const { effects } = step(live, event, 60_000, rules);
    return effects.flatMap((effect) => (effect.type === 'report' ? effect.end.sentence : []))[0];
  };
  expect(endedBy(40_200)).toBe('This process stood still for 40 s, and the connection did not outlast that: connecting again.');
  expect(endedBy(undefined)).toBe(endSentence(cause, cause === 'closed' ? 1006 : undefined, '', 60_000, words));
}); // prettier-ignore

it('but not for an end of which the process cannot be the cause', () => {
  expect(stallSentence('certificate', '', 40_000)).toBeUndefined();
});
