/**
 * Candles published from a run's memory to real servers that are killed, wiped, stopped and started again. In the end
 * a consumer holds what the run's memory has: nothing lost, nothing twice.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { LEDGER } from '../../src/memory/io-ledger.js';
import { shipped } from '../../src/paths.js';
import { subjectOf, type PublishedCandle } from '../../src/publish/message.js';
import { eventOf } from '../candles/event-schema.js';
import { heldOf, Nats, natsServer, twice } from './nats.js';
import { eventually, PublishedRun } from './trial.js';

const PYTHON = '/usr/bin/python3';

const servers: Nats[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function started(...more: readonly string[]): Promise<Nats> {
  const server = await Nats.start(...more);
  servers.push(server);
  return server;
}

/** What a consumer of the server holds is what the run's memory has now. */
const caughtUp = (server: Nats, run: PublishedRun): Promise<void> =>
  vi.waitFor(
    async () => {
      const messages = await server.messages();
      expect(heldOf(messages.map(({ event }) => event))).toEqual(heldOf(run.events));
    },
    { timeout: 120_000, interval: 50 },
  );

async function expectWhole(server: Nats, run: PublishedRun): Promise<void> {
  const messages = await server.messages();
  expect(heldOf(messages.map(({ event }) => event))).toEqual(heldOf(run.events));
  expect(twice(messages)).toEqual([]);
}

