/**
 * Servers that send too much, over real sockets: a client in a process of its own is cut off from each within the
 * bounds that `src/feed/socket.ts` and `src/feed/token-bucket.ts` state, and its memory stays where it was. Mutations
 * that were caught here: an allowance that never ends (13 of these fail), and with it no bound on unsent pongs (the
 * client grew without end).
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TOKEN_BUCKET } from '../../src/feed/token-bucket.js';
import {
  accept,
  answer,
  bare,
  hostileServer,
  says,
  type Handshake,
  type HostileServer,
} from './hostile-server.js';
import { listen, until } from './listening.js';
import type { Flooded } from './flooded-client.js';

let server: HostileServer;
beforeEach(async () => {
  server = await hostileServer();
});
afterEach(() => server.close());

const program = fileURLToPath(new URL('./flooded-client.js', import.meta.url));

function clientOf(url: string): Promise<Flooded> {
  const child = spawn(process.execPath, [program, url], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  return new Promise((resolve, reject) =>
    child.on('close', (code) =>
      text === ''
        ? reject(new Error(`ended with ${String(code)} and said nothing`))
        : resolve(JSON.parse(text) as Flooded),
    ),
  );
}

/**
 * Real ms until a client has cut off a server that sends too much: real time, because the allowance is for each real
 * second. An idle machine takes up to 1,500.
 */
const CUT_OFF_MS = 15_000;
/** Allowance that a second before the open and the time since then are worth. */
const earned = ({ openMs }: Pick<Flooded, 'openMs'>): number => TOKEN_BUCKET.perSecond * (1 + openMs / 1000);

/** One frame of the protocol, not masked, as servers send them; `declared` is the length that it gives, true or not. */
function frame(opcode: number, payload: Buffer, { last = true, declared = payload.length } = {}): Buffer {
  const head = Buffer.from([(last ? 0x80 : 0) | opcode]);
  if (declared < 126) return Buffer.concat([head, Buffer.from([declared]), payload]);
  const length = Buffer.alloc(9, 127);
  length.writeBigUInt64BE(BigInt(declared), 1);
  return Buffer.concat([head, length, payload]);
}

const GIGABYTE = 2 ** 30;
const TEXT = 1;
const BINARY = 2;
const CONTINUED = 0;
const NOTHING = Buffer.alloc(0);
const many = (bytes: Buffer, times: number): Buffer =>
  Buffer.concat(Array.from({ length: times }, () => bytes));

/** Writes `first` and then `again` for ever, as fast as the client reads. `deaf`: reads nothing itself. */
function pours(first: Buffer, again: Buffer, deaf = false): Handshake & { written(): number } {
  let socket: Socket | undefined;
  const handshake = bare((theirs) => {
    socket = theirs;
    if (deaf) theirs.pause();
    theirs.write(first);
    const more = (): void => {
      while (!theirs.destroyed) if (!theirs.write(again)) return void theirs.once('drain', more);
    };
    more();
  });
  return Object.assign(handshake, { written: () => socket!.bytesWritten });
}

/**
 * MB by which a client may grow that receives rubbish for a second: Node's own young generation and read buffers take
 * most of it.
 */
const MAX_GROWTH_MB = 64;

