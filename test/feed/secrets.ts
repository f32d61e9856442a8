/** What must never be seen outside a request: easy to find in a log. None of it opens anything. */
import type { SmartApiCredentials, SmartApiSession } from '../../src/broker/angel/login.js';

export const TOKENS = {
  jwt: 'eyJhbGciOiJIUzUxMiJ9.jwt-of-the-test.sig',
  refresh: 'eyJhbGciOiJIUzUxMiJ9.refresh-of-the-test.sig',
  feed: 'feed-token-of-the-test',
} as const;

export const CREDENTIALS: SmartApiCredentials = {
  apiKey: 'KeyOfTheTest',
  clientCode: 'T987654',
  pin: '7391',
  totpSecret: 'JBSWY3DPEHPK3PXP',
};

/** A session that a log-in with them gave. */
export const SESSION: SmartApiSession = {
  jwt: TOKENS.jwt,
  feedToken: TOKENS.feed,
  apiKey: CREDENTIALS.apiKey,
  clientCode: CREDENTIALS.clientCode,
  validUntilMs: Number.POSITIVE_INFINITY,
  clockAheadMs: 0,
  secrets: [],
};

/** All of them that may be in a text by accident of a server that repeats what it was sent. */
export const SECRETS: readonly string[] = [...Object.values(TOKENS), ...Object.values(CREDENTIALS)];
