/** Issued tokens, and whether a handshake's tokens are among them (docs/protocol.md 1 and 2). */

import { createHmac } from 'node:crypto';
import type { Clock } from '../clock.js';

/** Tokens, named as in the reply. */
export interface LogIn {
  readonly clientCode: string;
  readonly apiKey: string;
  readonly jwtToken: string;
  readonly refreshToken: string;
  readonly feedToken: string;
}

/** A handshake's credentials. */
export interface Handshake {
  readonly clientCode: string | undefined;
  readonly feedToken: string | undefined;
  readonly authorization: string | undefined;
  readonly apiKey: string | undefined;
}

/** The bad credential, in the words of `x-error-message`. */
export type BadCredential = 'Auth token' | 'Client Code' | 'API Key' | 'Feed Token';

/** "Active for up to 28 hours after login". */
const TOKEN_LIFE_SECONDS = 28 * 3600;
/** Clients can log in without end; the oldest are dropped first. */
const MAX_CLIENTS = 1000;
const MAX_SESSIONS_PER_CLIENT = 16;

export class LogIns {
  readonly #clock: Clock;
  readonly #signingKey: string;
  readonly #byClient = new Map<string, LogIn[]>();
  readonly #expired = new WeakSet<LogIn>();
  #issued = 0;

  /** `seed` makes two simulators' tokens differ; they protect nothing. */
  constructor(clock: Clock, seed: number) {
    this.#clock = clock;
    this.#signingKey = `simulated broker ${seed}`;
  }

  /** Earlier log-ins of the client stay valid. */
  open(clientCode: string, apiKey: string): LogIn {
    const session = {
      clientCode,
      apiKey,
      jwtToken: this.#token(clientCode, 'trade'),
      refreshToken: this.#token(clientCode, 'refresh'),
      feedToken: this.#token(clientCode, 'feed'),
    };
    const sessions = [...(this.#byClient.get(clientCode) ?? []), session].slice(-MAX_SESSIONS_PER_CLIENT);
    this.#byClient.delete(clientCode);
    this.#byClient.set(clientCode, sessions);
    if (this.#byClient.size > MAX_CLIENTS) this.#byClient.delete(this.#byClient.keys().next().value!);
    return session;
  }

  /** By an `Authorization` header, with or without `Bearer `. */
  ofAuthorization(authorization: string | undefined): LogIn | undefined {
    const jwt = bare(authorization);
    for (const sessions of this.#byClient.values()) {
      const found = sessions.find(({ jwtToken }) => jwtToken === jwt);
      if (found) return this.#expired.has(found) ? undefined : found;
    }
    return undefined;
  }

  /** Forgets a client's log-ins; open sockets stay. */
  close(clientCode: string): void {
    this.#byClient.delete(clientCode);
  }

  /** Invalidates all tokens; open sockets stay. */
  expire(): void {
    for (const sessions of this.#byClient.values())
      for (const session of sessions) this.#expired.add(session);
  }

  /** Replaces a log-in and spends its refresh token. Undefined for a refresh token not its own. */
  renew(session: LogIn, refreshToken: unknown): LogIn | undefined {
    const sessions = this.#byClient.get(session.clientCode);
    if (sessions === undefined || refreshToken !== session.refreshToken) return undefined;
    this.#byClient.set(
      session.clientCode,
      sessions.filter((other) => other !== session),
    );
    return this.open(session.clientCode, session.apiKey);
  }

  /**
   * Undefined if all are good. Client code and feed token are required and belong together. JWT and API key may be
   * absent (the Java SDK sends neither); if present, they must be that log-in's.
   */
  judge({ clientCode, feedToken, authorization, apiKey }: Handshake): BadCredential | undefined {
    const sessions = clientCode === undefined ? undefined : this.#byClient.get(clientCode);
    if (sessions === undefined) return 'Client Code';
    const session = sessions.find((candidate) => candidate.feedToken === feedToken);
    if (session === undefined) return 'Feed Token';
    if (this.#expired.has(session)) return authorization === undefined ? 'Feed Token' : 'Auth token';
    if (authorization !== undefined && bare(authorization) !== session.jwtToken) return 'Auth token';
    if (apiKey !== undefined && apiKey !== session.apiKey) return 'API Key';
    return undefined;
  }

  /** A JWT, signed with HS512 as in the documentation's samples, with a readable `exp`. */
  #token(clientCode: string, use: string): string {
    const seconds = Math.floor(this.#clock.wallMs() / 1000);
    const header = encoded({ alg: 'HS512', typ: 'JWT' });
    const claims = encoded({
      username: clientCode,
      use,
      jti: String(++this.#issued),
      iat: seconds,
      exp: seconds + TOKEN_LIFE_SECONDS,
    });
    const signature = createHmac('sha512', this.#signingKey)
      .update(`${header}.${claims}`)
      .digest('base64url');
    return `${header}.${claims}.${signature}`;
  }
}

function encoded(claims: Record<string, unknown>): string {
  return Buffer.from(JSON.stringify(claims)).toString('base64url');
}

function bare(authorization: string | undefined): string | undefined {
  return authorization?.replace(/^Bearer\s+/i, '');
}
