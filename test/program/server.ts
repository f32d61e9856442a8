/**
 * A SmartAPI server that a test scripts: REST log-in and feed on one port, without a market. It is independent of the
 * simulated broker, so that the two sides of the wire do not share code.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';

export interface Scripted {
  readonly url: string;
  readonly port: number;
  readonly server: Server;
  /** Requests other than the handshake, as `POST /path`. */
  readonly calls: string[];
  /** Open sockets. */
  readonly open: Set<WebSocket>;
  /** How sockets ended: the close codes of their clients, 1006 without a close frame. */
  readonly closeCodes: number[];
  close(): Promise<void>;
}

export interface Script {
  /** Called for each open socket, after its first subscribe request. `connection` counts from 1. */
  readonly onSubscribe?: (socket: WebSocket, connection: number, tokens: readonly string[]) => void;
  /** Refuses the log-in, or undefined. */
  readonly login?: () => object | undefined;
}

interface Request {
  readonly action: number;
  readonly params: { readonly tokenList: readonly { readonly tokens: readonly string[] }[] };
}

/** Starts the server on a free port of 127.0.0.1. */
export async function startServer(script: Script): Promise<Scripted> {
  const calls: string[] = [];
  const open = new Set<WebSocket>();
  const closeCodes: number[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    calls.push(`${request.method ?? ''} ${request.url ?? ''}`);
    request.resume();
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify(
        script.login?.() ?? {
          status: true,
          message: 'SUCCESS',
          errorcode: '',
          data: { jwtToken: 'jwt.of.test', refreshToken: 'r', feedToken: 'feed-of-test' },
        },
      ),
    );
  });
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  let connections = 0;
  sockets.on('connection', (socket) => {
    const connection = ++connections;
    open.add(socket);
    socket.on('close', (code) => {
      open.delete(socket);
      closeCodes.push(code);
    });
    socket.on('error', () => undefined); // a client that is killed resets its connection
    const tokens: string[] = [];
    socket.on('message', (data: Buffer) => {
      const text = data.toString('utf8');
      if (text === 'ping') return socket.send('pong');
      const { params } = JSON.parse(text) as Request;
      const first = tokens.length === 0;
      tokens.push(...params.tokenList.flatMap((list) => list.tokens));
      if (first) setImmediate(() => script.onSubscribe?.(socket, connection, tokens));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}`,
    port,
    server,
    calls,
    open,
    closeCodes,
    async close() {
      for (const socket of open) socket.terminate();
      sockets.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** An LTP frame, made without the simulator's encoder. */
export function ltpFrame(options: {
  token: string;
  sequence: number;
  timeMs: number;
  pricePaise: number;
  exchange?: number;
}): Buffer {
  const bytes = Buffer.alloc(51);
  bytes[0] = 1;
  bytes[1] = options.exchange ?? 1;
  bytes.write(options.token, 2, 'latin1');
  bytes.writeBigInt64LE(BigInt(options.sequence), 27);
  bytes.writeBigInt64LE(BigInt(options.timeMs), 35);
  bytes.writeBigInt64LE(BigInt(options.pricePaise), 43);
  return bytes;
}
