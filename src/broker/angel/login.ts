/**
 * Log-in over REST with PIN and one-time password (docs/protocol.md 1). The only file that reads credentials. No
 * sentence holds a secret.
 */
import { pause, type Clock } from '../../clock.js';
import { EngineError } from '../../errors.js';
import type { BrokerSession, CredentialsLook } from '../broker.js';
import type { Endpoint } from '../endpoint.js';
import { LoginLimited, LoginRefused } from '../refusals.js';
import { certificateFault } from '../../text/certificate-fault.js';
import { post, restHeaders, type PostAnswer } from './post.js';
import { sanitize } from '../../text/sanitize.js';
import { isRateRefusal, knownRefusal } from './refusal.js';
import { validUntil } from './token.js';
import { base32Bytes, stepEndMs, totp } from './totp.js';

/** A type alias, so that `Credentials` of broker.ts accepts it. */
export type SmartApiCredentials = {
  readonly apiKey: string;
  readonly clientCode: string;
  readonly pin: string;
  readonly totpSecret: string;
};

export interface SmartApiSession extends BrokerSession {
  /** Raw, without `Bearer `. */
  readonly jwt: string;
  readonly feedToken: string;
  readonly apiKey: string;
  readonly clientCode: string;
}

/** Environment variables that users already have. */
export const CREDENTIAL_NAMES = {
  apiKey: 'ANGEL_API_KEY',
  clientCode: 'ANGEL_CLIENT_ID',
  pin: 'ANGEL_PIN',
  totpSecret: 'ANGEL_TOTP_SECRET',
} as const;

/** Anything but printable ASCII. */
const UNSENDABLE = /[^\x21-\x7e]/;

/** Throws EngineError CONFIG naming what is missing or cannot be sent. */
export function readCredentials(env: Readonly<Record<string, string | undefined>>): SmartApiCredentials {
  const names = CREDENTIAL_NAMES;
  const missing = Object.values(names).filter((name) => (env[name] ?? '').trim() === '');
  if (missing.length > 0)
    throw new EngineError('CONFIG', `The feed needs ${missing.join(', ')} in the environment or in .env.`);
  const [apiKey, clientCode, pin, totpSecret] = Object.values(names).map((name) => env[name]!.trim());
  // These two travel in headers.
  for (const [name, value] of [
    [names.apiKey, apiKey],
    [names.clientCode, clientCode],
  ]) {
    if (UNSENDABLE.test(value))
      throw new EngineError(
        'CONFIG',
        `${name} holds a character that no header can carry, such as a typographic quote or a line end: copy it again.`,
      );
  }
  // A bad secret must show before the log-in, which may be hours away.
  base32Bytes(totpSecret);
  return Object.freeze({ apiKey, clientCode, pin, totpSecret });
}

export function lookAt({ pin }: SmartApiCredentials): CredentialsLook {
  const present = 'all four are there';
  return {
    present,
    usable: `${present}, and the TOTP secret gives one-time passwords`,
    doubt: /^\d{4}$/.test(pin)
      ? undefined
      : `${CREDENTIAL_NAMES.pin} is not four digits: the broker wants the PIN of its app, not the old password.`,
  };
}

/** Real ms for the whole exchange. */
const LOGIN_WITHIN_MS = 15_000;
/** Characters repeated of the broker's message. */
const MAX_MESSAGE = 160;
/** A refusal names a larger difference of clocks, ms: half of a one-time password's life. */
const WORTH_NAMING_MS = 15_000;
/** `Date` has whole seconds. */
const DATE_STEP_MS = 1000;

/** The one-time password is refused. */
class TotpRefused extends LoginRefused {}

/** A password so late in its step may be judged in the next: it travels for some time. Real ms. */
const LAST_SECOND_MS = 1000;

function fail(sentence: string, options: { retryable?: boolean } = {}): EngineError {
  return new EngineError('LOGIN', sentence, options);
}