describe('a message of a gigabyte', () => {
  const chunk = Buffer.alloc(65_536);
  it.each<[string, Buffer, Buffer]>([
    ['declared in one frame and sent', frame(BINARY, chunk, { declared: GIGABYTE }), chunk],
    ['as text', frame(TEXT, chunk, { declared: GIGABYTE }), chunk],
    ['declared longer than any number', frame(BINARY, chunk, { declared: Number.MAX_SAFE_INTEGER }), chunk],
    [
      'in fragments of 64 KiB',
      frame(BINARY, chunk, { last: false }),
      frame(CONTINUED, chunk, { last: false }),
    ],
    [
      'in fragments of 1,000 bytes',
      frame(BINARY, chunk.subarray(0, 1000), { last: false }),
      many(frame(CONTINUED, chunk.subarray(0, 1000), { last: false }), 65),
    ],
    [
      'in fragments of a byte',
      frame(TEXT, Buffer.from('x'), { last: false }),
      many(frame(CONTINUED, Buffer.from('x'), { last: false }), 20_000),
    ],
    [
      'in empty fragments without end',
      frame(BINARY, NOTHING, { last: false }),
      many(frame(CONTINUED, NOTHING, { last: false }), 30_000),
    ],
  ])('%s: the connection ends, nothing is kept', async (_name, first, again) => {
    server.handshakes = [pours(first, again)];
    const flooded = await clientOf(server.url);
    expect(flooded.cause).toBe('protocol');
    expect(flooded.reason).toMatch(
      /^WS_ERR_(UNSUPPORTED_MESSAGE_LENGTH|UNSUPPORTED_DATA_PAYLOAD_LENGTH|TOO_MANY_BUFFERED_PARTS)$/,
    );
    expect(flooded).toMatchObject({ binary: 0, texts: 0 });
    expect(flooded.openMs).toBeLessThan(CUT_OFF_MS);
    expect(flooded.grewMb).toBeLessThan(MAX_GROWTH_MB);
  });

  it('fragments of a byte with as many pongs between them as fit into a read: what a fragment holds on to is that read', async () => {
    const read = Buffer.concat([
      frame(CONTINUED, Buffer.from('x'), { last: false }),
      many(frame(10, Buffer.alloc(125)), 516),
    ]);
    server.handshakes = [pours(frame(BINARY, Buffer.from('x'), { last: false }), read)];
    const flooded = await clientOf(server.url);
    expect(flooded.cause).toBe('flood');
    expect(flooded.grewMb).toBeLessThan(MAX_GROWTH_MB);
  });

  it('a message in 64 fragments is heard, one in 65 is not', async () => {
    const inFragments = (count: number): Buffer =>
      Buffer.concat([
        frame(BINARY, Buffer.from([1]), { last: false }),
        many(frame(CONTINUED, Buffer.from([1]), { last: false }), count - 2),
        frame(CONTINUED, Buffer.from([1])),
      ]);
    server.handshakes = [
      bare((socket) => void socket.end(inFragments(64))),
      bare((socket) => void socket.end(inFragments(65))),
    ];
    expect(await clientOf(server.url)).toMatchObject({ cause: 'dropped', binary: 1, bytes: 64 });
    expect(await clientOf(server.url)).toMatchObject({
      cause: 'protocol',
      reason: 'WS_ERR_TOO_MANY_BUFFERED_PARTS',
      binary: 0,
    });
  });

  it('is not swallowed before the handshake either: headers without end, an answer of the log-in without end', async () => {
    server.handshakes = [
      says(`HTTP/1.1 101 Switching Protocols\r\n${'X-Long: 0123456789\r\n'.repeat(100_000)}`),
    ];
    expect(await clientOf(server.url)).toMatchObject({
      cause: 'unexpected-answer',
      reason: 'HPE_HEADER_OVERFLOW',
    });
    let written = 0;
    server.loginAnswers = [
      (_request, _body, response) => {
        const more = (): void => {
          while (!response.destroyed) {
            written += chunk.length;
            if (!response.write(chunk)) return void response.once('drain', more);
          }
        };
        more();
      },
      answer({ status: false, errorcode: 'AB1050', message: 'Invalid totp' }),
    ];
    const { client } = listen(server);
    await expect(client.start()).rejects.toMatchObject({ code: 'LOGIN' });
    expect(written).toBeLessThan(64 * 2 ** 20);
  });
});

