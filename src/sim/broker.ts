/**
 * The simulated broker: log-in REST, feed and control on one port of this machine. Speaks what PROTOCOL.md says; the client never
 * knows. Between the market's snapshots and the clients lies `#deliver`: what a misbehaving broker does belongs there.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Clock, Timer } from '../clock.js';
import { EngineError } from '../errors.js';
import { istStamp } from '../market/session.js';
import { seededRandom } from '../random.js';
import type { SubscriptionMode } from '../wire/requests.js';
import { FeedSession, type Wanted } from './feed-session.js';
import { Accounts, type Answer } from './login.js';
import type { SimulatedMarket } from './market.js';
import { frameOf } from './packets.js';
import type { Snapshot, Stock } from './stock.js';

export const LOGIN_PATH = '/rest/auth/angelbroking/user/v1/loginByPassword';
const REFRESH_PATH = '/rest/auth/angelbroking/jwt/v1/generateTokens';
const LOGOUT_PATH = '/rest/secure/angelbroking/user/v1/logout';
export const FEED_PATH = '/smart-stream';
export const CONTROL_PATH = '/simulator';

/** Sockets of one client code, all its programs and keys together (PROTOCOL.md 4, "Quota"). */
const SOCKETS_A_CLIENT = 3;
const LONGEST_BODY = 65_536;
/** Real ms between two looks at what the market has for the clients. */
const DELIVER_MS = 5;
const HEARTBEAT_LOOK_MS = 5000;

export interface BrokerOptions {
  readonly port: number;
  readonly market: SimulatedMarket;
  readonly clock: Clock;
  readonly seed: number;
}

export interface Broker {
  readonly port: number;
  readonly feedUrl: string;
  readonly loginUrl: string;
  readonly controlUrl: string;
  /** Close frames to all, then the end. */
  close(): Promise<void>;
}

/** Starts the broker on 127.0.0.1. Throws EngineError SIMULATOR when the port cannot be had. */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const broker = new SimulatedBroker(options);
  await broker.listen(options.port);
  return broker;
}

