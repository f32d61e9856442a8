/**
 * The broker's own clients against the simulated broker, by transcripts of what they send (test/vectors/clients, which say how each was
 * had): header for header and frame for frame, over bare sockets.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { shipped } from '../../src/paths.js';
import type { Broker } from '../../src/sim/broker.js';
import { DEMO_ACCOUNT } from '../../src/sim/login.js';
import { totp } from '../../src/feed/totp.js';
import { withBroker } from './client.js';
import { RawClient, type Frame } from './raw-client.js';
import { listed, marketAt } from './world.js';

interface Exchange {
  readonly request: readonly string[];
  readonly body?: string;
  readonly answer: { readonly status: number; readonly json: object };
  /** Names for members of the answer's data. */
  readonly keep?: Readonly<Record<string, string>>;
}

interface Step {
  readonly text?: string;
  readonly ping?: string;
  /** Payload, hex. */
  readonly close?: string;
  /** Which kind of pong must come. */
  readonly pong?: 'text' | 'protocol';
  readonly error?: object;
  /** `MODE TOKEN` of all the packets that come from then on. */
  readonly flowing?: readonly string[];
}

interface Transcript {
  readonly client: string;
  readonly origin: string;
  readonly rest: readonly Exchange[];
  /** Each opens a socket of its own; the frames are played on all. */
  readonly handshakes: readonly (readonly string[])[];
  readonly frames: readonly Step[];
  readonly goodbye: readonly Exchange[];
}

const transcriptOf = (name: string): Transcript => JSON.parse(readFileSync(shipped(`test/vectors/clients/${name}.json`), 'utf8')) as Transcript;

const LENGTH_OF_MODE: Readonly<Record<number, number>> = { 1: 51, 2: 123, 3: 379 };

/** Fills a transcript's placeholders. */
class Values {
  readonly #values: Record<string, string>;

  constructor(port: number) {
    const { apiKey, clientCode, pin, totpSecret } = DEMO_ACCOUNT;
    this.#values = { host: `127.0.0.1:${port}`, key: Buffer.alloc(16, 7).toString('base64'), apiKey, clientCode, pin, totp: totp(totpSecret, Date.now()) };
  }

  set(name: string, value: string): void {
    this.#values[name] = value;
  }

  fill(text: string): string {
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => this.#values[name] ?? whole);
  }
}

async function ask(port: number, { request, body = '', answer, keep = {} }: Exchange, values: Values): Promise<void> {
  const client = new RawClient(port);
  const text = values.fill(body);
  values.set('length', String(Buffer.byteLength(text)));
  client.write(`${request.map((line) => values.fill(line)).join('\r\n')}\r\n\r\n${text}`);
  const reply = await client.reply();
  client.destroy();
  expect(reply.status).toBe(answer.status);
  const json = JSON.parse(reply.body) as { data: Record<string, string> };
  expect(json).toMatchObject(JSON.parse(values.fill(JSON.stringify(answer.json))) as object);
  for (const [name, member] of Object.entries(keep)) values.set(name, json.data[member]);
}

async function open(port: number, head: readonly string[], values: Values): Promise<RawClient> {
  const client = new RawClient(port);
  client.write(`${head.map((line) => values.fill(line)).join('\r\n')}\r\n\r\n`);
  const reply = await client.reply();
  expect(reply.head).toMatch(/^HTTP\/1\.1 101 /);
  expect(reply.head).not.toMatch(/permessage-deflate/i);
  return client;
}

/** The subscription that a packet belongs to, and that it has its mode's length. */
function subscriptionOf({ payload }: Frame): string {
  expect(payload).toHaveLength(LENGTH_OF_MODE[payload[0]]);
  expect(payload[1]).toBe(1);
  return `${payload[0]} ${payload.toString('latin1', 2, 27).replace(/\0.*$/s, '')}`;
}

