/** Whatever happens in whatever order: one connection, no exception, no way to stand still. */
import assert from 'node:assert';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ANGEL } from '../../src/broker/angel/angel.js';
import { EngineError } from '../../src/errors.js';
import {
  FEED_LIMITS,
  IDLE,
  step,
  type FeedEffect,
  type FeedEvent,
  type FeedState,
} from '../../src/feed/connection-machine.js';
import type { EndCause } from '../../src/feed/disconnects.js';

const RULES = { limits: FEED_LIMITS, words: ANGEL.feed.words };

const CAUSES: readonly EndCause[] = [
  'network',
  'certificate',
  'handshake-timeout',
  'unauthorized',
  'forbidden',
  'rate-limited',
  'server-error',
  'unexpected-answer',
  'closed',
  'dropped',
  'protocol',
  'flood',
];
/** No JavaScript number below 1 is above this one. */
const random = fc.double({ min: 0, max: 1 - 2 ** -53, noNaN: true });
const connection = fc.integer({ min: 0, max: 12 });
const end = fc.record({
  cause: fc.constantFrom(...CAUSES),
  code: fc.constantFrom(undefined, 1000, 1006, 1009),
  reason: fc.string(),
});

/** `connection` of the event: a wild one, or -1 for the present one. */
const anyEvent: fc.Arbitrary<FeedEvent> = fc.oneof(
  fc.boolean().map((unattended): FeedEvent => ({ type: 'start', unattended })),
  { weight: 4, arbitrary: fc.constant<FeedEvent>({ type: 'loggedIn' }) },
  fc.record({
    type: fc.constant('loginFailed' as const),
    error: fc.boolean().map((retryable) => new EngineError('LOGIN', 'no', { retryable })),
    limited: fc.boolean(),
    random,
  }),
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('opened' as const),
      connection: fc.oneof(fc.constant(-1), connection),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('packet' as const),
      connection: fc.oneof(fc.constant(-1), connection),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('ended' as const),
      connection: fc.oneof(fc.constant(-1), connection),
      end,
      random,
    }),
  },
  { weight: 4, arbitrary: fc.boolean().map<FeedEvent>((expired) => ({ type: 'waited', expired })) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('tick' as const),
      lastPongMs: fc.integer({ min: 0, max: 400_000 }),
      lastPacketMs: fc.integer({ min: 0, max: 400_000 }),
      inSession: fc.boolean(),
      paused: fc.boolean(),
      random,
    }),
  },
  fc.record({ type: fc.constant('expired' as const), lastSentence: fc.constantFrom(undefined, 'why') }),
);
/** Rarely, so that most histories are long. */
const withStop = fc.oneof({ weight: 60, arbitrary: anyEvent }, fc.constant<FeedEvent>({ type: 'stop' }));

/** What the world holds for the machine: sockets, and answers that are still to come. */
class World {
  readonly sockets = new Set<number>();
  owed: 'login' | 'wait' | undefined;
  given = 0;
  readonly delays: { ms: number; limited: boolean }[] = [];
  #lastConnection = 0;

