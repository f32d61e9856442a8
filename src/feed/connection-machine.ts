/**
 * The feed's state machine: (state, event, nowMs) -> state and effects. Pure: no socket, clock or randomness of its
 * own, so a test can walk every path. At most one connection exists: a new one follows the old one's end, and events
 * of another connection change nothing.
 *
 *   idle -> loggingIn -> connecting -> subscribing -> live
 *                ^           ^  |           |          |
 *                | (401,     |  v           v          v          any -> stopped
 *                | expired,  |  |           |          |
 *                | mute)     |  |           |          |
 *                +-------- waiting <--------+----------+
 */
import { EngineError } from '../errors.js';
import type { FeedWords } from '../broker/broker.js';
import { BACKOFF, retryDelayMs } from './backoff.js';
import { endSentence, stallSentence, type ConnectionEnd, type EndCause } from './disconnects.js';

/** Real ms. */
export interface FeedLimits {
  readonly pingEveryMs: number;
  /** After this silence of pongs the connection is dead. Two and a half pings. */
  readonly pongWithinMs: number;
  /** After this silence of packets in session the connection is mute. It must be replaced within a minute. */
  readonly packetWithinMs: number;
  /**
   * Packets this soon after the open are cached and prove nothing: yesterday's tokens got them too (docs/traps.md
   * A9).
   */
  readonly cachedWithinMs: number;
  /** After this life the count of retries is 0 again. */
  readonly stableMs: number;
}

export const FEED_LIMITS: FeedLimits = {
  pingEveryMs: 10_000,
  pongWithinMs: 25_000,
  packetWithinMs: 30_000,
  cachedWithinMs: 5_000,
  stableMs: BACKOFF.stableMs,
};

export interface FeedRules {
  readonly limits: FeedLimits;
  /** For sentences. */
  readonly words: FeedWords;
}

/** What outlives a connection. */
interface Memory {
  /** Of the last connection; the next one is one more. */
  readonly connection: number;
  /** Retries since the last stable connection. */
  readonly attempt: number;
  /** The last handshake was refused with 401, and a fresh log-in followed. */
  readonly refreshed: boolean;
  readonly everOpen: boolean;
  /** No user is present: passing faults are retried from the start. */
  readonly unattended: boolean;
  /** Mute connections in a row. */
  readonly mutes: number;
  /** Limits hit before anything was open. */
  readonly limitHits: number;
}

export type FeedState =
  | { readonly kind: 'idle'; readonly memory: Memory }
  | { readonly kind: 'loggingIn'; readonly memory: Memory }
  | { readonly kind: 'connecting'; readonly memory: Memory }
  | {
      readonly kind: 'subscribing' | 'live';
      readonly memory: Memory;
      readonly openedMs: number;
      readonly pingedMs: number;
    }
  | { readonly kind: 'waiting'; readonly memory: Memory; readonly then: 'logIn' | 'connect' }
  | { readonly kind: 'stopped'; readonly memory: Memory; readonly error: EngineError | undefined };

/** The end of an attempt or connection, as the socket saw it. */
export interface RawEnd {
  readonly cause: EndCause;
  readonly code: number | undefined;
  readonly reason: string;
  /** Real ms for which this process stood still just before; undefined if it did not. */
  readonly stoodStillMs?: number | undefined;
}

export type FeedEvent =
  /** `unattended`: as of Memory. */
  | { readonly type: 'start'; readonly unattended: boolean }
  | { readonly type: 'loggedIn' }
  | {
      readonly type: 'loginFailed';
      readonly error: EngineError;
      /** For the rate. */ readonly limited: boolean;
      readonly random: number;
    }
  | { readonly type: 'opened'; readonly connection: number }
  /** The first binary message of a connection. */
  | { readonly type: 'packet'; readonly connection: number }
  | { readonly type: 'ended'; readonly connection: number; readonly end: RawEnd; readonly random: number }
  /** `expired`: a new connection needs new tokens. */
  | { readonly type: 'waited'; readonly expired: boolean }
  /** Last arrivals in real ms; while reading is paused nothing is overdue. */
  | {
      readonly type: 'tick';
      readonly lastPongMs: number;
      readonly lastPacketMs: number;
      readonly inSession: boolean;
      readonly paused: boolean;
      /** As of RawEnd. */
      readonly stoodStillMs?: number | undefined;
      readonly random: number;
    }
  /** The time for the first open has passed. */
  | { readonly type: 'expired'; readonly lastSentence: string | undefined }
  | { readonly type: 'stop' };

export type FeedEffect =
  | { readonly type: 'logIn' }
  | { readonly type: 'connect'; readonly connection: number }
  | { readonly type: 'subscribe'; readonly connection: number }
  | { readonly type: 'ping'; readonly connection: number }
  /** Without a close frame: a dead server does not answer one. */
  | { readonly type: 'terminate'; readonly connection: number }
  /** With a close frame. */
  | { readonly type: 'close'; readonly connection: number }
  | { readonly type: 'report'; readonly end: ConnectionEnd }
  /** `patient`: none was open yet; the time for the first open starts again after the wait. */
  | { readonly type: 'wait'; readonly delayMs: number; readonly attempt: number; readonly patient: boolean }
  | { readonly type: 'giveUp'; readonly error: EngineError };

