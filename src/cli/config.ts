/** A run's configuration: option values, composed and frozen. Nothing is read, opened or connected. */
import type { Fault } from '../sim/faults/fault.js';
import type { Habits } from '../sim/habits/catalogue.js';
import { habitsWith } from '../sim/habits/habit.js';
import type { MarketSpeed } from '../sim/speed.js';
import { OUT } from './options/output.js';
import type { ValuesOf } from './options/table.js';
import type { TapeName } from './values.js';

export type FeedChoice =
  | { readonly kind: 'live' }
  | {
      readonly kind: 'sim';
      readonly speed: MarketSpeed;
      readonly seed: number;
      readonly atMs: number;
      readonly habits: Habits;
      readonly faults: readonly Fault[];
      readonly tape: TapeChoice | undefined;
    }
  | {
      readonly kind: 'url';
      readonly url: string;
      /** Market time at `anchorMonoMs`, by default the run's start. */
      readonly marketClock:
        { readonly originMs: number; readonly speed: number; readonly anchorMonoMs?: number } | undefined;
      /** Certificates to trust in place of the public ones. */
      readonly ca: string | undefined;
    };

/** A tape that one symbol plays. */
export interface TapeChoice {
  readonly symbol: string;
  readonly path: string;
  /** Known once the file was read: its digest, and the ms from the opening to its last trade. */
  readonly seen?: { readonly digest: string; readonly lengthMs: number };
}

/** A feed that this program does not start. */
export type RemoteFeed = Exclude<FeedChoice, { kind: 'sim' }>;

type RunValues = ValuesOf<'run'>;

/** Values that the configuration has in another form. */
const COMPOSED = [
  ...([
    'wsTestMode',
    'durationMin',
    'feed',
    'speed',
    'seed',
    'atMs',
    'tape',
    'habit',
    'fault',
    'chaos',
    'marketClock',
  ] as const),
  ...(['ca', 'out', 'journal', 'noJournal', 'quiet', 'verbose'] as const),
] satisfies (keyof RunValues)[];

/**
 * A checked stage run, or shadow run, which is the same for a whole day. A value has the key of its row in the option
 * table, except composed ones. Paths are as given.
 */
export interface StageConfig extends Omit<RunValues, (typeof COMPOSED)[number]> {
  readonly shadow: boolean;
  /** Undefined: until the market closes. */
  readonly durationMin: number | undefined;
  readonly feed: FeedChoice;
  readonly out: string;
  /** Folder; undefined for no journal. */
  readonly journal: string | undefined;
  /** Amount shown in the terminal. */
  readonly voice: 'quiet' | 'usual' | 'verbose';
}

/** The simulated broker's faults: named, and picked by `--chaos`. */
export function faultsOf({ fault, chaos }: Pick<RunValues, 'fault' | 'chaos'>): readonly Fault[] {
  return [...fault, ...(chaos ?? [])];
}

/** Without a symbol the first of `symbols` plays it, else that of stage 1, which the simulator alone has too. */
export function tapeOf(
  tape: TapeName | undefined,
  symbols: readonly string[] | undefined,
): TapeChoice | undefined {
  return (
    tape && {
      symbol: tape.symbol ?? symbols?.[0].replace(/^NSE:/, '').replace(/-EQ$/, '') ?? 'RELIANCE',
      path: tape.path,
    }
  );
}

function feedOf(values: RunValues): FeedChoice {
  const { feed, speed, seed, atMs, marketClock, ca } = values;
  if (feed === 'sim') {
    const tape = tapeOf(values.tape, values.symbols);
    const habits = habitsWith(values.habit);
    return { kind: 'sim', speed, seed, atMs, habits, faults: faultsOf(values), tape };
  }
  return feed === 'live' ? { kind: 'live' } : { kind: 'url', url: feed, marketClock, ca };
}

/** For a command that starts no feed: `live` or a URL. */
export function remoteFeed(feed: string, ca: string | undefined): RemoteFeed {
  return feed === 'live' ? { kind: 'live' } : { kind: 'url', url: feed, marketClock: undefined, ca };
}

/** True with `--speed max`: a run steps its simulator's time. */
export function isStepped(feed: FeedChoice): boolean {
  return feed.kind === 'sim' && feed.speed === 'max';
}

/** Folder of the candles: the live feed's are apart from all others. */
export function outFolder(out: string | undefined, feed: Pick<FeedChoice, 'kind'>): string {
  return out ?? (feed.kind === 'live' ? OUT.live : OUT.other);
}

/** Composes the configuration of a stage run, or of a shadow run. */
export function stageConfig(values: RunValues | ValuesOf<'shadow'>, shadow: boolean): StageConfig {
  const { durationMin, journal, noJournal, quiet, verbose } = values;
  const composed: ReadonlySet<string> = new Set([...COMPOSED, 'untilClose']);
  const plain = Object.fromEntries(Object.entries(values).filter(([key]) => !composed.has(key)));
  const feed = feedOf({ ...values, durationMin: durationMin ?? 0 });
  return Object.freeze({
    ...(plain as Omit<RunValues, (typeof COMPOSED)[number]>),
    shadow,
    durationMin,
    feed,
    out: outFolder(values.out, feed),
    journal: noJournal ? undefined : journal,
    voice: quiet ? 'quiet' : verbose ? 'verbose' : 'usual',
  });
}