describe('a million tiny messages', () => {
  const packetless = { texts: 0, binary: 0, pongs: 0 };
  const floods: [string, Buffer, object, boolean?][] = [
    ['binary of one byte', frame(BINARY, Buffer.from([1])), { ...packetless, binary: TOKEN_BUCKET.most }],
    ['empty binary', frame(BINARY, NOTHING), { ...packetless, binary: TOKEN_BUCKET.most }],
    [
      'binary as long as a packet but of another mode',
      frame(BINARY, Buffer.alloc(51, 2)),
      { ...packetless, binary: TOKEN_BUCKET.most },
    ],
    [
      'texts of one letter',
      frame(TEXT, Buffer.from('x')),
      { ...packetless, texts: TOKEN_BUCKET.most / TOKEN_BUCKET.text },
    ],
    [
      'text pongs',
      frame(TEXT, Buffer.from('pong')),
      { ...packetless, texts: TOKEN_BUCKET.most / TOKEN_BUCKET.text },
    ],
    [
      'refusals',
      frame(TEXT, Buffer.from('{"errorCode":"E1002"}')),
      { ...packetless, texts: TOKEN_BUCKET.most / TOKEN_BUCKET.text },
    ],
    ['pings', frame(9, NOTHING), packetless],
    ['pings, and nothing that we answer is read', frame(9, Buffer.alloc(125)), packetless, true],
    ['pongs that were not requested', frame(10, NOTHING), { ...packetless, pongs: TOKEN_BUCKET.most }],
    [
      'empty fragments that end',
      Buffer.concat([frame(BINARY, NOTHING, { last: false }), frame(CONTINUED, NOTHING)]),
      { ...packetless, binary: TOKEN_BUCKET.most },
    ],
  ];
  it.each(floods)('%s: cut off after as many as are allowed', async (_name, message, heard, deaf = false) => {
    const flood = pours(NOTHING, many(message, Math.ceil(65_536 / message.length)), deaf);
    server.handshakes = [flood];
    const flooded = await clientOf(server.url);
    expect(flooded).toMatchObject({ cause: 'flood', reason: '' });
    for (const [what, atLeast] of Object.entries(heard) as ['texts' | 'binary' | 'pongs', number][]) {
      expect(flooded[what], what).toBeGreaterThanOrEqual(atLeast);
      expect(flooded[what], what).toBeLessThanOrEqual(atLeast === 0 ? 0 : atLeast + earned(flooded));
    }
    expect(flooded.openMs).toBeLessThan(CUT_OFF_MS);
    expect(flooded.grewMb).toBeLessThan(MAX_GROWTH_MB);
  });

  it('large messages that are no packets are cut off after 4 MiB', async () => {
    server.handshakes = [pours(NOTHING, frame(BINARY, Buffer.alloc(65_536, 7)))];
    const flooded = await clientOf(server.url);
    expect(flooded.cause).toBe('flood');
    expect(flooded.bytes).toBeLessThanOrEqual(
      (TOKEN_BUCKET.most + earned(flooded)) * TOKEN_BUCKET.bytesAUnit,
    );
    expect(flooded.grewMb).toBeLessThan(MAX_GROWTH_MB);
  });

  it('is reported like every other end, and the feed comes back after a wait', async () => {
    server.handshakes = [
      accept({ then: ({ ws }) => void Array.from({ length: 20_000 }, () => ws!.send(Buffer.from([1]))) }),
      accept(),
    ];
    const { client, heard } = listen(server);
    const beganMs = performance.now();
    await client.start();
    await until(() => heard.events.includes('subscribed 2'), 'the next connection');
    const openMs = performance.now() - beganMs;
    expect(heard.events).toEqual(['opened 1', 'subscribed 1', 'closed 1 flood', 'opened 2', 'subscribed 2']);
    expect(heard.ends[0]).toMatchObject({ cause: 'flood', code: undefined, reason: '' });
    expect(heard.ends[0].sentence).toMatch(/^The server sent thousands of messages that are no packets.*\?$/);
    expect(heard.binary.length).toBeLessThanOrEqual(TOKEN_BUCKET.most + earned({ openMs }));
    expect(heard.log.filter((line) => line.includes('"cause":"flood"'))).toHaveLength(1);
    expect(server.mostOpen).toBe(1);
    await client.stop();
  });
});

describe('what is no flood', () => {
  it('pings are answered, each with what it carried', async () => {
    const pongs: string[] = [];
    server.handshakes = [
      accept({
        then: ({ ws }) => {
          ws!.on('pong', (data: Buffer) => pongs.push(data.toString()));
          for (let ping = 0; ping < 50; ping++) ws!.ping(String(ping));
        },
      }),
    ];
    const { client, heard } = listen(server);
    await client.start();
    await until(() => pongs.length === 50, 'fifty pongs');
    expect(pongs).toEqual(Array.from({ length: 50 }, (_, ping) => String(ping)));
    expect(heard.ends).toEqual([]);
    await client.stop();
  });

  it('two hundred thousand packets with garbage in every tenth place, as fast as they can be read', async () => {
    const packet = frame(BINARY, Buffer.alloc(51, 1));
    const ten = Buffer.concat([many(packet, 9), frame(BINARY, Buffer.alloc(52, 1))]);
    server.handshakes = [bare((socket) => void socket.end(many(ten, 20_000)))];
    expect(await clientOf(server.url)).toMatchObject({ cause: 'dropped', binary: 200_000 });
  });
});
