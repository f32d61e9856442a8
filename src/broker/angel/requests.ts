/**
 * Subscribe and unsubscribe requests as JSON text, and the ping (docs/protocol.md 3 and 4).
 *
 * The server answers good requests with silence, and unknown exchange types or tokens that are not strings too; so
 * mistakes must be found here. All are a programmer's and throw RangeError.
 */

import { EXCHANGE } from '../../market/instrument.js';
import { MODE, TOKEN_BYTES } from '../../market/packet.js';
import type { SubscribeOptions, Subscription, SubscriptionRequest, TokenKey } from '../broker.js';

/** A text, due every 30 s at the latest; the server answers `pong`. */
export const PING = 'ping';

/** Subscriptions per connection, counted per (token, mode): one stock in three modes costs three. */
export const QUOTA = 1000;

/** The server's limit is not documented; this one is ours. */
export const TOKENS_PER_MESSAGE = 500;

/** As documented: at most 10 characters, alphanumeric. Only error replies repeat it. */
export const CORRELATION_ID = /^[A-Za-z0-9]{1,10}$/;

/**
 * The messages that subscribe to `tokens` in one mode, at most 500 each, by exchange type, without repeats. Throws
 * RangeError above a connection's quota; the caller counts what it already holds. Source: docs/protocol.md 4.
 */
export function subscribeRequests(options: SubscribeOptions): SubscriptionRequest[] {
  return requests(1, options);
}

/** Undoes `subscribeRequests` of the same mode: the server keeps modes apart. Source: docs/protocol.md 4. */
export function unsubscribeRequests(options: SubscribeOptions): SubscriptionRequest[] {
  return requests(0, options);
}

/** Distinct (exchange type, token, mode). Source: docs/protocol.md 4, "Quota". */
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
  // Printable ASCII: characters are bytes, and nothing ends the token early.
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