class SimulatedBroker implements Broker {
  readonly #market: SimulatedMarket;
  readonly #clock: Clock;
  readonly #seed: number;
  readonly #accounts: Accounts;
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: LONGEST_BODY });
  readonly #sessions = new Set<FeedSession>();
  /** Who wants a stock, by mode. */
  readonly #watchers = new Map<Stock, Map<SubscriptionMode, Set<FeedSession>>>();
  readonly #timers: Timer[] = [];
  port = 0;

  constructor({ market, clock, seed }: BrokerOptions) {
    this.#market = market;
    this.#clock = clock;
    this.#seed = seed;
    this.#accounts = new Accounts(clock, seededRandom(seed, 99));
    this.#server = createServer((request, response) => this.#http(request, response));
    this.#server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => this.#upgrade(request, socket, head));
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        reject(new EngineError('SIMULATOR', `The simulated broker cannot listen on 127.0.0.1:${port} (${error.code ?? error.message}): give another --port.`, { cause: error }));
      });
      this.#server.listen(port, '127.0.0.1', resolve);
    });
    this.port = (this.#server.address() as AddressInfo).port;
    this.#timers.push(
      this.#clock.every(DELIVER_MS, () => this.#market.advance(this.#clock.marketMs(), (snapshot) => this.#deliver(snapshot))),
      this.#clock.every(HEARTBEAT_LOOK_MS, () => this.#sessions.forEach((session) => session.checkHeartbeat())),
    );
  }

  get feedUrl(): string {
    return `ws://127.0.0.1:${this.port}${FEED_PATH}`;
  }

  get loginUrl(): string {
    return `http://127.0.0.1:${this.port}${LOGIN_PATH}`;
  }

  get controlUrl(): string {
    return `http://127.0.0.1:${this.port}${CONTROL_PATH}`;
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) timer.cancel();
    for (const session of this.#sessions) session.close();
    // Those that do not answer the close frame are not waited for.
    const impatience = this.#clock.after(1000, () => this.#sessions.forEach((session) => session.terminate()));
    this.#server.closeIdleConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    impatience.cancel();
  }

  /** One snapshot to everybody who wants it, encoded once a mode. */
  #deliver(snapshot: Snapshot): void {
    for (const [mode, sessions] of this.#watchers.get(snapshot.stock) ?? []) {
      if (sessions.size === 0) continue;
      const frame = frameOf(snapshot, mode);
      for (const session of sessions) session.send(frame);
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => undefined); // a client that gives up during its handshake
    const refuse = (status: string, headers = ''): void => void socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n${headers}\r\n`);
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (url.pathname !== FEED_PATH && url.pathname !== '/') return refuse('404 Not Found');
    const header = (name: string): string | undefined => {
      const value = request.headers[name];
      return Array.isArray(value) ? value[0] : value;
    };
    const query = (name: string): string | undefined => url.searchParams.get(name) ?? undefined;
    const verdict = this.#accounts.handshake({
      authorization: header('authorization'),
      apiKey: header('x-api-key') ?? query('apiKey'),
      clientCode: header('x-client-code') ?? query('clientCode'),
      feedToken: header('x-feed-token') ?? query('feedToken'),
    });
    if ('fault' in verdict) return refuse('401 Unauthorized', `x-error-message: Invalid Header - Invalid ${verdict.fault}\r\n`);
    const { clientCode } = verdict;
    const open = [...this.#sessions].filter((session) => session.clientCode === clientCode).length;
    if (open >= SOCKETS_A_CLIENT) return refuse('429 Too Many Requests', 'x-error-message: Connection Limit Exceeded\r\n');
    this.#sockets.handleUpgrade(request, socket, head, (client) => {
      const session = new FeedSession({
        socket: client,
        clientCode,
        clock: this.#clock,
        handlers: {
          subscribed: (who, wanted) => this.#subscribe(who, wanted),
          unsubscribed: (who, wanted) => wanted.forEach((one) => this.#watchersOf(one)?.delete(who)),
          ended: (who) => {
            this.#sessions.delete(who);
            for (const one of who.wanted) this.#watchersOf(one)?.delete(who);
          },
        },
      });
      this.#sessions.add(session);
    });
  }

  /** The set in which a subscription stands; undefined for a token that is not traded here, which is answered with silence. */
  #watchersOf({ exchangeType, token, mode }: Wanted): Set<FeedSession> | undefined {
    const stock = this.#market.find(exchangeType, token);
    if (stock === undefined) return undefined;
    const modes = this.#watchers.get(stock) ?? new Map<SubscriptionMode, Set<FeedSession>>();
    this.#watchers.set(stock, modes);
    const sessions = modes.get(mode) ?? new Set<FeedSession>();
    modes.set(mode, sessions);
    return sessions;
  }

  #subscribe(session: FeedSession, wanted: readonly Wanted[]): void {
    for (const one of wanted) {
      const sessions = this.#watchersOf(one);
      if (sessions === undefined) continue;
      sessions.add(session);
      // The cached packet comes at once, also when the market is shut (PROTOCOL.md 7).
      session.send(frameOf(this.#market.lastOf(this.#market.find(one.exchangeType, one.token)!), one.mode));
    }
  }

  #http(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    if (request.method === 'GET') return this.#answer(response, this.#control(url));
    if (request.method !== 'POST') return this.#answer(response, { status: 405, body: { message: 'Method Not Allowed' } });
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= LONGEST_BODY) chunks.push(chunk);
    });
    request.on('error', () => undefined); // the client went away; there is nobody to answer
    request.on('end', () => this.#answer(response, length > LONGEST_BODY ? { status: 413, body: { message: 'Request Too Large' } } : this.#post(request, url.pathname, Buffer.concat(chunks))));
  }

  #post(request: IncomingMessage, path: string, bytes: Buffer): Answer {
    let body: unknown;
    try {
      body = JSON.parse(bytes.toString('utf8'));
    } catch {
      return { status: 400, body: { status: false, message: 'Bad Request: the body is no JSON', errorcode: 'AB1004', data: null } };
    }
    const header = (name: string): string | undefined => {
      const value = request.headers[name];
      return Array.isArray(value) ? value[0] : value;
    };
    switch (path) {
      case LOGIN_PATH:
        return this.#accounts.logIn(header, body);
      case REFRESH_PATH:
        return this.#accounts.refresh(header('authorization'), body);
      case LOGOUT_PATH:
        return this.#accounts.logOut(header('authorization'), body);
      default:
        return { status: 404, body: { message: 'Not Found' } };
    }
  }

  /** The control endpoint: what only a simulator can tell. */
  #control(url: URL): Answer {
    const stock = this.#market.findSymbol(url.searchParams.get('symbol') ?? '');
    const kind = url.searchParams.get('kind') ?? 'traded';
    const stamped = (rows: readonly { readonly timestampMs: number }[]): object[] => rows.map(({ timestampMs, ...row }) => ({ timestamp: istStamp(timestampMs), ...row }));
    if (url.pathname === CONTROL_PATH) {
      const { speed } = this.#clock;
      const symbols = this.#market.stocks.map(({ listing }) => ({ symbol: listing.symbol, token: listing.token, exchangeType: listing.exchangeType }));
      return { status: 200, body: { marketTime: istStamp(this.#clock.marketMs()), speed, seed: this.#seed, connections: this.#sessions.size, symbols } };
    }
    if (url.pathname !== `${CONTROL_PATH}/candles` && url.pathname !== `${CONTROL_PATH}/history`) return { status: 404, body: { message: 'Not Found' } };
    if (stock === undefined) return { status: 404, body: { message: 'symbol is missing or unknown' } };
    if (url.pathname === `${CONTROL_PATH}/candles`) return { status: 200, body: stamped(this.#market.trueCandles(stock)) };
    if (kind !== 'tick' && kind !== 'traded') return { status: 400, body: { message: 'kind is tick or traded' } };
    return { status: 200, body: stamped(this.#market.history(stock, kind)) };
  }

  #answer(response: ServerResponse, { status, body }: Answer): void {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  }
}
