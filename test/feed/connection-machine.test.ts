/** Every transition of the feed's machine that is meant, one row each. */
import { describe, expect, it } from 'vitest';
import { ANGEL } from '../../src/broker/angel/angel.js';
import { EngineError } from '../../src/errors.js';
import {
  FEED_LIMITS,
  IDLE,
  step,
  type FeedEvent,
  type FeedState,
} from '../../src/feed/connection-machine.js';
import type { EndCause } from '../../src/feed/disconnects.js';

const RULES = { limits: FEED_LIMITS, words: ANGEL.feed.words };

const unreachable = new EngineError('LOGIN', 'no network', { retryable: true });
const refused = new EngineError('LOGIN', 'wrong PIN');
const ended = (connection: number, cause: EndCause = 'dropped', reason = ''): FeedEvent => ({
  type: 'ended',
  connection,
  end: { cause, code: undefined, reason },
  random: 0.5,
});
const tick = (
  heard: { pongMs?: number; packetMs?: number; inSession?: boolean; paused?: boolean } = {},
): FeedEvent => ({
  type: 'tick',
  lastPongMs: heard.pongMs ?? 0,
  lastPacketMs: heard.packetMs ?? 0,
  inSession: heard.inSession ?? true,
  paused: heard.paused ?? false,
  random: 0.5,
});

/** Walks through events, `[event, at ms]`, and returns the last state with all effects, as `type` or `type detail`. */
function walk(...events: readonly (readonly [FeedEvent, number])[]): {
  state: FeedState;
  effects: string[];
  last: string[];
} {
  let state = IDLE;
  const effects: string[] = [];
  let last: string[] = [];
  for (const [event, nowMs] of events) {
    const taken = step(state, event, nowMs, RULES);
    state = taken.state;
    last = taken.effects.map((effect) => {
      switch (effect.type) {
        case 'report':
          return `report ${effect.end.connection} ${effect.end.cause}`;
        case 'wait':
          return `wait ${effect.delayMs} #${effect.attempt}${effect.patient ? ' patient' : ''}`;
        case 'giveUp':
          return `giveUp ${effect.error.code}`;
        case 'logIn':
          return 'logIn';
        case 'connect':
        case 'subscribe':
        case 'ping':
        case 'terminate':
        case 'close':
          return `${effect.type} ${effect.connection}`;
      }
    });
    effects.push(...last);
  }
  return { state, effects, last };
}

const start: readonly [FeedEvent, number] = [{ type: 'start', unattended: false }, 0];
const loggedIn: readonly [FeedEvent, number] = [{ type: 'loggedIn' }, 0];
const waited: readonly [FeedEvent, number] = [{ type: 'waited', expired: false }, 0];
const opened = (connection: number, atMs = 0): readonly [FeedEvent, number] => [
  { type: 'opened', connection },
  atMs,
];
const open1 = [start, loggedIn, opened(1)] as const;

describe('the way to a live feed', () => {
  it('logs in once, connects, subscribes, and is live with the first packet', () => {
    const { state, effects } = walk(...open1, [{ type: 'packet', connection: 1 }, 1]);
    expect(state.kind).toBe('live');
    expect(effects).toEqual(['logIn', 'connect 1', 'subscribe 1']);
  });

  it('reconnects with a new identity and subscribes again, without a new log-in', () => {
    const { state, effects } = walk(...open1, [ended(1), 10], waited, opened(2));
    expect(state.kind).toBe('subscribing');
    expect(effects.slice(3)).toEqual(['report 1 dropped', 'wait 250 #1', 'connect 2', 'subscribe 2']);
  });

  it('counts attempts upwards until a connection was stable for a minute', () => {
    const after = (livedMs: number): string | undefined =>
      walk(...open1, [ended(1), 0], waited, opened(2), [ended(2), 0], waited, opened(3), [ended(3), livedMs])
        .last[1];
    expect(after(FEED_LIMITS.stableMs - 1)).toBe('wait 1000 #3');
    expect(after(FEED_LIMITS.stableMs)).toBe('wait 250 #1');
  });
});

