import { packCandles } from '../../src/candles/warm-up-candles.js';
/** The simulator as a process: alone, and as the child of a run. */
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { SystemClock } from '../../src/clock.js';
import { FIELD } from '../../src/market/packet.js';
import type { FromSimulator, ToSimulator } from '../../src/sim/ipc-messages.js';
import { firstOf, slow } from '../tier.js';
import { Client, handshake, headersOf, post, until } from './client.js';
import { at, listed, marketAt } from './world.js';

const ENTRY = fileURLToPath(new URL('simulate-entry.js', import.meta.url));
const wanted = (more: Record<string, unknown> = {}): string =>
  JSON.stringify({ port: 0, speed: 60, at: '11:00', symbols: ['RELIANCE', 'TCS'], ...more });

/** Starts the process, with or without an IPC channel, and collects its output. */
function start(
  argument: string,
  channel: boolean,
): { child: ChildProcess; printed: () => string; ended: Promise<unknown[]> } {
  const stdio = ['ignore', 'pipe', 'pipe'] as const;
  const child = channel
    ? fork(ENTRY, [argument], { stdio: [...stdio, 'ipc'] })
    : spawn(process.execPath, [ENTRY, argument], { stdio: [...stdio] });
  let text = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  // With a channel that the test closes, node emits no `close`.
  return { child, printed: () => text, ended: once(child, channel ? 'exit' : 'close') };
}

async function answer(child: ChildProcess, message: ToSimulator): Promise<FromSimulator> {
  const answered = once(child, 'message') as Promise<[FromSimulator]>;
  child.send(message);
  return (await answered)[0];
}

const PREPARE: ToSimulator = {
  type: 'prepare',
  listings: listed('TCS', 'RELIANCE'),
  historyOf: ['RELIANCE'],
  volumeKind: 'tick',
};

describe('alone', () => {
  it.each(firstOf(1, ['SIGINT', 'SIGTERM'] as const))(
    'says where it is, serves, and ends cleanly on %s',
    async (signal) => {
      const { child, printed, ended } = start(wanted(), false);
      await until(() => printed().includes('npx tickshard'));
      const port = Number(/ws:\/\/127\.0\.0\.1:(\d+)\/smart-stream/.exec(printed())?.[1]);
      expect(printed()).toContain(
        `npx tickshard --ws-test-mode --stage 1 --duration 10 --feed ws://127.0.0.1:${port} --market-clock 2026-11-23T11:00:00@60\n`,
      );
      for (const told of ['/loginByPassword', '/simulator', 'seed 7', 'DEMO1', 'RELIANCE 2885, TCS 11536'])
        expect(printed()).toContain(told);
      const { json } = await post(`http://127.0.0.1:${port}/rest/auth/angelbroking/user/v1/loginByPassword`, {
        clientcode: 'GUEST1',
        password: '1',
        totp: '123456',
      });
      const client = new Client(`ws://127.0.0.1:${port}/smart-stream`, headersOf(json.data));
      await once(client.socket, 'open');
      client.ask(1, 1, ['2885']);
      await until(() => client.frames.length > 10);
      child.kill(signal);
      expect(await ended).toStrictEqual([0, null]);
      expect(client.closed?.code).toBe(1001);
    },
  );

  it('says in one sentence that the port is taken, or none', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const taken = start(wanted({ port }), false);
    expect(await taken.ended).toStrictEqual([3, null]);
    expect(taken.printed()).toBe(
      `SIMULATOR: port ${port} of 127.0.0.1 is in use: choose another with --port\n`,
    );
    other.close();
    const none = start(wanted({ port: 70_000 }), false);
    expect(await none.ended).toStrictEqual([3, null]);
    expect(none.printed()).toBe('SIMULATOR: a port is a number from 0 to 65535, not 70000\n');
  });
});

