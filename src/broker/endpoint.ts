/** Where a broker's servers are, and which URLs may be sent credentials. */
import { EngineError } from '../errors.js';
import { isLoopback } from '../text/loopback.js';

export interface Endpoint {
  readonly feedUrl: string;
  readonly loginUrl: string;
  /** On this machine. */
  readonly loopback: boolean;
  /** Certificates (PEM) to trust in place of the public ones, if any. */
  readonly ca: string | undefined;
}

/**
 * Reads the URL of `--feed`; `ws:` is for this machine only. Throws EngineError USAGE in one sentence, which repeats
 * no possible secret.
 */
export function endpointFrom(text: string, feedPath: string, loginPath: string, ca?: string): Endpoint {
  if (!URL.canParse(text))
    throw new EngineError('USAGE', '--feed is no URL that can be read, e.g. ws://127.0.0.1:8080.');
  const url = new URL(text);
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:')
    throw new EngineError('USAGE', `--feed takes a ws: or wss: URL, not ${url.protocol}`);
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new EngineError(
      'USAGE',
      '--feed takes a URL without user, password or query: credentials belong in the environment, a URL ends up in logs.',
    );
  }
  const loopback = isLoopback(url.hostname);
  if (url.protocol === 'ws:' && !loopback)
    throw new EngineError(
      'USAGE',
      `--feed ws://${url.hostname} would send tokens unencrypted: use wss:; ws: is for this machine only.`,
    );
  if (url.protocol === 'ws:' && ca !== undefined)
    throw new EngineError('USAGE', '--ca belongs to a wss: URL: over ws: no certificate is shown.');
  const path = url.pathname === '/' ? feedPath : url.pathname;
  return {
    feedUrl: `${url.protocol}//${url.host}${path}`,
    loginUrl: `${url.protocol === 'ws:' ? 'http:' : 'https:'}//${url.host}${loginPath}`,
    loopback,
    ca,
  };
}
