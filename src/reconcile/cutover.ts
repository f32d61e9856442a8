/**
 * Whether candles of the feed may replace polled ones for a list of symbols: from shadow runs of whole days and the comparisons of those days. Every
 * requirement is a figure, and each can fail. Pure.
 */
import { percentFloor } from '../text/percent.js';
import type { ComparisonEvidence, RunEvidence } from './evidence.js';
import { count } from '../text/count.js';
import { named } from '../text/named.js';

/** Days that must be good, where the user does not say: a week of trading, one of each weekday. */
export const CUTOVER_DAYS = 5;
/** Share of a day's candles that must have been seen whole, and compared. A reconnect or two costs less. */
const LEAST_SHARE = 0.98;
/** Names in a sentence. */
const MAX_NAMES = 6;

export interface Requirement {
  readonly id: 'feed' | 'days' | 'symbols' | 'runs' | 'whole' | 'compared' | 'volume' | 'agree';
  readonly title: string;
  readonly status: 'pass' | 'fail';
  readonly observed: string;
  /** What is missing and how to get it; undefined for a pass. */
  readonly remedy: string | undefined;
}

/** What is known of one day. */
export interface CutoverDay {
  readonly date: string;
  readonly run: RunEvidence;
  /** The newest of the date. */
  readonly comparison: ComparisonEvidence | undefined;
  /** Least share of the day's candles that any of the symbols has whole, and has compared; 0 to 1. */
  readonly whole: number;
  readonly compared: number;
  readonly late: number;
}

export interface Cutover {
  readonly may: boolean;
  readonly symbols: readonly string[];
  /** The newest days, ascending. */
  readonly days: readonly CutoverDay[];
  readonly requirements: readonly Requirement[];
  /** What was found and does not count, sentences. */
  readonly notes: readonly string[];
}

/** The last by `key`, one a date. */
function newestBy<Item>(
  items: readonly Item[],
  dateOf: (item: Item) => readonly string[],
  key: (item: Item) => string,
): Map<string, Item> {
  const by = new Map<string, Item>();
  for (const item of [...items].sort((a, b) => (key(a) < key(b) ? -1 : 1)))
    for (const date of dateOf(item)) by.set(date, item);
  return by;
}

function dayOf(
  run: RunEvidence,
  comparison: ComparisonEvidence | undefined,
  symbols: readonly string[],
): CutoverDay {
  const { date, dayCandles } = run;
  const share = (candles: number): number => (dayCandles === 0 ? 0 : Math.min(1, candles / dayCandles));
  const found = symbols.map((symbol) => ({
    own: run.symbols.find((one) => one.symbol === symbol),
    other: comparison?.symbols.find((one) => one.symbol === symbol),
  }));
  return {
    date,
    run,
    comparison,
    whole: Math.min(1, ...found.map(({ own }) => share(own?.whole ?? 0))),
    compared: Math.min(1, ...found.map(({ other }) => share(other?.comparedOn[date] ?? 0))),
    late: run.symbols.reduce((sum, one) => sum + one.late, 0),
  };
}

/** A requirement that days fulfil or not: `bad` says of a day what is wrong, or undefined. */
function ofDays(
  id: Requirement['id'],
  title: string,
  days: readonly CutoverDay[],
  good: string,
  bad: (day: CutoverDay) => string | undefined,
  remedy: string,
): Requirement {
  const wrong = days.flatMap((day) => {
    const what = bad(day);
    return what === undefined ? [] : [`${day.date}: ${what}`];
  });
  if (days.length > 0 && wrong.length === 0)
    return { id, title, status: 'pass', observed: good, remedy: undefined };
  return {
    id,
    title,
    status: 'fail',
    observed: days.length === 0 ? 'no day to look at' : named(wrong, MAX_NAMES),
    remedy,
  };
}