async function ask(
  endpoint: Endpoint,
  credentials: SmartApiCredentials,
  oneTime: string,
  clock: Clock,
  given: AbortSignal,
): Promise<PostAnswer> {
  const abort = new AbortController();
  const limit = clock.after(LOGIN_WITHIN_MS, () => abort.abort());
  try {
    return await post({
      url: endpoint.loginUrl,
      ca: endpoint.ca,
      signal: AbortSignal.any([abort.signal, given]),
      headers: restHeaders(credentials.apiKey),
      body: JSON.stringify({ clientcode: credentials.clientCode, password: credentials.pin, totp: oneTime }),
    });
  } catch (error) {
    const { host } = new URL(endpoint.loginUrl);
    if (abort.signal.aborted)
      throw fail(`No answer to the log-in from ${host} within ${LOGIN_WITHIN_MS / 1000} s.`, {
        retryable: true,
      });
    const { code } = error as { code?: unknown };
    const fault = typeof code === 'string' ? certificateFault(code) : undefined;
    if (fault !== undefined)
      throw fail(`The log-in does not trust ${host}: ${fault}. Nothing was sent.`, { retryable: true });
    throw fail(`The log-in could not reach ${host} (${typeof code === 'string' ? code : 'no connection'}).`, {
      retryable: true,
    });
  } finally {
    limit.cancel();
  }
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // A gateway's HTML page: the caller says so with the HTTP status.
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The broker's words, its code, and what to do. */
function refused(
  answer: Record<string, unknown>,
  status: number,
  secrets: readonly string[],
  clockAheadMs: number | undefined,
): LoginRefused {
  // Failures come with status and errorcode, or success and errorCode.
  const code = sanitize(textOf(answer['errorcode']) || textOf(answer['errorCode']), secrets, MAX_MESSAGE);
  const message = sanitize(textOf(answer['message']), secrets, MAX_MESSAGE);
  const known = knownRefusal(code);
  const clock =
    clockAheadMs !== undefined && Math.abs(clockAheadMs) >= WORTH_NAMING_MS
      ? `; this machine's clock is ${Math.round(Math.abs(clockAheadMs) / 1000)} s ${clockAheadMs > 0 ? 'ahead of' : 'behind'} the broker's: set it right`
      : '';
  const what = `${message || `HTTP ${status}`}${code === '' ? '' : ` (${code})`}`;
  const Refusal = code === 'AB1050' ? TotpRefused : LoginRefused;
  return new Refusal(
    `The broker refuses the log-in: ${what}${known === undefined ? '' : `: ${known.remedy}`}${clock}.`,
    { retryable: known?.retryable ?? false, clockAheadMs },
  );
}

/**
 * Logs in; `given` ends it early. A one-time password of its step's last second that is refused is followed by one of
 * the next step. Throws EngineError LOGIN with one sentence; retryable for the network or the broker's load.
 */
export async function logIn(
  endpoint: Endpoint,
  credentials: SmartApiCredentials,
  clock: Clock,
  given: AbortSignal,
): Promise<SmartApiSession> {
  const askedMs = clock.wallMs();
  try {
    return await logInOnce(endpoint, credentials, clock, given);
  } catch (error) {
    const overMs = stepEndMs(askedMs);
    const isLastSecond = clock.wallMs() > overMs - LAST_SECOND_MS;
    if (!(error instanceof TotpRefused) || !isLastSecond || given.aborted) throw error;
    await pause(Math.max(0, overMs - clock.wallMs()), clock, given);
    return await logInOnce(endpoint, credentials, clock, given);
  }
}

async function logInOnce(
  endpoint: Endpoint,
  credentials: SmartApiCredentials,
  clock: Clock,
  given: AbortSignal,
): Promise<SmartApiSession> {
  const askedMs = clock.wallMs();
  const oneTime = totp(credentials.totpSecret, askedMs);
  const { status, text, serverMs } = await ask(endpoint, credentials, oneTime, clock, given);
  const answeredMs = clock.wallMs();
  const clockAheadMs =
    serverMs === undefined ? undefined : (askedMs + answeredMs) / 2 - (serverMs + DATE_STEP_MS / 2);
  const secrets = [
    credentials.apiKey,
    credentials.clientCode,
    credentials.pin,
    credentials.totpSecret,
    oneTime,
  ];
  const answer = parsed(text);
  if (isRateRefusal(status, text, answer))
    throw new LoginLimited(
      `The broker refuses the log-in for its rate (HTTP ${status}): wait a minute; another program may log in with the same client code.`,
    );
  if (status >= 500)
    throw fail(`The broker's log-in answers HTTP ${status}: try again later.`, { retryable: true });
  if (answer === undefined)
    throw fail(`The log-in was answered with HTTP ${status} and no JSON: is this a SmartAPI server?`);
  const data = (answer['data'] ?? {}) as Record<string, unknown>;
  if (answer['status'] !== true && answer['success'] !== true) {
    for (const name of ['jwtToken', 'feedToken', 'refreshToken']) secrets.push(textOf(data[name]));
    throw refused(answer, status, secrets, clockAheadMs);
  }
  const jwt = textOf(data['jwtToken']).replace(/^Bearer\s+/i, '');
  const feedToken = textOf(data['feedToken']);
  if (jwt === '' || feedToken === '')
    throw fail(`The log-in was answered without ${jwt === '' ? 'a jwtToken' : 'a feedToken'}.`);
  if (UNSENDABLE.test(jwt + feedToken))
    throw fail('The log-in was answered with tokens that no header can carry.');
  secrets.push(jwt, feedToken, textOf(data['refreshToken']));
  return Object.freeze({
    jwt,
    feedToken,
    apiKey: credentials.apiKey,
    clientCode: credentials.clientCode,
    validUntilMs: validUntil([jwt, feedToken], answeredMs),
    clockAheadMs,
    secrets: Object.freeze(secrets.filter((secret) => secret !== '')),
  });
}
