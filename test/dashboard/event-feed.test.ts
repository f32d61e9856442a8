/** `/events` over real sockets: all from the begin, what follows an id, and clients that do not read. */
import { get, type IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CandleStream } from '../../src/candles/stream.js';
import { EventFeed, MAX_CLIENTS } from '../../src/dashboard/event-feed.js';
import { LocalServer } from '../../src/dashboard/local-server.js';
import { NumberedEvents } from '../../src/dashboard/numbered-events.js';
import { Notices } from '../../src/memory/notices.js';
import { eventOf, type TextEvent } from '../candles/event-schema.js';
import { at, drain } from '../shard/drive.js';
import { Script } from '../shard/script.js';

const servers: LocalServer[] = [];
afterEach(async () => void (await Promise.all(servers.splice(0).map((server) => server.stop()))));

interface Message {
  readonly id: string;
  readonly event: TextEvent;
}

/** A run of RELIANCE whose `/events` is served. */
async function served(epoch = 'a'): Promise<{
  readonly script: Script;
  readonly feed: EventFeed;
  readonly notices: Notices;
  readonly read: (lastId?: string) => Reader;
}> {
  const script = new Script().subscribe(at('10:59') + 30_000);
  const { memories, places } = script.engine;
  const shards = memories.map((memory, shard) => ({
    memory,
    places: places.filter((place) => place.shard === shard),
  }));
  const notices = new Notices(places.length);
  const feed = new EventFeed(new NumberedEvents(new CandleStream(shards, { notices })), epoch);
  const server = new LocalServer({
    port: 0,
    option: '--dashboard',
    onFailure: () => undefined,
    routes: { '/events': (request, response) => feed.join(request, response) },
  });
  await server.start();
  servers.push(server);
  return { script, feed, notices, read: (lastId) => new Reader(server, lastId) };
}

class Reader {
  status: number | undefined;
  response: IncomingMessage | undefined;
  #text = '';

  constructor(server: LocalServer, lastId: string | undefined) {
    const headers = lastId === undefined ? {} : { 'Last-Event-ID': lastId };
    get(`${server.url}/events`, { headers, agent: false }, (response) => {
      this.status = response.statusCode;
      this.response = response;
      response.setEncoding('utf8').on('data', (text: string) => (this.#text += text));
      response.on('error', () => undefined);
    }).on('error', () => undefined);
  }

  get messages(): Message[] {
    const whole = this.#text.split('\n\n').slice(0, -1);
    return whole.flatMap((block) => {
      const [, id, type, data] = /^id: (.*)\nevent: (.*)\ndata: (.*)$/.exec(block) ?? [];
      if (data === undefined) return [];
      const event = eventOf(data);
      expect(event.type).toBe(type);
      return [{ id, event }];
    });
  }

  async saw(count: number): Promise<Message[]> {
    await vi.waitFor(() => expect(this.messages.length).toBeGreaterThanOrEqual(count), 20_000);
    return this.messages;
  }
}

/** Minute `k` after 11:00, and a packet that seals it. */
function minute(script: Script, k: number): void {
  script.frame('RELIANCE', at('11:00') + k * 60_000 + 500, 10_000 + k);
  script.hum(at('11:00') + (k + 1) * 60_000 + 20_000);
  drain(script.engine);
}

describe('/events', () => {
  it('sends all from the begin, and what follows as it comes', async () => {
    const { script, feed, read } = await served();
    minute(script, 0);
    feed.update();
    const reader = read();
    const before = await reader.saw(3);
    expect(before.map(({ event }) => event.type)).toContain('candle');
    minute(script, 1);
    feed.update();
    const after = await reader.saw(before.length + 1);
    expect(after.slice(0, before.length)).toEqual(before);
    expect(new Set(after.map(({ id }) => id)).size).toBe(after.length);
  });

  it('continues after Last-Event-ID, and begins again after an id that is not its own', async () => {
    const { script, feed, read } = await served();
    for (let k = 0; k < 4; k++) minute(script, k);
    feed.update();
    const all = await read().saw(6);
    for (const [k, { id }] of all.entries()) {
      if (k === all.length - 1) continue;
      expect(await read(id).saw(all.length - 1 - k)).toEqual(all.slice(k + 1));
    }
    for (const id of ['b-2', 'a-99999999999999999999', 'nonsense', '-1', 'a-'])
      expect(await read(id).saw(all.length)).toEqual(all);
    const late = read(all.at(-1)!.id);
    minute(script, 4);
    feed.update();
    const next = await late.saw(1);
    expect(next[0].event.type).not.toBe('end');
  });

  it('sends a revision, connections and the end', async () => {
    const { script, feed, notices, read } = await served();
    minute(script, 0);
    feed.update();
    const reader = read();
    const before = await reader.saw(3);
    script.frame('RELIANCE', at('11:02') + 21_000, 10_900, { exchangeMs: BigInt(at('11:00') + 59_000) });
    drain(script.engine);
    notices.addConnection({ state: 'ended', marketMs: at('11:03'), connection: 1, cause: 'dropped' });
    script.end();
    feed.update();
    expect((await reader.saw(before.length + 2)).map(({ event }) => event.type)).not.toContain('end');
    notices.conclude('fail');
    feed.update();
    await vi.waitFor(
      () => expect(reader.messages.at(-1)!.event).toMatchObject({ type: 'end', verdict: 'fail' }),
      20_000,
    );
    const types = reader.messages.map(({ event }) => event.type);
    expect(types).toEqual(expect.arrayContaining(['revision', 'connection', 'gap']));
  });

  it('refuses one client too many, and lets another in when one has gone', async () => {
    const { feed, script, read } = await served();
    minute(script, 0);
    feed.update();
    const readers = Array.from({ length: MAX_CLIENTS }, () => read());
    await Promise.all(readers.map((reader) => reader.saw(1)));
    const late = read();
    await vi.waitFor(() => expect(late.status).toBe(503), 20_000);
    readers[0].response!.destroy();
    await vi.waitFor(async () => {
      const next = read();
      await vi.waitFor(() => expect(next.status).toBeDefined());
      expect(next.status).toBe(200);
    }, 20_000);
  });
});
