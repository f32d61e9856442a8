/** Where a SmartAPI server is: its feed and, on the same host, its log-in (PROTOCOL.md 1 and 2). */
import { EngineError } from '../errors.js';

export interface Endpoint {
  readonly feedUrl: string;
  readonly loginUrl: string;
  /** Whether the server is on this machine. */
  readonly loopback: boolean;
}

const LOGIN_PATH = '/rest/auth/angelbroking/user/v1/loginByPassword';
const FEED_PATH = '/smart-stream';

/** The broker itself. */
export const LIVE_ENDPOINT: Endpoint = {
  feedUrl: `wss://smartapisocket.angelone.in${FEED_PATH}`,
  loginUrl: `https://apiconnect.angelone.in${LOGIN_PATH}`,
  loopback: false,
};

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/**
 * Reads the URL of `--feed`. Unencrypted `ws:` is for this machine only. Throws EngineError USAGE in one sentence, which never repeats
 * what may be a secret in it.
 */
export function feedEndpoint(text: string): Endpoint {
  if (!URL.canParse(text)) throw new EngineError('USAGE', '--feed is no URL that can be read, e.g. ws://127.0.0.1:8080.');
  const url = new URL(text);
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') throw new EngineError('USAGE', `--feed takes a ws: or wss: URL, not ${url.protocol}`);
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new EngineError('USAGE', '--feed takes a URL without user, password or query: credentials belong in the environment, a URL ends up in logs.');
  }
  const loopback = isLoopback(url.hostname);
  if (url.protocol === 'ws:' && !loopback) throw new EngineError('USAGE', `--feed ws://${url.hostname} would send tokens unencrypted: use wss:; ws: is for this machine only.`);
  const path = url.pathname === '/' ? FEED_PATH : url.pathname;
  return {
    feedUrl: `${url.protocol}//${url.host}${path}`,
    loginUrl: `${url.protocol === 'ws:' ? 'http:' : 'https:'}//${url.host}${LOGIN_PATH}`,
    loopback,
  };
}
