/**
 * The simulated broker's log-in: accounts, tokens, and what a handshake must show (PROTOCOL.md 1 and 2).
 *
 * One demo account is known, and its PIN and one-time password are checked. Any other client code is a guest: the simulator cannot
 * know a stranger's secrets, so theirs only have to be well-formed.
 */
import type { Clock } from '../clock.js';
import type { Credentials } from '../feed/login.js';
import { totp } from '../feed/totp.js';
import type { Random } from '../random.js';

/** The account that the simulator knows. Not a secret: it opens nothing but the simulator. */
export const DEMO_ACCOUNT: Credentials = Object.freeze({ apiKey: 'simulated-key', clientCode: 'SIM0001', pin: '1234', totpSecret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' });

/** Log-ins of one client code within a second beyond which the broker refuses (PROTOCOL.md 1 names 1/s; a little patience is simulated). */
const LOGINS_A_SECOND = 3;
const TOKEN_LIFE_MS = 28 * 3_600_000;
const TOTP_STEP_MS = 30_000;

export interface Issued {
  readonly clientCode: string;
  readonly apiKey: string;
  readonly jwt: string;
  readonly feedToken: string;
  readonly refreshToken: string;
  readonly expiresMs: number;
}

/** An answer of the log-in REST. */
export interface Answer {
  readonly status: number;
  readonly body: object;
}

/** What a handshake shows, from headers or query; undefined where it is silent. */
export interface Shown {
  readonly authorization: string | undefined;
  readonly apiKey: string | undefined;
  readonly clientCode: string | undefined;
  readonly feedToken: string | undefined;
}

export type HandshakeFault = 'Auth token' | 'Client Code' | 'API Key' | 'Feed Token';

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The broker's first shape of failure: HTTP 200 and `status: false`. */
function refusal(message: string, errorcode: string): Answer {
  return { status: 200, body: { status: false, message, errorcode, data: null } };
}

/** Its second shape, used where the request itself is not known to the broker. */
function secondRefusal(message: string, errorCode: string, status = 200): Answer {
  return { status, body: { success: false, message, errorCode, data: '' } };
}

export class Accounts {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #byFeedToken = new Map<string, Issued>();
  readonly #byRefreshToken = new Map<string, Issued>();
  readonly #byJwt = new Map<string, Issued>();
  readonly #recent = new Map<string, number[]>();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** loginByPassword. `header` reads a request header. */
  logIn(header: (name: string) => string | undefined, body: unknown): Answer {
    const apiKey = header('x-privatekey')?.trim() ?? '';
    if (apiKey === '') return secondRefusal('Invalid API Key', 'AG8004');
    if (header('x-usertype') === undefined || header('x-sourceid') === undefined) return secondRefusal('Header missing: X-UserType, X-SourceID', 'AB1004');
    const request = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
    const clientCode = text(request['clientcode']).trim();
    const pin = text(request['password']);
    const oneTime = text(request['totp']);
    if (!/^[A-Za-z0-9]{2,20}$/.test(clientCode) || pin === '') return refusal('Invalid clientcode or password', 'AB1007');
    if (!/^\d{6}$/.test(oneTime)) return refusal('Invalid totp', 'AB1050');
    if (this.#tooOften(clientCode)) return { status: 403, body: { message: 'Access denied because of exceeding access rate' } };
    if (clientCode === DEMO_ACCOUNT.clientCode) {
      if (pin !== DEMO_ACCOUNT.pin) return refusal('Invalid clientcode or password', 'AB1007');
      const now = this.#clock.wallMs();
      const valid = [-1, 0, 1].map((step) => totp(DEMO_ACCOUNT.totpSecret, now + step * TOTP_STEP_MS));
      if (!valid.includes(oneTime)) return refusal('Invalid totp', 'AB1050');
      if (apiKey !== DEMO_ACCOUNT.apiKey) return secondRefusal('Invalid API Key', 'AG8004');
    }
    const issued = this.#issue(clientCode, apiKey);
    const state = typeof request['state'] === 'string' ? { state: request['state'] } : {};
    return { status: 200, body: { status: true, message: 'SUCCESS', errorcode: '', data: { jwtToken: issued.jwt, refreshToken: issued.refreshToken, feedToken: issued.feedToken, ...state } } };
  }

  /** generateTokens: a refresh token for a new set; the old feed token stays good for those that are connected with it. */
  refresh(authorization: string | undefined, body: unknown): Answer {
    const old = this.#bearer(authorization);
    if (old === undefined) return secondRefusal('Invalid Token', 'AG8001');
    const known = this.#byRefreshToken.get(text((body as Record<string, unknown> | null)?.['refreshToken']));
    if (known === undefined || known.clientCode !== old.clientCode) return refusal('Invalid Refresh Token', 'AB8050');
    const { jwt: jwtToken, refreshToken, feedToken } = this.#issue(known.clientCode, known.apiKey);
    return { status: 200, body: { status: true, message: 'SUCCESS', errorcode: '', data: { jwtToken, refreshToken, feedToken } } };
  }

  /** logout: the client code's tokens open no new connection. */
  logOut(authorization: string | undefined, body: unknown): Answer {
    const known = this.#bearer(authorization);
    if (known === undefined) return secondRefusal('Invalid Token', 'AG8001');
    if (text((body as Record<string, unknown> | null)?.['clientcode']) !== known.clientCode) return refusal('Invalid clientcode', 'AB1004');
    for (const map of [this.#byFeedToken, this.#byRefreshToken, this.#byJwt]) {
      for (const [key, issued] of map) if (issued.clientCode === known.clientCode) map.delete(key);
    }
    return { status: 200, body: { status: true, message: 'SUCCESS', errorcode: '', data: '' } };
  }

  /**
   * What is wrong with a handshake, or the client code that it is for. The client code and the feed token are needed; an Authorization
   * and an API key, where shown, must belong to them (the Java client shows neither: PROTOCOL.md 2).
   */
  handshake(shown: Shown): { readonly fault: HandshakeFault } | { readonly clientCode: string } {
    const clientCode = shown.clientCode?.trim() ?? '';
    if (clientCode === '') return { fault: 'Client Code' };
    const issued = this.#byFeedToken.get(shown.feedToken?.trim() ?? '');
    const authorization = shown.authorization?.replace(/^Bearer\s+/i, '').trim();
    if (authorization !== undefined) {
      const bearer = this.#byJwt.get(authorization);
      if (bearer === undefined || this.#expired(bearer)) return { fault: 'Auth token' };
      if (bearer.clientCode !== clientCode) return { fault: 'Client Code' };
      if (shown.apiKey !== undefined && bearer.apiKey !== shown.apiKey.trim()) return { fault: 'API Key' };
    }
    if (issued === undefined || this.#expired(issued)) return { fault: 'Feed Token' };
    if (issued.clientCode !== clientCode) return { fault: 'Client Code' };
    if (shown.apiKey !== undefined && issued.apiKey !== shown.apiKey.trim()) return { fault: 'API Key' };
    return { clientCode };
  }

  #bearer(authorization: string | undefined): Issued | undefined {
    const issued = this.#byJwt.get(authorization?.replace(/^Bearer\s+/i, '').trim() ?? '');
    return issued === undefined || this.#expired(issued) ? undefined : issued;
  }

  #expired(issued: Issued): boolean {
    return this.#clock.wallMs() >= issued.expiresMs;
  }

  #tooOften(clientCode: string): boolean {
    const now = this.#clock.monoMs();
    const recent = (this.#recent.get(clientCode) ?? []).filter((ms) => now - ms < 1000);
    recent.push(now);
    this.#recent.set(clientCode, recent);
    return recent.length > LOGINS_A_SECOND;
  }

  #issue(clientCode: string, apiKey: string): Issued {
    const expiresMs = this.#clock.wallMs() + TOKEN_LIFE_MS;
    const token = (kind: string): string => {
      const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
      const nonce = Math.floor(this.#random() * 2 ** 48).toString(36);
      return `${part({ alg: 'HS512' })}.${part({ username: clientCode, kind, nonce, exp: Math.floor(expiresMs / 1000) })}.${part({ nonce })}`;
    };
    const issued: Issued = { clientCode, apiKey, jwt: token('jwt'), feedToken: token('feed'), refreshToken: token('refresh'), expiresMs };
    this.#byFeedToken.set(issued.feedToken, issued);
    this.#byRefreshToken.set(issued.refreshToken, issued);
    this.#byJwt.set(issued.jwt, issued);
    return issued;
  }
}
