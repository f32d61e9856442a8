/** A plain client of the simulated broker: logs in as documented and records all messages. */
import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { WebSocket } from 'ws';
import { SystemClock } from '../../src/clock.js';
import { FIELD, Packet } from '../../src/market/packet.js';
import { startBroker, type SimulatedBroker, type BrokerOptions } from '../../src/sim/broker.js';
import { decode } from '../../src/broker/angel/frames.js';
import { marketAt } from './world.js';

export const HEADERS = {
  'Content-Type': 'application/json',
  Accept: 'application/json',
  'X-UserType': 'USER',
  'X-SourceID': 'WEB',
  'X-ClientLocalIP': '127.0.0.1',
  'X-ClientPublicIP': '127.0.0.1',
  'X-MACAddress': '00:00:00:00:00:00',
  'X-PrivateKey': 'guestkey',
};

/** Runs a test with a broker. */
export async function withBroker(
  test: (broker: SimulatedBroker) => Promise<void>,
  options: Partial<BrokerOptions> & { speed?: number } = {},
): Promise<void> {
  const market = options.market ?? marketAt('11:00');
  const clock = new SystemClock({ originMs: market.startMs, speed: options.speed ?? 1 });
  const broker = await startBroker({ port: 0, market, clock, ...options });
  try {
    await test(broker);
  } finally {
    await broker.close();
  }
}

/** A reply of the log-in REST, in either shape. */
export interface Reply {
  readonly status: boolean;
  readonly data: Tokens & { readonly state?: string };
}

export async function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = HEADERS,
): Promise<{ status: number; text: string; json: Reply }> {
  const response = await fetch(url, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return {
    status: response.status,
    text,
    json: response.headers.get('content-type') === 'application/json' ? JSON.parse(text) : {},
  };
}

/** What the control route says of the clients. */
export async function about(broker: SimulatedBroker): Promise<{ connections: number; flowing: number }> {
  return (await (await fetch(broker.controlUrl)).json()) as { connections: number; flowing: number };
}

export interface Tokens {
  readonly jwtToken: string;
  readonly refreshToken: string;
  readonly feedToken: string;
}

export async function logIn(broker: SimulatedBroker, clientcode = 'GUEST1'): Promise<Tokens> {
  const { json } = await post(broker.loginUrl, { clientcode, password: '1234', totp: '123456' });
  return json.data;
}

export function headersOf(tokens: Tokens, clientCode = 'GUEST1'): Record<string, string> {
  return {
    Authorization: tokens.jwtToken,
    'x-api-key': 'guestkey',
    'x-client-code': clientCode,
    'x-feed-token': tokens.feedToken,
  };
}

/** Why a handshake was refused, or `open`. */
export async function handshake(
  url: string,
  headers: Record<string, string>,
): Promise<{ status: number; why: string | undefined } | 'open'> {
  const socket = new WebSocket(url, { headers, perMessageDeflate: false });
  return await new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => {
      socket.close();
      socket.on('close', () => resolve('open'));
    });
    socket.on('unexpected-response', (_, response) => {
      response.resume();
      resolve({
        status: response.statusCode ?? 0,
        why: response.headers['x-error-message'] as string | undefined,
      });
    });
  });
}

/** An open client that records every message. */
export class Client {
  readonly frames: Buffer[] = [];
  readonly texts: string[] = [];
  readonly socket: WebSocket;
  closed: { code: number; reason: string } | undefined;

  constructor(url: string, headers: Record<string, string>) {
    this.socket = new WebSocket(url, { headers });
    this.socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.frames.push(Buffer.from(data));
      else this.texts.push(data.toString());
    });
    this.socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
    });
  }

  static async open(broker: SimulatedBroker, clientCode = 'GUEST1', tokens?: Tokens): Promise<Client> {
    const client = new Client(
      broker.feedUrl,
      headersOf(tokens ?? (await logIn(broker, clientCode)), clientCode),
    );
    await once(client.socket, 'open');
    return client;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  ask(action: number, mode: number, tokens: readonly string[], exchangeType: unknown = 1): void {
    this.send({
      correlationID: 'abcde12345',
      action,
      params: { mode, tokenList: [{ exchangeType, tokens }] },
    });
  }

  packets(): Packet[] {
    return this.frames.map((frame) => {
      const packet = new Packet();
      if (decode(frame, packet) !== undefined) throw new Error(`no frame: ${frame.toString('hex')}`);
      return packet;
    });
  }

  /** Token, mode and sequence of every packet. */
  heard(): { token: string; mode: number; sequence: number }[] {
    return this.packets().map((packet) => ({
      token: packet.tokenText(),
      mode: packet.mode,
      sequence: packet.number(FIELD.sequence),
    }));
  }

  /** Resolves when the broker has handled all requests so far: it answers in order. */
  async settled(): Promise<void> {
    const pongs = this.texts.filter((text) => text === 'pong').length;
    this.send('ping');
    await until(() => this.texts.filter((text) => text === 'pong').length > pongs);
  }

  async close(): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) return;
    const closed = once(this.socket, 'close');
    this.socket.close();
    await closed;
  }
}

/** Waits until `holds` is true. The bound of a minute or more is for what never comes. */
export async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 6000; tries++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('waited a minute in vain');
}

/** Writes bytes to the broker's port. Returns the answer until the broker closes. */
export async function raw(broker: SimulatedBroker, bytes: string): Promise<string> {
  const socket = connectSocket(broker.port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.write(bytes);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}
