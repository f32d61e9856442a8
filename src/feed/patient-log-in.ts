/** A log-in before the feed's own, that waits out one refusal for the rate. */
import { pause, type Clock } from '../clock.js';
import type { Broker, BrokerSession, Credentials } from '../broker/broker.js';
import type { Endpoint } from '../broker/endpoint.js';
import { LoginLimited } from '../broker/refusals.js';
import { seededRandom } from '../random.js';
import { secondsText } from '../text/duration.js';
import { retryDelayMs } from './backoff.js';

/**
 * Logs in; refused for the rate, waits 60 to 90 s and tries once more, as the feed does. `signal` ends the wait and the
 * log-in; `say` gets a sentence before the wait. `random` is in [0, 1). Throws as `logIn` of the broker.
 */
export async function logInPatiently(
  access: Broker['access'],
  to: { readonly endpoint: Endpoint; readonly credentials: Credentials },
  clock: Clock,
  signal: AbortSignal,
  say: (sentence: string) => void,
  random = seededRandom(process.pid)(),
): Promise<BrokerSession> {
  const { endpoint, credentials } = to;
  try {
    return await access.logIn(endpoint, credentials, clock, signal);
  } catch (error) {
    if (!(error instanceof LoginLimited) || signal.aborted) throw error;
    const delayMs = retryDelayMs(0, random, true);
    say(`${error.message} Trying once more in ${secondsText(delayMs)}.`);
    await pause(delayMs, clock, signal);
    if (signal.aborted) throw error;
    return await access.logIn(endpoint, credentials, clock, signal);
  }
}
