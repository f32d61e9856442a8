/**
 * Where packets come from: the broker, another server, or the simulator in a child process. Each is a URL,
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
import { changedHabits } from '../sim/habits/habit.js';
import { DEMO_ACCOUNT } from '../sim/demo-account.js';
import { checkTape } from '../sim/tape-file.js';
import type { RemoteFeed, StageConfig } from '../cli/config.js';
import { natsCredentials, type NatsAccess } from '../publish/credentials.js';
import { broker } from './broker.js';
import type { Plan } from './plan.js';
import { SimulatorChild } from './simulator-child.js';
import { VirtualClock } from '../stepped/virtual-clock.js';
import { Stepper } from './stepper.js';
import { overTape } from './tape.js';
import { nameOf } from '../market/instrument.js';

/** A source whose market clock is running. */
export interface Source {
  readonly endpoint: Endpoint;
  readonly credentials: Credentials;
  readonly clock: Clock;
  /** Moves `clock`; undefined unless time is stepped. */
  readonly stepper: Stepper | undefined;
}

export interface PreparedSource {
  /** Earlier candles; undefined with `--history` or if the source has none. */
  readonly given: WarmUpCandles | undefined;
  readonly warnings: readonly string[];
  start(): Promise<Source>;
  stop(): void;
}

const DOTENV = '.env';
/** As of UTF-16 with the high byte first, or without a byte order mark. */
const NO_TEXT =
  '.env is in an encoding that is not read here: save it as UTF-8 in an editor, or e.g. by `iconv -f UTF-16 -t UTF-8 .env`.';

interface Environment {
  readonly values: NodeJS.ProcessEnv;
  readonly warnings: readonly string[];
}

/** UTF-8, or UTF-16 as Windows PowerShell's `>` writes it, with or without a byte order mark. */
function textOf(bytes: Buffer): string {
  const wide = bytes[0] === 0xff && bytes[1] === 0xfe;
  return bytes.toString(wide ? 'utf16le' : 'utf8').replace(/^\ufeff/, '');
}

/**
 * The environment overrides `.env`. Throws EngineError CONFIG if `.env` cannot be read; never repeats its contents.
 */
function environment(): Environment {
  try {
    const text = textOf(readFileSync(DOTENV));
    if (text.includes('\0')) throw new EngineError('CONFIG', NO_TEXT);
    const values = { ...parseEnv(text), ...process.env };
    // These bits say nothing on Windows.
    const open = process.platform !== 'win32' && (statSync(DOTENV).mode & 0o077) !== 0;
    return {
      values,
      warnings: open ? ['.env can be read by other users of this machine: `chmod 600 .env`.'] : [],
    };
  } catch (error) {
    if (error instanceof EngineError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { values: process.env, warnings: [] };
    throw new EngineError(
      'CONFIG',
      `.env cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'}): let this user read it, or start in another folder and use the environment.`,
    );
  }
}

/** A proxy variable that is set. Other programs follow it; tickshard does not. */
export function proxyNamed(): string | undefined {
  return ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'].find(
    (name) => (process.env[name] ?? '') !== '',
  );
}

/** For a server on this machine: the user's credentials, or else the simulated broker's demo account. */
function loopbackCredentials(env: NodeJS.ProcessEnv): Credentials {
  const { access } = broker;
  return Object.values(access.variables).some((name) => (env[name] ?? '').trim() !== '')
    ? access.readCredentials(env)
    : DEMO_ACCOUNT;
}

export interface Access {
  readonly endpoint: Endpoint;
  readonly credentials: Credentials;
  /** True if these are the demo credentials. */
  readonly demo: boolean;
  /** About the credentials' source. */
  readonly warnings: readonly string[];
}

/** Throws EngineError USAGE or CONFIG. */
export function endpointOf(feed: RemoteFeed): Endpoint {
  return feed.kind === 'live'
    ? broker.access.liveEndpoint
    : broker.access.endpointAt(feed.url, feed.ca === undefined ? undefined : readCertificates(feed.ca));
}

