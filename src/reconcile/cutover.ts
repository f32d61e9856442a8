/**
 * Judges by whole-day shadow runs and their comparisons whether the feed may replace polled candles for a list of
 * symbols. Pure.
 */
import { count } from '../text/count.js';
import { cutoverDay, type CutoverDay } from './cutover-day.js';
import { requirementsOf, type Requirement } from './cutover-requirements.js';
import type { ComparisonEvidence, RunEvidence } from './evidence.js';

export interface Cutover {
  readonly may: boolean;
  readonly symbols: readonly string[];
  /** Ascending. */
  readonly days: readonly CutoverDay[];
  readonly requirements: readonly Requirement[];
  /** What was found and does not count. */
  readonly notes: readonly string[];
}

/** The item with the largest `key` of each date. */
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

/** On the runs that do not count. */
function asideNotes(runs: readonly RunEvidence[], judged: readonly RunEvidence[], rules: number): string[] {
  const others = runs.filter((run) => !judged.includes(run));
  const short = others.filter(({ wholeDay }) => !wholeDay).length;
  const unreal = others.filter(({ wholeDay, feed }) => wholeDay && feed !== 'live').length;
  const older = others.filter((run) => run.wholeDay && run.feed === 'live' && run.rules !== rules).length;
  const more = others.length - short - unreal - older;
  return [
    ...(short > 0
      ? [`${count(short, 'run')} of a stage or a part of a day ${short === 1 ? 'does' : 'do'} not count.`]
      : []),
    ...(unreal > 0
      ? [
          `${count(unreal, 'shadow run')} of another feed than the live one ${unreal === 1 ? 'is' : 'are'} left aside.`,
        ]
      : []),
    ...(older > 0
      ? [
          `${count(older, 'shadow run')} of older rules than ${rules} ${older === 1 ? 'is' : 'are'} left aside: days of different rules never count together.`,
        ]
      : []),
    ...(more > 0
      ? [
          `${count(more, 'shadow run')} ${more === 1 ? 'is' : 'are'} older than the days that count, or of a day that has a newer one.`,
        ]
      : []),
  ];
}

/** Days with minutes that a back-fill polled. */
function polledNotes(days: readonly CutoverDay[]): string[] {
  const polled = days.reduce((sum, { run }) => sum + run.polled, 0);
  return polled === 0
    ? []
    : [
        `${count(polled, 'minute')} of these days ${polled === 1 ? 'was' : 'were'} polled by a back-fill: not judged, and counted as not seen.`,
      ];
}

/**
 * Judges the newest `wantedDays` days with a shadow run until the close, by each day's newest run and comparison.
 * Other feeds' days count only without days of the live feed. `symbols`: undefined for all of those runs.
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
  const ofFeed = live.length > 0 ? live : whole;
  // Days of different rules never count together: the newest rules count.
  const rules = Math.max(0, ...ofFeed.map((run) => run.rules));
  const eligible = ofFeed.filter((run) => run.rules === rules);
  const feeds = new Set(eligible.map(({ feed }) => feed));
  const runOf = newestBy(
    eligible,
    ({ date }) => [date],
    ({ runId }) => runId,
  );
  const dates = [...runOf.keys()].sort().slice(-wantedDays);
  const comparisonOf = newestBy(
    comparisons.filter((one) => one.rules === rules && one.feeds.every((feed) => feeds.has(feed))),
    ({ dates: on }) => on,
    ({ comparedAt }) => comparedAt,
  );
  const list =
    symbols ??
    [...new Set(dates.flatMap((date) => runOf.get(date)!.symbols.map(({ symbol }) => symbol)))].sort();
  const days = dates.map((date) => cutoverDay(runOf.get(date)!, comparisonOf.get(date), list));
  const requirements = requirementsOf(days, list, wantedDays);
  return {
    may: requirements.every(({ status }) => status === 'pass'),
    symbols: list,
    days,
    requirements,
    notes: [
      ...asideNotes(
        unique,
        days.map(({ run }) => run),
        rules,
      ),
      ...polledNotes(days),
    ],
  };
}
