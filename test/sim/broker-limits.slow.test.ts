/** The simulated broker with clients that read late, never, or ask too much; and its end. */
import { describe, expect, it } from 'vitest';
import { about, Client, until, withBroker } from './client.js';
import { HandClock } from './hand-clock.js';
import { at, marketAt, sentUntil } from './world.js';

const RELIANCE = '2885';
const TCS = '11536';

describe('limits', () => {
  it('a client that does not read is dropped, and the others go on', () => {
    const clock = new HandClock(at('09:15'));
    return withBroker(
      async (broker) => {
        const [deaf, stays] = [await Client.open(broker, 'A1'), await Client.open(broker, 'B2')];
        stays.ask(1, 1, [RELIANCE]);
        deaf.ask(1, 3, [RELIANCE, TCS, '2031']);
        deaf.ask(1, 2, [RELIANCE, TCS, '2031']);
        await deaf.settled();
        // The client reads nothing, so the kernel's buffers fill, and then the broker's.
        deaf.socket.pause();
        while ((await about(broker)).connections === 2) {
          expect(clock.nowMs).toBeLessThan(at('14:00'));
          clock.nowMs += 60_000;
        }
        expect((await about(broker)).connections).toBe(1);
        const heard = stays.frames.length;
        clock.nowMs += 120_000;
        await until(() => stays.frames.length > heard + 50);
        deaf.socket.terminate();
      },
      { clock, market: marketAt('09:15'), limits: { maxBufferedBytes: 256 * 1024 } },
    );
  });

  it('a client that reads late gets what was sent meanwhile, unchanged', () => {
    const [clock, market] = [new HandClock(at('09:16')), marketAt('09:16')];
    return withBroker(
      async (broker) => {
        const late = await Client.open(broker);
        late.ask(1, 3, [RELIANCE]);
        await late.settled();
        late.frames.length = 0;
        late.socket.pause();
        const sent = sentUntil(marketAt('09:16'), at('10:59')).filter(({ symbol }) => symbol === 'RELIANCE');
        clock.nowMs = at('10:59');
        await until(() => market.nowMs === clock.nowMs);
        late.socket.resume();
        await until(() => late.frames.length >= sent.length);
        await late.settled();
        const mismatch = late.frames.findIndex((frame, i) => frame.toString('hex') !== sent[i]?.hex);
        expect([late.frames.length, mismatch]).toStrictEqual([sent.length, -1]);
      },
      { clock, market, limits: { maxBufferedBytes: 64 * 1024 * 1024 } },
    );
  });

  it('a message of more than 64 KiB ends the connection', () =>
    withBroker(async (broker) => {
      const client = await Client.open(broker);
      client.send('x'.repeat(65 * 1024));
      await until(() => client.closed !== undefined);
      expect(client.closed?.code).toBe(1009);
    }));
});

describe('closing', () => {
  it('says good-bye to everybody and frees the port', async () => {
    let port = 0;
    let clients: Client[] = [];
    await withBroker(async (broker) => {
      port = broker.port;
      clients = [await Client.open(broker, 'A1'), await Client.open(broker, 'B2')];
      clients[0].ask(1, 1, [RELIANCE]);
      const twice = broker.close();
      await broker.close();
      await twice;
    });
    await until(() => clients.every(({ closed }) => closed !== undefined));
    expect(clients.map(({ closed }) => closed)).toStrictEqual(
      [1, 2].map(() => ({ code: 1001, reason: 'the simulator ends' })),
    );
    await withBroker(() => Promise.resolve(), { port });
  });

  it('does not wait for a client that does not answer', async () => {
    await withBroker(async (broker) => {
      const client = await Client.open(broker);
      client.socket.pause();
      const began = performance.now();
      await broker.close();
      // It takes a second.
      expect(performance.now() - began).toBeLessThan(10_000);
      client.socket.terminate();
    });
  });
});
