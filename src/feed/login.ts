/**
 * Log-in over REST, once before the run: PIN and one-time password for the tokens of the feed (PROTOCOL.md 1). The only file that
 * reads credentials. Nothing secret is ever part of a sentence.
 */
import type { Clock } from '../clock.js';
import { EngineError } from '../errors.js';
import type { Endpoint } from './endpoint.js';
import { presentable } from './presentable.js';
import { totp } from './totp.js';

export interface Credentials {
  readonly apiKey: string;
  readonly clientCode: string;
  readonly pin: string;
  readonly totpSecret: string;
}

/** What a log-in gives: one immutable set, replaced as a whole. */
export interface Session {
  /** Raw, without `Bearer `. */
  readonly jwt: string;
  readonly feedToken: string;
  readonly apiKey: string;
  readonly clientCode: string;
}

/** What is no printable ASCII. */
const UNSENDABLE = /[^\x21-\x7e]/;

/** Credentials under the names that users already have. Throws EngineError CONFIG naming what is missing or cannot be sent. */
export function readCredentials(env: Readonly<Record<string, string | undefined>>): Credentials {
  const names = { apiKey: 'ANGEL_API_KEY', clientCode: 'ANGEL_CLIENT_ID', pin: 'ANGEL_PIN', totpSecret: 'ANGEL_TOTP_SECRET' } as const;
  const missing = Object.values(names).filter((name) => (env[name] ?? '').trim() === '');
  if (missing.length > 0) throw new EngineError('CONFIG', `The feed needs ${missing.join(', ')} in the environment or in .env.`);
  const [apiKey, clientCode, pin, totpSecret] = Object.values(names).map((name) => env[name]!.trim());
  // These two travel in headers.
  for (const [name, value] of [[names.apiKey, apiKey], [names.clientCode, clientCode]]) {
    if (UNSENDABLE.test(value)) throw new EngineError('CONFIG', `${name} holds a character that no header can carry, such as a typographic quote or a line end: copy it again.`);
  }
  return { apiKey, clientCode, pin, totpSecret };
}

/** Real ms for the whole exchange. */
const LOGIN_WITHIN_MS = 15_000;
/** Characters of the broker's own message that are repeated, and of an answer that are read. */
const LONGEST_MESSAGE = 200;
const LONGEST_ANSWER = 65_536;

/** The broker refuses for the rate: a fast retry keeps the limit hit. */
export class LoginLimited extends EngineError {
  constructor(status: number) {
    super('LOGIN', `The broker refuses the log-in for its rate (HTTP ${status}): wait a minute; another program may log in with the same client code.`, { retryable: true });
  }
}

function fail(sentence: string, options: { retryable?: boolean } = {}): EngineError {
  return new EngineError('LOGIN', sentence, options);
}

/** The beginning of an answer, which may have no end; what follows is not received. */
async function beginning(response: Response): Promise<string> {
  if (response.body === null) return '';
  const decoder = new TextDecoder();
  let text = '';
  for await (const part of response.body as AsyncIterable<Uint8Array>) {
    text += decoder.decode(part, { stream: true });
    if (text.length >= LONGEST_ANSWER) break;
  }
  return text.slice(0, LONGEST_ANSWER);
}

async function post(endpoint: Endpoint, credentials: Credentials, oneTime: string, clock: Clock, given: AbortSignal): Promise<{ status: number; text: string }> {
  const abort = new AbortController();
  const limit = clock.after(LOGIN_WITHIN_MS, () => abort.abort());
  try {
    const response = await fetch(endpoint.loginUrl, {
      method: 'POST',
      redirect: 'error',
      signal: AbortSignal.any([abort.signal, given]),
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json',
        'X-UserType': 'USER',
        'X-SourceID': 'WEB',
        // The values of these three are evidently not checked for log-in (PROTOCOL.md 1), and the truth is nobody's business.
        'X-ClientLocalIP': '127.0.0.1',
        'X-ClientPublicIP': '127.0.0.1',
        'X-MACAddress': '00:00:00:00:00:00',
        'X-PrivateKey': credentials.apiKey,
      },
      body: JSON.stringify({ clientcode: credentials.clientCode, password: credentials.pin, totp: oneTime }),
    });
    return { status: response.status, text: await beginning(response) };
  } catch (error) {
    const { host } = new URL(endpoint.loginUrl);
    if (abort.signal.aborted) throw fail(`No answer to the log-in from ${host} within ${LOGIN_WITHIN_MS / 1000} s.`, { retryable: true });
    const cause = (error as { cause?: { code?: unknown } }).cause?.code;
    throw fail(`The log-in could not reach ${host} (${typeof cause === 'string' ? cause : 'no connection'}).`, { retryable: true });
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

/** Logs in; `given` ends it early. Throws EngineError LOGIN with one sentence; retryable when the network or the broker's load was the reason. */
export async function logIn(endpoint: Endpoint, credentials: Credentials, clock: Clock, given: AbortSignal): Promise<Session> {
  const oneTime = totp(credentials.totpSecret, clock.wallMs());
  const { status, text } = await post(endpoint, credentials, oneTime, clock, given);
  const secrets = [credentials.apiKey, credentials.clientCode, credentials.pin, credentials.totpSecret, oneTime];
  const answer = parsed(text);
  if (status === 429 || (status === 403 && /rate/i.test(text))) throw new LoginLimited(status);
  if (status >= 500) throw fail(`The broker's log-in answers HTTP ${status}: try again later.`, { retryable: true });
  if (answer === undefined) throw fail(`The log-in was answered with HTTP ${status} and no JSON: is this a SmartAPI server?`);
  const data = (answer['data'] ?? {}) as Record<string, unknown>;
  if (answer['status'] !== true && answer['success'] !== true) {
    for (const name of ['jwtToken', 'feedToken', 'refreshToken']) secrets.push(textOf(data[name]));
    // Two shapes of failure: status with errorcode, and success with errorCode.
    const code = presentable(textOf(answer['errorcode']) || textOf(answer['errorCode']), secrets, LONGEST_MESSAGE);
    const message = presentable(textOf(answer['message']), secrets, LONGEST_MESSAGE);
    throw fail(`The broker refuses the log-in: ${message || `HTTP ${status}`}${code === '' ? '' : ` (${code})`}.`);
  }
  const jwt = textOf(data['jwtToken']).replace(/^Bearer\s+/i, '');
  const feedToken = textOf(data['feedToken']);
  if (jwt === '' || feedToken === '') throw fail(`The log-in was answered without ${jwt === '' ? 'a jwtToken' : 'a feedToken'}.`);
  if (UNSENDABLE.test(jwt + feedToken)) throw fail('The log-in was answered with tokens that no header can carry.');
  return Object.freeze({ jwt, feedToken, apiKey: credentials.apiKey, clientCode: credentials.clientCode });
}
