/**
 * The server's side: connections that stream snapshots, answer pings, and fail in every way that is known. What it
 * sends arrives in the client's socket after the network's time, in order.
 */
import type { Random } from '../../src/random.js';
import type { RawEnd } from '../../src/feed/connection-machine.js';
import type { Agenda } from './agenda.js';
import type { Exchange, Told } from './exchange.js';
import { between, type Nature } from './profile.js';

/** What lies in the client's socket. */
export type Item =
  | { readonly kind: 'binary'; readonly bytes: Uint8Array; readonly told: Told | undefined }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'pong' }
  | { readonly kind: 'end'; readonly end: RawEnd };

/** Events on the client's side of a connection. */
export interface ClientSide {
  opened(): void;
  refused(end: RawEnd): void;
  /** Something arrived and can be read. */
  arrived(item: Item): void;
}

export type Answer = 'open' | 'noAnswer' | RawEnd;

/** A connection as the server has it. */
export class Line {
  /** The client still has its socket. */
  held = true;
  subscribed = false;
  /** No market data; pongs go on. */
  muteUntilMs = -1;
  /** Half open: nothing arrives any more, and neither side was notified. */
  halfOpen = false;
  pongsLost = false;
  ended = false;
  readonly client: ClientSide;
  #lastMs = 0;

  constructor(client: ClientSide) {
    this.client = client;
  }

  /** When something sent at `dueMs` arrives: nothing overtakes on a connection. */
  arrival(dueMs: number, latencyMs: number): number {
    this.#lastMs = Math.max(this.#lastMs, dueMs + latencyMs);
    return this.#lastMs;
  }
}

export class Broker {
  readonly #agenda: Agenda;
  readonly #nature: Nature;
  readonly #exchange: Exchange;
  readonly #random: Random;
  line: Line | undefined;
  /** What the next handshakes are answered with, and the next cached packets and snapshots are like. */
  readonly answers: Answer[] = [];
  oldCached = false;
  noCached = false;
  /** Real ms by which single snapshots to come are held back. */
  readonly delays: number[] = [];
  readonly muteSymbols = new Map<number, number>();

  constructor(agenda: Agenda, nature: Nature, exchange: Exchange, random: Random) {
    this.#agenda = agenda;
    this.#nature = nature;
    this.#exchange = exchange;
    this.#random = random;
  }

  /** The exchange begins: every instrument has its own beat of one to four snapshots a second. */
  start(): void {
    for (const instrument of this.#nature.instruments.keys()) {
      const beat = between(this.#random, 250, 1000);
      const turn = (dueMs: number): void => {
        if (this.#exchange.move(instrument, dueMs, beat)) this.#snapshot(instrument, dueMs);
        this.#agenda.at(dueMs + beat, turn);
      };
      this.#agenda.at(between(this.#random, 0, beat), turn);
    }
  }

  /** A client knocks. */
  connect(client: ClientSide): Line {
    const line = new Line(client);
    const answer = this.answers.shift() ?? 'open';
    if (answer === 'noAnswer') return line;
    this.#agenda.at(this.#agenda.monoMs() + 2 * this.#nature.latencyMs, () => {
      if (!line.held) return;
      if (answer === 'open') {
        this.line = line;
        client.opened();
      } else {
        line.ended = true;
        client.refused(answer);
      }
    });
    return line;
  }

  /**
   * The client's subscriptions arrive: each instrument is answered with what is cached, one by one, and streams from
   * then on.
   */
  subscribe(line: Line): void {
    const dueMs = this.#agenda.monoMs() + this.#nature.latencyMs;
    this.#agenda.at(dueMs, () => {
      if (line.ended || line.halfOpen) return;
      line.subscribed = true;
      const old = this.oldCached;
      const none = this.noCached;
      this.oldCached = false;
      this.noCached = false;
      for (const [instrument, state] of this.#exchange.states.entries()) {
        if (none && this.#random() < 0.7) continue;
        const hours = between(this.#random, 1, 5) * 3_600_000;
        const change = old
          ? {
              exchangeMs: state.exchangeMs - hours,
              lastTradeMs: state.lastTradeMs - hours,
              sequence: Math.max(1, state.sequence - 9000),
              volume: Math.max(1, state.volume - 900),
            }
          : {};
        this.#send(line, dueMs, {
          kind: 'binary',
          bytes: this.#exchange.frame(instrument, change),
          told: undefined,
        });
      }
    });
  }

  /** A ping of the client: the text one or the protocol's, either is answered. */
  ping(line: Line): void {
    const dueMs = this.#agenda.monoMs() + this.#nature.latencyMs;
    this.#agenda.at(dueMs, () => {
      if (line.pongsLost) return;
      this.#send(line, dueMs, this.#random() < 0.5 ? { kind: 'pong' } : { kind: 'text', text: 'pong' });
    });
  }

  /** Sends bytes that no snapshot made. */
  stray(bytes: Uint8Array, dueMs: number): void {
    if (this.line?.subscribed === true && this.line.muteUntilMs < dueMs)
      this.#send(this.line, dueMs, { kind: 'binary', bytes, told: undefined });
  }

  text(text: string, dueMs: number): void {
    if (this.line !== undefined) this.#send(this.line, dueMs, { kind: 'text', text });
  }

  /** Ends the connection that is open, for the client to see unless it is half open. */
  end(end: RawEnd, dueMs: number): void {
    const { line } = this;
    if (line === undefined) return;
    this.#send(line, dueMs, { kind: 'end', end });
    line.ended = true;
    this.line = undefined;
  }

  /** The client's socket is gone. */
  dropped(line: Line): void {
    line.held = false;
    line.ended = true;
    if (this.line === line) this.line = undefined;
  }

  #snapshot(instrument: number, dueMs: number): void {
    const told = this.#exchange.note(instrument, dueMs);
    const { line } = this;
    const mutedUntil = this.muteSymbols.get(instrument) ?? -1;
    if (mutedUntil >= dueMs) {
      if (told !== undefined) told.excused = true;
      return;
    }
    if (told !== undefined) told.muted = line !== undefined && line.muteUntilMs >= dueMs;
    if (line?.subscribed !== true || line.muteUntilMs >= dueMs || line.halfOpen) return;
    const delayMs = this.delays.shift();
    const item: Item = { kind: 'binary', bytes: this.#exchange.frame(instrument), told };
    if (delayMs === undefined) return this.#send(line, dueMs, item);
    // Whether it still finds its connection is random, and the client cannot know.
    if (told !== undefined) told.excused = true;
    this.#agenda.at(dueMs + delayMs, (lateMs) => this.#send(line, lateMs, item));
  }

  #send(line: Line, dueMs: number, item: Item): void {
    if (line.ended || line.halfOpen) return;
    this.#agenda.at(line.arrival(dueMs, this.#nature.latencyMs), () => {
      if (line.held) line.client.arrived(item);
    });
  }
}
