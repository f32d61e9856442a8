/** Whom to ask for the candles of a run: the broker that its feed was of. */
import type { TapeName } from '../../cli/values.js';
import { SystemClock } from '../../clock.js';
import { EngineError } from '../../errors.js';
import type { RunMeta } from '../../journal/meta.js';
import { feedName } from '../../run/plan.js';
import { accessTo, type Source } from '../../run/source.js';
import { marketOfFeed, simulatedServer } from '../compare/fetch.js';

export interface BackFillServer extends Pick<Source, 'clock' | 'endpoint' | 'credentials'> {
  readonly warnings: readonly string[];
  stop(): void;
}

export interface ServerChoice {
  /** Of a run on a server of its own; undefined: the run's feed says all. */
  readonly feed: string | undefined;
  readonly ca: string | undefined;
  readonly tape: TapeName | undefined;
}

/** Market ms after its last minute for which a server whose market time is unknown is taken to have settled. */
const SETTLED_MS = 180_000;
/** The same for the simulated broker, whose candles are final then. */
const FINAL_MS = 900_000;

/** `lastMs`: the last minute that is missing. Throws EngineError USAGE, CONFIG or SIMULATOR. */
export async function serverOf(
  { feed, instruments }: RunMeta,
  { feed: url, ca, tape }: ServerChoice,
  lastMs: number,
): Promise<BackFillServer> {
  if (feed.startsWith('url:')) {
    if (url === undefined || feedName({ kind: 'url', url, marketClock: undefined, ca }) !== feed)
      throw new EngineError(
        'USAGE',
        `The run's feed was ${feed}, and a journal has no more of its address: name it with --feed URL.`,
      );
    const clock = new SystemClock({ originMs: lastMs + SETTLED_MS });
    return { ...accessTo({ kind: 'url', url, marketClock: undefined, ca }), clock, stop: () => undefined };
  }
  if (url !== undefined)
    throw new EngineError('USAGE', `The run's feed was ${feed}, whose broker is asked: leave --feed out.`);
  if (feed === 'live')
    return { ...accessTo({ kind: 'live' }), clock: new SystemClock(), stop: () => undefined };
  const server = await simulatedServer(instruments, marketOfFeed(feed), lastMs, tape);
  return { ...server, clock: new SystemClock({ originMs: lastMs + FINAL_MS }) };
}
