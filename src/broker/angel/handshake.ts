/** The WebSocket handshake: its headers, and answers other than 101 (docs/protocol.md 2). */
import type { HandshakeAnswer, HandshakeRefusal } from '../broker.js';
import type { SmartApiSession } from './login.js';

export function handshakeHeaders({
  jwt,
  apiKey,
  clientCode,
  feedToken,
}: SmartApiSession): Record<string, string> {
  return {
    Authorization: jwt,
    'x-api-key': apiKey,
    'x-client-code': clientCode,
    'x-feed-token': feedToken,
  };
}

/** A 403 for the rate says so only in its body, as in REST (docs/protocol.md 1). */
export function readsBody(status: number): boolean {
  return status === 403;
}

export function judgeRefusal({ status, headers, body }: HandshakeAnswer): HandshakeRefusal {
  const header = headers['x-error-message'];
  const words = typeof header === 'string' ? header : '';
  const reason = `HTTP ${status} ${words}`;
  if (status === 401) return { cause: 'unauthorized', reason: words };
  if (status === 429 || (status === 403 && /\b(rate|limit)/i.test(`${words} ${body}`)))
    return { cause: 'rate-limited', reason };
  if (status === 403) return { cause: 'forbidden', reason };
  return { cause: status >= 500 ? 'server-error' : 'unexpected-answer', reason };
}
