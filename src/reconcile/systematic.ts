/**
 * Finds what makes a whole reference differ from ours in one way: labels of another zone or of the candle's end, prices
 * in paise, volumes in lots, and other constants. Each is one sentence. Pure.
 */
import type { CandleRow } from '../candles/candle.js';
import { istDate, MINUTE_MS } from '../market/session.js';
import type { Timeframe } from '../market/timeframe.js';
import { named } from '../text/named.js';
import { nounOf } from './candle-length.js';
import { tickSizeOf } from './field-difference.js';
import { PRICES } from './fields.js';
import {
  powerOfTen,
  priceScale,
  volumeScale,
  type Pair,
  type PriceScale,
  type VolumeScale,
} from './scale.js';
import { shiftOf, stepOf, ZONE_MINUTES, type Unit } from './shift.js';
import type { SymbolPair } from './symbol-comparison.js';
import { nameOf } from '../market/instrument.js';

export interface SystematicDifference {
  /** For the verdict: a clause without capital and full stop. */
  readonly reason: string;
  /** A sentence: what it is, and what to do. */
  readonly note: string;
}

/** Symbols and dates whose times are searched for any distance; what is found there is tried in all. */
const MAX_SEARCHES = 40;
/** Names in a sentence. */
const MAX_NAMES = 5;

interface NamedUnit extends Unit {
  readonly symbol: string;
  readonly date: string;
  /** The reference's of the date, in the files' prices. */
  readonly rows: readonly CandleRow[];
}

/** Days are all together: one says nothing of what they have in common. */
function byIstDate<T>(
  values: readonly T[],
  msOf: (value: T) => number,
  timeframe: Timeframe,
): Map<string, T[]> {
  const by = new Map<string, T[]>();
  for (const value of values) {
    const date = timeframe === '1d' ? '' : istDate(msOf(value));
    const there = by.get(date);
    if (there === undefined) by.set(date, [value]);
    else there.push(value);
  }
  return by;
}

function unitsOf(pairs: readonly SymbolPair[], timeframe: Timeframe): NamedUnit[] {
  return pairs.flatMap((pair) => {
    const { ours, reference } = pair;
    if (reference === undefined) return [];
    const whole = ours.candles.filter(({ partial, source }) => !partial && source !== 'auction');
    const theirs = reference.candles.filter(({ partial }) => !partial).map(({ candle }) => candle);
    const rowsOn = byIstDate(theirs, ({ timestampMs }) => timestampMs, timeframe);
    const all = new Map(theirs.map((row) => [row.timestampMs, row]));
    return [...byIstDate(whole, ({ candle }) => candle.timestampMs, timeframe)].map(([date, candles]) => ({
      symbol: nameOf(pair),
      date,
      ours: candles,
      rows: rowsOn.get(date) ?? [],
      reference: all,
      tickRupees: tickSizeOf(pair.tickSizeRupees).rupees,
      volumes: ours.volumeKind === 'traded' && reference.volumeKind === 'traded',
      timeframe,
    }));
  });
}

/** `5 h 30 min`, `1 min`. */
function durationText(minutes: number): string {
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  return [...(hours > 0 ? [`${hours} h`] : []), ...(rest > 0 ? [`${rest} min`] : [])].join(' ');
}

const ZONE_REMEDY = 'write them with their zone (in pandas tz_localize, then tz_convert)';

/** `shift`: minutes by which the reference is later. */
function shiftTexts(
  shift: number,
  timeframe: Timeframe,
): readonly [what: string, why: string, remedy: string] {
  const what = `${durationText(Math.abs(shift))} ${shift < 0 ? 'earlier than' : 'ahead of'} ours`;
  const step = stepOf(timeframe);
  const noun = nounOf(timeframe);
  const end = `, each labelled by the end of its ${noun}`;
  if (shift === step) return [what, `, as of labels by the end of the ${noun}`, 'label each by its start'];
  if (shift === -step)
    return [what, ', as of labels moved to a start that they had', 'label each by its start'];
  for (const late of [0, step]) {
    const more = late === step ? end : '';
    if (shift === late - ZONE_MINUTES)
      return [what, `, as of UTC written without its zone${more}`, ZONE_REMEDY];
    if (shift === late + ZONE_MINUTES)
      return [what, `, as of Indian time written as UTC and moved once more${more}`, ZONE_REMEDY];
  }
  return [what, ' throughout', `label each by the start of its ${noun} in Indian time`];
}

/** `100 times ours`, `ours divided by 250`. */
const timesOurs = (factor: number): string =>
  factor >= 1
    ? `${Number(factor.toPrecision(4))} times ours`
    : `ours divided by ${Number((1 / factor).toPrecision(4))}`;

