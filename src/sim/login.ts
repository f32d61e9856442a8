/** Log-in REST (docs/protocol.md 1): log in, profile, renew tokens, log out. */

import type { Clock } from '../clock.js';
import { DEMO_ACCOUNT } from './demo-account.js';
import { RateLimiter } from './rate-limiter.js';
import {
  failure,
  gatewayRefusal,
  SUCCESS,
  type RestResponse,
  type RestRequest,
  type RestRoute,
} from './rest.js';
import type { LogIn, LogIns } from './log-ins.js';
import { totpHolds } from './totp.js';

export const LOGIN_PATH = '/rest/auth/angelbroking/user/v1/loginByPassword';
const RENEW_PATH = '/rest/auth/angelbroking/jwt/v1/generateTokens';
/** The broker's Python and Java clients ask for it as part of a log-in. */
const PROFILE_PATH = '/rest/secure/angelbroking/user/v1/getProfile';
const LOGOUT_PATH = '/rest/secure/angelbroking/user/v1/logout';

/** One log-in a second is documented; only clearly more is refused, so that a test may log in twice. */
const WINDOWS = [{ ms: 1000, max: 3 }] as const;

/**
 * The demo account's API key, PIN and TOTP are checked strictly. Any other client code logs in as a guest with
 * well-formed ones: the simulator cannot know clients' own secrets.
 */
export function loginRoutes(sessions: LogIns, clock: Clock): Record<string, RestRoute> {
  const rate = new RateLimiter(clock, WINDOWS);
  return {
    [LOGIN_PATH]: { method: 'POST', answer: (question) => logIn(question, sessions, clock, rate) },
    [RENEW_PATH]: { method: 'POST', answer: (question) => renew(question, sessions) },
    [PROFILE_PATH]: { method: 'GET', answer: (question) => profile(question, sessions) },
    [LOGOUT_PATH]: { method: 'POST', answer: (question) => logOut(question, sessions) },
  };
}

function logIn(
  { headers, body }: RestRequest,
  sessions: LogIns,
  clock: Clock,
  rate: RateLimiter,
): RestResponse {
  const { clientcode, password, totp, state } = body;
  if (typeof clientcode === 'string' && rate.exceeded(clientcode))
    return { status: 403, body: 'Access denied because of exceeding access rate' };
  const apiKey = headers['x-privatekey'];
  if (!wellFormed(apiKey)) return gatewayRefusal('AG8004', 'Invalid API Key');
  // The broker evidently ignores the other documented headers (docs/protocol.md 1).
  const userType = headers['x-usertype'];
  if (userType !== undefined && userType !== 'USER') return failure(200, 'User Type Must Be USER', 'AB1005');
  if (!wellFormed(clientcode) || !wellFormed(password)) return failure(200, 'Invalid credentials', 'AB1007');
  if (typeof totp !== 'string' || !/^\d{6}$/.test(totp)) return failure(200, 'Invalid totp', 'AB1050');
  if (clientcode === DEMO_ACCOUNT.clientCode) {
    if (apiKey !== DEMO_ACCOUNT.apiKey) return gatewayRefusal('AG8004', 'Invalid API Key');
    if (password !== DEMO_ACCOUNT.pin) return failure(200, 'Invalid credentials', 'AB1007');
    if (!totpHolds(DEMO_ACCOUNT.totpSecret, totp, clock.wallMs()))
      return failure(200, 'Invalid totp', 'AB1050');
  }
  return granted(sessions.open(clientcode, apiKey), typeof state === 'string' ? { state } : {});
}

function renew({ headers, body }: RestRequest, sessions: LogIns): RestResponse {
  const session = sessions.ofAuthorization(headers.authorization);
  if (session === undefined) return gatewayRefusal('AG8001', 'Invalid Token');
  const renewed = sessions.renew(session, body['refreshToken']);
  return renewed === undefined ? failure(200, 'Invalid Refresh Token', 'AB8050') : granted(renewed, {});
}

function profile({ headers }: RestRequest, sessions: LogIns): RestResponse {
  const session = sessions.ofAuthorization(headers.authorization);
  if (session === undefined) return gatewayRefusal('AG8001', 'Invalid Token');
  const { clientCode } = session;
  return {
    status: 200,
    body: {
      ...SUCCESS,
      data: {
        clientcode: clientCode,
        name: clientCode,
        email: '',
        mobileno: '',
        exchanges: ['NSE'],
        products: [],
        lastlogintime: '',
        broker: '',
      },
    },
  };
}

function logOut({ headers, body }: RestRequest, sessions: LogIns): RestResponse {
  const session = sessions.ofAuthorization(headers.authorization);
  if (session === undefined) return gatewayRefusal('AG8001', 'Invalid Token');
  if (body['clientcode'] !== session.clientCode) return failure(200, 'Invalid credentials', 'AB1007');
  sessions.close(session.clientCode);
  return { status: 200, body: { ...SUCCESS, data: '' } };
}

function granted({ jwtToken, refreshToken, feedToken }: LogIn, more: { state?: string }): RestResponse {
  return { status: 200, body: { ...SUCCESS, data: { jwtToken, refreshToken, feedToken, ...more } } };
}

/** 1 to 64 printable characters, no blanks. */
function wellFormed(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,64}$/.test(value);
}
