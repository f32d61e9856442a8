/** A cut-over's requirements of the days in shadow: figures, each of which can fail. Pure. */
import { count } from '../text/count.js';
import { named } from '../text/named.js';
import { percentFloor } from '../text/percent.js';
import { comparedMinutes, runSymbol, type CutoverDay } from './cutover-day.js';

/** Share of a day's candles that must be whole, and compared: leaves room for a reconnect or two. */
const MIN_SHARE = 0.98;
/** Names in a sentence. */
const MAX_NAMES = 6;

export interface Requirement {
  readonly id: 'feed' | 'days' | 'symbols' | 'runs' | 'whole' | 'compared' | 'volume' | 'agree';
  readonly title: string;
  readonly status: 'pass' | 'fail';
  readonly observed: string;
  /** How to get what is missing; undefined for a pass. */
  readonly remedy: string | undefined;
}

const few = (names: readonly string[]): string => named(names, MAX_NAMES);

function requirement(
  [id, title]: readonly [Requirement['id'], string],
  pass: boolean,
  observed: string,
  remedy: string,
): Requirement {
  return { id, title, status: pass ? 'pass' : 'fail', observed, remedy: pass ? undefined : remedy };
}

/** `good`: observed when all days meet it; `bad`: what is wrong with a day, or undefined. */
function ofEachDay(
  title: readonly [Requirement['id'], string],
  days: readonly CutoverDay[],
  good: string,
  bad: (day: CutoverDay) => string | undefined,
  remedy: string,
): Requirement {
  const wrong = days.flatMap((day) => {
    const what = bad(day);
    return what === undefined ? [] : [`${day.date}: ${what}`];
  });
  if (days.length === 0) return requirement(title, false, 'no day to look at', remedy);
  return requirement(title, wrong.length === 0, wrong.length === 0 ? good : few(wrong), remedy);
}

/** The smallest share of any day, as percent. */
const smallest = (days: readonly CutoverDay[], share: (day: CutoverDay) => number): string =>
  percentFloor(Math.min(1, ...days.map(share)));

function liveFeed(days: readonly CutoverDay[]): Requirement {
  const live = days.filter(({ run }) => run.feed === 'live').length;
  return requirement(
    ['feed', 'The live feed'],
    days.length > 0 && live === days.length,
    `${live} of ${count(days.length, 'day')} of the live feed`,
    'A simulated market says nothing of the real one: shadow runs of the live feed are needed.',
  );
}

function enoughDays(days: readonly CutoverDay[], wanted: number): Requirement {
  const short = wanted - days.length;
  return requirement(
    ['days', 'Whole days in shadow'],
    short <= 0,
    `${days.length} of ${wanted}`,
    `${count(short, 'more day')} of \`tickshard shadow --ws-test-mode --until-close --wait-open\` ${short === 1 ? 'is' : 'are'} missing.`,
  );
}

function allSymbols(days: readonly CutoverDay[], symbols: readonly string[]): Requirement {
  return ofEachDay(
    ['symbols', 'All symbols each day'],
    days,
    count(symbols.length, 'symbol'),
    (day) => {
      const absent = symbols.filter((symbol) => runSymbol(day, symbol) === undefined);
      return absent.length > 0 ? few(absent) : undefined;
    },
    'Each day must have had every symbol: run those days again with the whole list, or name with --symbols the ones that are meant.',
  );
}

function gatesPassed(days: readonly CutoverDay[]): Requirement {
  return ofEachDay(
    ['runs', 'Each day passed its gates'],
    days,
    `${count(days.length, 'run')} passed`,
    ({ run: { verdict, failedGates } }) =>
      verdict === 'pass' ? undefined : `${verdict}${failedGates.length > 0 ? ` (${few(failedGates)})` : ''}`,
    'A day with a failed gate starts the count again: see its report for the cause.',
  );
}

function seenWhole(days: readonly CutoverDay[], symbols: readonly string[]): Requirement {
  return ofEachDay(
    ['whole', 'Candles seen whole'],
    days,
    `at least ${smallest(days, ({ whole }) => whole)} of each symbol's day`,
    (day) => {
      const needed = day.run.dayCandles * MIN_SHARE;
      const broken = symbols.filter((symbol) => (runSymbol(day, symbol)?.whole ?? 0) < needed);
      return broken.length > 0 ? `${percentFloor(day.whole)} at least, too few of ${few(broken)}` : undefined;
    },
    `At least ${percentFloor(MIN_SHARE)} of a day's candles must be whole: begin before the opening (--wait-open), and see \`disconnects\` and \`unseen\` in the report.`,
  );
}

function allCompared(days: readonly CutoverDay[], symbols: readonly string[]): Requirement {
  return ofEachDay(
    ['compared', 'Compared with polled ones'],
    days,
    `at least ${smallest(days, ({ compared }) => compared)} of each symbol's day`,
    (day) => {
      if (day.comparison === undefined) return 'not compared';
      const needed = day.run.dayCandles * MIN_SHARE;
      const uncompared = symbols.filter((symbol) => comparedMinutes(day, symbol) < needed);
      return uncompared.length > 0 ? `too few minutes of ${few(uncompared)}` : undefined;
    },
    'Each day and symbol must be compared: run `tickshard compare --fetch --date DATE --report FILE` once the day is over, and keep the file with the reports.',
  );
}

function volumeCompared(days: readonly CutoverDay[], symbols: readonly string[]): Requirement {
  return ofEachDay(
    ['volume', 'Volume compared, too'],
    days,
    'traded quantity on both sides',
    ({ run, comparison }) => {
      const unmeasured = symbols.filter(
        (symbol) => comparison?.symbols.find((one) => one.symbol === symbol)?.volumeCompared !== true,
      );
      if (unmeasured.length === 0) return undefined;
      return run.volumeKind === 'traded' ? `not of ${few(unmeasured)}` : 'ours counts ticks';
    },
    'Run in SnapQuote mode, whose candles have the traded quantity that polled ones have.',
  );
}

function comparisonsPassed(days: readonly CutoverDay[]): Requirement {
  const causeless = days.reduce((sum, { comparison }) => sum + (comparison?.values.unexplained ?? 0), 0);
  return ofEachDay(
    ['agree', 'The comparisons passed'],
    days,
    `${count(causeless, 'difference')} without a cause, all within what is allowed`,
    ({ comparison }) => {
      if (comparison === undefined) return 'not compared';
      const { verdict, reasons } = comparison;
      return verdict === 'pass' ? undefined : `${verdict}${reasons.length > 0 ? ` (${reasons[0]})` : ''}`;
    },
    'Until every difference has a cause the two are not interchangeable: look at the comparison, its --html page names the minutes.',
  );
}

/** In the order shown. `wanted`: days that must be good. */
export function requirementsOf(
  days: readonly CutoverDay[],
  symbols: readonly string[],
  wanted: number,
): Requirement[] {
  return [
    liveFeed(days),
    enoughDays(days, wanted),
    allSymbols(days, symbols),
    gatesPassed(days),
    seenWhole(days, symbols),
    allCompared(days, symbols),
    volumeCompared(days, symbols),
    comparisonsPassed(days),
  ];
}
