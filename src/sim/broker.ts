/**
 * The simulated broker: log-in REST, WebSocket and control routes on one loopback port (docs/protocol.md). The
 * market runs on market time, heartbeats and limits on real time.
 */

import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type * as Ws from 'ws';
import type { Clock, Timer } from '../clock.js';
import { EngineError, sentenceOf } from '../errors.js';
import { ClientConnection } from './client-connection.js';
import { CONTROL_PATH, controlRoutes, type BrokerLoad } from './control.js';
import type { Fault } from './faults/fault.js';
import { FaultInjector } from './faults/fault-injector.js';
import { unauthorized, type RefusedHandshake } from './faults/handshakes.js';
import { Link } from './faults/link.js';
import { Broadcast } from './broadcast.js';
import { LOGIN_PATH, loginRoutes } from './login.js';
import type { Emit, Market } from './market.js';
import { candleRoutes } from './rest-candles.js';
import { instrumentRoutes } from './rest-instruments.js';
import { serve, targetOf } from './rest.js';
import { LogIns, type Handshake } from './log-ins.js';
import { FRAME_MS } from './sequence-allocator.js';
import { requirePackage } from '../packages.js';

const { WebSocketServer } = requirePackage('ws') as typeof Ws;

/** Tests lower them. */
export interface BrokerLimits {
  /** Open at a time for one client code (docs/protocol.md 4, "Quota"). */
  readonly socketsPerClient: number;
  /** Real ms without heartbeat: twice the documented 30 s. */
  readonly heartbeatMs: number;
  /** Bytes waiting for a client that does not read. */
  readonly maxBufferedBytes: number;
}

const BROKER_LIMITS: BrokerLimits = {
  socketsPerClient: 3,
  heartbeatMs: 60_000,
  maxBufferedBytes: 4 * 1024 * 1024,
};

export interface BrokerOptions {
  /** Loopback only: other machines must not take this for a broker. */
  readonly host?: '127.0.0.1' | '::1' | 'localhost';
  /** 0 for any free port. */
  readonly port: number;
  readonly market: Market;
  /** Its market time starts where the market does. */
  readonly clock: Clock;
  readonly limits?: Partial<BrokerLimits>;
  readonly faults?: readonly Fault[];
  /** With stepped time, whose clock is `clock`: takes each client's socket. */
  readonly steps?: { accept(socket: Socket): void } | undefined;
}

export interface SimulatedBroker {
  readonly port: number;
  readonly feedUrl: string;
  readonly loginUrl: string;
  readonly controlUrl: string;
  /** Closes every socket with a close frame, then the port. May be called twice. */
  close(): Promise<void>;
}

const FEED_PATH = '/smart-stream';
/** Real ms: short against the feed's quarter seconds, cheap at any speed. */
const DELIVER_EVERY_MS = 5;
/** Market ms of stepped time that a delivery gathers, as each costs a turn: one of the feed's frames. */
const STEP_MS = FRAME_MS;
/** Maximum real ms between checks of heartbeats. */
const CHECK_EVERY_MS = 1000;
const CHECKS_A_HEARTBEAT = 10;
/** Real ms to answer the close frame. */
const GOODBYE_MS = 1000;
const MAX_MESSAGE_BYTES = 64 * 1024;
const GOING_AWAY = 1001;
const HIGHEST_PORT = 65_535;

/** Throws EngineError SIMULATOR if the port cannot be had, USAGE for a fault's symbol that the market lacks. */
export async function startBroker(options: BrokerOptions): Promise<SimulatedBroker> {
  const { host = '127.0.0.1', port } = options;
  if (!Number.isInteger(port) || port < 0 || port > HIGHEST_PORT)
    throw new EngineError('SIMULATOR', `a port is a number from 0 to ${HIGHEST_PORT}, not ${port}`);
  const running = new RunningBroker(options);
  await running.listen(host, port);
  return running;
}