export interface Step {
  readonly state: FeedState;
  readonly effects: readonly FeedEffect[];
}

export const IDLE: FeedState = {
  kind: 'idle',
  memory: {
    connection: 0,
    attempt: 0,
    refreshed: false,
    everOpen: false,
    unattended: false,
    mutes: 0,
    limitHits: 0,
  },
};

/** Connections are numbered from `connection` + 1. */
export function idleAfter(connection: number): FeedState {
  return { kind: 'idle', memory: { ...IDLE.memory, connection } };
}

function connect(memory: Memory): Step {
  const connection = memory.connection + 1;
  return {
    state: { kind: 'connecting', memory: { ...memory, connection } },
    effects: [{ type: 'connect', connection }],
  };
}

function giveUp(memory: Memory, error: EngineError, before: readonly FeedEffect[] = []): Step {
  return { state: { kind: 'stopped', memory, error }, effects: [...before, { type: 'giveUp', error }] };
}

function wait(
  memory: Memory,
  then: 'logIn' | 'connect',
  random: number,
  limited: boolean,
  before: readonly FeedEffect[],
): Step {
  const attempt = memory.attempt + 1;
  const delayMs = retryDelayMs(memory.attempt, random, limited);
  const patient = limited && !memory.everOpen;
  return {
    state: { kind: 'waiting', memory: { ...memory, attempt }, then },
    effects: [...before, { type: 'wait', delayMs, attempt, patient }],
  };
}

/** Ends that a retry does not cure, before the first open: there a user reads the sentence. */
function isHopeless(cause: EndCause, { everOpen, limitHits }: Memory): boolean {
  // The first refusal may count a crashed program's sockets, which expire; a second means another live client.
  return (
    !everOpen &&
    (cause === 'certificate' || cause === 'forbidden' || (cause === 'rate-limited' && limitHits > 0))
  );
}

const withHit = (memory: Memory, limited: boolean): Memory =>
  limited ? { ...memory, limitHits: memory.limitHits + 1 } : memory;

/** Before the first open a user reads the sentence; later, or a first time for the rate, it is a passing fault. */
const isPassing = (limited: boolean, { everOpen, unattended, limitHits }: Memory): boolean =>
  everOpen || unattended || (limited && limitHits === 0);

/**
 * True if a fresh log-in follows the n-th mute connection in a row: the second, fourth, eighth... so that log-ins get
 * rarer.
 */
function needsLogIn(mutes: number): boolean {
  return mutes >= 2 && (mutes & (mutes - 1)) === 0;
}

function afterEnd(
  state: Open,
  raw: RawEnd,
  random: number,
  nowMs: number,
  { limits, words }: FeedRules,
  before: readonly FeedEffect[],
): Step {
  const { cause, code, reason, stoodStillMs } = raw;
  const { memory } = state;
  const livedMs = state.kind === 'connecting' ? 0 : nowMs - state.openedMs;
  const end: ConnectionEnd = {
    connection: memory.connection,
    cause,
    code,
    reason,
    livedMs,
    sentence:
      (stoodStillMs === undefined ? undefined : stallSentence(cause, reason, stoodStillMs)) ??
      endSentence(cause, code, reason, livedMs, words),
  };
  const effects: FeedEffect[] = [...before, { type: 'report', end }];
  if (cause === 'unauthorized') {
    const said = reason === '' ? '' : `: ${reason}`;
    if (memory.refreshed)
      return giveUp(
        memory,
        new EngineError(
          'CONNECT',
          `The feed refuses the tokens of a fresh log-in too (401${said}): ${words.freshTokensRefused}`,
        ),
        effects,
      );
    return {
      state: { kind: 'loggingIn', memory: { ...memory, refreshed: true } },
      effects: [...effects, { type: 'logIn' }],
    };
  }
  if (isHopeless(cause, memory)) return giveUp(memory, new EngineError('CONNECT', end.sentence), effects);
  const limited = cause === 'rate-limited' || cause === 'forbidden';
  const mutes = cause === 'mute' ? memory.mutes + 1 : memory.mutes;
  const next: Memory = {
    ...memory,
    mutes,
    attempt: livedMs >= limits.stableMs ? 0 : memory.attempt,
  };
  return wait(
    withHit(next, limited),
    cause === 'mute' && needsLogIn(mutes) ? 'logIn' : 'connect',
    random,
    limited,
    effects,
  );
}

