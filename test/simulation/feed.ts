/**
 * The client's side of the network: performs what the feed's machine decides, as `src/feed/client.ts` does with a real
 * socket, and holds the machine to what it promises after each of its steps.
 */
import type { Timer } from '../../src/clock.js';
import { EngineError } from '../../src/errors.js';
import type { ConnectionEnd } from '../../src/feed/disconnects.js';
import {
  FEED_LIMITS,
  idleAfter,
  step,
  type FeedEffect,
  type FeedEvent,
  type FeedState,
  type RawEnd,
} from '../../src/feed/connection-machine.js';
import { LIMITS } from '../../src/limits.js';
import type { Random } from '../../src/random.js';
import { ANGEL } from '../../src/broker/angel/angel.js';
import { classifyText } from '../../src/broker/angel/texts.js';
import type { FeedText } from '../../src/broker/broker.js';
import type { Agenda } from './agenda.js';
import type { Broker, Item, Line } from './broker.js';
import type { Told } from './exchange.js';
import { Inbox } from './inbox.js';
import { between, pick, type Nature } from './profile.js';
import { Promises } from './promises.js';
import { must } from './violation.js';

const RULES = { limits: FEED_LIMITS, words: ANGEL.feed.words };
/** As `src/feed/socket.ts` has it. */
const HANDSHAKE_WITHIN_MS = 10_000;

export interface FeedHandlers {
  opened(connection: number): void;
  subscribed(connection: number): void;
  binary(bytes: Uint8Array, connection: number, told: Told | undefined): void;
  text(text: FeedText, connection: number): void;
  closed(end: ConnectionEnd): void;
  /** It has given up. */
  failed(error: EngineError): void;
  inSession(): boolean;
}

interface Socket {
  readonly connection: number;
  readonly line: Line;
  readonly inbox: Inbox;
  open: boolean;
}

/** A log-in to come that fails. */
export interface LoginFault {
  readonly retryable: boolean;
  readonly limited: boolean;
}

export class Feed {
  readonly loginFaults: LoginFault[] = [];
  readonly #agenda: Agenda;
  readonly #broker: Broker;
  readonly #nature: Nature;
  readonly #random: Random;
  readonly #handlers: FeedHandlers;
  #state: FeedState = idleAfter(0);
  #socket: Socket | undefined;
  #ticking: Timer | undefined;
  #waiting: Timer | undefined;
  #expiry: Timer | undefined;
  #loggingIn = false;
  #paused = false;
  #lastPongMs = 0;
  #lastPacketMs = 0;
  #heard = false;
  #validUntilMs = Infinity;
  #stopping = false;
  readonly #promises = new Promises();
  /** Real ms that our thread was away. */
  stalledMs = 0;
  /** When the last binary message was read, real ms. */
  lastHeardMs = 0;

  constructor(options: {
    agenda: Agenda;
    broker: Broker;
    nature: Nature;
    random: Random;
    handlers: FeedHandlers;
  }) {
    this.#agenda = options.agenda;
    this.#broker = options.broker;
    this.#nature = options.nature;
    this.#random = options.random;
    this.#handlers = options.handlers;
  }

  start(): void {
    this.#expectOpenWithin(this.#nature.unattended ? LIMITS.unattendedOpenMs : LIMITS.firstOpenMs);
    this.#ticking = this.#agenda.every(1000, () => this.#tick());
    this.#feed({ type: 'start', unattended: this.#nature.unattended });
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#heardNow();
    this.#promises.excused(this.#agenda.monoMs());
    this.#socket?.inbox.readSoon();
  }

  stop(): void {
    this.#stopping = true;
    this.#feed({ type: 'stop' });
    this.#release();
  }

  /** Whether there is an open connection, as far as we know. */
  get isOpen(): boolean {
    return this.#socket?.open === true;
  }

  /** Tokens of the last log-in are not to be used from now on. */
  expireTokens(): void {
    this.#validUntilMs = this.#agenda.wallMs();
  }

  /** What must hold when all is over: each attempt that ended, but for the one that `stop` closed, was reported. */
  conclude(): void {
    this.#promises.conclude(this.#stopping ? this.#state.memory.connection : undefined);
  }

  #feed(event: FeedEvent): void {
    const { state, effects } = step(this.#state, event, this.#agenda.monoMs(), RULES);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
    this.#check();
  }

