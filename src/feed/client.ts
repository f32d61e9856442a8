/**
 * Performs what the machine decides, with one socket at most. The only owner of reconnection and of the
 * subscriptions, which are sent again on every open.
 */
import type { Clock, Timer } from '../clock.js';
import { EngineError } from '../errors.js';
import type { Log } from '../log.js';
import type { Random } from '../random.js';
import type { MessageBatch } from '../broker/messages.js';
import type { Broker, BrokerSession, Credentials, FeedText, Subscription } from '../broker/broker.js';
import type { Endpoint } from '../broker/endpoint.js';
import { LoginLimited } from '../broker/refusals.js';
import type { ConnectionEnd } from './disconnects.js';
import {
  FEED_LIMITS,
  idleAfter,
  step,
  type FeedEffect,
  type FeedEvent,
  type FeedLimits,
  type FeedRules,
  type FeedState,
} from './connection-machine.js';
import type { StallMeter } from '../stalls.js';
import { Redactor } from '../text/redactor.js';
import { sanitize } from '../text/sanitize.js';
import { FeedSocket } from './socket.js';

interface FeedHandlers {
  /** Connections are numbered from 1. */
  opened(connection: number): void;
  /** All subscribe requests were handed to the socket. */
  subscribed(connection: number): void;
  /** Of one read, in order; valid only during the call. */
  binary(messages: MessageBatch, connection: number): void;
  text(text: FeedText, connection: number): void;
  /** A connection or an attempt ended; not by `stop`. */
  closed(end: ConnectionEnd): void;
  /** The next attempt follows after `delayMs`, real. */
  waiting?(delayMs: number): void;
  /** A log-in failed and will be retried. */
  retrying?(sentence: string): void;
  /** The client gave up after it was open: nothing more comes. */
  failed(error: EngineError): void;
}

export interface FeedClientOptions {
  readonly broker: Pick<Broker, 'access' | 'codec' | 'feed'>;
  readonly endpoint: Endpoint;
  readonly credentials: Credentials;
  readonly subscriptions: readonly Subscription[];
  readonly clock: Clock;
  readonly random: Random;
  readonly handlers: FeedHandlers;
  readonly log: Log;
  /** True while packets are to be expected. */
  readonly inSession: () => boolean;
  /** Real ms within which the first connection must open. */
  readonly firstOpenWithinMs: number;
  /** No user is present to start it again: a log-in that fails for a passing reason is retried from the start. */
  readonly unattended?: boolean;
  readonly limits?: FeedLimits | undefined;
  readonly handshakeWithinMs?: number | undefined;
  /** A log-in made already, for the first connection. */
  readonly session?: BrokerSession | undefined;
  /** Of this process; it finds none in stepped time. */
  readonly stalls?: StallMeter | undefined;
  /** Number of the resumed run's last connection; the next one has the next number. */
  readonly connectionsBefore?: number;
}

/** Real ms for the server's answer to our close frame. */
const CLOSE_WITHIN_MS = 1000;
const TICKS_PER_PING = 4;
const MAX_TICK_MS = 1000;
/** Added to the time that a pong may take, real ms: an end so soon after a stall is its effect. */
const STALL_EFFECT_MS = 5000;

const stoppedEarly = (): EngineError =>
  new EngineError('CONNECT', 'The feed was stopped before it was open.');

export class FeedClient {
  readonly #options: FeedClientOptions;
  readonly #rules: FeedRules;
  #state: FeedState;
  #session: BrokerSession | undefined;
  /** All that must not be repeated, tokens of earlier log-ins too. */
  readonly #secrets: Set<string>;
  readonly #redactor: Redactor;
  #socket: FeedSocket | undefined;
  #ticking: Timer | undefined;
  #waiting: Timer | undefined;
  #expiry: Timer | undefined;
  #paused = false;
  #lastPongMs = 0;
  #lastPacketMs = 0;
  /** Since the last tick: the clock is not read for each packet. */
  #packetSeen = false;
  /** Of all stalls so far. */
  #stalledMs = 0;
  #lastSentence: string | undefined;
  #closing: Promise<void> | undefined;
  readonly #abort = new AbortController();
  #requests = 0;
  #settleStart: { resolve(): void; reject(error: EngineError): void } | undefined;

  /** Throws EngineError USAGE when the subscriptions exceed a connection's quota. */
  constructor(options: FeedClientOptions) {
    this.#options = options;
    const { feed } = options.broker;
    this.#secrets = new Set(Object.values(options.credentials));
    this.#redactor = new Redactor(this.#secrets);
    this.#rules = { limits: options.limits ?? FEED_LIMITS, words: feed.words };
    this.#state = idleAfter(options.connectionsBefore ?? 0);
    const used = feed.subscriptionsUsed(options.subscriptions);
    const { subscriptionsPerSocket } = feed.quota;
    if (used > subscriptionsPerSocket)
      throw new EngineError(
        'USAGE',
        `${used} subscriptions do not fit into a connection's quota of ${subscriptionsPerSocket}.`,
      );
  }