describe.skipIf(natsServer === undefined)('publishing', () => {
  it('stores every candle and revision, one subject an instrument and timeframe', async () => {
    const server = await started();
    const run = new PublishedRun();
    const host = run.publisher(server.url);
    host.start();
    run.minutes(4);
    await caughtUp(server, run);
    run.minutes(8).end();
    await host.finish();
    expect(host.done).toBe(true);
    await expectWhole(server, run);
    const messages = await server.messages();
    expect([...new Set(messages.map(({ subject }) => subject))].sort()).toEqual([
      'candle.NSE.1594.1m',
      'candle.NSE.1594.5m',
      'candle.NSE.2885.1m',
      'candle.NSE.2885.5m',
    ]);
    expect(messages.some(({ event }) => event.type === 'revision')).toBe(true);
    expect(host.figures).toMatchObject({
      waiting: 0,
      taken: 0,
      disputed: 0,
      connections: 1,
      trouble: undefined,
    });
    // The connection to the named server was planned.
    expect(new Int32Array(run.ledger)[LEDGER.workerConnections]).toBe(0);
    expect(run.said).toEqual([]);
  });

  it.skipIf(!existsSync(PYTHON))(
    'is read by a program of another language, by the protocol alone',
    async () => {
      const server = await started();
      const run = new PublishedRun().minutes(12).end();
      const host = run.publisher(server.url);
      host.start();
      await host.finish();
      const script = fileURLToPath(shipped('test/publish/consumer.py'));
      const { stdout } = await promisify(execFile)(PYTHON, [script, '127.0.0.1', String(server.port)]);
      const events = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as PublishedCandle);
      expect(heldOf(events)).toEqual(heldOf(run.events));
      for (const line of stdout.trimEnd().split('\n')) eventOf(line);
    },
  );

  it.each([
    ['is killed and started again', () => undefined, 0],
    ['loses its disk', (server: Nats) => server.wipe(), 0],
    ['loses what it acknowledged last', (server: Nats) => server.restore(), 3],
  ] as const)('continues when a server %s', async (_what, damage, before) => {
    const server = await started();
    const run = new PublishedRun();
    const host = run.publisher(server.url);
    host.start();
    if (before > 0) {
      run.minutes(before);
      await caughtUp(server, run);
      await server.kill();
      server.save();
      await server.start();
    }
    run.minutes(4);
    await caughtUp(server, run);
    await server.kill();
    run.minutes(3);
    damage(server);
    await eventually(() => host.figures.trouble !== undefined);
    await server.start();
    run.minutes(6).end();
    await host.finish();
    expect(host.done).toBe(true);
    expect(host.figures.connections).toBeGreaterThan(1);
    expect(run.said[0]).toContain('Nothing is published: ');
    await expectWhole(server, run);
  });

  it('publishes again what a server has lost of subjects that have nothing new', async () => {
    const server = await started();
    const run = new PublishedRun();
    const host = run.publisher(server.url);
    host.start();
    run.minutes(7).end();
    await caughtUp(server, run);
    await server.kill();
    server.wipe();
    await eventually(() => host.figures.trouble !== undefined);
    expect(host.figures).toMatchObject({ waiting: 0, unchecked: 4 });
    await server.start();
    await host.finish();
    expect(host.done).toBe(true);
    expect(host.figures.unchecked).toBe(0);
    await expectWhole(server, run);
  });

  it('continues when a server stands still for longer than a connection lives', async () => {
    const server = await started();
    const run = new PublishedRun();
    const host = run.publisher(server.url);
    host.start();
    run.minutes(3);
    await caughtUp(server, run);
    await eventually(() => host.figures.connected);
    server.signal('SIGSTOP');
    run.minutes(3);
    await eventually(() => !host.figures.connected);
    server.signal('SIGCONT');
    run.minutes(3).end();
    await host.finish();
    expect(host.done).toBe(true);
    await expectWhole(server, run);
  });

  it('begins when a server is there at last, and says so', async () => {
    const server = await Nats.later();
    servers.push(server);
    const run = new PublishedRun();
    const host = run.publisher(server.url);
    host.start();
    run.minutes(5);
    await eventually(() => host.figures.trouble !== undefined);
    expect(host.figures.waiting).toBeGreaterThan(0);
    await server.start();
    run.end();
    await host.finish();
    await expectWhole(server, run);
    expect(run.said).toEqual([
      expect.stringContaining('connection refused. The run is not affected.'),
      `Candles are published to ${server.url} again.`,
    ]);
  });

  it('ends a run in bounded time when no server is there, with what is missing', async () => {
    const server = await Nats.later();
    servers.push(server);
    const run = new PublishedRun().minutes(5).end();
    const host = run.publisher(server.url);
    host.start();
    await host.finish();
    expect(host.done).toBe(false);
    expect(host.figures).toMatchObject({ acknowledged: 0, connected: false });
    expect(host.figures.waiting).toBe(heldOf(run.events).size);
  });

  it('continues after what an earlier process of the run stored, from its memory', async () => {
    const server = await started();
    const run = new PublishedRun();
    const first = run.publisher(server.url);
    first.start();
    run.minutes(4);
    await caughtUp(server, run);
    await first.stop();
    const stored = (await server.messages()).length;
    run.minutes(4).end();
    const second = run.publisher(server.url);
    second.start();
    await second.finish();
    await expectWhole(server, run);
    expect((await server.messages()).length).toBe(stored + second.figures.acknowledged);
    expect(second.figures.present).toBeGreaterThan(0);
  });

  it('refuses a second run of the same instruments, which says so, and leaves the first alone', async () => {
    const server = await started();
    const run = new PublishedRun();
    const host = run.publisher(server.url);
    host.start();
    run.minutes(6);
    await caughtUp(server, run);
    const other = new PublishedRun(7);
    const second = other.publisher(server.url, { run: 'run-2' });
    second.start();
    other.minutes(6);
    await eventually(() => second.figures.taken === 4);
    expect(second.figures).toMatchObject({
      acknowledged: 0,
      takenExample: expect.stringMatching(/ by run run-1$/),
    });
    run.minutes(6).end();
    await host.finish();
    expect(host.done).toBe(true);
    expect(host.figures.refused).toBe(0);
    await expectWhole(server, run);
    // When the first is gone the second continues after it, and leaves its minutes as they are.
    await host.stop();
    other.minutes(6).end();
    await second.finish();
    const held = heldOf((await server.messages()).map(({ event }) => event));
    expect(new Map([...held, ...heldOf(run.events)])).toEqual(held);
    expect(second.figures.disputed).toBeGreaterThan(0);
    expect(new Set(held.keys())).toEqual(
      new Set([...heldOf(run.events).keys(), ...heldOf(other.events).keys()]),
    );
    expect(twice(await server.messages())).toEqual([]);
  });

  it('is refused by the server when its subject has another last message, reads it, and continues after it', async () => {
    const server = await started();
    const run = new PublishedRun();
    const host = run.publisher(server.url);
    host.start();
    run.minutes(3);
    await caughtUp(server, run);
    // A run that took over while this one stood still, and is gone: it published a minute that is to come.
    const [event] = run.events;
    const startMs = event.candle.timestampMs + 10 * 60_000;
    const theirs = { ...event, type: 'candle', candle: { ...event.candle, timestampMs: startMs, close: 1 } };
    await server.connected(async (connection) => {
      const about = headers();
      about.set('Tickshard-Run', 'run-9');
      about.set('Tickshard-Candle', `${startMs} 0 abc`);
      await jetstream(connection).publish(subjectOf(event), JSON.stringify(theirs), { headers: about });
    });
    run.minutes(12).end();
    await host.finish();
    expect(host.done).toBe(true);
    expect(host.figures).toMatchObject({ refused: 1, disputed: 1, disputedExample: subjectOf(event) });
    const messages = await server.messages();
    expect(twice(messages)).toEqual([]);
    const ours = heldOf(run.events);
    const held = heldOf(messages.map((message) => message.event));
    const other = [...held].filter(([key, value]) => JSON.stringify(ours.get(key)) !== JSON.stringify(value));
    expect(other.map(([, { candle }]) => candle)).toEqual([theirs.candle]);
    expect([...held.keys()]).toEqual([...ours.keys()]);
  });

  it('refuses a stream with other settings, and says which', async () => {
    const server = await started();
    await server.connected(async (connection) => {
      const manager = await jetstreamManager(connection);
      const other = {
        name: 'CANDLES',
        subjects: ['candle.*.*.*'],
        storage: 'memory' as const,
        max_age: 3_600_000_000_000,
      };
      await manager.streams.add(other);
    });
    const run = new PublishedRun().minutes(3);
    const host = run.publisher(server.url);
    host.start();
    await eventually(() => host.figures.trouble !== undefined);
    expect(host.figures.trouble).toMatch(
      /storage is "memory" and not "file", max_age is 0\.\d+ days and not 7 days/,
    );
    expect(await server.messages()).toEqual([]);
  });
});
