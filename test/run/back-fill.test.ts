/**
 * Polling what gaps left, from a server that answers as told: a rate refusal is waited out, answers that differ are
 * asked for again, and what does not come to an end is counted. The clock moves once a turn of the event loop.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { istStamp } from '../../src/market/session.js';
import { broker } from '../../src/run/broker.js';
import { missingMinutes, pollMissing, type BackFilled } from '../../src/run/back-fill.js';
import { DEMO_ACCOUNT } from '../../src/sim/demo-account.js';
import { VirtualClock } from '../../src/stepped/virtual-clock.js';
import { at, drain } from '../shard/drive.js';
import { Script } from '../shard/script.js';

/** Market ms of each turn of the event loop. */
const STEP_MS = 100;

/**
 * Market time begins at the end of the run, and moves once a turn of the event loop: a time-out of a request is a
 * number of turns away, however slow the machine is. Ends with `stop`.
 */
function turningClock(originMs: number): { readonly clock: VirtualClock; readonly stop: () => void } {
  const clock = new VirtualClock(originMs);
  const turning = setInterval(() => {
    const untilMs = clock.monoMs() + STEP_MS;
    while (clock.dueMs <= untilMs) clock.fireNext();
    clock.moveTo(untilMs);
  }, 1);
  return { clock, stop: () => clearInterval(turning) };
}

type Answer =
  'limited' | 'gone' | { readonly rows?: readonly (readonly [string, number])[]; readonly refuse?: string };

const SUCCESS = { status: true, message: 'SUCCESS', errorcode: '' };

function reply(answer: Answer): { status: number; body: string } {
  if (answer === 'limited') return { status: 403, body: 'Access denied because of exceeding access rate' };
  if (answer === 'gone') return { status: 503, body: '' };
  if (answer.refuse !== undefined)
    return { status: 200, body: JSON.stringify({ status: false, message: answer.refuse, errorcode: 'AB13000', data: null }) };
  const data = (answer.rows ?? []).map(([minute, close]) => [istStamp(at(minute)), 100, 103, 99, close, 55]);
  return { status: 200, body: JSON.stringify({ ...SUCCESS, data }) };
} // prettier-ignore

/** Of RELIANCE: 11:01 to 11:03 are missing or partial. */
function withGap(): Script {
  const script = new Script().subscribe(at('10:59') + 52_000);
  script.frame('RELIANCE', at('11:00') + 500, 10_000).hum(at('11:01'));
  script
    .frame('RELIANCE', at('11:01') + 1000, 10_100)
    .disconnect()
    .subscribe(at('11:03') + 20_000);
  script.frame('RELIANCE', at('11:04') + 1000, 10_400).hum(at('11:05') + 4000);
  script.engine.router.end();
  drain(script.engine);
  return script;
}

interface Polled extends BackFilled {
  readonly requests: readonly Record<string, unknown>[];
  readonly said: readonly string[];
  /** Market ms of each request. */
  readonly atMs: readonly number[];
}

/** Polls with these answers, the last for ever. `onRequest`: before the answer to request `k`. */
async function polled(
  answers: readonly Answer[],
  options: { readonly hasVolume?: boolean; readonly onRequest?: (k: number, abort: AbortController) => void } = {},
): Promise<Polled> {
  const requests: Record<string, unknown>[] = [];
  const atMs: number[] = [];
  const said: string[] = [];
  const abort = new AbortController();
  const endedMs = at('11:05') + 4000;
  const { clock, stop } = turningClock(endedMs);
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => (text += part));
    request.on('end', () => {
      if (!request.url!.includes('getCandleData')) {
        const data = { jwtToken: 'jwt.of.test', refreshToken: 'r', feedToken: 'feed-of-test' };
        response.end(JSON.stringify({ ...SUCCESS, data }));
        return;
      }
      const k = requests.push(JSON.parse(text) as Record<string, unknown>) - 1;
      atMs.push(clock.marketMs());
      options.onRequest?.(k, abort);
      const { status, body } = reply(answers[Math.min(k, answers.length - 1)]);
      response.writeHead(status).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const missing = missingMinutes(withGap().engine, { openedMs: at('11:00'), endedMs }).filter(
      ({ place }) => place.instrument.symbol === 'RELIANCE',
    );
    const result = await pollMissing(missing, {
      source: { clock, endpoint: broker.access.endpointAt(`ws://127.0.0.1:${port}`), credentials: DEMO_ACCOUNT },
      hasVolume: options.hasVolume ?? true,
      say: (sentence) => said.push(sentence),
      signal: abort.signal,
    });
    return { ...result, requests, said, atMs };
  } finally {
    stop();
    server.closeAllConnections();
    server.close();
  }
} // prettier-ignore

