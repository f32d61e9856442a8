/** Requests of clients as the broker understands them, and what one connection has subscribed (docs/protocol.md 4). Pure. */

import { isObject } from '../text/json.js';
import { EXCHANGE } from '../market/instrument.js';
import { MODE, TOKEN_BYTES } from '../market/packet.js';
import { QUOTA, type Subscription, type SubscriptionMode } from '../broker/angel/requests.js';

export interface ClientRequest {
  /** Empty where the client named none. */
  readonly correlationId: string;
  readonly subscribes: boolean;
  /** Distinct, and only of exchange types that exist: the others are met with silence. */
  readonly subscriptions: readonly Subscription[];
}

/** Why a request is not carried out: the two documented errors. */
export type RequestError = 'E1001' | 'E1002';

export const ERROR_TEXT: Readonly<Record<RequestError, string>> = {
  E1001: 'Invalid Request Payload.',
  E1002: 'Invalid Request. Subscription Limit Exceeded',
};

type Members = Readonly<Record<string, unknown>>;

/** The request that `text` is, or the correlation identifier under which E1001 is to be reported. Never throws. */
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

/** What one connection holds, within its quota of 1,000 (token, mode). */
export class Subscriptions {
  readonly #active = new Map<string, Subscription>();

  /** The new ones among those asked for, now held; those held already cost nothing. Undefined, and nothing changed, when the quota would be exceeded. */
  add(asked: readonly Subscription[]): Subscription[] | undefined {
    const fresh = asked.filter((subscription) => !this.#active.has(keyOf(subscription)));
    if (this.#active.size + fresh.length > QUOTA) return undefined;
    for (const subscription of fresh) this.#active.set(keyOf(subscription), subscription);
    return fresh;
  }

  /** Those that were held until now; the rest is ignored. */
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

/** An exchange type, also one that does not exist; digits in a string pass, as in a moderator's sample. */
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
    return undefined; // What is not JSON is answered with E1001.
  }
}