const undo = (factor: number): string =>
  factor >= 1
    ? `divide them by ${Number(factor.toPrecision(4))}`
    : `multiply them by ${Number((1 / factor).toPrecision(4))}`;

type Texts = readonly [subject: string, what: string, why: string, remedy: string];

function priceTexts(scale: PriceScale): Texts {
  if (scale.kind === 'factor')
    return [
      'prices',
      timesOurs(scale.factor),
      ', as of prices adjusted for a split or bonus',
      undo(scale.factor),
    ];
  const { rupees, fields } = scale;
  const subject = fields.length === PRICES.length ? 'prices' : `${named(fields)} prices`;
  const amount = `${Number(Math.abs(rupees).toFixed(4))} rupees`;
  const what = `${amount} ${rupees > 0 ? 'above' : 'below'} ours`;
  return [subject, what, ' throughout', 'look for what changes them where they are written'];
}

function volumeTexts(scale: VolumeScale): Texts {
  if (scale.kind === 'zero') return ['volumes', 'all 0', ', where ours are not', 'write the traded quantity'];
  if (scale.kind === 'sums')
    return [
      'volumes',
      "the day's running sums",
      ', not the quantity of each minute',
      'take their differences',
    ];
  const { factor } = scale;
  const why =
    factor < 1
      ? `, as of lots of ${Number((1 / factor).toPrecision(4))}`
      : ', as of quantities where ours were lots';
  return ['volumes', timesOurs(factor), why, undo(factor)];
}

const powerWhy = (factor: number): string =>
  factor === 100
    ? ', as of paise'
    : factor === 0.01
      ? ', as of rupees taken for paise'
      : ', as of another unit';

/** All that is found of one symbol and date. `known`: distances found before; one that is new is added. */
function textsOf(unit: NamedUnit, known: Set<number>, all: boolean): Texts[] {
  const power = powerOfTen(
    unit.ours.map(({ candle }) => candle),
    unit.rows,
  );
  const shift = shiftOf(unit, power, [...known], all);
  if (shift !== 0) known.add(shift);
  const pairs = unit.ours.flatMap((own): Pair[] => {
    const other = unit.reference.get(own.candle.timestampMs + shift * MINUTE_MS);
    if (other === undefined) return [];
    const { open, high, low, close } = other;
    return [
      {
        own,
        other: { ...other, open: open / power, high: high / power, low: low / power, close: close / power },
      },
    ];
  });
  const prices = priceScale(pairs, unit.tickRupees);
  const volumes = unit.volumes ? volumeScale(pairs) : undefined;
  return [
    ...(shift === 0 ? [] : [['times', ...shiftTexts(shift, unit.timeframe)] as const]),
    ...(power === 1 ? [] : [['prices', timesOurs(power), powerWhy(power), undo(power)] as const]),
    ...(prices === undefined ? [] : [priceTexts(prices)]),
    ...(volumes === undefined ? [] : [volumeTexts(volumes)]),
  ];
}

/** Those of only some symbols or dates are named. */
function scopeText(found: readonly NamedUnit[], all: readonly NamedUnit[]): string {
  if (found.length === all.length) return '';
  const distinct = (units: readonly NamedUnit[], key: 'symbol' | 'date'): string[] => [
    ...new Set(units.map((unit) => unit[key])),
  ];
  const parts = (['symbol', 'date'] as const)
    .map((key) => [distinct(found, key), distinct(all, key)])
    .filter(([some, every]) => some.length < every.length)
    .map(([some]) => named(some, MAX_NAMES));
  return parts.length === 0 ? '' : ` of ${parts.join(' on ')}`;
}

/** The most frequent first. `pairs`: the reference's candles also of the days before and after ours. */
export function systematicDifferences(
  pairs: readonly SymbolPair[],
  timeframe: Timeframe = '1m',
): SystematicDifference[] {
  const units = unitsOf(pairs, timeframe);
  const known = new Set<number>();
  const byText = new Map<string, { readonly texts: Texts; readonly units: NamedUnit[] }>();
  units.forEach((unit, k) => {
    for (const texts of textsOf(unit, known, k < MAX_SEARCHES)) {
      const there = byText.get(texts.join());
      if (there === undefined) byText.set(texts.join(), { texts, units: [unit] });
      else there.units.push(unit);
    }
  });
  return [...byText.values()]
    .sort((a, b) => b.units.length - a.units.length)
    .map(({ texts: [subject, what, why, remedy], units: found }) => {
      const head = `${subject} of the reference${scopeText(found, units)} are ${what}`;
      return { reason: `the ${head}`, note: `The ${head}${why}: ${remedy}, and compare again.` };
    });
}