describe('with faults', () => {
  const faults = ['drop:at=2', 'mute-symbol:symbol=RELIANCE'];
  const about = async (feedUrl: string): Promise<unknown> =>
    (await fetch(feedUrl.replace('ws:', 'http:').replace('smart-stream', 'simulator'))).json();

  slow('alone prints them as options, and a market without their symbol is a matter of usage', async () => {
    const { child, printed, ended } = start(wanted({ faults: [...faults, 'late:symbol=TCS'] }), false);
    await until(() => printed().includes('npx tickshard'));
    expect(printed()).toContain(
      '\nfaults    --fault drop:at=2\n          --fault mute-symbol:symbol=RELIANCE\n          --fault late:symbol=TCS\n\n',
    );
    expect(await about(/ws:\S+smart-stream/.exec(printed())![0])).toMatchObject({
      faults: [{ fault: 'drop:at=2', strikes: 0 }, {}, {}],
    });
    child.kill('SIGTERM');
    await ended;
    const wrong = start(wanted({ faults: ['late:symbol=INFY'] }), false);
    expect(await wrong.ended).toStrictEqual([2, null]);
    expect(wrong.printed()).toBe(
      "USAGE: --fault late: symbol takes one of this market's names (RELIANCE, TCS), not `INFY`.\n",
    );
  });

  it('as a child has them', async () => {
    const { child, printed, ended } = start(wanted({ faults }), true);
    await answer(child, PREPARE);
    const started = await answer(child, { type: 'start' });
    if (started.type !== 'started') throw new Error(JSON.stringify(started));
    expect(await about(started.feedUrl)).toMatchObject({ faults: faults.map((fault) => ({ fault })) });
    child.disconnect();
    expect([await ended, printed()]).toStrictEqual([[0, null], '']);
  });
});

describe('as a child', () => {
  slow(
    'hands over history and clock, prints nothing, leaves Ctrl-C to its parent, and ends with the channel',
    async () => {
      const { child, printed, ended } = start(wanted({ symbols: [] }), true);
      const prepared = await answer(child, PREPARE);
      expect(prepared).toStrictEqual({
        type: 'prepared',
        history: { RELIANCE: packCandles(marketAt('11:00').history(0, 'tick')) },
      });
      const asked = new SystemClock().monoMs();
      const started = await answer(child, { type: 'start' });
      if (started.type !== 'started') throw new Error(JSON.stringify(started));
      expect(started).toMatchObject({ originMs: at('11:00'), speed: 60 });
      // Both processes share one monotonic clock: the anchor lies between our request and the answer.
      expect(started.anchorMonoMs).toBeGreaterThan(asked - 1);
      expect(started.anchorMonoMs).toBeLessThan(new SystemClock().monoMs() + 1);
      const clock = new SystemClock(started);
      const login = started.feedUrl
        .replace('ws:', 'http:')
        .replace('/smart-stream', '/rest/auth/angelbroking/user/v1/loginByPassword');
      const { json } = await post(login, { clientcode: 'GUEST1', password: '1', totp: '123456' });
      expect(await handshake(started.feedUrl, headersOf(json.data))).toBe('open');
      const client = new Client(started.feedUrl, headersOf(json.data));
      await once(client.socket, 'open');
      client.ask(1, 1, ['2885', '11536']);
      child.kill('SIGINT');
      await until(() => client.frames.length > 200);
      const lagMs = clock.marketMs() - client.packets().at(-1)!.number(FIELD.exchangeMs);
      expect(lagMs).toBeGreaterThan(-1000);
      // A minute of market time is a real second. Without a load the lag is less than one.
      expect(lagMs).toBeLessThan(600_000);
      child.disconnect();
      expect(await ended).toStrictEqual([0, null]);
      await until(() => client.closed !== undefined);
      expect([client.closed?.code, printed()]).toStrictEqual([1001, '']);
    },
  );

  it('ends when its parent goes before anything was asked', async () => {
    const { child, ended } = start(wanted(), true);
    child.disconnect();
    expect(await ended).toStrictEqual([0, null]);
  });

  it('tells its parent what failed', async () => {
    const { child, printed, ended } = start(wanted(), true);
    const early = await answer(child, { type: 'start' });
    expect(early).toStrictEqual({
      type: 'failed',
      sentence: 'the simulator is started once, after it was prepared',
    });
    expect(await answer(child, { ...PREPARE, historyOf: ['NONE'] })).toStrictEqual({
      type: 'failed',
      sentence: 'the simulated market has no NONE',
    });
    await answer(child, PREPARE);
    expect(await answer(child, { type: 'start' })).toMatchObject({ type: 'started' });
    expect(await answer(child, { type: 'start' })).toStrictEqual(early);
    child.disconnect();
    expect(await ended).toStrictEqual([3, null]);
    expect(printed()).toBe('');
  });
});
