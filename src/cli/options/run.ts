/** Options for a run's symbols, length and candles. Data. */
import { availableParallelism } from 'node:os';
import { RUN_MINUTES } from '../../limits.js';
import { modeName, number, oneOf, reader, spotPrices, symbolNames, usage, type Reader } from '../values.js';
import { belongsTo, excludes, flag, value } from './row.js';

/** Commands that run: a stage, and a whole day. */
export const RUNS = ['run', 'shadow'] as const;

const stage = oneOf<1 | 2>({ 1: 1, 2: 2 });

/** Market minutes. */
const stageMinutes = number({ ...RUN_MINUTES, decimals: true, unit: 'minutes' });
const runMinutes: Reader<number> = reader(stageMinutes.takes, (text, name) => {
  if (Number(text) > RUN_MINUTES.max)
    throw usage(
      `--${name} takes a number from ${RUN_MINUTES.min} to ${RUN_MINUTES.max} (minutes), not \`${text}\`: whole days are for \`tickshard shadow\`.`,
    );
  return stageMinutes.read(text, name);
});

/** Worker threads. The default leaves one core to the main thread. */
const SHARDS = { min: 1, max: 64 } as const;

export const RUN_OPTIONS = [
  flag({
    name: 'ws-test-mode',
    commands: RUNS,
    help: 'required: says that this is a test run',
    missing: ({ command }) =>
      `A ${command === 'shadow' ? 'shadow' : 'stage'} run needs --ws-test-mode, which says that this is a test: see tickshard --help.`,
  }),
  value({
    name: 'stage',
    commands: ['run'],
    placeholder: '1|2',
    reader: stage,
    help: '1: RELIANCE; 2: all 50 of the NIFTY 50',
    missing: '--stage is missing: 1 is RELIANCE alone, 2 is the NIFTY 50.',
    recorded: true,
  }),
  value({
    name: 'stage',
    commands: ['shadow'],
    placeholder: '1|2',
    reader: stage,
    default: '2',
    help: '1: RELIANCE; 2: all 50 of the NIFTY 50',
    recorded: true,
  }),
  flag({
    name: 'until-close',
    commands: ['shadow'],
    help: "run until the market closes, the closing auction's print included",
    missing: (given) =>
      given.has('duration')
        ? undefined
        : '--until-close is missing: a shadow run lasts until the market closes, or for --duration minutes.',
  }),
  value({
    name: 'duration',
    as: 'durationMin',
    commands: ['run'],
    placeholder: 'MIN',
    reader: runMinutes,
    help: `minutes of market time, ${RUN_MINUTES.min} to ${RUN_MINUTES.max} (under ${RUN_MINUTES.settled}: a warning)`,
    missing: `--duration is missing: the minutes of market time to run, ${RUN_MINUTES.min} to ${RUN_MINUTES.max}.`,
    recorded: true,
  }),
  value({
    name: 'duration',
    as: 'durationMin',
    commands: ['shadow'],
    placeholder: 'MIN',
    // The longest day, of commodities, has 895.
    reader: number({ min: 1, max: 900, decimals: true, unit: 'minutes' }),
    help: 'in place of --until-close: minutes of market time, 1 to 900',
    rules: [excludes('until-close')],
    recorded: true,
  }),
  value({
    name: 'symbols',
    commands: RUNS,
    placeholder: 'A,B',
    reader: symbolNames,
    help: "other symbols than the stage's: RELIANCE, EXCHANGE:TRADINGSYMBOL, NFO:NIFTY@fut, NFO:NIFTY@weekly:ATM+-5, @FILE",
    rules: [excludes('subset')],
    recorded: true,
  }),
  value({
    name: 'symbols',
    commands: ['simulate'],
    placeholder: 'A,B',
    reader: symbolNames,
    defaultHelp: 'the NIFTY 50',
    help: 'what the market lists, by the names of a run: RELIANCE, NSE:NIFTY, NFO:NIFTY@weekly:ATM+-5, @FILE',
  }),
  value({
    name: 'spot',
    commands: RUNS,
    placeholder: 'NAME=PRICE',
    reader: spotPrices,
    help: 'prices in rupees that options around the money go by, NIFTY=24512.5; by default the newest candle, or one polled',
    rules: [belongsTo('symbols')],
  }),
  value({
    name: 'subset',
    commands: RUNS,
    placeholder: 'N',
    reader: number({ min: 1, max: 1000 }),
    help: "only the first N of the stage's symbols",
    recorded: true,
  }),
  value({
    name: 'mode',
    commands: ['run'],
    placeholder: 'MODE',
    reader: modeName,
    default: 'ltp',
    help: 'ltp, quote or snapquote',
    recorded: true,
  }),
  value({
    name: 'mode',
    commands: ['shadow'],
    placeholder: 'MODE',
    reader: modeName,
    // A shadow run is to replace polled candles, which have volume.
    default: 'snapquote',
    help: 'ltp, quote or snapquote',
    recorded: true,
  }),
  flag({
    name: 'warm-up',
    commands: RUNS,
    help: "quote, snapquote: before the run poll the day's earlier candles (getCandleData, two requests a second), so that momentum evaluates from its first minute",
    rules: [
      (given, name) =>
        given.text('mode') === 'ltp'
          ? `--${name} belongs to --mode quote or snapquote: polled volume is traded quantity, and in LTP mode ours is a number of ticks.`
          : undefined,
    ],
    recorded: true,
  }),
  flag({
    name: 'back-fill',
    commands: RUNS,
    help: 'after the run poll the minutes that are missing or partial because of a gap (getCandleData, two requests a second)',
    rules: [excludes('no-journal', 'polled candles are records of the journal')],
    recorded: true,
  }),
  flag({
    name: 'wait-open',
    commands: RUNS,
    help: 'when the market is shut, wait for its opening and start the duration there',
  }),
  flag({
    name: 'resume',
    commands: RUNS,
    help: 'continue the newest run of the journal that was killed',
    rules: [
      (given, name) =>
        given.has('no-journal')
          ? `--${name} continues from a journal, so it cannot be used with --no-journal.`
          : undefined,
      (given, name) =>
        given.has('wait-open')
          ? `--${name} continues a run of today; --wait-open waits for another day.`
          : undefined,
      (given, name) =>
        given.text('speed') === 'max' && !given.has('resume-after')
          ? `--${name} with --speed max needs --resume-after SECONDS: its time stood still since the kill.`
          : undefined,
    ],
  }),
  value({
    name: 'resume-after',
    as: 'resumeAfterS',
    commands: RUNS,
    placeholder: 'SECONDS',
    reader: number({ min: 0, max: 86_400, unit: 'market seconds' }),
    help: '--speed max with --resume: market seconds between the kill and the resumption',
    rules: [
      belongsTo('resume'),
      (given, name) =>
        given.text('speed') === 'max'
          ? undefined
          : `--${name} belongs to --speed max: at any other speed the clock says how much time has passed.`,
    ],
  }),
  value({
    name: 'shards',
    commands: [...RUNS, 'replay'],
    placeholder: 'N',
    reader: number(SHARDS),
    default: () => String(Math.min(SHARDS.max, Math.max(SHARDS.min, availableParallelism() - 1))),
    defaultHelp: 'cores - 1, at least 1',
    help: 'worker threads that build candles',
    recorded: true,
  }),
  value({
    name: 'grace',
    as: 'graceMs',
    commands: RUNS,
    placeholder: 'S',
    reader: graceMs(),
    default: '3',
    help: 'seconds of market time between a minute and its seal, 0 to 30',
    recorded: true,
  }),
] as const;

/** Seconds as typed, in ms. */
function graceMs(): Reader<number> {
  const { takes, read } = number({ min: 0, max: 30, decimals: true, unit: 'seconds' });
  return { takes, read: (text, name) => 1000 * read(text, name) };
}
