/**
 * A naive comparison: a list of minutes, integers of 1e-4 rupee. Imports nothing from `src`. Minute m is of day
 * `floor(m / 100)`.
 */
export interface NaiveCandle {
  readonly minute: number;
  /** open, high, low, close */
  readonly prices: readonly number[];
  readonly volume: number;
  readonly partial: boolean;
  readonly auction: boolean;
}

export interface NaivePair {
  readonly symbol: string;
  readonly tick: number;
  readonly ours: readonly NaiveCandle[];
  /** Undefined: no file. */
  readonly reference: readonly NaiveCandle[] | undefined;
  readonly volumes: boolean;
}

export interface NaiveResult {
  readonly symbol: string;
  compared: number;
  /** exact, within, different for open, high, low, close, volume */
  readonly tallies: number[][];
  partial: number;
  partialExact: number;
  readonly missingOurs: number[];
  readonly missingReference: number[];
  readonly unseenOurs: number[];
  readonly unseenReference: number[];
  outside: number;
  relabelled: number;
}

/** What else the verdict reads of a result. */
interface NaiveJudged {
  unexplained: number;
  otherPrints: number;
}

const DAY = 100;
type State = 'whole' | 'partial' | 'none';

const at = (candles: readonly NaiveCandle[], minute: number): NaiveCandle | undefined =>
  candles.find((candle) => candle.minute === minute);
const stateAt = (candles: readonly NaiveCandle[], minute: number): State => {
  const candle = at(candles, minute);
  return candle === undefined ? 'none' : candle.partial ? 'partial' : 'whole';
};

/** Walks from a hole in one direction to the symbol's next candle. */
function walk(
  side: readonly NaiveCandle[],
  all: readonly (readonly NaiveCandle[])[],
  hole: number,
  step: 1 | -1,
): 'watched' | 'partial' | 'nothing' {
  let everyMinuteSeen = true;
  for (
    let minute = hole;
    Math.floor(minute / DAY) === Math.floor(hole / DAY) && minute >= 0;
    minute += step
  ) {
    const state = stateAt(side, minute);
    if (state === 'partial') return 'partial';
    if (!all.some((one) => stateAt(one, minute) === 'whole')) everyMinuteSeen = false;
    if (state === 'whole') return everyMinuteSeen ? 'watched' : 'nothing';
  }
  return 'nothing';
}

function unseen(
  side: readonly NaiveCandle[],
  all: readonly (readonly NaiveCandle[])[],
  hole: number,
): boolean {
  const isWhole = (minute: number): boolean => all.some((one) => stateAt(one, minute) === 'whole');
  const ofDay = all.flat().filter(({ minute }) => Math.floor(minute / DAY) === Math.floor(hole / DAY));
  const minutes = ofDay.map(({ minute }) => minute);
  for (const [edge, inside] of [
    [Math.min(...minutes), hole + 1],
    [Math.max(...minutes), hole - 1],
  ])
    // prettier-ignore
    if (hole === edge && !isWhole(hole) && isWhole(inside)) return true;
  const both = [walk(side, all, hole, 1), walk(side, all, hole, -1)];
  return !both.includes('watched') && both.includes('partial');
}

export function naiveCompare(pairs: readonly NaivePair[]): NaiveResult[] {
  const allOurs = pairs.map(({ ours }) => ours);
  const allReference = pairs.map(({ reference }) => reference ?? []);
  return pairs.map(({ symbol, tick, ours, reference = [], volumes }) => {
    const result: NaiveResult = {
      symbol,
      compared: 0,
      tallies: [
        [0, 0, 0],
        [0, 0, 0],
        [0, 0, 0],
        [0, 0, 0],
        [0, 0, 0],
      ],
      partial: 0,
      partialExact: 0,
      missingOurs: [],
      missingReference: [],
      unseenOurs: [],
      unseenReference: [],
      outside: 0,
      relabelled: 0,
    };
    const used: number[] = [];
    for (const own of ours) {
      let other = at(reference, own.minute);
      if (other === undefined && own.auction && at(ours, own.minute - 1) === undefined) {
        other = at(reference, own.minute - 1);
        if (other !== undefined) result.relabelled++;
      }
      if (other === undefined) {
        if (own.partial) result.partial++;
        else if (unseen(reference, allReference, own.minute)) result.unseenReference.push(own.minute);
        else result.missingReference.push(own.minute);
        continue;
      }
      used.push(other.minute);
      const partner = other;
      const classes = own.prices.map((price, index) => {
        const apart = Math.abs(price - partner.prices[index]);
        return apart === 0 ? 0 : apart <= tick ? 1 : 2;
      });
      if (volumes) classes.push(own.volume === partner.volume ? 0 : 2);
      if (own.partial || partner.partial) {
        result.partial++;
        if (classes.every((one) => one === 0)) result.partialExact++;
      } else {
        result.compared++;
        classes.forEach((one, index) => result.tallies[index][one]++);
      }
    }
    for (const { minute } of reference) {
      if (used.includes(minute)) continue;
      const ofDay = allOurs
        .flat()
        .filter((candle) => Math.floor(candle.minute / DAY) === Math.floor(minute / DAY))
        .map((candle) => candle.minute);
      if (ofDay.length === 0 || minute < Math.min(...ofDay) || minute > Math.max(...ofDay)) result.outside++;
      else if (unseen(ours, allOurs, minute)) result.unseenOurs.push(minute);
      else result.missingOurs.push(minute);
    }
    return result;
  });
}

