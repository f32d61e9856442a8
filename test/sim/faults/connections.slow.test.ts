/** Faults of connections, heartbeats and requests, seen by bare clients. */
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { about, Client, handshake, headersOf, logIn, until } from '../client.js';
import { slow } from '../../tier.js';
import {
  ALL,
  hexOf,
  listener,
  RELIANCE,
  secondOf,
  START_MS,
  TCS,
  faultlessPackets,
  withFaults,
  type Scene,
} from './scene.js';

const sentUntil = (second: number): string[] => faultlessPackets(second).map(({ hex }) => hex);

/** Whether a connection was reset rather than ended. */
function resetOf(client: Client): { seen: boolean } {
  const reset = { seen: false };
  const { _socket: raw } = client.socket as unknown as { _socket: Socket };
  raw.on('error', (error: NodeJS.ErrnoException) => (reset.seen ||= error.code === 'ECONNRESET'));
  return reset;
}

/** Whether pings of either kind are answered before the broker has answered three requests that follow them. */
async function pongs({ broker }: Scene, client: Client): Promise<{ text: boolean; protocol: boolean }> {
  const before = client.texts.length;
  const heard = { text: false, protocol: false };
  client.socket.once('pong', () => (heard.protocol = true));
  client.socket.ping();
  client.send('ping');
  for (let request = 0; request < 3; request++) await about(broker);
  heard.text = client.texts.slice(before).includes('pong');
  return heard;
}

describe('connections end at their moment and not before', () => {
  it.each([
    ['drop:at=30', 1006, '', false],
    ['close:at=30', 1001, 'as was asked for by --fault close', false],
    ['close:at=30,code=4321', 4321, 'as was asked for by --fault close', false],
    ['reset:at=30', 1006, '', true],
  ])('%s', async (text, code, reason, isReset) => {
    await withFaults([text], async (scene) => {
      const clients = [await listener(scene.broker, 'A1'), await listener(scene.broker, 'B2')];
      const resets = clients.map(resetOf);
      await scene.to(29.999, ...clients);
      expect(clients.map(({ closed }) => closed)).toStrictEqual([undefined, undefined]);
      expect(hexOf(clients[0].frames)).toStrictEqual(sentUntil(29.999));
      await scene.to(45);
      await until(() => clients.every(({ closed }) => closed !== undefined));
      expect(clients.map(({ closed }) => closed)).toStrictEqual([1, 2].map(() => ({ code, reason })));
      expect(resets.map(({ seen }) => seen)).toStrictEqual([isReset, isReset]);
      if (!isReset) expect(hexOf(clients[0].frames)).toStrictEqual(sentUntil(30));
      expect(await scene.strikes()).toStrictEqual([
        expect.objectContaining({
          fault: text,
          strikes: 2,
          firstMs: START_MS + 30_000,
          lastMs: START_MS + 30_000,
        }),
      ]);
      // The next connection is not affected.
      const next = await listener(scene.broker, 'A1');
      await scene.to(60, next);
      expect(next.closed).toBeUndefined();
      expect((await about(scene.broker)).connections).toBe(1);
    });
  });

  it('as often as it says, waiting for a socket as long as it says', () =>
    withFaults(['drop:at=30,for=20,times=3'], async (scene) => {
      await scene.to(40);
      for (let time = 0; time < 3; time++) {
        const client = await Client.open(scene.broker, `A${time}`);
        await until(() => client.closed !== undefined);
      }
      expect((await scene.strikes())[0]).toMatchObject({
        strikes: 3,
        firstMs: START_MS + 40_000,
        lastMs: START_MS + 40_000,
      });
      const spared = await Client.open(scene.broker);
      await scene.to(45, spared);
      expect(spared.closed).toBeUndefined();
    }));

  it('no longer than it says', () =>
    withFaults(['drop:at=30,for=10'], async (scene) => {
      await scene.to(40);
      const client = await listener(scene.broker);
      await scene.to(45, client);
      expect(client.closed).toBeUndefined();
      expect((await scene.strikes())[0].strikes).toBe(0);
    }));
});

