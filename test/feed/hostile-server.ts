/**
 * A SmartAPI server that misbehaves on command: log-in REST and feed on one port of loopback. Each handshake and each
 * log-in takes the next behaviour of its script, or the last one for ever. It counts what the client holds open, so
 * that a second socket is seen.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { TOKENS } from './secrets.js';

/** One socket of the feed, as the server sees it. */
interface Peer {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
  readonly number: number;
  /** Text messages, pings of the protocol, and the close code, where the handshake was accepted. */
  readonly texts: string[];
  protocolPings: number;
  closeCode: number | undefined;
  ws: WebSocket | undefined;
}

export type Handshake = (peer: Peer) => void;
export type Login = (request: IncomingMessage, body: string, response: ServerResponse) => void;

export interface HostileServer {
  readonly url: string;
  readonly port: number;
  readonly peers: Peer[];
  /** Bodies of the log-ins and their headers. */
  readonly logins: { readonly body: string; readonly headers: IncomingMessage['headers'] }[];
  /** Paths of every request that was not a handshake. */
  readonly calls: string[];
  handshakes: Handshake[];
  loginAnswers: Login[];
  /** Sockets of the feed open now, and the most that were at once. */
  readonly open: number;
  readonly mostOpen: number;
  close(): Promise<void>;
}

/** The body of a log-in that worked, in the broker's shape. */
export const loggedIn = (data: object = {}): object => ({
  status: true,
  message: 'SUCCESS',
  errorcode: '',
  data: {
    jwtToken: TOKENS.jwt,
    refreshToken: TOKENS.refresh,
    feedToken: TOKENS.feed,
    state: 'live',
    ...data,
  },
});

export const answer =
  (body: string | object, status = 200, headers: Record<string, string> = {}): Login =>
  (_request, _body, response) => {
    response.writeHead(status, {
      'content-type': typeof body === 'string' ? 'text/html' : 'application/json',
      ...headers,
    });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };

interface Manners {
  /** Called when the socket is open. */
  readonly then?: (peer: Peer) => void;
  /** Called for each subscribe request. */
  readonly onRequest?: (peer: Peer, text: string) => void;
  /** Answers to the text `ping` (yes) and to pings of the protocol (yes). */
  readonly textPong?: boolean;
  readonly protocolPong?: boolean;
}

const polite = new WebSocketServer({ noServer: true, perMessageDeflate: false });
const mutePong = new WebSocketServer({ noServer: true, perMessageDeflate: false, autoPong: false });

/** Opens the socket as the broker does. */
export const accept =
  ({ then, onRequest, textPong = true, protocolPong = true }: Manners = {}): Handshake =>
  (peer) => {
    (protocolPong ? polite : mutePong).handleUpgrade(peer.request, peer.socket, peer.head, (ws) => {
      peer.ws = ws;
      ws.on('error', () => undefined); // what the client resets is an error here, and the test looks at the client
      ws.on('close', (code) => (peer.closeCode = code));
      ws.on('ping', () => peer.protocolPings++);
      ws.on('message', (data: Buffer, isBinary) => {
        const text = isBinary ? '<binary>' : data.toString('utf8');
        peer.texts.push(text);
        if (text !== 'ping') onRequest?.(peer, text);
        else if (textPong) ws.send('pong');
      });
      then?.(peer);
    });
  };

/** Answers the handshake with a status. */
export const refuse =
  (status: number, headers: Record<string, string> = {}, body = ''): Handshake =>
  ({ socket }) => {
    const lines = Object.entries({ 'Content-Length': String(body.length), ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    socket.end(`HTTP/1.1 ${status} Refused\r\n${lines.join('')}\r\n${body}`);
  };

/** Takes the connection and never says a word. */
export const silent: Handshake = ({ socket }) => void socket.resume();

/** Answers with these bytes and keeps the connection. */
export const says =
  (text: string): Handshake =>
  ({ socket }) => {
    socket.resume();
    socket.write(text);
  };

/** Answers a header at a time, without an end. */
export const drips =
  (everyMs: number): Handshake =>
  ({ socket }) => {
    socket.resume();
    socket.write('HTTP/1.1 101 Switching Protocols\r\n');
    const dripping = setInterval(() => socket.write('X-Slow: 1\r\n'), everyMs);
    socket.on('close', () => clearInterval(dripping));
  };

export const reset: Handshake = ({ socket }) => void socket.resetAndDestroy();

/**
 * Completes the handshake and hands over the bare connection: whatever is written to it reaches the client unframed.
 */
export const bare =
  (then: (socket: Socket) => void): Handshake =>
  (peer) => {
    peer.socket.resume();
    const key = peer.request.headers['sec-websocket-key']!;
    const proof = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    peer.socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${proof}\r\n\r\n`,
    );
    then(peer.socket);
  };

/** As `bare`, but deaf to the end that the client makes: the connection stays half open for ever. */
export const stubborn =
  (then: (socket: Socket) => void): Handshake =>
  (peer) => {
    peer.socket.removeAllListeners('end');
    bare(then)(peer);
  };

/** The next behaviour of a script; the last one stays. */
const next = <Behaviour>(script: Behaviour[]): Behaviour => (script.length > 1 ? script.shift()! : script[0]);

/** Starts it on a port of 127.0.0.1; with `pem`, certificate and key in one, it speaks TLS. */
export async function hostileServer(onPort = 0, pem?: string): Promise<HostileServer> {
  let open = 0;
  let mostOpen = 0;
  const everything = new Set<Socket>();
  const listener: RequestListener = (request, response) => {
    server.calls.push(`${request.method ?? ''} ${request.url ?? ''}`);
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => (body += part));
    request.on('end', () => {
      server.logins.push({ body, headers: request.headers });
      next(server.loginAnswers)(request, body, response);
    });
  };
  const http =
    pem === undefined ? createServer(listener) : createSecureServer({ cert: pem, key: pem }, listener);
  http.on('connection', (socket) => {
    everything.add(socket);
    socket.on('close', () => everything.delete(socket));
    socket.on('error', () => undefined); // as above
  });
  http.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    const socket = stream as Socket;
    mostOpen = Math.max(mostOpen, ++open);
    socket.on('close', () => open--);
    socket.on('end', () => socket.end());
    const peer: Peer = {
      request,
      socket,
      head,
      number: server.peers.length + 1,
      texts: [],
      protocolPings: 0,
      closeCode: undefined,
      ws: undefined,
    };
    server.peers.push(peer);
    next(server.handshakes)(peer);
  });
  await new Promise<void>((resolve) => http.listen(onPort, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  const server: HostileServer = {
    url: `${pem === undefined ? 'ws' : 'wss'}://127.0.0.1:${port}`,
    port,
    peers: [],
    logins: [],
    calls: [],
    handshakes: [accept()],
    loginAnswers: [answer(loggedIn())],
    get open() {
      return open;
    },
    get mostOpen() {
      return mostOpen;
    },
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        for (const socket of everything) socket.destroy();
      }),
  };
  return server;
}
