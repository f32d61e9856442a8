/** A log-in that is refused for the rate is waited out once. */
import { expect, it } from 'vitest';
import { ANGEL } from '../../src/broker/angel/angel.js';
import { LoginLimited, LoginRefused } from '../../src/broker/refusals.js';
import type { Broker, BrokerSession } from '../../src/broker/broker.js';
import { logInPatiently } from '../../src/feed/patient-log-in.js';
import { FakeClock } from './fake-clock.js';

const session: BrokerSession = { validUntilMs: 0, clockAheadMs: undefined, secrets: [] };
const limited = new LoginLimited('refused for its rate.');

/** Logs in against `answers`, after a minute and a half; returns the outcome, the sentences and the tries. */
async function against(answers: readonly (BrokerSession | Error)[], abort = new AbortController()) {
  const clock = new FakeClock();
  const said: string[] = [];
  let tries = 0;
  const access: Broker['access'] = {
    ...ANGEL.access,
    logIn: async () => {
      const answer = answers[tries++];
      if (answer instanceof Error) throw answer;
      return Promise.resolve(answer);
    },
  };
  const to = { endpoint: ANGEL.access.liveEndpoint, credentials: {} };
  const say = (sentence: string): void => void said.push(sentence);
  const outcome = logInPatiently(access, to, clock, abort.signal, say, 0.5).catch((error: unknown) => error);
  await new Promise(setImmediate);
  if (said.length > 0) expect(tries).toBe(1);
  clock.advance(75_000);
  return { outcome: await outcome, said, tries, pending: clock.pending };
}

it('waits out one refusal for the rate, and says so', async () => {
  const { outcome, said, pending } = await against([limited, session]);
  expect(outcome).toBe(session);
  expect(said).toEqual(['refused for its rate. Trying once more in 75.0 s.']);
  expect(pending).toBe(0);
});

it('a second one ends it, and so does any other refusal at once', async () => {
  expect(await against([limited, limited])).toMatchObject({ outcome: limited, tries: 2 });
  const wrong = new LoginRefused('wrong PIN.', { retryable: false, clockAheadMs: undefined });
  expect(await against([wrong])).toMatchObject({ outcome: wrong, tries: 1, said: [] });
});
