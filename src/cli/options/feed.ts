/** Options for the source of frames: live feed, simulated market, another server. Data. */
import { chaosFaults } from '../../sim/faults/chaos.js';
import { parseFault } from '../../sim/faults/fault.js';
import { parseHabit } from '../../sim/habits/habit.js';
import {
  DEFAULT_AT,
  feedName,
  mapped,
  marketClock,
  marketSpeed,
  number,
  path,
  PORTS,
  seed,
  tapeName,
  SIM_IS_A_RUN,
  time,
  url,
} from '../values.js';
import { belongsTo, excludes, flag, repeated, value, type Rule } from './row.js';
import { RUNS } from './run.js';

/** For the simulated market: the only one of `tickshard simulate`, which has no --feed. */
const simOnly: Rule = (given, name) => {
  const feed = given.text('feed');
  if (feed === undefined || feed === 'sim') return undefined;
  return `--${name} belongs to --feed sim; this feed is ${feed === 'live' ? 'the live one' : 'a URL, for which --market-clock says the time'}.`;
};

/** Only for a server that shows its certificate. */
const tlsOnly: Rule = (given, name) =>
  given.text('feed')!.startsWith('wss://')
    ? undefined
    : `--${name} belongs to --feed wss://...: the broker's own certificate is a public one, and over ws: none is shown.`;

const SIMULATED = [...RUNS, 'simulate'] as const;
const NEWEST_FETCHED = 'the newest that was fetched';

