/** Pings and watchdogs with the real limits, on a clock that the test moves; the sockets are real. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FeedClientOptions } from '../../src/feed/client.js';
import { FakeClock } from './fake-clock.js';
import { accept, bare, hostileServer, type HostileServer } from './hostile-server.js';
import { listen, pass, until, type Listening } from './listening.js';

let server: HostileServer;
let clock: FakeClock;
let listening: Listening;
beforeEach(async () => {
  server = await hostileServer();
  clock = new FakeClock();
});
afterEach(async () => {
  await listening.client.stop();
  await server.close();
  expect(clock.pending).toBe(0);
});

async function started(options: Partial<FeedClientOptions> = {}): Promise<Listening> {
  listening = listen(server, { clock, ...options });
  await listening.client.start();
  await until(() => server.peers.at(-1)!.texts.length > 0, 'the subscription');
  return listening;
}

/** Lets `seconds` pass; after each the wire is given the time to carry what was said. */
async function seconds(count: number, each?: () => void): Promise<void> {
  for (let second = 0; second < count; second++) {
    clock.advance(1000);
    each?.();
    await pass(4);
  }
}

const send = (bytes = Buffer.alloc(51)) => server.peers.at(-1)!.ws!.send(bytes);

/** Lets time pass until a connection ended; returns the seconds. */
async function secondsUntilEnd(each?: () => void): Promise<number> {
  const { ends } = listening.heard;
  const before = ends.length;
  for (let second = 1; second <= 120; second++) {
    await seconds(1, each);
    if (ends.length > before) return second;
  }
  return Infinity;
}

describe('heart-beat', () => {
  it('both kinds of ping every 10 s from open', async () => {
    await started();
    const [peer] = server.peers;
    await seconds(9);
    expect(peer.protocolPings).toBe(0);
    await seconds(2);
    await until(
      () => peer.texts.filter((text) => text === 'ping').length === 1 && peer.protocolPings === 1,
      'the first pings',
    );
    await seconds(50);
    await until(() => peer.protocolPings === 6, 'six pings');
    expect(peer.texts.filter((text) => text === 'ping')).toHaveLength(6);
  });

  it.each([
    ['text pongs only', { protocolPong: false }],
    ['pongs of the protocol only', { textPong: false }],
  ])('%s keep a connection', async (_name, manners) => {
    server.handshakes = [accept(manners)];
    const { heard } = await started();
    await seconds(90);
    expect(heard.ends).toEqual([]);
  });

  it('no pong at all: replaced after 25 s, though packets come', async () => {
    server.handshakes = [accept({ textPong: false, protocolPong: false }), accept()];
    const { heard } = await started({ inSession: () => true });
    const after = await secondsUntilEnd(() => send());
    expect(after).toBeGreaterThanOrEqual(25);
    expect(after).toBeLessThanOrEqual(27);
    expect(heard.ends[0]).toMatchObject({ cause: 'pong-overdue', connection: 1 });
    await seconds(1);
    await until(() => heard.events.includes('subscribed 2'), 'the next connection');
    await until(() => server.open === 1, 'the end of the old one');
  });

  it('a peer that is gone without a word is noticed, and never asked for its leave', async () => {
    server.handshakes = [bare(() => undefined), accept()];
    listening = listen(server, { clock });
    await listening.client.start();
    expect(await secondsUntilEnd()).toBeLessThanOrEqual(27);
    await seconds(1);
    await until(() => listening.heard.events.includes('subscribed 2'), 'the next connection');
    expect(listening.heard.ends[0].cause).toBe('pong-overdue');
    expect(server.mostOpen).toBe(1);
  });

  it('every connection has a heart-beat of its own', async () => {
    await started();
    await seconds(5);
    server.peers[0].ws!.terminate();
    await until(() => listening.heard.ends.length === 1, 'the drop');
    clock.advance(clock.nextOnceMs!);
    await until(() => listening.heard.events.includes('subscribed 2'), 'the next connection');
    await seconds(9);
    expect(server.peers[1].protocolPings).toBe(0);
    await seconds(22);
    await until(() => server.peers[1].protocolPings === 3, 'pings on the second');
    expect(server.peers[0].protocolPings).toBe(0);
  });
});

describe('a mute feed', () => {
  it('in session: replaced within a minute, though pongs come, from the first open on and again and again', async () => {
    const { heard } = await started({ inSession: () => true, random: () => 0.999 });
    for (let time = 1; time <= 4; time++) {
      const after = await secondsUntilEnd();
      expect(after).toBeGreaterThanOrEqual(30);
      expect(heard.ends.at(-1)).toMatchObject({ cause: 'mute', connection: time });
      const delayMs = clock.nextOnceMs!;
      expect(after * 1000 + delayMs).toBeLessThan(60_000);
      clock.advance(delayMs);
      await until(() => heard.events.includes(`subscribed ${time + 1}`), 'the next connection');
    }
    // The second and the fourth were answered by a fresh log-in.
    expect(server.logins).toHaveLength(3);
    expect(server.mostOpen).toBe(1);
  });

  it('a packet every 29 s is enough; a text is no packet', async () => {
    const { heard } = await started({ inSession: () => true });
    for (let time = 0; time < 3; time++) {
      await seconds(28);
      send();
      await until(() => heard.binary.length === time + 1, 'the packet');
    }
    expect(heard.ends).toEqual([]);
    const after = await secondsUntilEnd(() => server.peers[0].ws!.send('{"errorCode":"E1001"}'));
    expect(after).toBeLessThanOrEqual(32);
    expect(heard.ends[0].cause).toBe('mute');
  });

  it('out of session silence is no fault, and when the session begins silence begins to count', async () => {
    let inSession = false;
    const { heard } = await started({ inSession: () => inSession });
    await seconds(100);
    expect(heard.ends).toEqual([]);
    inSession = true;
    const after = await secondsUntilEnd();
    expect(after).toBeGreaterThanOrEqual(29);
    expect(after).toBeLessThanOrEqual(32);
    expect(heard.ends[0].cause).toBe('mute');
  });
});

describe('paused', () => {
  it('for ten minutes: nothing is overdue, pings continue, and silence counts again from the resume', async () => {
    const { client, heard } = await started({ inSession: () => true });
    client.pause();
    await seconds(600 / 4, () => clock.advance(3000));
    expect(heard.ends).toEqual([]);
    expect(server.peers[0].protocolPings).toBeGreaterThan(40);
    client.resume();
    const after = await secondsUntilEnd();
    expect(after).toBeGreaterThanOrEqual(30);
    expect(heard.ends[0].cause).toBe('mute');
  });
});