  perform(effect: FeedEffect, limited: boolean): void {
    switch (effect.type) {
      case 'connect':
        assert.equal(effect.connection, ++this.#lastConnection, 'identities rise by one');
        this.sockets.add(effect.connection);
        break;
      case 'terminate':
      case 'close':
        assert(this.sockets.delete(effect.connection), 'what is dropped was open');
        break;
      case 'logIn':
        this.owed = 'login';
        break;
      case 'wait':
        this.owed = 'wait';
        this.delays.push({ ms: effect.delayMs, limited });
        break;
      case 'giveUp':
        this.given++;
        break;
      case 'subscribe':
      case 'ping':
        assert(this.sockets.has(effect.connection), 'only an open socket is written to');
        break;
      case 'report':
        break;
    }
  }
}

function present(state: FeedState, event: FeedEvent): FeedEvent {
  return 'connection' in event && event.connection === -1
    ? { ...event, connection: state.memory.connection }
    : event;
}

const waitsForSocket = (state: FeedState): boolean =>
  state.kind === 'connecting' || state.kind === 'subscribing' || state.kind === 'live';

function play(events: readonly FeedEvent[], stepsMs: readonly number[]): { state: FeedState; world: World } {
  let state = IDLE;
  let nowMs = 0;
  const world = new World();
  events.forEach((wild, index) => {
    const event = present(state, wild);
    nowMs += stepsMs[index % stepsMs.length];
    const mine =
      event.type === 'ended' && event.connection === state.memory.connection && waitsForSocket(state);
    if (mine) world.sockets.delete(state.memory.connection);
    const before = state.kind;
    const taken = step(state, event, nowMs, RULES);
    state = taken.state;
    if (state.kind !== before && (before === 'loggingIn' || before === 'waiting')) world.owed = undefined;
    const limited =
      (mine && (event.end.cause === 'rate-limited' || event.end.cause === 'forbidden')) ||
      (event.type === 'loginFailed' && event.limited);
    for (const effect of taken.effects) world.perform(effect, limited);

    // `expect` is too slow for this loop.
    assert(world.sockets.size <= 1, 'one socket by construction');
    // Standing still is impossible: each state waits for something that will come.
    assert.equal(
      world.sockets.has(state.memory.connection),
      waitsForSocket(state),
      `a socket in ${state.kind}`,
    );
    assert.equal(
      world.owed,
      state.kind === 'loggingIn' ? 'login' : state.kind === 'waiting' ? 'wait' : undefined,
      `what comes in ${state.kind}`,
    );
  });
  return { state, world };
}

const gaps = fc.array(fc.integer({ min: 0, max: 90_000 }), { minLength: 1, maxLength: 8 });

it('never two connections, never an exception, never standing still', () => {
  fc.assert(
    fc.property(fc.array(withStop, { size: 'max', maxLength: 200 }), gaps, (events, stepsMs) => {
      const { state, world } = play([{ type: 'start', unattended: false }, ...events], stepsMs);
      for (const { ms, limited } of world.delays)
        assert(limited ? ms >= 60_000 && ms <= 90_000 : ms >= 0 && ms < 20_000, `a delay of ${ms}`);
      if (state.kind === 'stopped') expect(world.given).toBe(state.error === undefined ? 0 : 1);
      else expect(world.given).toBe(0);
    }),
    { numRuns: 600 },
  );
});

it('once open it ends for nothing but `stop`, a refused log-in, or a 401 after a fresh log-in', () => {
  const harmless = anyEvent.filter(
    (event) =>
      !(event.type === 'loginFailed' && !event.error.retryable) &&
      !(event.type === 'ended' && event.end.cause === 'unauthorized'),
  );
  fc.assert(
    fc.property(fc.array(harmless, { size: 'max', maxLength: 300 }), gaps, (events, stepsMs) => {
      const { state } = play(
        [
          { type: 'start', unattended: false },
          { type: 'loggedIn' },
          { type: 'opened', connection: 1 },
          ...events,
        ],
        stepsMs,
      );
      expect(state.kind).not.toBe('stopped');
      expect(state.kind).not.toBe('idle');
    }),
    { numRuns: 300 },
  );
});

it('two 401 in a row always end it, however far the first was from the open', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom<EndCause>('network', 'dropped', 'server-error'), { maxLength: 10 }),
      random,
      (between, jitter) => {
        const fails = (cause: EndCause): FeedEvent => ({
          type: 'ended',
          connection: -1,
          end: { cause, code: undefined, reason: '' },
          random: jitter,
        });
        const events: FeedEvent[] = [
          { type: 'start', unattended: false },
          { type: 'loggedIn' },
          fails('unauthorized'),
          { type: 'loggedIn' },
        ];
        for (const cause of between) events.push(fails(cause), { type: 'waited', expired: false });
        const { state } = play([...events, fails('unauthorized')], [1]);
        expect(state.kind).toBe('stopped');
      },
    ),
  );
});

it('a dropped feed asks for its next connection within 30 s, a mute one within 60 s, after any number of attempts', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 60 }), random, fc.boolean(), (attempts, jitter, mute) => {
      let state = IDLE;
      let nowMs = 0;
      const drop: FeedEvent = {
        type: 'ended',
        connection: -1,
        end: { cause: 'dropped', code: 1006, reason: '' },
        random: jitter,
      };
      const lead: FeedEvent[] = [
        { type: 'start', unattended: false },
        { type: 'loggedIn' },
        { type: 'opened', connection: -1 },
      ];
      for (let i = 0; i < attempts; i++)
        lead.push(drop, { type: 'waited', expired: false }, { type: 'opened', connection: -1 });
      for (const event of lead) state = step(state, present(state, event), nowMs, RULES).state;
      // The last packet comes now; then silence with pongs, or the drop.
      const lostMs = nowMs;
      let taken = mute ? undefined : step(state, present(state, drop), nowMs, RULES);
      while (taken === undefined || taken.state.kind !== 'waiting') {
        nowMs += 1000;
        taken = step(
          state,
          {
            type: 'tick',
            lastPongMs: nowMs,
            lastPacketMs: lostMs,
            inSession: true,
            paused: false,
            random: jitter,
          },
          nowMs,
          RULES,
        );
        state = taken.state;
        if (nowMs > 120_000) break;
      }
      const wait = taken.effects.find((effect) => effect.type === 'wait');
      expect(nowMs - lostMs + (wait?.delayMs ?? Infinity)).toBeLessThan(mute ? 60_000 : 30_000);
    }),
    { numRuns: 300 },
  );
  expect(FEED_LIMITS.packetWithinMs).toBeLessThanOrEqual(30_000);
});