async function play(client: RawClient, steps: readonly Step[], values: Values): Promise<void> {
  for (const { text, ping, close, pong, error, flowing } of steps) {
    if (text !== undefined) client.send(1, values.fill(text));
    if (ping !== undefined) client.send(9, ping);
    if (close !== undefined) {
      client.send(8, Buffer.from(close, 'hex'));
      let frame = await client.frame();
      while (frame.opcode === 2) frame = await client.frame();
      expect(frame.opcode).toBe(8);
      return;
    }
    let due = pong;
    let wrong = error;
    const missing = new Set(flowing);
    const from = performance.now();
    // What was on its way before a request took hold is not judged: packets come every quarter of a market second.
    while (due !== undefined || wrong !== undefined || missing.size > 0 || (flowing !== undefined && performance.now() - from < 60)) {
      const frame = await client.frame();
      if (frame.opcode === 2) {
        const subscription = subscriptionOf(frame);
        missing.delete(subscription);
        if (flowing !== undefined && performance.now() - from > 20) expect(flowing).toContain(subscription);
      } else if (frame.opcode === 10) {
        expect([due, frame.payload.toString()]).toEqual(['protocol', ping]);
        due = undefined;
      } else if (frame.payload.toString() === 'pong') {
        expect(due).toBe('text');
        due = undefined;
      } else {
        expect(JSON.parse(frame.payload.toString())).toEqual(wrong);
        wrong = undefined;
      }
    }
  }
}

/** A market that moves quickly, with the stocks that the transcripts ask for. */
const withMarket = (test: (broker: Broker) => Promise<void>): Promise<void> => withBroker(test, { market: marketAt('11:00', { listings: listed('RELIANCE', 'TCS', 'INFY') }), speed: 60 });

describe.each(['python', 'javascript', 'java'])('the %s client', (name) => {
  const transcript = transcriptOf(name);

  it.each(transcript.handshakes.map((head, k) => [k + 1, head] as const))('logs in, opens (form %i), pings, subscribes and unsubscribes, and leaves', async (_k, head) => {
    await withMarket(async ({ port }) => {
      const values = new Values(port);
      for (const exchange of transcript.rest) await ask(port, exchange, values);
      const client = await open(port, head, values);
      await play(client, transcript.frames, values);
      client.destroy();
      for (const exchange of transcript.goodbye) await ask(port, exchange, values);
    });
  }, 20_000);

  it.each([
    ['feed token', 'feed', 'x-feed-token', 'Invalid Header - Invalid Feed Token'],
    ['client code', 'clientCode', 'x-client-code', 'Invalid Header - Invalid Client Code'],
    ['API key', 'apiKey', 'x-api-key', 'Invalid Header - Invalid API Key'],
    ['JWT', 'jwt', 'Authorization', 'Invalid Header - Invalid Auth token'],
  ])('with a wrong %s is refused with 401 and the documented words, where it sends one', async (_what, placeholder, header, words) => {
    await withMarket(async ({ port }) => {
      const values = new Values(port);
      for (const exchange of transcript.rest) await ask(port, exchange, values);
      values.set(placeholder, 'eyJwrong');
      const client = new RawClient(port);
      client.write(`${transcript.handshakes[0].map((line) => values.fill(line)).join('\r\n')}\r\n\r\n`);
      const reply = await client.reply();
      client.destroy();
      if (!transcript.handshakes[0].some((line) => line.startsWith(`${header}:`))) expect(reply.status).toBe(101);
      else expect([reply.status, /^x-error-message: (.*)$/im.exec(reply.head)?.[1]]).toEqual([401, words]);
    });
  });

  it('says where it comes from', () => {
    expect(transcript.client.length + transcript.origin.length).toBeGreaterThan(100);
    expect(JSON.stringify(transcript)).not.toMatch(/eyJ[\w-]{8}|127\.0\.0\.1:\d/);
  });
});