function onTick(
  state: Extract<FeedState, { kind: 'subscribing' | 'live' }>,
  event: Extract<FeedEvent, { type: 'tick' }>,
  nowMs: number,
  rules: FeedRules,
): Step {
  const { limits } = rules;
  // Packets came after the cached ones: this connection is not mute.
  const spoke = state.memory.mutes > 0 && event.lastPacketMs > state.openedMs + limits.cachedWithinMs;
  const memory = spoke ? { ...state.memory, mutes: 0 } : state.memory;
  const { connection } = memory;
  if (!event.paused) {
    const pongSilence = nowMs - Math.max(state.openedMs, event.lastPongMs);
    const packetSilence = nowMs - Math.max(state.openedMs, event.lastPacketMs);
    const cause =
      pongSilence > limits.pongWithinMs
        ? 'pong-overdue'
        : event.inSession && packetSilence > limits.packetWithinMs
          ? 'mute'
          : undefined;
    if (cause !== undefined)
      return afterEnd(
        { ...state, memory },
        { cause, code: undefined, reason: '', stoodStillMs: event.stoodStillMs },
        event.random,
        nowMs,
        rules,
        [{ type: 'terminate', connection }],
      );
  }
  const due = nowMs - state.pingedMs >= limits.pingEveryMs;
  if (!due) return { state: spoke ? { ...state, memory } : state, effects: [] };
  return { state: { ...state, memory, pingedMs: nowMs }, effects: [{ type: 'ping', connection }] };
}

type Open = Extract<FeedState, { kind: 'connecting' | 'subscribing' | 'live' }>;

function hasSocket(state: FeedState): state is Open {
  return state.kind === 'connecting' || state.kind === 'subscribing' || state.kind === 'live';
}

function onLogIn(
  state: FeedState,
  event: Extract<FeedEvent, { type: 'start' | 'loggedIn' | 'loginFailed' | 'waited' }>,
): Step | undefined {
  const { memory } = state;
  const logIn = (next: Memory): Step => ({
    state: { kind: 'loggingIn', memory: next },
    effects: [{ type: 'logIn' }],
  });
  switch (event.type) {
    case 'start':
      return state.kind === 'idle' ? logIn({ ...memory, unattended: event.unattended }) : undefined;
    case 'loggedIn':
      return state.kind === 'loggingIn' ? connect(memory) : undefined;
    case 'loginFailed':
      if (state.kind !== 'loggingIn') return undefined;
      return event.error.retryable && isPassing(event.limited, memory)
        ? wait(withHit(memory, event.limited), 'logIn', event.random, event.limited, [])
        : giveUp(memory, event.error);
    case 'waited':
      if (state.kind !== 'waiting') return undefined;
      return state.then === 'connect' && !event.expired ? connect(memory) : logIn(memory);
  }
}

/** Events of another connection change nothing. */
function onConnection(
  state: FeedState,
  event: Extract<FeedEvent, { type: 'opened' | 'packet' | 'ended' | 'tick' }>,
  nowMs: number,
  rules: FeedRules,
): Step | undefined {
  const { memory } = state;
  if (!hasSocket(state) || ('connection' in event && event.connection !== memory.connection))
    return undefined;
  switch (event.type) {
    case 'opened':
      if (state.kind !== 'connecting') return undefined;
      return {
        state: {
          kind: 'subscribing',
          memory: { ...memory, everOpen: true, refreshed: false },
          openedMs: nowMs,
          pingedMs: nowMs,
        },
        effects: [{ type: 'subscribe', connection: memory.connection }],
      };
    case 'packet':
      return state.kind === 'subscribing' ? { state: { ...state, kind: 'live' }, effects: [] } : undefined;
    case 'ended':
      return afterEnd(state, event.end, event.random, nowMs, rules, []);
    case 'tick':
      return state.kind === 'connecting' ? undefined : onTick(state, event, nowMs, rules);
  }
}

/** The time for the first open has passed. */
function onExpired(state: FeedState, lastSentence: string | undefined): Step | undefined {
  const { memory } = state;
  if (memory.everOpen || state.kind === 'idle') return undefined;
  const drop: FeedEffect[] =
    state.kind === 'connecting' ? [{ type: 'terminate', connection: memory.connection }] : [];
  return giveUp(
    memory,
    new EngineError(
      'CONNECT',
      lastSentence ?? 'The feed did not open in time: look at the network, then try again.',
    ),
    drop,
  );
}

/** The next state and its effects. `nowMs`: monotonic real ms. Never throws. */
export function step(state: FeedState, event: FeedEvent, nowMs: number, rules: FeedRules): Step {
  const unchanged: Step = { state, effects: [] };
  if (state.kind === 'stopped') return unchanged;
  const { memory } = state;
  switch (event.type) {
    case 'start':
    case 'loggedIn':
    case 'loginFailed':
    case 'waited':
      return onLogIn(state, event) ?? unchanged;
    case 'opened':
    case 'packet':
    case 'ended':
    case 'tick':
      return onConnection(state, event, nowMs, rules) ?? unchanged;
    case 'expired':
      return onExpired(state, event.lastSentence) ?? unchanged;
    case 'stop':
      return {
        state: { kind: 'stopped', memory, error: undefined },
        effects: hasSocket(state) ? [{ type: 'close', connection: memory.connection }] : [],
      };
  }
}