function requirementsOf(
  days: readonly CutoverDay[],
  symbols: readonly string[],
  wanted: number,
): Requirement[] {
  const live = days.filter(({ run }) => run.feed === 'live').length;
  const least = (figure: (day: CutoverDay) => number): string =>
    percentFloor(Math.min(1, ...days.map(figure)));
  const absent = (day: CutoverDay): string[] =>
    symbols.filter((symbol) => !day.run.symbols.some((one) => one.symbol === symbol));
  const uncompared = (day: CutoverDay): string[] =>
    symbols.filter(
      (symbol) =>
        (day.comparison?.symbols.find((one) => one.symbol === symbol)?.comparedOn[day.date] ?? 0) <
        day.run.dayCandles * LEAST_SHARE,
    );
  const broken = (day: CutoverDay): string[] =>
    symbols.filter(
      (symbol) =>
        (day.run.symbols.find((one) => one.symbol === symbol)?.whole ?? 0) < day.run.dayCandles * LEAST_SHARE,
    );
  const unmeasured = (day: CutoverDay): string[] =>
    symbols.filter(
      (symbol) => day.comparison?.symbols.find((one) => one.symbol === symbol)?.volumeCompared !== true,
    );
  const compare =
    'run `tickshard compare --fetch --date DATE --report FILE` once the day is over, and keep the file with the reports';
  return [
    {
      id: 'feed',
      title: 'The live feed',
      status: days.length > 0 && live === days.length ? 'pass' : 'fail',
      observed: `${live} of ${count(days.length, 'day')} of the live feed`,
      remedy:
        days.length > 0 && live === days.length
          ? undefined
          : 'A simulated market says nothing of the real one: shadow runs of the live feed are needed.',
    },
    {
      id: 'days',
      title: 'Whole days in shadow',
      status: days.length >= wanted ? 'pass' : 'fail',
      observed: `${days.length} of ${wanted}`,
      remedy:
        days.length >= wanted
          ? undefined
          : `${count(wanted - days.length, 'more day')} of \`tickshard shadow --ws-test-mode --until-close --wait-open\` ${wanted - days.length === 1 ? 'is' : 'are'} missing.`,
    },
    ofDays(
      'symbols',
      'All symbols each day',
      days,
      count(symbols.length, 'symbol'),
      (day) => (absent(day).length > 0 ? named(absent(day), MAX_NAMES) : undefined),
      'Each day must have had every symbol: run those days again with the whole list, or name with --symbols the ones that are meant.',
    ),
    ofDays(
      'runs',
      'Each day passed its gates',
      days,
      `${count(days.length, 'run')} passed`,
      ({ run }) =>
        run.verdict === 'pass'
          ? undefined
          : `${run.verdict}${run.failedGates.length > 0 ? ` (${named(run.failedGates, MAX_NAMES)})` : ''}`,
      'A day with a failed gate starts the count anew: see its report for the cause.',
    ),
    ofDays(
      'whole',
      'Candles seen whole',
      days,
      `at least ${least(({ whole }) => whole)} of each symbol's day`,
      (day) =>
        broken(day).length > 0
          ? `${percentFloor(day.whole)} at least, too few of ${named(broken(day), MAX_NAMES)}`
          : undefined,
      `At least ${percentFloor(LEAST_SHARE)} of a day's candles must be whole: begin before the opening (--wait-open), and see \`disconnects\` and \`unseen\` in the report.`,
    ),
    ofDays(
      'compared',
      'Compared with polled ones',
      days,
      `at least ${least(({ compared }) => compared)} of each symbol's day`,
      (day) =>
        day.comparison === undefined
          ? 'not compared'
          : uncompared(day).length > 0
            ? `too few minutes of ${named(uncompared(day), MAX_NAMES)}`
            : undefined,
      `Each day and symbol must be compared: ${compare}.`,
    ),
    ofDays(
      'volume',
      'Volume compared, too',
      days,
      'traded quantity on both sides',
      (day) =>
        unmeasured(day).length > 0
          ? day.run.volumeKind === 'traded'
            ? `not of ${named(unmeasured(day), MAX_NAMES)}`
            : 'ours counts ticks'
          : undefined,
      'Run in SnapQuote mode, whose candles have the traded quantity that polled ones have.',
    ),
    ofDays(
      'agree',
      'The comparisons passed',
      days,
      `${count(
        days.reduce((sum, { comparison }) => sum + (comparison?.values.unexplained ?? 0), 0),
        'difference',
      )} without a cause, all within what is allowed`,
      ({ comparison }) =>
        comparison === undefined
          ? 'not compared'
          : comparison.verdict === 'pass'
            ? undefined
            : `${comparison.verdict}${comparison.reasons.length > 0 ? ` (${comparison.reasons[0]})` : ''}`,
      'Until every difference has a cause the two are not interchangeable: look at the comparison, its --html page names the minutes.',
    ),
  ];
}

/** What was found and is left aside. */
function asideNotes(runs: readonly RunEvidence[], judged: readonly RunEvidence[]): string[] {
  const others = runs.filter((run) => !judged.includes(run));
  const short = others.filter(({ wholeDay }) => !wholeDay).length;
  const unreal = others.filter(({ wholeDay, feed }) => wholeDay && feed !== 'live').length;
  const more = others.length - short - unreal;
  return [
    ...(short > 0
      ? [`${count(short, 'run')} of a stage or a part of a day ${short === 1 ? 'does' : 'do'} not count.`]
      : []),
    ...(unreal > 0
      ? [
          `${count(unreal, 'shadow run')} of another feed than the live one ${unreal === 1 ? 'is' : 'are'} left aside.`,
        ]
      : []),
    ...(more > 0
      ? [
          `${count(more, 'shadow run')} ${more === 1 ? 'is' : 'are'} older than the days that count, or of a day that has a newer one.`,
        ]
      : []),
  ];
}

/**
 * Judges. The newest `wantedDays` days with a shadow run until the close count, with the newest run and comparison of each; where there are any of the live
 * feed, those of other feeds do not. `symbols`: undefined for all that those runs had.
 */
export function cutover(
  runs: readonly RunEvidence[],
  comparisons: readonly ComparisonEvidence[],
  wantedDays: number,
  symbols: readonly string[] | undefined,
): Cutover {
  const unique = [...new Map(runs.map((run) => [run.runId, run])).values()];
  const whole = unique.filter(({ wholeDay }) => wholeDay);
  const live = whole.filter(({ feed }) => feed === 'live');
  const eligible = live.length > 0 ? live : whole;
  const feeds = new Set(eligible.map(({ feed }) => feed));
  const runOf = newestBy(
    eligible,
    ({ date }) => [date],
    ({ runId }) => runId,
  );
  const dates = [...runOf.keys()].sort().slice(-wantedDays);
  const comparisonOf = newestBy(
    comparisons.filter(({ feeds: ours }) => ours.every((feed) => feeds.has(feed))),
    ({ dates: on }) => on,
    ({ comparedAt }) => comparedAt,
  );
  const list =
    symbols ??
    [...new Set(dates.flatMap((date) => runOf.get(date)!.symbols.map(({ symbol }) => symbol)))].sort();
  const days = dates.map((date) => dayOf(runOf.get(date)!, comparisonOf.get(date), list));
  const requirements = requirementsOf(days, list, wantedDays);
  return {
    may: requirements.every(({ status }) => status === 'pass'),
    symbols: list,
    days,
    requirements,
    notes: asideNotes(
      unique,
      days.map(({ run }) => run),
    ),
  };
}