  /** One socket or none, and from any state something is to come. */
  #check(): void {
    const { kind, memory } = this.#state;
    const socket = this.#socket;
    if (kind === 'loggingIn')
      must('connection', this.#loggingIn, () => 'it waits for a log-in that is not under way');
    if (kind === 'waiting')
      must('connection', this.#waiting !== undefined, () => 'it waits and no timer runs');
    const connected = kind === 'connecting' || kind === 'subscribing' || kind === 'live';
    must(
      'connection',
      connected === (socket !== undefined),
      () => `${socket === undefined ? 'no socket' : 'a socket'} in state ${kind}`,
    );
    if (socket !== undefined)
      must(
        'connection',
        socket.connection === memory.connection,
        () => `socket ${socket.connection} while the machine means ${memory.connection}`,
      );
  }

  #perform(effect: FeedEffect): void {
    switch (effect.type) {
      case 'logIn':
        return this.#logIn();
      case 'connect':
        return this.#connect(effect.connection);
      case 'subscribe':
        return this.#subscribe(effect.connection);
      case 'ping':
        if (this.#socket !== undefined) this.#broker.ping(this.#socket.line);
        return;
      case 'terminate':
      case 'close':
        must(
          'connection',
          this.#socket?.connection === effect.connection,
          () => `${effect.type} of connection ${effect.connection}, which is not there`,
        );
        return this.#drop();
      case 'report':
        return this.#report(effect.end);
      case 'wait':
        this.#waiting = this.#agenda.after(effect.delayMs, () => {
          this.#waiting = undefined;
          this.#feed({ type: 'waited', expired: this.#agenda.wallMs() >= this.#validUntilMs });
        });
        if (effect.patient) this.#expectOpenWithin(effect.delayMs + LIMITS.firstOpenMs);
        return;
      case 'giveUp':
        this.#release();
        this.#handlers.failed(effect.error);
    }
  }

  #expectOpenWithin(realMs: number): void {
    this.#expiry?.cancel();
    this.#expiry = this.#agenda.after(realMs, () => this.#feed({ type: 'expired', lastSentence: undefined }));
  }

  #logIn(): void {
    must('connection', !this.#loggingIn, () => 'two log-ins at once');
    this.#loggingIn = true;
    this.#agenda.after(between(this.#random, 60, 600), () => {
      this.#loggingIn = false;
      if (this.#state.kind === 'stopped') return;
      const fault = this.loginFaults.shift();
      if (fault !== undefined) {
        this.#promises.excuseDelay();
        return this.#feed({
          type: 'loginFailed',
          error: new EngineError('LOGIN', 'The log-in failed.', { retryable: fault.retryable }),
          limited: fault.limited,
          random: this.#random(),
        });
      }
      this.#validUntilMs = Infinity;
      this.#feed({ type: 'loggedIn' });
    });
  }

  #connect(connection: number): void {
    must(
      'connection',
      this.#socket === undefined,
      () => `connection ${connection} while ${this.#socket?.connection} is there`,
    );
    this.#promises.attempted(connection, this.#agenda.monoMs(), this.stalledMs);
    const deadline = this.#agenda.after(HANDSHAKE_WITHIN_MS, () =>
      this.#ended(socket, { cause: 'handshake-timeout', code: undefined, reason: '' }),
    );
    const line = this.#broker.connect({
      opened: () => {
        deadline.cancel();
        if (this.#socket !== socket) return;
        socket.open = true;
        this.#feed({ type: 'opened', connection });
      },
      refused: (end) => {
        deadline.cancel();
        this.#ended(socket, end);
      },
      arrived: (item) => socket.inbox.push(item),
    });
    const mayRead = (): boolean => this.#socket === socket && !this.#paused;
    const inbox = new Inbox({
      agenda: this.#agenda,
      mayRead,
      isThere: () => this.#socket === socket,
      take: (item) => this.#take(socket, item),
    });
    const socket: Socket = { connection, line, inbox, open: false };
    this.#socket = socket;
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined) return;
    this.#broker.dropped(socket.line);
    // Words of a connection that is gone, as a library may still have them.
    if (this.#random() < 0.7) return;
    const { connection } = socket;
    const late: FeedEvent = pick(this.#random, [
      { type: 'ended', connection, end: { cause: 'dropped', code: 1006, reason: '' }, random: 0.5 },
      { type: 'opened', connection },
      { type: 'packet', connection },
    ]);
    this.#agenda.after(between(this.#random, 1, 3000), () => {
      // While another is not asked for yet the machine means this one by the number.
      if (this.#state.memory.connection !== connection) this.#feed(late);
    });
  }

  #ended(socket: Socket, end: RawEnd): void {
    if (this.#socket !== socket) return;
    this.#drop();
    this.#feed({ type: 'ended', connection: socket.connection, end, random: this.#random() });
  }

  #subscribe(connection: number): void {
    this.#expiry?.cancel();
    this.#heardNow();
    this.#promises.excused(this.#agenda.monoMs());
    this.#handlers.opened(connection);
    if (this.#socket === undefined) return;
    this.#broker.subscribe(this.#socket.line);
    this.#handlers.subscribed(connection);
  }

  #take(socket: Socket, item: Item): void {
    const { connection } = socket;
    switch (item.kind) {
      case 'binary':
        this.#heard = true;
        this.lastHeardMs = this.#agenda.monoMs();
        this.#promises.heard(this.lastHeardMs);
        if (this.#state.kind === 'subscribing') this.#feed({ type: 'packet', connection });
        return this.#handlers.binary(item.bytes, connection, item.told);
      case 'text': {
        const text = classifyText(Buffer.from(item.text));
        if (text.kind === 'pong') this.#ponged();
        return this.#handlers.text(text, connection);
      }
      case 'pong':
        return this.#ponged();
      case 'end':
        return this.#ended(socket, item.end);
    }
  }

  #tick(): void {
    const inSession = this.#handlers.inSession();
    const nowMs = this.#agenda.monoMs();
    if (!inSession || this.#heard) this.#lastPacketMs = nowMs;
    if (this.#paused) this.#promises.excused(nowMs);
    else if (!inSession) this.#promises.heard(nowMs);
    this.#heard = false;
    this.#feed({
      type: 'tick',
      lastPongMs: this.#lastPongMs,
      lastPacketMs: this.#lastPacketMs,
      inSession,
      paused: this.#paused,
      random: this.#random(),
    });
    if (this.#socket?.open !== true) return;
    this.#promises.check(this.#socket.connection, nowMs);
  }

  #ponged(): void {
    this.#lastPongMs = this.#agenda.monoMs();
    this.#promises.ponged(this.#lastPongMs);
  }

  #heardNow(): void {
    this.#lastPongMs = this.#agenda.monoMs();
    this.#lastPacketMs = this.#lastPongMs;
  }

  #report(end: ConnectionEnd): void {
    this.#promises.reported(end, this.#agenda.monoMs(), this.stalledMs);
    this.#handlers.closed(end);
  }

  #release(): void {
    this.#ticking?.cancel();
    this.#waiting?.cancel();
    this.#expiry?.cancel();
  }
}
