/** A proxy between the program and a SmartAPI server. It records every binary message in the order it forwards them. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import type { NaivePacket } from '../naive.js';

export interface RecordingProxy {
  readonly url: string;
  readonly packets: NaivePacket[];
  close(): Promise<void>;
}

const passedOn = ['authorization', 'x-api-key', 'x-client-code', 'x-feed-token'];

/** Starts a proxy to the server at `port` of this machine; `speed`: market ms a real ms. */
export async function startProxy(port: number, speed: number): Promise<RecordingProxy> {
  const packets: NaivePacket[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const headers = Object.fromEntries(
        Object.entries(request.headers).filter(([name]) => name.startsWith('x-') || name === 'content-type'),
      ) as Record<string, string>;
      void fetch(`http://127.0.0.1:${port}${request.url ?? ''}`, {
        method: request.method ?? 'POST',
        headers,
        body: Buffer.concat(chunks),
      }).then(async (answer) => {
        response.writeHead(answer.status, { 'content-type': 'application/json' });
        response.end(await answer.text());
      });
    });
  });
  const clients = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  let connections = 0;
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const headers = Object.fromEntries(
      passedOn.flatMap((name) =>
        request.headers[name] === undefined ? [] : [[name, request.headers[name] as string]],
      ),
    );
    const upstream = new WebSocket(`ws://127.0.0.1:${port}/smart-stream`, {
      headers,
      perMessageDeflate: false,
    });
    upstream.on('open', () => {
      clients.handleUpgrade(request, socket, head, (client) => {
        const connection = ++connections;
        let subscribedMs = 0;
        client.on('message', (data: Buffer) => {
          if (subscribedMs === 0 && data[0] === 0x7b) subscribedMs = performance.now();
          upstream.send(data.toString('utf8'));
        });
        upstream.on('message', (data: Buffer, isBinary: boolean) => {
          const realMs = performance.now() - subscribedMs;
          if (isBinary)
            packets.push({
              bytes: Uint8Array.from(data),
              connection,
              marketMsSinceSubscribe: realMs * speed,
              realMsSinceSubscribe: realMs,
            });
          client.send(isBinary ? data : data.toString('utf8'));
        });
        client.on('close', () => upstream.close());
        upstream.on('close', () => client.close());
        client.on('error', () => undefined); // a client that is killed resets its connection
        upstream.on('error', () => undefined);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    packets,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
