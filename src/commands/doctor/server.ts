/** The server that the doctor asks: the broker, another server, or a simulated broker that it starts. */
import type { RemoteFeed } from '../../cli/config.js';
import { SystemClock, type Clock } from '../../clock.js';
import { EngineError } from '../../errors.js';
import { broker } from '../../run/broker.js';
import { SimulatorChild } from '../../run/simulator-child.js';
import { accessTo, endpointOf, type Access } from '../../run/source.js';
import { niftyFifty } from '../../run/universe.js';
import { DEMO_ACCOUNT } from '../../sim/demo-account.js';
import { failed, passed, warned, type Check } from './check.js';

/** `sim`: a simulated broker, started at this market time. */
export type DoctorFeed = RemoteFeed | { readonly kind: 'sim'; readonly atMs: number };

export interface Server {
  readonly access: Access;
  /** Market time. */
  readonly clock: Clock;
  stop(): void;
}

/** As in the first line and in JSON. Throws EngineError USAGE or CONFIG. */
export function nameOf(feed: DoctorFeed): string {
  return feed.kind === 'sim' ? 'sim' : new URL(endpointOf(feed).feedUrl).host;
}

/** The instrument that is subscribed. */
export function reliance() {
  return niftyFifty().find(({ symbol }) => symbol === 'RELIANCE')!;
}

/** Reports the check `credentials`. Undefined if there is no server to ask. */
export async function serverOf(feed: DoctorFeed, say: (check: Check) => void): Promise<Server | undefined> {
  if (feed.kind === 'sim') return simulated(feed.atMs, say);
  const access = accessOf(feed, say);
  return access === undefined ? undefined : { access, clock: new SystemClock(), stop: () => undefined };
}

async function simulated(atMs: number, say: (check: Check) => void): Promise<Server | undefined> {
  const child = new SimulatorChild({ seed: 1, speed: 1, atMs, faults: [] });
  try {
    await child.prepare([reliance()], [], 'tick');
    const { feedUrl, originMs, anchorMonoMs } = await child.start();
    say(passed('credentials', "the simulated broker's demo account; yours are not read"));
    return {
      access: {
        endpoint: broker.access.endpointAt(feedUrl),
        credentials: DEMO_ACCOUNT,
        demo: true,
        warnings: [],
      },
      clock: new SystemClock({ originMs, anchorMonoMs, speed: 1 }),
      stop: () => child.stop(),
    };
  } catch (error) {
    child.stop();
    if (!(error instanceof EngineError)) throw error;
    say(failed('credentials', 'the simulated broker did not start', error.message));
    return undefined;
  }
}

/** Checks that credentials exist, and never shows them. */
function accessOf(feed: RemoteFeed, say: (check: Check) => void): Access | undefined {
  try {
    const access = accessTo(feed);
    if (access.demo) say(passed('credentials', "none given; the simulated broker's demo account is used"));
    else say(credentialsCheck(access));
    return access;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    say(
      failed(
        'credentials',
        'no',
        `${error.message} README, "Go live in four steps", says where they come from.`,
      ),
    );
    return undefined;
  }
}

/** Checks their form. */
function credentialsCheck({ credentials, warnings }: Access): Check {
  const { present, usable, doubt } = broker.access.lookAt(credentials);
  if (warnings.length > 0) return warned('credentials', present, warnings.join(' '));
  return doubt === undefined ? passed('credentials', usable) : warned('credentials', present, doubt);
}
