/**
 * Stopping from every state and from within every handler: a close frame, a bounded wait, no timer, no further word.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FeedClientOptions } from '../../src/feed/client.js';
import { FakeClock } from './fake-clock.js';
import {
  accept,
  answer,
  bare,
  hostileServer,
  loggedIn,
  refuse,
  silent,
  stubborn,
  type HostileServer,
} from './hostile-server.js';
import { listen, pass, until, type Listening } from './listening.js';

let server: HostileServer;
let clock: FakeClock;
beforeEach(async () => {
  server = await hostileServer();
  clock = new FakeClock();
});
afterEach(() => server.close());

/** The outcome of `start`, when there is one. */
function outcomeOf({ client }: Listening): { settled: unknown } {
  const outcome: { settled: unknown } = { settled: undefined };
  client.start().then(
    () => (outcome.settled = 'open'),
    (error: unknown) => (outcome.settled = error),
  );
  return outcome;
}

/** After the stop: nothing is left, and nothing more is said however much time passes. */
async function expectQuiet({ heard }: Listening): Promise<void> {
  expect(clock.pending).toBe(0);
  const said = heard.events.length;
  clock.advance(600_000);
  await pass(30);
  expect(heard.events).toHaveLength(said);
  await until(() => server.open === 0, 'no socket');
}

describe('stop', () => {
  it('sends a close frame with 1000 and leaves nothing; twice and at once is as once', async () => {
    const listening = listen(server, { clock });
    await listening.client.start();
    await Promise.all([listening.client.stop(), listening.client.stop()]);
    await listening.client.stop();
    await until(() => server.peers[0].closeCode !== undefined, 'the close frame');
    expect(server.peers[0].closeCode).toBe(1000);
    expect(listening.heard.events).toEqual(['opened 1', 'subscribed 1']);
    await expectQuiet(listening);
  });

  it.each([
    ['does not answer', bare(() => undefined)],
    ['keeps its half of the connection', stubborn(() => undefined)],
  ])('a server that %s is left after a second', async (_name, handshake) => {
    server.handshakes = [handshake];
    const listening = listen(server, { clock });
    await listening.client.start();
    let done = false;
    const stopping = listening.client.stop().then(() => (done = true));
    await pass(30);
    expect(done).toBe(false);
    clock.advance(1000);
    await stopping;
    expect(clock.pending).toBe(0);
  });

  it('during the log-in', async () => {
    server.loginAnswers = [() => undefined];
    const listening = listen(server, { clock });
    const outcome = outcomeOf(listening);
    await until(() => server.logins.length === 1, 'the request');
    await listening.client.stop();
    await until(() => outcome.settled !== undefined, 'the start to settle');
    expect(outcome.settled).toMatchObject({ code: 'CONNECT' });
    await until(() => clock.pending === 0, 'no timer');
    await expectQuiet(listening);
    expect(server.peers).toEqual([]);
  });

  it('just as the log-in is answered: no connection follows', async () => {
    let respond: (() => void) | undefined;
    server.loginAnswers = [
      (request, body, response) => (respond = () => answer(loggedIn())(request, body, response)),
    ];
    const listening = listen(server, { clock });
    outcomeOf(listening);
    await until(() => respond !== undefined, 'the request');
    respond!();
    await listening.client.stop();
    await pass(50);
    expect(server.peers).toEqual([]);
    await expectQuiet(listening);
  });

  it('during the handshake', async () => {
    server.handshakes = [silent];
    const listening = listen(server, { clock });
    const outcome = outcomeOf(listening);
    await until(() => server.peers.length === 1, 'the handshake');
    await listening.client.stop();
    await until(() => outcome.settled !== undefined, 'the start to settle');
    await expectQuiet(listening);
  });

  it('while it waits', async () => {
    server.handshakes = [refuse(500)];
    const listening = listen(server, { clock });
    const outcome = outcomeOf(listening);
    await until(() => listening.heard.ends.length === 1, 'the refusal');
    await listening.client.stop();
    await until(() => outcome.settled !== undefined, 'the start to settle');
    expect(outcome.settled).toMatchObject({ code: 'CONNECT' });
    await expectQuiet(listening);
    expect(server.peers).toHaveLength(1);
  });

  it('before the start: the start is refused', async () => {
    const listening = listen(server, { clock });
    await listening.client.stop();
    await expect(listening.client.start()).rejects.toMatchObject({ code: 'CONNECT' });
    await expectQuiet(listening);
    expect(server.calls).toEqual([]);
  });

  it('after it gave up', async () => {
    server.handshakes = [refuse(401)];
    const listening = listen(server, { clock });
    await expect(listening.client.start()).rejects.toMatchObject({ code: 'CONNECT' });
    expect(clock.pending).toBe(0);
    await listening.client.stop();
    await expectQuiet(listening);
  });
});

describe('stop from within', () => {
  type Name = 'opened' | 'subscribed' | 'binary' | 'text' | 'closed';
  const packets = accept({
    then: ({ ws }) => {
      for (let i = 0; i < 50; i++) ws!.send(Buffer.alloc(51));
      ws!.send('pong');
    },
    onRequest: ({ ws }) => setTimeout(() => ws!.terminate(), 30),
  });

  it.each<[Name, readonly string[]]>([
    ['opened', ['opened 1']],
    ['subscribed', ['opened 1', 'subscribed 1']],
    ['binary', ['opened 1', 'subscribed 1']],
    ['text', ['opened 1', 'subscribed 1']],
    ['closed', ['opened 1', 'subscribed 1', 'closed 1 dropped']],
  ])('`%s`: it is the last thing that is said', async (name, events) => {
    server.handshakes = [packets];
    let stopping: Promise<void> | undefined;
    let calls = 0;
    const stop = (): void => {
      calls++;
      stopping ??= listening.client.stop();
    };
    const nothing = (): void => undefined;
    const handlers: FeedClientOptions['handlers'] = {
      opened: nothing,
      subscribed: nothing,
      binary: nothing,
      text: nothing,
      closed: nothing,
      failed: nothing,
      [name]: stop,
    };
    const listening = listen(server, { clock, handlers });
    const outcome = outcomeOf(listening);
    await until(() => stopping !== undefined, name);
    await stopping;
    expect(listening.heard.events).toEqual(events);
    // The rest of the read is handed over in the same call.
    expect(calls).toBe(1);
    await until(() => outcome.settled !== undefined, 'the start to settle');
    await expectQuiet(listening);
    expect(server.peers).toHaveLength(1);
  });

  it('`closed` of a 401: no log-in follows', async () => {
    server.handshakes = [accept({ onRequest: ({ ws }) => ws!.terminate() }), refuse(401)];
    let stopping: Promise<void> | undefined;
    const nothing = (): void => undefined;
    const listening = listen(server, {
      clock,
      handlers: {
        opened: nothing,
        subscribed: nothing,
        binary: nothing,
        text: nothing,
        failed: nothing,
        closed: ({ cause }) =>
          void (stopping = cause === 'unauthorized' ? listening.client.stop() : undefined),
      },
    });
    await listening.client.start();
    await until(() => listening.heard.ends.length === 1, 'the drop');
    clock.advance(clock.nextOnceMs!);
    await until(() => stopping !== undefined, 'the 401');
    await stopping;
    await expectQuiet(listening);
    expect(server.logins).toHaveLength(1);
    expect(listening.heard.failures).toEqual([]);
  });
});