describe('half-open', () => {
  it('leaves the connection up and silent for good, and nothing else', () =>
    withFaults(
      ['half-open:at=30'],
      async (scene) => {
        const struck = await listener(scene.broker, 'A1');
        scene.clock.hold();
        await scene.to(29.999, struck);
        await scene.to(31);
        const heard = struck.frames.length;
        const texts = struck.texts.length;
        const other = await listener(scene.broker, 'A1');
        expect(await pongs(scene, struck)).toStrictEqual({ text: false, protocol: false });
        struck.ask(1, 1, [RELIANCE]);
        struck.send('no request');
        await scene.to(700, other);
        // Longer than a client may be without a heartbeat.
        for (let step = 0; step < 5; step++) {
          scene.clock.hold(200);
          await other.settled();
        }
        // The broker looks at heart-beats every 100 ms or so.
        await new Promise((resolve) => setTimeout(resolve, 500));
        expect([struck.frames.length, struck.texts.length, struck.socket.readyState]).toStrictEqual([
          heard,
          texts,
          struck.socket.OPEN,
        ]);
        expect(hexOf(struck.frames)).toStrictEqual(sentUntil(30));
        expect(other.frames.length).toBeGreaterThan(1000);
        expect((await scene.strikes())[0].strikes).toBeGreaterThan(1000);
        struck.socket.close();
        await new Promise((resolve) => setTimeout(resolve, 200));
        expect(struck.closed).toBeUndefined();
        struck.socket.terminate();
        await until(() => struck.closed !== undefined);
        // The client's own end is noticed, so nothing lingers.
        await scene.to(701, other);
        expect((await about(scene.broker)).connections).toBe(1);
      },
      { heartbeatMs: 600 },
    ));
});

describe('silence', () => {
  const within = (second: number): boolean => second >= 30 && second < 50;

  it.each([
    ['mute:at=30,for=20', [...ALL]],
    ['mute-symbol:at=30,for=20,symbol=TCS', [TCS]],
    ['mute-symbol:at=30,for=20', [RELIANCE]],
  ])('%s withholds just that, and pongs continue', (text, tokens) =>
    withFaults([text], async (scene) => {
      const client = await listener(scene.broker);
      await scene.to(40, client);
      expect(await pongs(scene, client)).toStrictEqual({ text: true, protocol: true });
      // Cached packets are withheld too.
      const cached = await Client.open(scene.broker, 'B2');
      cached.ask(1, 1, ALL);
      await cached.settled();
      expect(new Set(cached.heard().map(({ token }) => token))).toStrictEqual(
        new Set(ALL.filter((token) => !tokens.includes(token))),
      );
      await cached.close();
      await scene.to(70, client);
      const symbols = new Map([
        ['RELIANCE', RELIANCE],
        ['TCS', TCS],
      ]);
      const sent = faultlessPackets(70);
      const heard = sent.filter(
        ({ symbol, frame }) => !(within(secondOf(frame)) && tokens.includes(symbols.get(symbol) ?? ALL[2])),
      );
      expect(hexOf(client.frames)).toStrictEqual(heard.map(({ hex }) => hex));
      expect((await scene.strikes())[0].strikes).toBe(sent.length - heard.length + tokens.length);
    }),
  );

  it('pong-lost answers neither ping, and packets continue', () =>
    withFaults(['pong-lost:at=30,for=20'], async (scene) => {
      const client = await listener(scene.broker);
      await scene.to(29.999);
      expect(await pongs(scene, client)).toStrictEqual({ text: true, protocol: true });
      await scene.to(30);
      expect(await pongs(scene, client)).toStrictEqual({ text: false, protocol: false });
      await scene.to(49.999);
      expect(await pongs(scene, client)).toStrictEqual({ text: false, protocol: false });
      await scene.to(50);
      expect(await pongs(scene, client)).toStrictEqual({ text: true, protocol: true });
      expect(hexOf(client.frames)).toStrictEqual(sentUntil(50));
      expect((await scene.strikes())[0]).toMatchObject({
        strikes: 4,
        firstMs: START_MS + 30_000,
        lastMs: START_MS + 49_999,
      });
    }));
});

describe('requests', () => {
  it('quota answers E1002 as often as it says, and carries nothing out', () =>
    withFaults(['quota:at=10,times=2'], async (scene) => {
      const client = await Client.open(scene.broker);
      client.ask(1, 1, [RELIANCE]);
      await client.settled();
      await scene.to(10);
      client.ask(0, 1, [RELIANCE]);
      client.ask(1, 1, [TCS]);
      client.ask(1, 1, ALL);
      await client.settled();
      expect(await about(scene.broker)).toMatchObject({ flowing: 0 });
      const refusal = JSON.stringify({
        correlationID: 'abcde12345',
        errorCode: 'E1002',
        errorMessage: 'Invalid Request. Subscription Limit Exceeded',
      });
      expect(client.texts).toStrictEqual(['pong', refusal, refusal, 'pong']);
      client.ask(1, 1, ALL);
      await client.settled();
      expect(await about(scene.broker)).toMatchObject({ flowing: 3 });
      expect((await scene.strikes())[0].strikes).toBe(2);
    }));

  it.each([
    ['unanswered:for=20,symbol=TCS', TCS],
    ['unanswered:for=20', RELIANCE],
  ])('%s: never a packet of that name, until it is asked for again', (text, token) =>
    withFaults([text], async (scene) => {
      const client = await Client.open(scene.broker);
      client.ask(1, 2, [...ALL, '424242']);
      await client.settled();
      await scene.to(60, client);
      expect(new Set(client.heard().map((packet) => packet.token))).toStrictEqual(
        new Set(ALL.filter((one) => one !== token)),
      );
      expect(client.texts).toStrictEqual(['pong', 'pong']);
      expect((await scene.strikes())[0].strikes).toBe(1);
      client.ask(0, 2, [token]);
      client.ask(1, 2, [token]);
      await client.settled();
      await scene.to(70, client);
      expect(client.heard().filter((packet) => packet.token === token).length).toBeGreaterThan(3);
    }),
  );
});