describe('refusals', () => {
  it('401: one fresh log-in and no wait; a second in a row ends it, naming the words of the server', () => {
    const { state, effects } = walk(start, loggedIn, [ended(1, 'unauthorized'), 0], loggedIn, [
      ended(2, 'unauthorized', 'Invalid Header - Invalid Feed Token'),
      0,
    ]);
    expect(effects).toEqual([
      'logIn',
      'connect 1',
      'report 1 unauthorized',
      'logIn',
      'connect 2',
      'report 2 unauthorized',
      'giveUp CONNECT',
    ]);
    expect(state.kind === 'stopped' && state.error?.message).toContain('Invalid Header - Invalid Feed Token');
    expect(state.kind === 'stopped' && state.error?.exitCode).toBe(3);
  });

  it('401 after 401 with an open connection between them is a first one again', () => {
    const { state, effects } = walk(
      start,
      loggedIn,
      [ended(1, 'unauthorized'), 0],
      loggedIn,
      opened(2),
      [ended(2), 0],
      waited,
      [ended(3, 'unauthorized'), 0],
    );
    expect(state.kind).toBe('loggingIn');
    expect(effects.filter((effect) => effect === 'logIn')).toHaveLength(3);
  });

  it('a fresh log-in that fails for the network is tried again once the feed was open, and ends it before', () => {
    const failed: readonly [FeedEvent, number] = [
      { type: 'loginFailed', error: unreachable, limited: false, random: 0.5 },
      0,
    ];
    expect(walk(start, failed).last).toEqual(['giveUp LOGIN']);
    const later = walk(...open1, [ended(1), 0], waited, [ended(2, 'unauthorized'), 0], failed);
    expect(later.last).toEqual(['wait 500 #2']);
    expect(walk(...open1, [ended(1), 0], waited, [ended(2, 'unauthorized'), 0], failed, waited).last).toEqual(
      ['logIn'],
    );
  });

  it('tries again from the beginning where no user is present, unless it can never succeed', () => {
    const alone: readonly [FeedEvent, number] = [{ type: 'start', unattended: true }, 0];
    expect(
      walk(alone, [{ type: 'loginFailed', error: unreachable, limited: false, random: 0.5 }, 0]).effects,
    ).toEqual(['logIn', 'wait 250 #1']);
    expect(
      walk(alone, [{ type: 'loginFailed', error: refused, limited: false, random: 0.5 }, 0]).state.kind,
    ).toBe('stopped');
    expect(
      walk(start, [{ type: 'loginFailed', error: unreachable, limited: false, random: 0.5 }, 0]).state.kind,
    ).toBe('stopped');
  });

  it('a log-in that is refused is never tried again', () => {
    const failed: readonly [FeedEvent, number] = [
      { type: 'loginFailed', error: refused, limited: false, random: 0.5 },
      0,
    ];
    expect(walk(...open1, [ended(1), 0], waited, [ended(2, 'unauthorized'), 0], failed).last).toEqual([
      'giveUp LOGIN',
    ]);
  });

  it('a fresh log-in that is refused for its rate is left alone for a minute at least', () => {
    const failed: readonly [FeedEvent, number] = [
      { type: 'loginFailed', error: unreachable, limited: true, random: 0.5 },
      0,
    ];
    expect(walk(...open1, [ended(1), 0], waited, [ended(2, 'unauthorized'), 0], failed).last).toEqual([
      'wait 75000 #2',
    ]);
  });

  it('a first log-in that is refused for its rate is tried once more after a minute, then ends', () => {
    const failed: readonly [FeedEvent, number] = [
      { type: 'loginFailed', error: unreachable, limited: true, random: 0.5 },
      0,
    ];
    expect(walk(start, failed).last).toEqual(['wait 75000 #1 patient']);
    expect(walk(start, failed, waited).last).toEqual(['logIn']);
    expect(walk(start, failed, waited, failed).last).toEqual(['giveUp LOGIN']);
  });

  it('a limit that was hit is left alone for a minute at least', () => {
    expect(walk(...open1, [ended(1, 'rate-limited'), 0]).last).toEqual([
      'report 1 rate-limited',
      'wait 75000 #1',
    ]);
  });

  it('a limit at the first handshake is waited for once, with patience; a second one ends it', () => {
    const once = walk(start, loggedIn, [ended(1, 'rate-limited'), 0]);
    expect(once.last).toEqual(['report 1 rate-limited', 'wait 75000 #1 patient']);
    expect(
      walk(start, loggedIn, [ended(1, 'rate-limited'), 0], waited, [ended(2, 'rate-limited'), 0]).last,
    ).toEqual(['report 2 rate-limited', 'giveUp CONNECT']);
  });

  it.each<EndCause>(['forbidden', 'certificate'])(
    '%s at the start ends it; once the feed was open it continues',
    (cause) => {
      expect(walk(start, loggedIn, [ended(1, cause), 0]).last).toEqual([
        `report 1 ${cause}`,
        'giveUp CONNECT',
      ]);
      expect(walk(...open1, [ended(1), 0], waited, [ended(2, cause), 0]).last).toEqual([
        `report 2 ${cause}`,
        cause === 'forbidden' ? 'wait 75000 #2' : 'wait 500 #2',
      ]);
    },
  );

  it('tokens that have expired meanwhile are replaced before they are used again', () => {
    expect(walk(...open1, [ended(1), 0], [{ type: 'waited', expired: true }, 0]).last).toEqual(['logIn']);
    expect(walk(...open1, [ended(1), 0], [{ type: 'waited', expired: true }, 0], loggedIn).last).toEqual([
      'connect 2',
    ]);
  });

  it('nothing opened in time: the attempt is dropped and the last reason told; after the first open nothing expires', () => {
    const expired: readonly [FeedEvent, number] = [{ type: 'expired', lastSentence: 'The reason.' }, 0];
    const early = walk(start, loggedIn, expired);
    expect(early.last).toEqual(['terminate 1', 'giveUp CONNECT']);
    expect(early.state.kind === 'stopped' && early.state.error?.message).toBe('The reason.');
    expect(walk(start, loggedIn, [ended(1), 0], expired).last).toEqual(['giveUp CONNECT']);
    expect(walk(...open1, expired).last).toEqual([]);
  });
});