export const FEED_OPTIONS = [
  value({
    name: 'port',
    commands: ['simulate'],
    placeholder: 'PORT',
    reader: number(PORTS),
    default: '0',
    help: 'port on 127.0.0.1; 0 takes a free one',
  }),
  value({
    name: 'feed',
    commands: RUNS,
    placeholder: 'FEED',
    reader: feedName,
    default: 'live',
    help: 'live, sim, or the URL of a SmartAPI server elsewhere (ws: on loopback only)',
  }),
  value({
    name: 'feed',
    commands: ['doctor'],
    placeholder: 'FEED',
    reader: feedName,
    default: 'live',
    help: 'live, sim (a simulated broker that is started for it), or the URL of a SmartAPI server elsewhere',
  }),
  value({
    name: 'speed',
    commands: SIMULATED,
    placeholder: 'N|max',
    reader: marketSpeed,
    default: '1',
    help: 'sim: market seconds a second; max steps from event to event, as fast as the machine works',
    rules: [simOnly],
  }),
  value({
    name: 'seed',
    commands: SIMULATED,
    placeholder: 'N',
    reader: seed,
    default: '1',
    help: "sim: the market's seed",
    rules: [simOnly],
  }),
  value({
    name: 'at',
    as: 'atMs',
    commands: SIMULATED,
    placeholder: 'TIME',
    reader: time,
    default: DEFAULT_AT,
    help: 'sim: Indian time at which the market starts',
    rules: [simOnly],
  }),
  value({
    name: 'tape',
    commands: SIMULATED,
    placeholder: '[SYMBOL=]FILE',
    reader: tapeName,
    help: 'sim: true trades (CSV, also gzip: trade_ms,price_cents,quantity) that one symbol plays from its opening, in place of the walk',
    defaultHelp: 'SYMBOL: the first of --symbols, else RELIANCE',
    rules: [simOnly],
  }),
  repeated({
    name: 'habit',
    commands: SIMULATED,
    placeholder: 'NAME=value|off',
    reader: { takes: 'a habit of the feed and its value, or off', read: parseHabit },
    help: 'sim: NAME=value or NAME=off, changes a habit of the feed, which is as measured on the real one; may be repeated; all=off switches off all  [all: tickshard simulate --habits]',
    rules: [simOnly],
  }),
  repeated({
    name: 'fault',
    commands: SIMULATED,
    placeholder: 'NAME[:key=value,...]',
    reader: { takes: 'a fault and its arguments', read: parseFault },
    help: 'sim: NAME[:key=value,...], something that goes wrong; may be repeated  [all: tickshard simulate --faults]',
    rules: [simOnly],
  }),
  value({
    name: 'chaos',
    commands: SIMULATED,
    placeholder: 'SEED',
    reader: mapped(seed, chaosFaults),
    help: 'sim: a seed that picks several faults',
    rules: [simOnly],
  }),
  flag({
    name: 'habits',
    as: 'listHabits',
    commands: ['simulate'],
    help: 'list all habits with their values',
  }),
  flag({
    name: 'faults',
    as: 'listFaults',
    commands: ['simulate'],
    help: 'list all faults with their arguments',
  }),
  value({
    name: 'market-clock',
    commands: RUNS,
    placeholder: 'ORIGIN@SPEED',
    reader: marketClock,
    help: `URL: ORIGIN@SPEED when its market time is not now, e.g. ${DEFAULT_AT}@60`,
    rules: [
      (given, name) =>
        given.text('feed')!.includes('://')
          ? undefined
          : `--${name} belongs to --feed URL: the live feed and the simulator have clocks of their own.`,
    ],
  }),
  value({
    name: 'ca',
    commands: [...RUNS, 'doctor'],
    placeholder: 'FILE',
    reader: path,
    help: 'URL: file of certificates (PEM) to trust in place of the public ones',
    rules: [tlsOnly],
  }),
  flag({
    name: 'fetch',
    commands: ['instruments'],
    help: 'download it first',
  }),
  value({
    name: 'from',
    commands: ['instruments'],
    placeholder: 'URL',
    reader: url,
    help: "--fetch: another address than the broker's",
    rules: [belongsTo('fetch')],
  }),
  value({
    name: 'ca',
    commands: ['instruments'],
    placeholder: 'FILE',
    reader: path,
    help: '--fetch: file of certificates (PEM) to trust in place of the public ones',
    rules: [belongsTo('fetch')],
  }),
  flag({
    name: 'fetch',
    commands: ['compare'],
    help: "in place of --reference: log in and poll the broker's own candles (getCandleData), two requests a second, after the run",
  }),
  value({
    name: 'feed',
    commands: ['compare'],
    placeholder: 'FEED',
    reader: feedName,
    default: 'live',
    help: '--fetch: live, sim (the simulated broker of the seed that our candles are of), or the URL of a SmartAPI server elsewhere',
    rules: [belongsTo('fetch')],
  }),
  value({
    name: 'ca',
    commands: ['compare'],
    placeholder: 'FILE',
    reader: path,
    help: '--fetch: file of certificates (PEM) to trust in place of the public ones',
    rules: [
      belongsTo('fetch'),
      (given) => (given.text('feed') === 'sim' ? SIM_IS_A_RUN : undefined),
      tlsOnly,
    ],
  }),
  value({
    name: 'tape',
    commands: ['compare'],
    placeholder: '[SYMBOL=]FILE',
    reader: tapeName,
    help: '--fetch --feed sim: the tape that the run had',
    rules: [
      belongsTo('fetch'),
      (given, name) => (given.text('feed') === 'sim' ? undefined : `--${name} belongs to --feed sim.`),
    ],
  }),
  value({
    name: 'feed',
    commands: ['backfill'],
    placeholder: 'URL',
    reader: feedName,
    help: "the address of the run's server, if the run had --feed URL",
    defaultHelp: "the run's feed",
  }),
  value({
    name: 'ca',
    commands: ['backfill'],
    placeholder: 'FILE',
    reader: path,
    help: 'file of certificates (PEM) to trust in place of the public ones',
    rules: [belongsTo('feed'), tlsOnly],
  }),
  value({
    name: 'tape',
    commands: ['backfill'],
    placeholder: '[SYMBOL=]FILE',
    reader: tapeName,
    help: 'the tape that a simulated run had',
    rules: [excludes('feed')],
  }),
  value({
    name: 'instruments',
    commands: RUNS,
    placeholder: 'FILE',
    reader: path,
    help: "the broker's OpenAPIScripMaster.json, to check tokens and find other symbols",
    defaultHelp: `for the live feed ${NEWEST_FETCHED}`,
  }),
  value({
    name: 'instruments',
    commands: ['doctor'],
    placeholder: 'FILE',
    reader: path,
    help: "the broker's OpenAPIScripMaster.json",
    defaultHelp: NEWEST_FETCHED,
  }),
  value({
    name: 'instruments',
    commands: ['compare'],
    placeholder: 'FILE',
    reader: path,
    help: "--fetch: the broker's OpenAPIScripMaster.json for other symbols",
    defaultHelp: `for the live feed ${NEWEST_FETCHED}`,
    rules: [belongsTo('fetch')],
  }),
] as const;