class RunningBroker implements SimulatedBroker {
  readonly #options: BrokerOptions;
  readonly #limits: BrokerLimits;
  readonly #server: Server;
  readonly #sockets: Ws.WebSocketServer;
  readonly #sessions: LogIns;
  readonly #feed: Broadcast;
  readonly #faults: FaultInjector | undefined;
  readonly #connections = new Map<Ws.WebSocket, ClientConnection>();
  /** Sockets whose handshake is answered late. */
  readonly #waiting = new Set<Duplex>();
  readonly #socketsOf = new Map<string, number>();
  #timers: Timer[] = [];
  #delivery: Timer | undefined;
  #closing: Promise<void> | undefined;
  #authority = '';
  port = 0;

  constructor(options: BrokerOptions) {
    const { market, clock } = options;
    this.#options = options;
    this.#limits = { ...BROKER_LIMITS, ...options.limits };
    this.#sessions = new LogIns(clock, market.seed);
    const { faults = [] } = options;
    const any =
      faults.length === 0
        ? undefined
        : new FaultInjector({ faults, market, clock, expire: () => this.#sessions.expire() });
    this.#faults = any;
    this.#feed = new Broadcast(market, clock, any && ((index) => any.cached(index)));
    this.#sockets = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      maxPayload: MAX_MESSAGE_BYTES,
      autoPong: any === undefined,
    });
    const load = (): BrokerLoad => ({
      connections: this.#connections.size,
      flowing: this.#feed.flowing,
      ...(any && { faults: any.report() }),
    });
    const routes = {
      ...loginRoutes(this.#sessions, clock),
      ...candleRoutes(market, this.#sessions, clock),
      ...instrumentRoutes(market),
      ...controlRoutes(market, clock, load),
    };
    this.#server = createServer((request, response) => {
      // The client left before its answer.
      serve(routes, request, response).catch((error: unknown) =>
        response.destroy(error instanceof Error ? error : new Error(sentenceOf(error))),
      );
    });
    if (options.steps !== undefined) this.#server.on('connection', (socket) => options.steps!.accept(socket));
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  async listen(host: string, port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        const why =
          error.code === 'EADDRINUSE'
            ? 'is in use: choose another with --port'
            : `cannot be had: ${error.message}`;
        reject(
          new EngineError('SIMULATOR', `port ${port} of ${host} ${why}`, { retryable: true, cause: error }),
        );
      });
      this.#server.listen(port, host, resolve);
    });
    this.port = (this.#server.address() as AddressInfo).port;
    this.#authority = `${host.includes(':') ? `[${host}]` : host}:${this.port}`;
    const { clock, steps } = this.#options;
    if (steps !== undefined) this.#deliverInSteps();
    this.#timers = [
      ...(steps === undefined ? [clock.every(DELIVER_EVERY_MS, () => this.#deliver())] : []),
      clock.every(Math.min(CHECK_EVERY_MS, this.#limits.heartbeatMs / CHECKS_A_HEARTBEAT), () => {
        for (const connection of this.#connections.values()) connection.check();
      }),
    ];
  }

  /** Advances the market to now, and sends what is due. */
  #deliver(): void {
    const { clock, market } = this.#options;
    const publish: Emit = (index, packet, modes) => this.#feed.publish(index, packet, modes);
    if (this.#faults === undefined) market.advance(clock.marketMs(), publish);
    else
      this.#faults.run(clock.marketMs(), publish, () =>
        [...this.#connections.values()].flatMap(({ faultTarget }) => faultTarget ?? []),
      );
  }

  /** Delivers at the market's next event, not before the next step. */
  #deliverInSteps(): void {
    const { clock, market } = this.#options;
    this.#deliver();
    const nowMs = clock.marketMs();
    const nextMs = Math.min(market.nextMs, this.#faults?.nextMs(nowMs) ?? Infinity);
    const step = Math.max(Math.floor(nowMs / STEP_MS) + 1, Math.ceil(nextMs / STEP_MS));
    this.#delivery = clock.after(step * STEP_MS - nowMs, () => this.#deliverInSteps());
  }

  get feedUrl(): string {
    return `ws://${this.#authority}${FEED_PATH}`;
  }

  get loginUrl(): string {
    return `http://${this.#authority}${LOGIN_PATH}`;
  }

  get controlUrl(): string {
    return `http://${this.#authority}${CONTROL_PATH}`;
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // A client may leave while it is being refused.
    socket.on('error', () => socket.destroy());
    if (this.#closing !== undefined) {
      refuse(socket, { status: '503 Service Unavailable' });
      return;
    }
    const target = targetOf(request);
    if (target === undefined || (target.pathname !== FEED_PATH && target.pathname !== '/')) {
      refuse(socket, { status: '404 Not Found' });
      return;
    }
    const delayMs = this.#faults?.handshakeDelayMs() ?? 0;
    if (delayMs === 0) {
      this.#answer(request, target, socket, head);
      return;
    }
    this.#waiting.add(socket);
    // Nothing may come before the answer; reading shows when the client leaves.
    socket.resume().once('end', () => socket.destroy());
    const timer = this.#options.clock.after(delayMs, () => {
      this.#waiting.delete(socket);
      this.#answer(request, target, socket, head);
    });
    socket.once('close', () => {
      timer.cancel();
      this.#waiting.delete(socket);
    });
  }

  #answer(request: IncomingMessage, target: URL, socket: Duplex, head: Buffer): void {
    const fault = this.#faults?.refusal();
    if (fault !== undefined) {
      refuse(socket, fault);
      return;
    }
    const handshake = handshakeOf(request, target.searchParams);
    const bad = this.#sessions.judge(handshake);
    if (bad !== undefined) {
      refuse(socket, unauthorized(bad));
      return;
    }
    const clientCode = handshake.clientCode!;
    if ((this.#socketsOf.get(clientCode) ?? 0) >= this.#limits.socketsPerClient) {
      refuse(socket, { status: '429 Too Many Requests' });
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (client) =>
      this.#welcome(client, socket as Socket, clientCode),
    );
  }

  #welcome(socket: Ws.WebSocket, raw: Socket, clientCode: string): void {
    const { clock } = this.#options;
    this.#socketsOf.set(clientCode, (this.#socketsOf.get(clientCode) ?? 0) + 1);
    const link = this.#faults && new Link(this.#faults, socket, raw);
    this.#connections.set(
      socket,
      new ClientConnection({ socket, feed: this.#feed, clock, link, ...this.#limits }),
    );
    socket.on('close', () => {
      this.#connections.delete(socket);
      const left = this.#socketsOf.get(clientCode)! - 1;
      if (left > 0) this.#socketsOf.set(clientCode, left);
      else this.#socketsOf.delete(clientCode);
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const timer of this.#timers) timer.cancel();
    this.#delivery?.cancel();
    const ended = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const open = [...this.#connections.keys()];
    const closed = open.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    for (const socket of this.#waiting) socket.destroy();
    for (const socket of open) socket.close(GOING_AWAY, 'the simulator ends');
    const goodbye = this.#options.clock.after(GOODBYE_MS, () => {
      for (const socket of open) socket.terminate();
    });
    await Promise.all(closed);
    goodbye.cancel();
    this.#server.closeAllConnections();
    await ended;
  }
}

/** Headers first; clients that cannot set them use the query (docs/protocol.md 2). */
function handshakeOf({ headers }: IncomingMessage, query: URLSearchParams): Handshake {
  return {
    clientCode: oneOf(headers['x-client-code']) ?? query.get('clientCode') ?? undefined,
    feedToken: oneOf(headers['x-feed-token']) ?? query.get('feedToken') ?? undefined,
    authorization: headers.authorization,
    apiKey: oneOf(headers['x-api-key']) ?? query.get('apiKey') ?? undefined,
  };
}

function oneOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

function refuse(socket: Duplex, { status, headers = {}, body = '' }: RefusedHandshake): void {
  const lines = Object.entries({
    ...headers,
    Connection: 'close',
    'Content-Length': String(Buffer.byteLength(body)),
  }).map(([name, value]) => `${name}: ${value}`);
  // A refused client that keeps its half open must not hold the port.
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status}\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
}