describe('liveness', () => {
  const { pongWithinMs, packetWithinMs, pingEveryMs } = FEED_LIMITS;

  it('pings every 10 s from open', () => {
    expect(pingEveryMs).toBe(10_000);
    expect(walk(...open1, [tick(), 9_999]).last).toEqual([]);
    expect(walk(...open1, [tick(), 10_000]).last).toEqual(['ping 1']);
    expect(walk(...open1, [tick(), 10_000], [tick(), 19_999]).last).toEqual([]);
    expect(walk(...open1, [tick(), 10_000], [tick(), 20_000]).last).toEqual(['ping 1']);
  });

  it('packets are no pong and a pong is no packet', () => {
    const noPong = walk(...open1, [tick({ packetMs: pongWithinMs + 1 }), pongWithinMs + 1]);
    expect(noPong.last).toEqual(['terminate 1', 'report 1 pong-overdue', 'wait 250 #1']);
    const noPacket = walk(...open1, [tick({ pongMs: packetWithinMs + 1 }), packetWithinMs + 1]);
    expect(noPacket.last).toEqual(['terminate 1', 'report 1 mute', 'wait 250 #1']);
  });

  it('silence counts from the open, though nothing was ever heard', () => {
    expect(walk(start, loggedIn, opened(1, 500_000), [tick(), 500_000 + pongWithinMs]).state.kind).toBe(
      'subscribing',
    );
    expect(walk(start, loggedIn, opened(1, 500_000), [tick(), 500_001 + pongWithinMs]).state.kind).toBe(
      'waiting',
    );
  });

  /** Connections that say nothing, or only a cached packet; what followed each. */
  function mute(times: number, packetMs = 0): string[] {
    const events: (readonly [FeedEvent, number])[] = [...open1];
    const followed: string[] = [];
    for (let connection = 1; connection <= times; connection++) {
      events.push([tick({ pongMs: packetWithinMs + 10_000, packetMs }), packetWithinMs + 10_000], waited);
      const { last } = walk(...events);
      followed.push(last[0]);
      if (last[0] === 'logIn') events.push(loggedIn);
      events.push(opened(connection + 1));
    }
    return followed;
  }

  it('mute and mute again: a fresh log-in comes before the next connection, and log-ins get rarer', () => {
    expect(mute(8)).toEqual([
      'connect 2',
      'logIn',
      'connect 4',
      'logIn',
      'connect 6',
      'connect 7',
      'connect 8',
      'logIn',
    ]);
  });

  it('a cached packet does not count as a feed that speaks, a later one does', () => {
    expect(mute(2, FEED_LIMITS.cachedWithinMs)).toEqual(['connect 2', 'logIn']);
    expect(mute(4, FEED_LIMITS.cachedWithinMs + 1)).toEqual([
      'connect 2',
      'connect 3',
      'connect 4',
      'connect 5',
    ]);
  });

  it('out of session only pongs are missed; paused, nothing is', () => {
    expect(walk(...open1, [tick({ pongMs: 900_000, inSession: false }), 900_000]).last).toEqual(['ping 1']);
    expect(walk(...open1, [tick({ inSession: false }), 900_000]).last[0]).toBe('terminate 1');
    expect(walk(...open1, [tick({ paused: true }), 900_000]).last).toEqual(['ping 1']);
  });
});

describe('what does not concern the present connection changes nothing', () => {
  it.each<[string, FeedEvent]>([
    ['a late open', { type: 'opened', connection: 1 }],
    ['a late packet', { type: 'packet', connection: 1 }],
    ['a late end', ended(1)],
    ['a second log-in', { type: 'loggedIn' }],
    ['a timer of no wait', { type: 'waited', expired: false }],
    ['a second start', { type: 'start', unattended: false }],
  ])('%s', (_name, event) => {
    const before = walk(...open1, [ended(1), 0], waited, opened(2));
    const after = step(before.state, event, 1, RULES);
    expect(after.state).toBe(before.state);
    expect(after.effects).toEqual([]);
  });

  it('stopped stays stopped', () => {
    const before = walk(...open1, [{ type: 'stop' }, 0]);
    expect(before.last).toEqual(['close 1']);
    for (const event of [
      start[0],
      loggedIn[0],
      waited[0],
      opened(1)[0],
      ended(1),
      tick(),
      { type: 'stop' } as const,
    ]) {
      expect(step(before.state, event, 900_000, RULES)).toEqual({ state: before.state, effects: [] });
    }
  });
});
