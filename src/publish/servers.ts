/** Addresses of NATS servers as they are given on a command line. Pure. */

export interface NatsServers {
  /** Encrypted from the start of the session, with the server's certificate checked. */
  readonly secure: boolean;
  readonly servers: readonly NatsServer[];
}

export interface NatsServer {
  readonly host: string;
  readonly port: number;
}

const DEFAULT_PORT = 4222;

/**
 * Reads `nats://host[:port][,host[:port]]`, or `tls://` for encrypted sessions. Returns a phrase if it cannot be used,
 * without what it holds: an address may hold a password.
 */
export function readServers(text: string): NatsServers | string {
  const [, scheme, rest] = /^(nats|tls):\/\/(.+)$/.exec(text) ?? [];
  if (scheme === undefined) return 'nats://HOST or tls://HOST, several hosts separated by commas';
  if (rest.includes('@'))
    return 'no user, password or token: they come from the environment or .env, as NATS_USER and NATS_PASSWORD, NATS_TOKEN or NATS_NKEY_SEED';
  const servers: NatsServer[] = [];
  for (const part of rest.split(',')) {
    const [, bracketed, plain, port] =
      /^(?:(?:nats|tls):\/\/)?(?:\[([\da-fA-F:.]+)\]|([\w.-]+))(?::(\d{1,5}))?\/?$/.exec(part.trim()) ?? [];
    const host = bracketed ?? plain;
    const number = port === undefined ? DEFAULT_PORT : Number(port);
    if (host === undefined || number < 1 || number > 65_535)
      return 'hosts separated by commas, each with a port from 1 to 65535 if it is not 4222';
    if (part.includes('://') && !part.trim().startsWith(`${scheme}://`)) return 'hosts of one scheme';
    servers.push({ host, port: number });
  }
  return { secure: scheme === 'tls', servers };
}

/** `HOST:PORT`, as a client takes it. */
export function addressOf({ host, port }: NatsServer): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** For people. */
export function namesOf({ secure, servers }: NatsServers): string {
  return `${secure ? 'tls' : 'nats'}://${servers.map(addressOf).join(',')}`;
}
