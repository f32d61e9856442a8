/** Client requests, and a connection's subscriptions (docs/protocol.md 4). Pure. */

import { isObject } from '../text/json.js';
import { EXCHANGE } from '../market/instrument.js';
import { MODE, TOKEN_BYTES } from '../market/packet.js';
import { QUOTA } from '../broker/angel/requests.js';
import type { Subscription, SubscriptionMode } from '../broker/broker.js';

export interface ClientRequest {
  /** May be empty. */
  readonly correlationId: string;
  readonly subscribes: boolean;
  /** Distinct; only existing exchange types: the feed ignores others. */
  readonly subscriptions: readonly Subscription[];
}

/** The two documented errors. */
export type RequestError = 'E1001' | 'E1002';

export const ERROR_TEXT: Readonly<Record<RequestError, string>> = {
  E1001: 'Invalid Request Payload.',
  E1002: 'Invalid Request. Subscription Limit Exceeded',
};

type Members = Readonly<Record<string, unknown>>;

/** Returns E1001's correlation identifier for an invalid request. Never throws. */
export function parseRequest(text: string): ClientRequest | { readonly invalid: string } {
  const message = objectOf(parsed(text));
  const correlationId = message?.['correlationID'] ?? '';
  const invalid = { invalid: typeof correlationId === 'string' ? correlationId : '' };
  if (message === undefined || typeof correlationId !== 'string') return invalid;
  const action = message['action'];
  const params = objectOf(message['params']);
  const mode = params?.['mode'];
  const list = params?.['tokenList'];
  if ((action !== 0 && action !== 1) || !isMode(mode) || !Array.isArray(list)) return invalid;
  const subscriptions = new Map<string, Subscription>();
  for (const entry of list as unknown[]) {
    const members = objectOf(entry);
    const exchangeType = exchangeTypeOf(members?.['exchangeType']);
    const tokens = members?.['tokens'];
    if (exchangeType === undefined || !Array.isArray(tokens)) return invalid;
    for (const token of tokens as unknown[]) {
      if (typeof token !== 'string' || token === '' || Buffer.byteLength(token) > TOKEN_BYTES) return invalid;
      const subscription = { mode, exchangeType, token };
      if (Object.hasOwn(EXCHANGE, exchangeType)) subscriptions.set(keyOf(subscription), subscription);
    }
  }
  return { correlationId, subscribes: action === 1, subscriptions: [...subscriptions.values()] };
}

/** One connection's, within the quota of 1,000 (token, mode). */
export class Subscriptions {
  readonly #active = new Map<string, Subscription>();

  /** Adds and returns the new ones; repeated ones cost nothing. Undefined, and nothing added, beyond the quota. */
  add(asked: readonly Subscription[]): Subscription[] | undefined {
    const fresh = asked.filter((subscription) => !this.#active.has(keyOf(subscription)));
    if (this.#active.size + fresh.length > QUOTA) return undefined;
    for (const subscription of fresh) this.#active.set(keyOf(subscription), subscription);
    return fresh;
  }

  /** Returns those that existed. */
  remove(asked: readonly Subscription[]): Subscription[] {
    return asked.filter((subscription) => this.#active.delete(keyOf(subscription)));
  }

  all(): Iterable<Subscription> {
    return this.#active.values();
  }
}

function keyOf({ mode, exchangeType, token }: Subscription): string {
  return `${mode} ${exchangeType} ${token}`;
}

function isMode(value: unknown): value is SubscriptionMode {
  return value === MODE.ltp || value === MODE.quote || value === MODE.snapquote;
}

/** Existing or not. Digits in a string are accepted, as in a moderator's sample. */
function exchangeTypeOf(value: unknown): number | undefined {
  if (typeof value === 'string' && /^\d{1,3}$/.test(value)) return Number(value);
  return typeof value === 'number' && Number.isInteger(value) ? value : undefined;
}

function objectOf(value: unknown): Members | undefined {
  return isObject(value) ? value : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Answered with E1001.
  }
}
