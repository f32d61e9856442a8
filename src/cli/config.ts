/**
 * Every knob of a stage run: unit, default, bound, and how one limits another. What comes from the command line is text; what leaves
 * here is checked and frozen. Nothing is read, opened or connected.
 */
import { availableParallelism } from 'node:os';
import { BOUNDS, DEFAULT_AT, DEFAULT_JOURNAL, DEFAULT_PORTS } from '../limits.js';
import { MODE, type ModeName } from '../market/packet.js';
import { chaosFaults } from '../sim/faults/chaos.js';
import { parseFault, type Fault } from '../sim/faults/fault.js';
import { numberOption, pathOption, symbolsOption, timeOption, usage } from './values.js';

/** Where the packets come from. */
export type FeedChoice =
  | { readonly kind: 'live' }
  | {
      readonly kind: 'sim';
      readonly speed: number;
      readonly seed: number;
      readonly atMs: number;
      readonly faults: readonly Fault[];
    }
  | {
      readonly kind: 'url';
      readonly url: string;
      /** Market time at `anchorMonoMs`, by default when the run starts. */
      readonly marketClock:
        { readonly originMs: number; readonly speed: number; readonly anchorMonoMs?: number } | undefined;
      /** File of certificates that are trusted in place of the public ones. */
      readonly ca: string | undefined;
    };

/** A feed that is not ours to start. */
export type RemoteFeed = Exclude<FeedChoice, { kind: 'sim' }>;

/** A stage run, checked. Paths are as the user gave them. */
export interface StageConfig {
  readonly stage: 1 | 2;
  /** A shadow run: the same without the bound of a stage. */
  readonly shadow: boolean;
  /** Undefined: until the market closes. */
  readonly durationMin: number | undefined;
  readonly mode: ModeName;
  /** Undefined: the stage's own. */
  readonly symbols: readonly string[] | undefined;
  readonly subset: number | undefined;
  readonly feed: FeedChoice;
  readonly shards: number;
  readonly graceMs: number;
  readonly out: string;
  readonly history: string | undefined;
  readonly instruments: string | undefined;
  readonly report: string | undefined;
  readonly json: boolean;
  /** Whether a market that is shut is waited for. */
  readonly waitOpen: boolean;
  /** Folder of the journals; undefined: the run keeps none. */
  readonly journal: string | undefined;
  /** Go on with the newest run of the journal that was killed. */
  readonly resume: boolean;
  /** Poll the day's earlier candles before the run. */
  readonly warmUp: boolean;
  /** Ports of this machine on which a page and metrics are served; 0 any that is free, undefined not at all. */
  readonly dashboard: number | undefined;
  readonly metrics: number | undefined;
  /** How much is said on the terminal. */
  readonly voice: 'quiet' | 'usual' | 'verbose';
}

