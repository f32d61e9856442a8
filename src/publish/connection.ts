/** A connection to NATS servers. The client is loaded with the first one. */
import type * as TransportPackage from '@nats-io/transport-node';
import { requirePackage } from '../packages.js';
import { sanitize } from '../text/sanitize.js';
import { sentenceOf } from '../errors.js';
import type { NatsAccess } from './credentials.js';
import { addressOf, namesOf } from './servers.js';

/** Real ms to connect, and between two pings; a server that answers none of three is gone. */
const CONNECT_MS = 5000;
const PING_MS = 3000;
const MAX_PINGS_OUT = 3;
const MAX_SENTENCE = 300;

/**
 * Connects once, to one of the servers. Only those that are named are connected to, by these names. The connection is
 * not renewed: its owner makes another. Rejects with the client's error.
 */
export async function connectTo({
  servers,
  credentials,
  ca,
}: NatsAccess): Promise<TransportPackage.NatsConnection> {
  const { connect, nkeyAuthenticator } = requirePackage('@nats-io/transport-node') as typeof TransportPackage;
  const { user, password, token, nkeySeed } = credentials;
  return connect({
    servers: servers.servers.map(addressOf),
    name: 'tickshard',
    reconnect: false,
    resolve: false,
    ignoreClusterUpdates: true,
    timeout: CONNECT_MS,
    pingInterval: PING_MS,
    maxPingOut: MAX_PINGS_OUT,
    ...(user === undefined ? {} : { user, pass: password ?? '' }),
    ...(token === undefined ? {} : { token }),
    ...(nkeySeed === undefined ? {} : { authenticator: nkeyAuthenticator(Buffer.from(nkeySeed)) }),
    ...(servers.secure ? { tls: ca === undefined ? {} : { ca } } : {}),
  });
}

/** Why servers cannot be used, from a client's error: a sentence without secrets. */
export function troubleOf(error: unknown, { servers, credentials }: NatsAccess): string {
  const secrets = Object.values(credentials).filter((value): value is string => value !== undefined);
  const said = sanitize(sentenceOf(error), secrets, MAX_SENTENCE);
  const where = namesOf(servers);
  if (/authori[sz]ation|authentication|nkey/i.test(said))
    return `${where} refuses the credentials (${said}): check NATS_USER and NATS_PASSWORD, NATS_TOKEN or NATS_NKEY_SEED.`;
  return `${where} cannot be used: ${said.replace(/\.$/, '')}.`;
}