/** What a cause may reach beyond our candle: three ticks, or its range. */
const reachOf = ({ prices }: NaiveCandle, tick: number): number => Math.max(3 * tick, prices[1] - prices[2]);

/**
 * Differences without a cause. Without quality rows only the closing auction, and an extreme within the range
 * that our day reached, have one. The reference's earlier rows count in it as far as a cause may reach, and without
 * our whole candle all but the most extreme one.
 */
function judged({ ours, reference = [], tick, volumes }: NaivePair): NaiveJudged {
  const result: NaiveJudged = { unexplained: 0, otherPrints: 0 };
  for (const own of ours) {
    const other =
      at(reference, own.minute) ??
      (own.auction && at(ours, own.minute - 1) === undefined ? at(reference, own.minute - 1) : undefined);
    if (other === undefined || own.partial || other.partial) continue;
    const sameDay = ({ minute }: NaiveCandle): boolean =>
      Math.floor(minute / DAY) === Math.floor(own.minute / DAY);
    const mine = ours.filter(sameDay);
    const earlier = reference.filter((one) => sameDay(one) && one.minute < other.minute);
    const tops = mine.map(({ prices }) => prices[1]);
    const bottoms = mine.map(({ prices }) => prices[2]);
    const alone: NaiveCandle[] = [];
    for (const one of earlier) {
      const met = mine.find(({ minute, partial }) => minute === one.minute && !partial);
      if (met === undefined) alone.push(one);
      else {
        tops.push(Math.min(one.prices[1], met.prices[1] + reachOf(met, tick)));
        bottoms.push(Math.max(one.prices[2], met.prices[2] - reachOf(met, tick)));
      }
    }
    const second = (values: number[]): number[] => values.slice(1, 2);
    const top = Math.max(...tops, ...second(alone.map(({ prices }) => prices[1]).sort((a, b) => b - a)));
    const bottom = Math.min(
      ...bottoms,
      ...second(alone.map(({ prices }) => prices[2]).sort((a, b) => a - b)),
    );
    own.prices.forEach((price, field) => {
      const theirs = other.prices[field];
      if (Math.abs(price - theirs) <= tick) return;
      if (own.auction) {
        if (field === 3) result.otherPrints++;
        return;
      }
      const hidden =
        (field === 1 && theirs > price && theirs <= top) ||
        (field === 2 && theirs < price && theirs >= bottom);
      if (!hidden || Math.abs(price - theirs) > reachOf(own, tick)) result.unexplained++;
    });
    if (volumes && own.volume !== other.volume && !own.auction) result.unexplained++;
  }
  return result;
}

export function naiveVerdict(
  pairs: readonly NaivePair[],
  results: readonly NaiveResult[],
): 'pass' | 'prices-agree' | 'fail' {
  let [values, unexplained, lacked, compared] = [0, 0, 0, 0];
  for (const [index, result] of results.entries()) {
    const pair = pairs[index];
    if (pair.reference === undefined || result.compared === 0 || result.missingOurs.length > 0) return 'fail';
    const found = judged(pair);
    if (found.otherPrints > 0) return 'fail';
    values += result.compared * (pair.volumes ? 5 : 4);
    compared += result.compared;
    unexplained += found.unexplained;
    lacked += result.missingReference.length;
  }
  if (pairs.length === 0 || unexplained > values / 1000 || lacked > (lacked + compared) / 100) return 'fail';
  return pairs.every(({ volumes }) => volumes) ? 'pass' : 'prices-agree';
}
