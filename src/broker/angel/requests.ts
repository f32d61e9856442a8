/**
 * Requests to the feed: subscribing and unsubscribing as JSON text, and the text that keeps the connection
 * (docs/protocol.md 3 and 4).
 *
 * The server answers a good request with silence, and an unknown exchange type or tokens that are not strings with
 * silence too, so what is wrong has to be found here. All of it is a programmer's mistake by now and throws
 * RangeError.
 */

import { EXCHANGE } from '../../market/instrument.js';
import { MODE, TOKEN_BYTES } from '../../market/packet.js';
import type { SubscribeOptions, Subscription, SubscriptionRequest, TokenKey } from '../broker.js';

/** Keeps the connection: a text message, due every 30 s at the latest; the server answers `pong`. */
export const PING = 'ping';

/** Subscriptions that one connection may hold, counted per (token, mode): one stock in three modes costs three. */
export const QUOTA = 1000;

/** Most tokens in one message. The limit of the server is not documented; this one is ours. */
export const TOKENS_PER_MESSAGE = 500;

/**
 * A correlation identifier as documented: at most 10 characters, alphanumeric. The server repeats it in error replies
 * only.
 */
export const CORRELATION_ID = /^[A-Za-z0-9]{1,10}$/;

/**
 * The messages that subscribe to `tokens` in one mode, at most 500 tokens each, grouped by exchange type, repeated
 * tokens once. More tokens than a connection's quota are refused here; what it already holds is for the caller to
 * count. Source: docs/protocol.md 4.
 */
export function subscribeRequests(options: SubscribeOptions): SubscriptionRequest[] {
  return requests(1, options);
}

/**
 * The messages that undo `subscribeRequests` of the same mode: the server keeps the modes of a token apart. Source:
 * docs/protocol.md 4.
 */
export function unsubscribeRequests(options: SubscribeOptions): SubscriptionRequest[] {
  return requests(0, options);
}

/**
 * How much of the quota the subscriptions take: distinct (exchange type, token, mode). Source: docs/protocol.md 4,
 * "Quota".
 */
export function quotaUsed(subscriptions: Iterable<Subscription>): number {
  const distinct = new Set<string>();
  for (const subscription of subscriptions) distinct.add(`${subscription.mode} ${keyOf(subscription)}`);
  return distinct.size;
}

function requests(
  action: 0 | 1,
  { mode, tokens, correlationPrefix }: SubscribeOptions,
): SubscriptionRequest[] {
  if (mode !== MODE.ltp && mode !== MODE.quote && mode !== MODE.snapquote) {
    throw new RangeError(`mode ${String(mode)} cannot be subscribed`);
  }
  const distinct = new Map<string, TokenKey>();
  for (const key of tokens) {
    check(key);
    distinct.set(keyOf(key), key);
  }
  if (action === 1 && distinct.size > QUOTA) {
    throw new RangeError(`${distinct.size} tokens do not fit into a connection's quota of ${QUOTA}`);
  }
  const all = [...distinct.values()];
  const batches: SubscriptionRequest[] = [];
  for (let first = 0; first < all.length; first += TOKENS_PER_MESSAGE) {
    const batch = all.slice(first, first + TOKENS_PER_MESSAGE);
    const correlationId = `${correlationPrefix}${batches.length}`;
    if (!CORRELATION_ID.test(correlationId)) {
      throw new RangeError(
        `correlationID ${JSON.stringify(correlationId)} is not 1 to 10 letters and digits`,
      );
    }
    const text = JSON.stringify({
      correlationID: correlationId,
      action,
      params: { mode, tokenList: tokenList(batch) },
    });
    batches.push({ correlationId, tokens: batch, text });
  }
  return batches;
}

function check({ exchangeType, token }: TokenKey): void {
  if (typeof exchangeType !== 'number' || !Object.hasOwn(EXCHANGE, exchangeType))
    throw new RangeError(`unknown exchange type ${exchangeType}`);
  // Printable ASCII, so that characters are bytes and nothing ends the token early on the wire.
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token) || token.length > TOKEN_BYTES) {
    throw new RangeError(`not a token: ${JSON.stringify(token)}`);
  }
}

function tokenList(batch: readonly TokenKey[]): { exchangeType: number; tokens: string[] }[] {
  const byExchange = new Map<number, string[]>();
  for (const { exchangeType, token } of batch) {
    const tokens = byExchange.get(exchangeType);
    if (tokens) tokens.push(token);
    else byExchange.set(exchangeType, [token]);
  }
  return [...byExchange].map(([exchangeType, tokens]) => ({ exchangeType, tokens }));
}

function keyOf({ exchangeType, token }: TokenKey): string {
  return `${exchangeType} ${token}`;
}
