/** Who publishes: credentials for NATS, from the environment. */
import { EngineError } from '../errors.js';
import type { NatsServers } from './servers.js';

/** At most one of the three ways. Secrets: they go to the server, and nowhere else. */
export interface NatsCredentials {
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly token: string | undefined;
  readonly nkeySeed: string | undefined;
}

export interface NatsAccess {
  readonly servers: NatsServers;
  readonly credentials: NatsCredentials;
  /** Certificates in PEM form to trust in place of the public ones. */
  readonly ca: string | undefined;
}

const NAMES = {
  user: 'NATS_USER',
  password: 'NATS_PASSWORD',
  token: 'NATS_TOKEN',
  nkeySeed: 'NATS_NKEY_SEED',
} as const;

/** A user's seed: base32, which begins with SU. */
const USER_SEED = /^SU[A-Z2-7]{56}$/;

/** Throws EngineError CONFIG, without a value, when they are of several ways or cannot be used. */
export function natsCredentials(env: Readonly<Record<string, string | undefined>>): NatsCredentials {
  const value = (name: string): string | undefined => {
    const text = (env[name] ?? '').trim();
    return text === '' ? undefined : text;
  };
  const user = value(NAMES.user);
  const password = value(NAMES.password);
  const token = value(NAMES.token);
  const nkeySeed = value(NAMES.nkeySeed);
  const refuse = (sentence: string): EngineError => new EngineError('CONFIG', sentence);
  if ((user === undefined) !== (password === undefined))
    throw refuse(`${NAMES.user} and ${NAMES.password} belong together: one of them is not set.`);
  if ([user, token, nkeySeed].filter((one) => one !== undefined).length > 1)
    throw refuse(
      `Of ${NAMES.user} with ${NAMES.password}, ${NAMES.token} and ${NAMES.nkeySeed} only one can be set.`,
    );
  if (nkeySeed !== undefined && !USER_SEED.test(nkeySeed))
    throw refuse(`${NAMES.nkeySeed} is not the seed of a user: 58 characters that begin with SU.`);
  return { user, password, token, nkeySeed };
}