const ALL: Answer = { rows: [['11:00', 101], ['11:01', 101], ['11:02', 102], ['11:03', 101.5]] }; // prettier-ignore
const minuteOf = ({ minuteMs }: { readonly minuteMs: number }): string => istStamp(minuteMs).slice(11, 16);

describe('what gaps left', () => {
  it('is polled until two answers agree, a minute after its end, in wire units', async () => {
    const { rows, figures, requests, atMs } = await polled([{ rows: [['11:01', 100]] }, ALL, ALL]);
    expect(figures).toEqual({ minutes: 3, polled: 3, disagreed: 0, refused: 0, absent: 0, left: 0, requests: 3, notes: [] });
    expect(rows.map(minuteOf)).toEqual(['11:01', '11:02', '11:03']);
    expect(rows[0]).toMatchObject({ open: 10_000, high: 10_300, low: 9_900, close: 10_100, volume: 55, answers: 3 });
    expect(requests[0]).toMatchObject({ fromdate: '2026-11-23 11:01', todate: '2026-11-23 11:04', symboltoken: '2885' });
    expect(atMs[0]).toBeGreaterThanOrEqual(at('11:05'));
    // A minute that may still change is asked for again after five seconds.
    expect(atMs[1] - atMs[0]).toBeGreaterThanOrEqual(5000);
  }); // prettier-ignore

  it('waits out refusals for the rate', async () => {
    const { figures, said, atMs } = await polled(['limited', 'limited', 'limited', ALL]);
    expect(figures).toMatchObject({ minutes: 3, polled: 3, requests: 5, notes: [] });
    expect(said.join(' ')).toContain('The broker refuses candles for their rate: trying again in 15 s.');
    expect(atMs[3] - atMs[0]).toBeGreaterThanOrEqual(2000 + 5000 + 15_000);
  });

  it('has volume 0 where ours is a number of ticks', async () => {
    const { rows } = await polled([ALL], { hasVolume: false });
    expect(rows.map(({ volume }) => volume)).toEqual([0, 0, 0]);
  });

  it('stays where no two answers agree', async () => {
    const answers = [1, 2, 3, 4, 5, 6].map((k): Answer => ({ rows: [['11:02', 100 + k / 10]] }));
    expect(await polled(answers)).toMatchObject({ rows: [], figures: { minutes: 3, polled: 0, disagreed: 3, requests: 6 } });
  }); // prettier-ignore

  it('stays where the broker has no candle, or refuses', async () => {
    const some = await polled([{ rows: [['11:02', 102]] }]);
    expect(some.rows.map(minuteOf)).toEqual(['11:02']);
    expect(some.figures).toMatchObject({ minutes: 3, polled: 1, absent: 2 });
    const refused = await polled([{ refuse: 'Invalid symboltoken' }]);
    expect(refused).toMatchObject({ rows: [], figures: { refused: 3, notes: [expect.stringContaining('Invalid symboltoken')] } });
  }); // prettier-ignore

  it('stays where the server is down, which is said', async () => {
    const { figures, rows } = await polled(['gone']);
    expect([rows, figures]).toMatchObject([[], { minutes: 3, polled: 0, left: 3, notes: [expect.stringContaining('several times')] }]);
  }); // prettier-ignore

  it('stays when the polling is interrupted', async () => {
    const { figures, rows } = await polled([ALL], { onRequest: (k, abort) => k === 1 && abort.abort() });
    expect([rows, figures]).toMatchObject([
      [],
      { minutes: 3, left: 3, notes: ['The back-fill was interrupted.'] },
    ]);
  });
});
