/** Refusals of handshakes with good credentials. */

import type { BadCredential } from '../log-ins.js';
import type { FaultName } from './catalogue.js';
import type { Fault } from './fault.js';

export interface RefusedHandshake {
  /** With its reason phrase. */
  readonly status: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const CREDENTIAL: Readonly<Record<string, BadCredential>> = {
  auth: 'Auth token',
  client: 'Client Code',
  key: 'API Key',
  feed: 'Feed Token',
};

/** The 401 of a bad credential (docs/protocol.md 2). */
export function unauthorized(bad: BadCredential): RefusedHandshake {
  return { status: '401 Unauthorized', headers: { 'x-error-message': `Invalid Header - Invalid ${bad}` } };
}

export const REFUSAL: Readonly<Partial<Record<FaultName, (fault: Fault) => RefusedHandshake>>> = {
  'refuse-401': ({ values }) => unauthorized(CREDENTIAL[String(values['reason'])]),
  'refuse-403': () => ({ status: '403 Forbidden', body: 'Access denied' }),
  // The words of the log-in (docs/protocol.md 1, "Rate limits").
  'refuse-403-rate': () => ({
    status: '403 Forbidden',
    body: 'Access denied because of exceeding access rate',
  }),
  'refuse-429': () => ({ status: '429 Too Many Requests' }),
  'refuse-500': () => ({ status: '500 Internal Server Error' }),
};
