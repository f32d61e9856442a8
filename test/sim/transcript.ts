/**
 * Transcripts of what the broker's own clients send (test/vectors/clients), played against the simulated broker
 * over bare sockets.
 */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { totp } from '../../src/broker/angel/totp.js';
import { shipped } from '../../src/paths.js';
import type { SimulatedBroker } from '../../src/sim/broker.js';
import { DEMO_ACCOUNT } from '../../src/sim/demo-account.js';
import { withBroker } from './client.js';
import { RawClient, type Frame } from './raw-client.js';
import { listed, marketAt } from './world.js';

export interface Exchange {
  readonly request: readonly string[];
  readonly body?: string;
  readonly answer: { readonly status: number; readonly json: object };
  /** Names for members of the answer's data. */
  readonly keep?: Readonly<Record<string, string>>;
}

export interface Step {
  readonly text?: string;
  readonly ping?: string;
  /** Payload, hex: the last step. */
  readonly close?: string;
  /** The kind of pong that must come. */
  readonly pong?: 'text' | 'protocol';
  readonly error?: object;
  /** `MODE TOKEN` of all packets from then on. */
  readonly flowing?: readonly string[];
}

export interface Transcript {
  readonly client: string;
  readonly origin: string;
  readonly rest: readonly Exchange[];
  /** Each opens its own socket; the frames are played on all. */
  readonly handshakes: readonly (readonly string[])[];
  readonly frames: readonly Step[];
  readonly goodbye: readonly Exchange[];
}

export const transcriptOf = (name: string): Transcript =>
  JSON.parse(readFileSync(shipped(`test/vectors/clients/${name}.json`), 'utf8')) as Transcript;

const LENGTH_OF_MODE: Readonly<Record<number, number>> = { 1: 51, 2: 123, 3: 379 };

/** A thousand unknown tokens, as json.dumps writes them. */
const THOUSAND = Array.from({ length: 1000 }, (_, k) => `"${500_000 + k}"`).join(', ');
/** Packets that prove that a subscription flows. */
const ENOUGH_PACKETS = 3;

/** Fills a transcript's placeholders. */
export class Values {
  readonly #values: Record<string, string>;

  constructor(port: number) {
    const { apiKey, clientCode, pin, totpSecret } = DEMO_ACCOUNT;
    this.#values = {
      host: `127.0.0.1:${port}`,
      key: Buffer.alloc(16, 7).toString('base64'),
      apiKey,
      clientCode,
      pin,
      totp: totp(totpSecret, Date.now()),
      thousand: THOUSAND,
    };
  }

  set(name: string, value: string): void {
    this.#values[name] = value;
  }

  fill(text: string): string {
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => this.#values[name] ?? whole);
  }
}

/** One HTTP request on its own connection; checks the answer. */
export async function ask(
  port: number,
  { request, body = '', answer, keep = {} }: Exchange,
  values: Values,
): Promise<void> {
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

/** A socket after a handshake with these lines. */
export async function open(port: number, head: readonly string[], values: Values): Promise<RawClient> {
  const client = new RawClient(port);
  client.write(`${head.map((line) => values.fill(line)).join('\r\n')}\r\n\r\n`);
  const reply = await client.reply();
  expect(reply.head).toMatch(/^HTTP\/1\.1 101 /);
  expect(reply.head).not.toMatch(/permessage-deflate/i);
  return client;
}

/** The subscription of a packet; checks its length against the mode. */
export function subscriptionOf({ payload }: Frame): string {
  expect(payload).toHaveLength(LENGTH_OF_MODE[payload[0]]);
  expect(payload[1]).toBe(1);
  return `${payload[0]} ${payload.toString('latin1', 2, 27).replace(/\0.*$/s, '')}`;
}

/**
 * Plays a transcript's frames and checks the answers: the reply, the cached packet of each new subscription,
 * then packets of exactly the subscriptions.
 */
export async function play(client: RawClient, steps: readonly Step[], values: Values): Promise<void> {
  let before: readonly string[] = [];
  for (const { text, ping, close, pong, error, flowing } of steps) {
    if (text !== undefined) client.send(1, values.fill(text));
    if (ping !== undefined) client.send(9, ping);
    if (close !== undefined) {
      client.send(8, Buffer.from(close, 'hex'));
      let frame = await client.frame();
      while (frame.opcode === 2) frame = await client.frame();
      expect([frame.opcode, frame.payload.toString('hex')]).toEqual([8, close]);
      await expect(client.frame()).rejects.toThrow(/ended the connection/);
      return;
    }
    const heard = await client.settled();
    const answers = heard
      .filter(({ opcode }) => opcode !== 2)
      .map(({ opcode, payload }) => [opcode, payload.toString()]);
    if (pong !== undefined) expect(answers).toEqual([pong === 'text' ? [1, 'pong'] : [10, ping]]);
    else if (error !== undefined)
      expect(answers.map(([opcode, json]) => [opcode, JSON.parse(String(json))])).toEqual([[1, error]]);
    else expect(answers).toEqual([]);
    if (flowing === undefined) continue;
    const cached = heard.filter(({ opcode }) => opcode === 2).map(subscriptionOf);
    for (const subscription of flowing)
      if (!before.includes(subscription)) expect(cached).toContain(subscription);
    before = flowing;
    const counts = new Map(flowing.map((subscription) => [subscription, 0]));
    while ([...counts.values()].some((count) => count < ENOUGH_PACKETS)) {
      const frame = await client.frame();
      expect(frame.opcode).toBe(2);
      const subscription = subscriptionOf(frame);
      expect(flowing).toContain(subscription);
      counts.set(subscription, counts.get(subscription)! + 1);
    }
  }
}

/** A fast market with the stocks of the transcripts. */
export const withMarket = (test: (broker: SimulatedBroker) => Promise<void>): Promise<void> =>
  withBroker(test, { market: marketAt('11:00', { listings: listed('RELIANCE', 'TCS', 'INFY') }), speed: 60 });