/** The options of a stage run, or of a shadow run, as typed; absent ones are undefined. */
export interface StageArguments {
  readonly shadow: boolean;
  readonly untilClose: boolean;
  readonly warmUp: boolean;
  readonly wsTestMode: boolean;
  readonly json: boolean;
  readonly waitOpen: boolean;
  readonly noJournal: boolean;
  readonly resume: boolean;
  readonly stage: string | undefined;
  readonly duration: string | undefined;
  readonly mode: string | undefined;
  readonly symbols: string | undefined;
  readonly subset: string | undefined;
  readonly feed: string | undefined;
  readonly speed: string | undefined;
  readonly seed: string | undefined;
  readonly at: string | undefined;
  readonly fault: readonly string[] | undefined;
  readonly chaos: string | undefined;
  readonly marketClock: string | undefined;
  readonly ca: string | undefined;
  readonly shards: string | undefined;
  readonly grace: string | undefined;
  readonly out: string | undefined;
  readonly history: string | undefined;
  readonly instruments: string | undefined;
  readonly report: string | undefined;
  readonly journal: string | undefined;
  /** A port, or empty where the option was given without one. */
  readonly dashboard: string | undefined;
  readonly metrics: string | undefined;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/** A replay, checked. */
export interface ReplayArguments {
  /** Folder of a run's journal. */
  readonly journal: string;
  /** Times as fast as it was; undefined as fast as it goes. */
  readonly speed: number | undefined;
  readonly shards: number;
  readonly out: string | undefined;
  readonly history: string | undefined;
  readonly json: boolean;
}

function clockOption(text: string): { originMs: number; speed: number } {
  const at = text.lastIndexOf('@');
  if (at < 0) throw usage(`--market-clock takes ORIGIN@SPEED, e.g. ${DEFAULT_AT}@60, not \`${text}\`.`);
  return {
    originMs: timeOption('market-clock', text.slice(0, at)),
    speed: numberOption('market-clock', text.slice(at + 1), BOUNDS.speed, {
      whole: false,
      unit: 'the SPEED',
    }),
  };
}

/** Faults of the simulated broker: those named, and those of the seed of `--chaos`. Throws EngineError USAGE. */
export function faultsOption(
  texts: readonly string[] | undefined,
  chaos: string | undefined,
): readonly Fault[] {
  const seeded = chaos === undefined ? [] : chaosFaults(numberOption('chaos', chaos, BOUNDS.seed));
  return [...(texts ?? []).map(parseFault), ...seeded];
}

function feedOption(args: StageArguments): FeedChoice {
  const feed = args.feed ?? 'live';
  const simOnly = (['speed', 'seed', 'at', 'fault', 'chaos'] as const).find(
    (name) => args[name] !== undefined,
  );
  if (feed !== 'sim' && simOnly !== undefined)
    throw usage(
      `--${simOnly} belongs to --feed sim; this feed is ${feed === 'live' ? 'the live one' : 'a URL, for which --market-clock says the time'}.`,
    );
  const isUrl = feed.includes('://');
  if (!isUrl && args.marketClock !== undefined)
    throw usage(
      '--market-clock belongs to --feed URL: the live feed and the simulator have clocks of their own.',
    );
  const ca = caOption(args.ca, feed);
  if (feed === 'live') return { kind: 'live' };
  if (feed === 'sim') {
    return {
      kind: 'sim',
      speed:
        args.speed === undefined
          ? 1
          : numberOption('speed', args.speed, BOUNDS.speed, {
              whole: false,
              unit: 'market seconds a second',
            }),
      seed: args.seed === undefined ? 1 : numberOption('seed', args.seed, BOUNDS.seed),
      atMs: timeOption('at', args.at ?? DEFAULT_AT),
      faults: faultsOption(args.fault, args.chaos),
    };
  }
  if (!isUrl) throw usage(`--feed takes live, sim or a ws:// or wss:// URL, not \`${feed}\`.`);
  return {
    kind: 'url',
    url: feed,
    marketClock: args.marketClock === undefined ? undefined : clockOption(args.marketClock),
    ca,
  };
}

/** The feed of a command that starts none of its own. Throws EngineError USAGE. */
export function remoteFeed(feed: string, ca: string | undefined): RemoteFeed {
  if (feed === 'sim')
    throw usage(
      '--feed sim is started by a run; to try this on the simulator, start `tickshard simulate` and give the ws:// URL that it prints.',
    );
  const file = caOption(ca, feed);
  if (feed === 'live') return { kind: 'live' };
  if (!feed.includes('://')) throw usage(`--feed takes live or a ws:// or wss:// URL, not \`${feed}\`.`);
  return { kind: 'url', url: feed, marketClock: undefined, ca: file };
}

/** The file of `--ca`, which belongs to a feed that shows a certificate of its own. */
function caOption(ca: string | undefined, feed: string): string | undefined {
  if (ca !== undefined && !feed.startsWith('wss://'))
    throw usage(
      "--ca belongs to --feed wss://...: the broker's own certificate is a public one, and over ws: none is shown.",
    );
  return pathOption('ca', ca);
}

function modeOption(text: string): ModeName {
  if (text !== 'depth' && Object.hasOwn(MODE, text)) return text as ModeName;
  throw usage(`--mode takes ltp, quote or snapquote, not \`${text}\`.`);
}

/** Where candles go: those of the live feed beside nothing else. Throws EngineError USAGE. */
export function outOption(out: string | undefined, feed: FeedChoice): string {
  return (
    pathOption('out', out) ??
    (feed.kind === 'live' ? 'data/test/websocket_candles' : 'data/test/sim/websocket_candles')
  );
}

/** Where journals go; undefined with `--no-journal`. Throws EngineError USAGE. */
function journalOption({ journal, noJournal }: StageArguments): string | undefined {
  if (noJournal && journal !== undefined) throw usage('--journal and --no-journal exclude each other.');
  return noJournal ? undefined : (pathOption('journal', journal) ?? DEFAULT_JOURNAL);
}

function resumeOption({ resume, noJournal, waitOpen }: StageArguments): boolean {
  if (resume && noJournal)
    throw usage('--resume goes on from a journal: it cannot be had with --no-journal.');
  if (resume && waitOpen)
    throw usage('--resume goes on with a run of today; --wait-open waits for another day.');
  return resume;
}

/** Shards; when `--shards` is not given one core is left to the main thread. Throws EngineError USAGE. */
function shardsOption(text: string | undefined): number {
  if (text !== undefined) return numberOption('shards', text, BOUNDS.shards);
  return Math.min(BOUNDS.shards.max, Math.max(1, availableParallelism() - 1));
}

/** Checks the options of a replay. Throws EngineError USAGE with one sentence on the first that is wrong. */
export function replayArguments(
  args: { readonly [Name in 'journal' | 'speed' | 'shards' | 'out' | 'history']: string | undefined } & {
    readonly json: boolean;
  },
): ReplayArguments {
  const { journal, speed = 'max', shards, out, history, json } = args;
  return {
    journal: pathOption('journal', journal)!,
    speed:
      speed === 'max'
        ? undefined
        : numberOption('speed', speed, BOUNDS.replaySpeed, {
            whole: false,
            unit: 'times as fast as it was, or max',
          }),
    shards: shardsOption(shards),
    out: pathOption('out', out),
    history: pathOption('history', history),
    json,
  };
}

/** The stage: which symbols run. A shadow run is of the NIFTY 50 unless it is told otherwise. Throws EngineError USAGE. */
function stageOption({ stage, shadow }: StageArguments): 1 | 2 {
  if (stage === undefined && !shadow)
    throw usage('--stage is missing: 1 is RELIANCE alone, 2 is the NIFTY 50.');
  if (stage !== undefined && stage !== '1' && stage !== '2')
    throw usage(`--stage takes 1 or 2, not \`${stage}\`.`);
  return stage === '1' ? 1 : 2;
}

/** Minutes of market time, or undefined for until the close. Throws EngineError USAGE. */
function durationOption({ duration, shadow, untilClose }: StageArguments): number | undefined {
  if (untilClose && duration !== undefined) throw usage('--duration and --until-close exclude each other.');
  if (untilClose) return undefined;
  const { min, max } = shadow ? BOUNDS.shadowDuration : BOUNDS.duration;
  if (duration === undefined)
    throw usage(
      shadow
        ? '--until-close is missing: a shadow run goes on until the market closes, or for --duration minutes.'
        : `--duration is missing: the minutes of market time to run, ${min} to ${max}.`,
    );
  if (!shadow && Number(duration) > max)
    throw usage(
      `--duration takes a number from ${min} to ${max} (minutes), not \`${duration}\`: whole days are for \`tickshard shadow\`.`,
    );
  return numberOption('duration', duration, { min, max }, { whole: false, unit: 'minutes' });
}

/** A port of this machine; undefined when the option is not given. Throws EngineError USAGE. */
function portOption(name: 'dashboard' | 'metrics', text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return text === ''
    ? DEFAULT_PORTS[name]
    : numberOption(name, text, BOUNDS.port, { unit: 'a port of this machine, 0 for any that is free' });
}

function voiceOption({ quiet, verbose }: StageArguments): StageConfig['voice'] {
  if (quiet && verbose) throw usage('--quiet and --verbose exclude each other.');
  return quiet ? 'quiet' : verbose ? 'verbose' : 'usual';
}

/** Throws EngineError USAGE where polled candles are of no use. */
function warmUpOption({ warmUp }: StageArguments, mode: ModeName): boolean {
  if (warmUp && mode === 'ltp')
    throw usage(
      '--warm-up belongs to --mode quote or snapquote: polled volume is traded quantity, and in LTP mode ours is a number of ticks.',
    );
  return warmUp;
}

/** Checks the options of a stage run, or of a shadow run. Throws EngineError USAGE with one sentence on the first that is wrong. */
export function stageConfig(args: StageArguments): StageConfig {
  if (!args.wsTestMode)
    throw usage(
      `A ${args.shadow ? 'shadow' : 'stage'} run needs --ws-test-mode, which says that this is a test: see tickshard --help.`,
    );
  const stage = stageOption(args);
  const durationMin = durationOption(args);
  // A shadow run is there to replace polled candles, and those have volume.
  const mode = modeOption(args.mode ?? (args.shadow ? 'snapquote' : 'ltp'));
  if (args.symbols !== undefined && args.subset !== undefined)
    throw usage('--symbols and --subset exclude each other.');
  const feed = feedOption(args);
  const symbols = symbolsOption(args.symbols);
  const pages = {
    dashboard: portOption('dashboard', args.dashboard),
    metrics: portOption('metrics', args.metrics),
  };
  if (pages.dashboard === pages.metrics && (pages.dashboard ?? 0) > 0)
    throw usage(`--dashboard and --metrics cannot both have port ${pages.dashboard}.`);
  return Object.freeze({
    stage,
    shadow: args.shadow,
    durationMin,
    mode,
    symbols,
    subset:
      args.subset === undefined ? undefined : numberOption('subset', args.subset, { min: 1, max: 1000 }),
    feed,
    shards: shardsOption(args.shards),
    graceMs:
      1000 *
      (args.grace === undefined
        ? 3
        : numberOption('grace', args.grace, BOUNDS.grace, { whole: false, unit: 'seconds' })),
    out: outOption(args.out, feed),
    history: pathOption('history', args.history),
    instruments: pathOption('instruments', args.instruments),
    report: pathOption('report', args.report),
    json: args.json,
    waitOpen: args.waitOpen,
    journal: journalOption(args),
    resume: resumeOption(args),
    warmUp: warmUpOption(args, mode),
    ...pages,
    voice: voiceOption(args),
  });
}
