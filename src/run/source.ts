/**
 * Where packets come from: the broker, another server, or the simulated broker in a child process. Each is a URL,
 * credentials and a clock.
 */
import { readFileSync, statSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { SystemClock, type Clock } from '../clock.js';
import { EngineError } from '../errors.js';
import type { Credentials } from '../broker/broker.js';
import type { Endpoint } from '../broker/endpoint.js';
import { readCertificates } from '../feed/certificates.js';
import { shareNumbers, type WarmUpCandles } from '../candles/warm-up-candles.js';
import { checkSymbols } from '../sim/faults/fault.js';
import { DEMO_ACCOUNT } from '../sim/login.js';
import type { RemoteFeed } from '../cli/config.js';
import { broker } from './broker.js';
import type { Plan } from './plan.js';
import { SimulatorChild } from './simulator-child.js';

/** A source whose market clock is running. */
export interface Source {
  readonly endpoint: Endpoint;
  readonly credentials: Credentials;
  readonly clock: Clock;
}

export interface PreparedSource {
  /** Earlier candles, if the source has some and `--history` is not given. */
  readonly given: WarmUpCandles | undefined;
  /** What a person should know, sentences. */
  readonly warnings: readonly string[];
  /** Starts the market if it is simulated. */
  start(): Promise<Source>;
  /** Stops what was started for it. */
  stop(): void;
}

const DOTENV = '.env';

interface Environment {
  readonly values: NodeJS.ProcessEnv;
  /** What a person should know of it, sentences. */
  readonly warnings: readonly string[];
}

/**
 * Text as editors save it: UTF-8, or UTF-16 as Windows PowerShell's `>` writes it, with or without a byte order mark.
 */
function textOf(bytes: Buffer): string {
  const wide = bytes[0] === 0xff && bytes[1] === 0xfe;
  return bytes.toString(wide ? 'utf16le' : 'utf8').replace(/^\ufeff/, '');
}

/**
 * The environment, which overrides `.env`. Throws EngineError CONFIG if `.env` exists and cannot be read; its
 * contents are never repeated.
 */
function environment(): Environment {
  try {
    const values = { ...parseEnv(textOf(readFileSync(DOTENV))), ...process.env };
    // On Windows these bits say nothing.
    const open = process.platform !== 'win32' && (statSync(DOTENV).mode & 0o077) !== 0;
    return {
      values,
      warnings: open ? ['.env can be read by other users of this machine: `chmod 600 .env`.'] : [],
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { values: process.env, warnings: [] };
    throw new EngineError(
      'CONFIG',
      `.env cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'}): mend it, or move it away and use the environment.`,
    );
  }
}

/** The name of a proxy variable that is set. Other programs follow it; tickshard does not. */
export function proxyNamed(): string | undefined {
  return ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'].find(
    (name) => (process.env[name] ?? '') !== '',
  );
}

/**
 * Credentials for a server on this machine: the user's, or the simulated broker's demo account if the user has none.
 */
function loopbackCredentials(env: NodeJS.ProcessEnv): Credentials {
  const { access } = broker;
  return Object.values(access.variables).some((name) => (env[name] ?? '').trim() !== '')
    ? access.readCredentials(env)
    : DEMO_ACCOUNT;
}

/** A server and the credentials for it. */
export interface Access {
  readonly endpoint: Endpoint;
  readonly credentials: Credentials;
  /** True if these are the demo credentials. */
  readonly demo: boolean;
  /** What a person should know of where they come from, sentences. */
  readonly warnings: readonly string[];
}

/** The endpoint of a feed. Throws EngineError USAGE or CONFIG. */
export function endpointOf(feed: RemoteFeed): Endpoint {
  return feed.kind === 'live'
    ? broker.access.liveEndpoint
    : broker.access.endpointAt(feed.url, feed.ca === undefined ? undefined : readCertificates(feed.ca));
}

/** The endpoint of a feed and the credentials for it. Throws EngineError USAGE or CONFIG. */
export function accessTo(feed: RemoteFeed): Access {
  const endpoint = endpointOf(feed);
  const { values, warnings } = environment();
  const credentials = endpoint.loopback ? loopbackCredentials(values) : broker.access.readCredentials(values);
  return { endpoint, credentials, demo: credentials === DEMO_ACCOUNT, warnings };
}

async function prepareSimulator(plan: Plan): Promise<PreparedSource> {
  const { feed, history, warmUp } = plan.config;
  // The simulator sends no history if `--history` or a warm-up supplies it.
  const told = history === undefined && !warmUp;
  if (feed.kind !== 'sim') throw new EngineError('SIMULATOR', 'No simulated feed was asked for.');
  checkSymbols(feed.faults, plan.instruments);
  const { seed, speed, atMs } = feed;
  const faults = feed.faults.map(({ text }) => text);
  const child = new SimulatorChild({ seed, speed, atMs, faults });
  try {
    const listings = plan.instruments;
    const packed = await child.prepare(
      listings,
      told ? listings.map(({ symbol }) => symbol) : [],
      plan.volumeKind,
    );
    const rows = Object.fromEntries(
      Object.entries(packed).map(([symbol, numbers]) => [symbol, shareNumbers(numbers)]),
    );
    return {
      given: told ? { volumeKind: plan.volumeKind, rows } : undefined,
      warnings:
        faults.length === 0 ? [] : [`the simulated broker goes wrong on purpose: ${faults.join(', ')}.`],
      stop: () => child.stop(),
      async start() {
        const { feedUrl, originMs, anchorMonoMs, speed: runs } = await child.start();
        return {
          endpoint: broker.access.endpointAt(feedUrl),
          credentials: DEMO_ACCOUNT,
          clock: new SystemClock({ originMs, anchorMonoMs, speed: runs }),
        };
      },
    };
  } catch (error) {
    child.stop();
    throw error;
  }
}

/** Prepares the source and finds what can be wrong with it. Throws EngineError with exit code 2 or 3. */
export async function prepareSource(plan: Plan): Promise<PreparedSource> {
  const { feed } = plan.config;
  if (feed.kind === 'sim') return prepareSimulator(plan);
  const { endpoint, credentials, warnings } = accessTo(feed);
  const source = (): Source => ({
    endpoint,
    credentials,
    clock: new SystemClock(feed.kind === 'url' && feed.marketClock !== undefined ? feed.marketClock : {}),
  });
  return { given: undefined, warnings, start: () => Promise.resolve(source()), stop: () => undefined };
}