describe('expire', () => {
  it('closes sockets and ends the life of the tokens given so far', () =>
    withFaults(['expire:at=30'], async (scene) => {
      const { broker } = scene;
      const old = await logIn(broker);
      const client = await Client.open(broker, 'GUEST1', old);
      await scene.to(29.999, client);
      await scene.to(30);
      await until(() => client.closed !== undefined);
      expect(client.closed).toStrictEqual({ code: 1008, reason: 'session expired' });
      expect(await handshake(broker.feedUrl, headersOf(old))).toStrictEqual({
        status: 401,
        why: 'Invalid Header - Invalid Auth token',
      });
      expect(
        await handshake(broker.feedUrl, { 'x-client-code': 'GUEST1', 'x-feed-token': old.feedToken }),
      ).toStrictEqual({ status: 401, why: 'Invalid Header - Invalid Feed Token' });
      const profile = await fetch(
        broker.loginUrl.replace(
          'auth/angelbroking/user/v1/loginByPassword',
          'secure/angelbroking/user/v1/getProfile',
        ),
        { headers: { Authorization: old.jwtToken } },
      );
      expect(await profile.json()).toMatchObject({ success: false, errorCode: 'AG8001' });
      await scene.to(31);
      const fresh = await logIn(broker);
      expect(await handshake(broker.feedUrl, headersOf(fresh))).toBe('open');
      await scene.to(100);
      expect(await handshake(broker.feedUrl, headersOf(fresh))).toBe('open');
      expect((await scene.strikes())[0]).toMatchObject({ strikes: 1, firstMs: START_MS + 30_000 });
    }));

  it('also when no one is connected', () =>
    withFaults(['expire:at=30'], async (scene) => {
      const old = await logIn(scene.broker);
      await scene.to(45);
      expect(await handshake(scene.broker.feedUrl, headersOf(old))).toMatchObject({ status: 401 });
    }));
});

describe('burst', () => {
  slow(
    'sends every frame to a client that reads late, within the limit that drops one that does not read',
    () =>
      withFaults(
        ['burst:at=30,frames=300000'],
        async (scene) => {
          const { broker } = scene;
          const client = await listener(broker, 'A1');
          const idle = await Client.open(broker, 'B2');
          await scene.to(29.999, client);
          const before = client.frames.length;
          let frames = 0;
          const token = new Map<string, number>();
          client.socket.removeAllListeners('message');
          client.socket.on('message', (data: Buffer, isBinary) => {
            if (!isBinary) client.texts.push(data.toString());
            else frames++;
            if (isBinary && frames % 1000 < 3) token.set(data.toString('latin1', 2, 27), data.length);
          });
          client.socket.pause();
          const heap = process.memoryUsage().arrayBuffers;
          await scene.to(30.5);
          await new Promise((resolve) => setTimeout(resolve, 300));
          // Of 110 MB to send, none waits in memory.
          expect(process.memoryUsage().arrayBuffers - heap).toBeLessThan(20e6);
          const paused = (await scene.strikes())[0].strikes;
          expect(paused).toBeLessThan(100_000);
          client.socket.resume();
          await scene.to(32);
          while ((await scene.strikes())[0].strikes < 300_000)
            await new Promise((resolve) => setTimeout(resolve, 20));
          await client.settled();
          await idle.settled();
          expect([client.closed, idle.closed]).toStrictEqual([undefined, undefined]);
          const live = faultlessPackets(32).length - before;
          expect(frames).toBe(300_000 + live);
          expect([token.size, new Set(token.values())]).toStrictEqual([3, new Set([379])]);
          expect(idle.frames.length).toBe(0);
          expect((await scene.strikes())[0].strikes).toBe(300_000);
        },
        { maxBufferedBytes: 256 * 1024 },
      ),
  );
});