describe('a stranger at the simulated broker', () => {
  /** A socket of the documented form, logged in. */
  async function guest(port: number): Promise<RawClient> {
    const python = transcriptOf('python');
    const values = new Values(port);
    await ask(port, python.rest[0], values);
    return open(port, python.handshakes[0], values);
  }
  const subscribe = (members: object): string => JSON.stringify({ action: 1, params: { mode: 1, tokenList: [{ exchangeType: 1, tokens: ['2885'] }] }, ...members });
  const nextText = async (client: RawClient): Promise<string> => {
    let frame = await client.frame();
    while (frame.opcode === 2) frame = await client.frame();
    return frame.payload.toString();
  };

  it('may send a request in pieces, in fragments with a ping between, and byte by byte', async () => {
    await withMarket(async ({ port }) => {
      const client = await guest(port);
      const text = subscribe({});
      client.send(1, text.slice(0, 20), false);
      client.send(9, 'between');
      client.send(0, text.slice(20, 40), false);
      client.send(0, text.slice(40));
      expect((await client.frame()).payload.toString()).toBe('between');
      expect(subscriptionOf(await client.frame())).toBe('1 2885');
      client.destroy();
    });
  });

  it.each([
    ['an unknown exchange type', { params: { mode: 1, tokenList: [{ exchangeType: 99, tokens: ['2885'] }] } }],
    ['a token that nobody knows', { params: { mode: 1, tokenList: [{ exchangeType: 1, tokens: ['999999'] }] } }],
    ['the same subscription twice', { params: { mode: 1, tokenList: [] } }],
  ])('is met with silence for %s', async (_what, members) => {
    await withMarket(async ({ port }) => {
      const client = await guest(port);
      client.send(1, subscribe(members));
      client.send(1, 'ping');
      expect(await nextText(client)).toBe('pong');
      client.destroy();
    });
  });

  it.each([
    ['no JSON', 'hello', ''],
    ['a mode that there is not', subscribe({ correlationID: 'x1', params: { mode: 9, tokenList: [] } }), 'x1'],
    ['tokens that are numbers', subscribe({ params: { mode: 1, tokenList: [{ exchangeType: 1, tokens: [2885] }] } }), ''],
    ['no action', JSON.stringify({ correlationID: 'x2', params: { mode: 1, tokenList: [] } }), 'x2'],
  ])('is told E1001 for %s, under its correlation identifier or an empty one', async (_what, text, correlationID) => {
    await withMarket(async ({ port }) => {
      const client = await guest(port);
      client.send(1, text);
      expect(JSON.parse(await nextText(client))).toEqual({ correlationID, errorCode: 'E1001', errorMessage: 'Invalid Request Payload.' });
      client.destroy();
    });
  });

  it('is told E1002 beyond 1,000 of (token, mode), and keeps what it had', async () => {
    await withMarket(async ({ port }) => {
      const client = await guest(port);
      const tokens = (count: number, from = 0): string[] => Array.from({ length: count }, (_, k) => String(100_000 + from + k));
      const many = (list: string[], mode: number, correlationID: string): string => subscribe({ correlationID, params: { mode, tokenList: [{ exchangeType: 1, tokens: list }] } });
      client.send(1, subscribe({}));
      client.send(1, many(tokens(499), 1, 'a'));
      client.send(1, many(tokens(500), 2, 'b'));
      client.send(1, many(['1594'], 3, 'toomany'));
      expect(JSON.parse(await nextText(client))).toMatchObject({ correlationID: 'toomany', errorCode: 'E1002' });
      const seen = new Set<string>();
      for (let k = 0; k < 20; k++) {
        const frame = await client.frame();
        if (frame.opcode === 2) seen.add(subscriptionOf(frame));
      }
      expect([...seen]).toEqual(['1 2885']);
      client.destroy();
    });
  });

  it('has three sockets, and the place of one that is half-closed or gone is free again', async () => {
    await withMarket(async ({ port }) => {
      const python = transcriptOf('python');
      const values = new Values(port);
      await ask(port, python.rest[0], values);
      const clients = [await open(port, python.handshakes[0], values), await open(port, python.handshakes[0], values), await open(port, python.handshakes[0], values)];
      const fourth = new RawClient(port);
      fourth.write(`${python.handshakes[0].map((line) => values.fill(line)).join('\r\n')}\r\n\r\n`);
      expect((await fourth.reply()).status).toBe(429);
      clients[0].finish();
      await expect(clients[0].frame()).rejects.toThrow(/ended the connection/);
      (await open(port, python.handshakes[0], values)).destroy();
      for (const client of [...clients, fourth]) client.destroy();
    });
  });
});