  /**
   * Logs in, unless that was done, and connects; resolves at the first open. Rejects with EngineError LOGIN or
   * CONNECT (exit code 3), CONFIG for unusable credentials.
   */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#state.kind === 'stopped') return reject(stoppedEarly());
      this.#settleStart = { resolve, reject };
      const { clock, firstOpenWithinMs } = this.#options;
      this.#expectOpenWithin(firstOpenWithinMs);
      this.#ticking = clock.every(
        Math.min(MAX_TICK_MS, this.#rules.limits.pingEveryMs / TICKS_PER_PING),
        () => this.#tick(),
      );
      this.#feed({ type: 'start', unattended: this.#options.unattended ?? false });
    });
  }

  /** Stops reading; the next socket starts paused too. Nothing is overdue while paused. */
  pause(): void {
    this.#paused = true;
    this.#socket?.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#resetSilence();
    this.#socket?.resume();
  }

  /**
   * Closes with a close frame and waits at most a second for the answer. No timer or report follows. May be called
   * again, and from a handler.
   */
  async stop(): Promise<void> {
    this.#feed({ type: 'stop' });
    this.#release();
    this.#settleStart?.reject(stoppedEarly());
    this.#settleStart = undefined;
    await this.#closing;
  }

  /** `text` without secrets, at most `longest` characters of it. */
  presentable(text: string, longest: number): string {
    return sanitize(text, this.#secrets, longest);
  }

  /** Overwrites secrets in `bytes`. */
  conceal(bytes: Buffer): void {
    this.#redactor.redact(bytes);
  }

  #expectOpenWithin(realMs: number): void {
    this.#expiry?.cancel();
    this.#expiry = this.#options.clock.after(realMs, () =>
      this.#feed({ type: 'expired', lastSentence: this.#lastSentence }),
    );
  }

  /** True if a new connection needs new tokens. */
  #expired(): boolean {
    return this.#session !== undefined && this.#options.clock.wallMs() >= this.#session.validUntilMs;
  }

  #feed(event: FeedEvent): void {
    const before = this.#state.kind;
    const { state, effects } = step(this.#state, event, this.#options.clock.monoMs(), this.#rules);
    this.#state = state;
    if (state.kind !== before)
      this.#options.log.info(
        { from: before, to: state.kind, connection: state.memory.connection },
        'feed state',
      );
    for (const effect of effects) {
      this.#perform(effect);
      // A handler stopped the client: the other effects are void.
      if (this.#state !== state) return;
    }
  }

  #perform(effect: FeedEffect): void {
    switch (effect.type) {
      case 'logIn':
        this.#logIn();
        return;
      case 'connect':
        this.#connect(effect.connection);
        return;
      case 'subscribe':
        this.#subscribe(effect.connection);
        return;
      case 'ping':
        this.#socket?.ping(this.#options.broker.feed.ping);
        return;
      case 'terminate':
        this.#socket?.terminate();
        this.#socket = undefined;
        return;
      case 'close':
        this.#closing = this.#socket?.close((fire) => this.#options.clock.after(CLOSE_WITHIN_MS, fire));
        this.#socket = undefined;
        return;
      case 'report':
        this.#report(effect.end);
        return;
      case 'wait':
        this.#options.log.info(
          { delayMs: Math.round(effect.delayMs), attempt: effect.attempt },
          'feed waits before it connects again',
        );
        this.#waiting = this.#options.clock.after(effect.delayMs, () =>
          this.#feed({ type: 'waited', expired: this.#expired() }),
        );
        this.#options.handlers.waiting?.(Math.round(effect.delayMs));
        if (effect.patient) this.#expectOpenWithin(effect.delayMs + this.#options.firstOpenWithinMs);
        return;
      case 'giveUp':
        this.#giveUp(effect.error);
        return;
    }
  }

  #logIn(): void {
    const { broker, endpoint, credentials, clock, random, session } = this.#options;
    const made = this.#session === undefined ? session : undefined;
    (made === undefined
      ? broker.access.logIn(endpoint, credentials, clock, this.#abort.signal)
      : Promise.resolve(made)
    ).then(
      (session) => {
        this.#session = session;
        for (const secret of session.secrets) this.#secrets.add(secret);
        this.#options.log.info(
          { validUntil: new Date(session.validUntilMs).toISOString(), clockAheadMs: session.clockAheadMs },
          'logged in',
        );
        this.#feed({ type: 'loggedIn' });
      },
      (error: unknown) => {
        // Other errors are faults of this program and end it.
        if (!(error instanceof EngineError)) throw error;
        this.#lastSentence = error.message;
        this.#feed({ type: 'loginFailed', error, limited: error instanceof LoginLimited, random: random() });
        if (this.#state.kind !== 'waiting') return;
        this.#options.log.warn(error.message);
        this.#options.handlers.retrying?.(error.message);
      },
    );
  }

  #connect(connection: number): void {
    const { broker, endpoint, clock, random, handlers, handshakeWithinMs } = this.#options;
    const { feed } = broker;
    this.#socket = new FeedSocket({
      broker,
      endpoint,
      session: this.#session!,
      secrets: this.#secrets,
      connection,
      clock,
      handshakeWithinMs,
      handlers: {
        opened: () => this.#feed({ type: 'opened', connection }),
        binary: (messages) => {
          this.#packetSeen = true;
          if (this.#state.kind === 'subscribing') this.#feed({ type: 'packet', connection });
          handlers.binary(messages, connection);
        },
        text: (bytes) => {
          // Error replies are kept and shown: secrets that a server repeats are removed before the cut.
          const text = feed.classifyText(bytes, (string) => this.presentable(string, feed.maxTextBytes));
          if (text.kind === 'pong') this.#lastPongMs = this.#options.clock.monoMs();
          else if (text.kind === 'error')
            this.#options.log.warn(
              { code: text.code, correlationId: text.correlationId },
              'the broker refused a request',
            );
          handlers.text(text, connection);
        },
        pong: () => void (this.#lastPongMs = this.#options.clock.monoMs()),
        ended: (_connection, end) => {
          this.#socket = undefined;
          const stoodStillMs = this.#stoodStill();
          this.#feed({ type: 'ended', connection, end: { ...end, stoodStillMs }, random: random() });
        },
      },
    });
  }

  /** Sends all subscriptions, whatever was sent before. */
  #subscribe(connection: number): void {
    const { broker, subscriptions, handlers } = this.#options;
    this.#expiry?.cancel();
    this.#resetSilence();
    if (this.#paused) this.#socket?.pause();
    handlers.opened(connection);
    if (this.#state.kind === 'stopped') return;
    const modes = new Map<Subscription['mode'], Subscription[]>();
    for (const subscription of subscriptions)
      modes.set(subscription.mode, [...(modes.get(subscription.mode) ?? []), subscription]);
    // A new prefix tells the replies to this request from those to earlier ones.
    for (const [mode, tokens] of modes) {
      for (const request of broker.feed.subscribeRequests({
        mode,
        tokens,
        correlationPrefix: `ts${(this.#requests++).toString(36)}x`,
      }))
        this.#socket?.send(request.text);
    }
    handlers.subscribed(connection);
    this.#settleStart?.resolve();
    this.#settleStart = undefined;
  }

  #tick(): void {
    const { inSession, random } = this.#options;
    const expected = inSession();
    const stoodStillMs = this.#stoodStill();
    // Silence counts from when packets are to be expected.
    if (!expected || this.#packetSeen) this.#lastPacketMs = this.#options.clock.monoMs();
    this.#packetSeen = false;
    this.#feed({
      type: 'tick',
      lastPongMs: this.#lastPongMs,
      lastPacketMs: this.#lastPacketMs,
      inSession: expected,
      paused: this.#paused,
      stoodStillMs,
      random: random(),
    });
  }

  /**
   * Real ms of a stall just before; undefined without one. Its time is no silence of the server: pong and packets may
   * wait unread.
   */
  #stoodStill(): number | undefined {
    const { stalls } = this.#options;
    if (stalls === undefined) return undefined;
    const before = this.#stalledMs;
    this.#stalledMs = stalls.look();
    if (this.#stalledMs > before) this.#resetSilence();
    return stalls.recentMs(this.#rules.limits.pongWithinMs + STALL_EFFECT_MS);
  }

  #resetSilence(): void {
    this.#lastPongMs = this.#options.clock.monoMs();
    this.#lastPacketMs = this.#lastPongMs;
  }

  #report(end: ConnectionEnd): void {
    const { cause, code, reason, connection, livedMs, sentence } = end;
    this.#lastSentence = end.sentence;
    this.#options.log.warn(
      { cause, code, reason, connection, livedMs: Math.round(livedMs), sentence },
      'feed connection ended',
    );
    this.#options.handlers.closed(end);
  }

  #giveUp(error: EngineError): void {
    this.#release();
    this.#options.log.error({ code: error.code }, error.message);
    if (this.#settleStart !== undefined) this.#settleStart.reject(error);
    else this.#options.handlers.failed(error);
    this.#settleStart = undefined;
  }

  #release(): void {
    this.#abort.abort();
    this.#ticking?.cancel();
    this.#waiting?.cancel();
    this.#expiry?.cancel();
  }
}
