/** Conversations of a server with a client that hears through `src/feed/frame-tap.ts` or without it. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { FrameTap, type FrameTapOptions } from '../../src/feed/frame-tap.js';
import { seededRandom, type Random } from '../../src/random.js';

const seed = Number(process.env.SEED ?? 20261127);
const KEY = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/**
 * What the server sends: pieces, each written in a turn of its own. `accept` stands for the right answer to the
 * handshake.
 */
type Script = (accept: Buffer) => readonly Buffer[];

let server: Server;
export const wire: { script: Script } = { script: () => [] };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function serve(socket: Socket): Promise<void> {
  socket.on('error', () => undefined);
  const [request] = (await once(socket, 'data')) as [Buffer];
  socket.resume();
  const key = /sec-websocket-key: (\S+)/i.exec(request.toString('latin1'))![1];
  const proof = createHash('sha1').update(`${key}${KEY}`).digest('base64');
  const accept = Buffer.from(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${proof}\r\n\r\n`,
  );
  for (const piece of wire.script(accept)) {
    socket.write(piece);
    await turn();
  }
  socket.end();
}

beforeAll(async () => {
  server = createServer((socket) => void serve(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.close();
});

export const url = (): string => `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
export const bounds = {
  perMessageDeflate: false,
  maxPayload: 65_536,
  maxFragments: 64,
  autoPong: false,
  closeTimeout: 50,
};

/** All that a client hears until its end. `pauses`: at how many messages it stops reading for a moment. */
async function hear(
  withInlet: boolean,
  pauses: ReadonlySet<number> = new Set(),
): Promise<{ heard: string[]; delivered: number }> {
  const heard: string[] = [];
  let delivered = 0;
  let inlet: FrameTap | undefined;
  let binaries = 0;
  let over = (): void => undefined;
  const binary = (bytes: Uint8Array): void => {
    heard.push(`binary ${bytes.length} ${createHash('sha1').update(bytes).digest('hex').slice(0, 8)}`);
    if (!pauses.has(binaries++)) return;
    ws.pause();
    setTimeout(() => ws.resume(), 3);
  };
  const createConnection = (connection: FrameTapOptions['connection']): FrameTap =>
    (inlet = new FrameTap({
      connection,
      secure: false,
      deliver: (messages) => {
        delivered += messages.count;
        for (let k = 0; k < messages.count; k++) binary(messages.slice(k));
      },
    }));
  const ws = new WebSocket(url(), {
    ...bounds,
    ...(withInlet ? { createConnection: createConnection as never } : {}),
  });
  ws.on('open', () => {
    heard.push('open');
    process.nextTick(() => inlet?.open());
  });
  ws.on('message', (data: Buffer, isBinary: boolean) => {
    if (isBinary) binary(data);
    else heard.push(`text ${data.toString('utf8')}`);
  });
  ws.on('ping', (data: Buffer) => heard.push(`ping ${data.toString('hex')}`));
  ws.on('pong', (data: Buffer) => heard.push(`pong ${data.toString('hex')}`));
  ws.on('unexpected-response', (request, response) => {
    let body = '';
    response.on('data', (part: Buffer) => (body += part.toString()));
    response.on('end', () => {
      heard.push(`answer ${response.statusCode} ${body}`);
      request.destroy();
      over();
    });
  });
  ws.on('error', (error: Error & { code?: string }) => heard.push(`error ${error.code ?? error.message}`));
  await new Promise<void>((resolve) => {
    over = resolve;
    ws.on('close', (code: number, reason: Buffer) => {
      heard.push(`close ${code} ${reason.toString()}`);
      resolve();
    });
  });
  return { heard, delivered };
}

export async function expectSame(pauses?: ReadonlySet<number>): Promise<number> {
  const plain = await hear(false, pauses);
  const { heard, delivered } = await hear(true, pauses);
  expect(heard).toEqual(plain.heard);
  return delivered;
}

export function frame(
  opcode: number,
  payload: Uint8Array,
  { final = true, mask = false, reserved = 0, wide = false } = {},
): Buffer {
  const { length } = payload;
  const first = (final ? 0x80 : 0) | reserved | opcode;
  const bit = mask ? 0x80 : 0;
  let header: Buffer;
  if (length < 126 && !wide) header = Buffer.from([first, bit | length]);
  else if (length < 65_536 && !(wide && length < 126))
    header = Buffer.from([first, bit | 126, length >> 8, length & 0xff]);
  else {
    header = Buffer.alloc(10);
    header.set([first, bit | 127]);
    header.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([header, ...(mask ? [Buffer.alloc(4)] : []), payload]);
}

const close = (code: number): Buffer => frame(8, Buffer.from([code >> 8, code & 0xff, 0x62, 0x79, 0x65]));

/** A conversation: mostly packets; in between what else a server may say; at times what none may. */
function conversation(random: Random, oddEvery: number, badEvery: number): Buffer {
  const below = (n: number): number => Math.floor(random() * n);
  const bytes = (length: number): Buffer => Buffer.from(Uint8Array.from({ length }, () => below(256)));
  const parts: Buffer[] = [];
  const packet = (): Buffer => frame(2, bytes([51, 123, 379, 443][below(4)]));
  for (let k = 0; k < 200; k++) {
    if (below(badEvery) === 0) {
      const bad = [
        frame(2, bytes(51), { mask: true }), frame(2, bytes(51), { reserved: 0x40 }), frame(0, bytes(5)), frame(3, bytes(5)), frame(9, bytes(130)), frame(9, bytes(3), { final: false }),
        frame(1, Buffer.from([0xff, 0xfe])), frame(2, bytes(70_000)), close(1000), close(4000), close(999), frame(8, bytes(1)), bytes(below(30)),
      ]; // prettier-ignore
      parts.push(bad[below(bad.length)]);
    } else if (below(oddEvery) === 0) {
      const odd = [
        () => frame(1, Buffer.from('pong')), () => frame(9, bytes(below(126))), () => frame(10, bytes(below(126))), () => frame(2, bytes(0)), () => frame(2, bytes(below(700))),
        () => frame(2, bytes(below(60_000))), () => frame(2, bytes(below(120)), { wide: true }), () => frame(2, bytes(499 + below(4))), () => frame(1, Buffer.from('x'.repeat(below(2000)))),
        () => Buffer.concat([frame(2, bytes(30), { final: false }), frame(9, bytes(3)), frame(0, bytes(20), { final: false }), frame(0, bytes(1))]),
        () => Buffer.concat([frame(1, Buffer.from('half '), { final: false }), frame(0, Buffer.from('a text'))]),
        // In the midst of a fragmented message another one is a fault.
        () => (below(6) === 0 ? Buffer.concat([frame(2, bytes(30), { final: false }), packet()]) : packet()),
      ]; // prettier-ignore
      parts.push(odd[below(odd.length)]());
    } else parts.push(packet());
  }
  return Buffer.concat(parts);
}

/** Cuts into pieces of 1 to `most` bytes. */
function cut(bytes: Buffer, random: Random, most: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = 1 + Math.floor(random() * most);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

/** Tests that the tap changes nothing of this many random conversations of each kind. */
export function testConversations(runs: number): void {
  it.each([
    ['packets', 1e9, 1e9, 65_536],
    ['what a server may say', 5, 1e9, 65_536],
    ['the same in small pieces', 5, 1e9, 900],
    ['what no server may say', 8, 60, 65_536],
    ['the same in small pieces', 8, 60, 700],
  ])(
    `changes nothing of %s (one in %i odd, one in %i bad, pieces of up to %i bytes, seed ${seed})`,
    async (_what, oddEvery, badEvery, most) => {
      const random = seededRandom(seed, oddEvery + badEvery + most);
      let delivered = 0;
      for (let run = 0; run < runs; run++) {
        const said = conversation(random, oddEvery, badEvery);
        const pieces = cut(said, random, most);
        wire.script = (accept) =>
          run % 3 === 0
            ? [Buffer.concat([accept, ...pieces.slice(0, 1)]), ...pieces.slice(1)]
            : [accept, ...pieces];
        delivered += await expectSame();
      }
      // The library had to do with little of it.
      expect(delivered).toBeGreaterThan(runs * (oddEvery < 1e6 ? 8 : 196));
    },
  );

  it(`changes nothing while the client stops reading now and then (seed ${seed})`, async () => {
    const random = seededRandom(seed, 77);
    for (let run = 0; run < runs / 2; run++) {
      const pieces = cut(conversation(random, 10, 1e9), random, 8000);
      wire.script = (accept) => [accept, ...pieces];
      await expectSame(new Set(Array.from({ length: 5 }, () => Math.floor(random() * 150))));
    }
  });
}