/** Throws EngineError USAGE or CONFIG. */
export function accessTo(feed: RemoteFeed): Access {
  const endpoint = endpointOf(feed);
  const { values, warnings } = environment();
  const credentials = endpoint.loopback ? loopbackCredentials(values) : broker.access.readCredentials(values);
  return { endpoint, credentials, demo: credentials === DEMO_ACCOUNT, warnings };
}

/** Where `--publish` publishes to, and as whom; undefined without it. Throws EngineError CONFIG. */
export function publishAccess(
  { publish, publishCa }: Pick<StageConfig, 'publish' | 'publishCa'>,
  caOption = '--publish-ca',
): NatsAccess | undefined {
  if (publish === undefined) return undefined;
  return {
    servers: publish,
    credentials: natsCredentials(environment().values),
    ca: publishCa === undefined ? undefined : readCertificates(publishCa, caOption),
  };
}

/** Starts the simulator's process. Throws EngineError SIMULATOR or USAGE. */
export async function prepareSimulator(plan: Plan): Promise<PreparedSource> {
  const { feed, history, warmUp } = plan.config;
  // The simulator sends no history if `--history` or a warm-up supplies it.
  const told = history === undefined && !warmUp;
  if (feed.kind !== 'sim') throw new EngineError('SIMULATOR', 'No simulated feed was asked for.');
  checkSymbols(feed.faults, plan.instruments);
  const { seed, speed, atMs, tape } = feed;
  const habits = changedHabits(feed.habits);
  if (tape !== undefined) checkTape(tape.symbol, plan.instruments);
  const faults = feed.faults.map(({ text }) => text);
  const child = new SimulatorChild({ seed, speed, atMs, habits, faults, tape });
  try {
    const listings = plan.instruments;
    const packed = await child.prepare(listings, told ? listings.map(nameOf) : [], plan.volumeKind);
    const rows = Object.fromEntries(
      Object.entries(packed).map(([name, numbers]) => [name, shareNumbers(numbers)]),
    );
    return {
      given: told ? { volumeKind: plan.volumeKind, rows } : undefined,
      warnings: [
        ...(faults.length === 0 ? [] : [`the simulated broker goes wrong on purpose: ${faults.join(', ')}.`]),
        ...overTape(plan),
      ],
      stop: () => child.stop(),
      async start() {
        const { feedUrl, port, ...anchored } = await child.start();
        const common = { endpoint: broker.access.endpointAt(feedUrl), credentials: DEMO_ACCOUNT };
        if (speed !== 'max') {
          const clock = new SystemClock(anchored);
          return { ...common, clock, stepper: undefined };
        }
        const clock = new VirtualClock(anchored.originMs);
        return { ...common, clock, stepper: new Stepper({ clock, port, turn: (turn) => child.turn(turn) }) };
      },
    };
  } catch (error) {
    child.stop();
    throw error;
  }
}

/** Prepares the source and checks it. Throws EngineError with exit code 2 or 3. */
export async function prepareSource(plan: Plan): Promise<PreparedSource> {
  const { feed } = plan.config;
  // What is wrong with it shows before a run waits for the market.
  publishAccess(plan.config);
  if (feed.kind === 'sim') return prepareSimulator(plan);
  const { credentials, warnings } = accessTo(feed);
  return { ...remoteSource(plan, credentials), warnings };
}

/** The broker or another server, with these credentials. Throws EngineError USAGE or CONFIG. */
export function remoteSource({ config: { feed } }: Plan, credentials: Credentials): PreparedSource {
  if (feed.kind === 'sim') throw new EngineError('SIMULATOR', 'A simulated feed has a process of its own.');
  const endpoint = endpointOf(feed);
  const source = (): Source => ({
    endpoint,
    credentials,
    clock: new SystemClock(feed.kind === 'url' && feed.marketClock !== undefined ? feed.marketClock : {}),
    stepper: undefined,
  });
  return { given: undefined, warnings: [], start: () => Promise.resolve(source()), stop: () => undefined };
}
