/** The verdict of a comparison. Pure. */
import { nounOf } from './candle-length.js';
import { UNEXPLAINED_PERCENT } from './defaults.js';
import { percentText } from '../text/percent.js';
import { valuesCompared } from './symbol-comparison.js';
import { count } from '../text/count.js';
import { named } from '../text/named.js';
import type { Comparison, ExcessOfDay } from './comparison.js';
import type { SymbolComparison } from './symbol-comparison.js';
import { nameOf } from '../market/instrument.js';

/**
 * `pass`: every symbol was compared, nothing is missing in ours, and differences of more than a tick have a cause in
 * our quality rows, except for an allowed share. `prices-agree`: the same, but volume could not be compared
 * everywhere. `fail`: anything else.
 *
 * The feed is conflated (docs/protocol.md 7): extremes that were never sent and volume across an edge differ on any
 * day. So a verdict only requires that each difference is within what the frames left open.
 */
type ComparisonVerdict = 'pass' | 'prices-agree' | 'fail';

/** Share of our minutes that the reference may lack: brokers skip some (docs/protocol.md 10). */
const MAX_REFERENCE_MISSING = 0.01;

export interface ComparisonJudgement {
  readonly verdict: ComparisonVerdict;
  /** Without full stops; empty for a pass. */
  readonly reasons: readonly string[];
}

/** Names in a sentence; the table has all. */
const MAX_NAMES = 5;
/** Excesses in a sentence; the report has all. */
const MAX_EXCESSES = 3;

/** `RELIANCE`, or `BSE:RELIANCE` if not on NSE. */

function namesOf(symbols: readonly SymbolComparison[]): string {
  return named(symbols.map(nameOf), MAX_NAMES);
}

/** `sentence` with sum and names of the symbols whose `figure` is not 0; empty without any. */
function summed(
  symbols: readonly SymbolComparison[],
  figure: (symbol: SymbolComparison) => number,
  sentence: (sum: number, names: string) => string,
): string[] {
  const guilty = symbols.filter((symbol) => figure(symbol) > 0);
  if (guilty.length === 0) return [];
  return [
    sentence(
      guilty.reduce((sum, symbol) => sum + figure(symbol), 0),
      namesOf(guilty),
    ),
  ];
}

/** A reason if more minutes are missing than brokers usually skip. */
function missingInReference(symbols: readonly SymbolComparison[], noun: string): string[] {
  const lacked = symbols.reduce((sum, { missing }) => sum + missing.reference.length, 0);
  const there = symbols.reduce((sum, { compared }) => sum + compared, 0);
  if (lacked <= (lacked + there) * MAX_REFERENCE_MISSING) return [];
  return summed(
    symbols,
    ({ missing }) => missing.reference.length,
    (sum, names) => `${count(sum, noun)} of ours missing in the reference (${names})`,
  );
}

/** Fields of whole minutes that differ without a cause. */
export function unexplained(symbols: readonly SymbolComparison[]): number {
  return symbols.reduce((sum, { judged }) => sum + judged.unexplained, 0);
}

/** A reason if there are too many. */
function tooManyUnexplained(symbols: readonly SymbolComparison[], percent: number): string[] {
  const sum = unexplained(symbols);
  const values = valuesCompared(symbols);
  if (sum * 100 <= values * percent) return [];
  return summed(
    symbols,
    ({ judged }) => judged.unexplained,
    (differences, names) =>
      `${count(differences, 'difference')} that nothing explains, ${percentText(differences / values)} of the values where ${percent} % may be (${names})`,
  );
}

/** Fields of whole minutes that differ with a cause. */
export function explained(symbols: readonly SymbolComparison[]): number {
  return symbols.reduce(
    (sum, { judged }) => sum + Object.values(judged).reduce((all, one) => all + one, 0) - judged.unexplained,
    0,
  );
}

/** E.g. `low of TCS on 2026-11-23 (310 of 360 minutes, at most 95 at 1.5 packets a second)`. */
function excessText(
  { symbol, exchange, date, side, minutes, what, found, allowed, packetRate }: ExcessOfDay,
  noun: string,
): string {
  const whose = symbol === undefined ? 'all symbols' : nameOf({ symbol, exchange: exchange ?? 'NSE' });
  const rate = `${packetRate.toFixed(1)} packets a second`;
  const how =
    what === 'share'
      ? `${found} of ${count(minutes, noun)}, at most ${allowed} at ${rate}`
      : `${found.toFixed(1)} ticks in the mean, at most ${allowed.toFixed(1)} at ${rate}`;
  return `${side} of ${whose} on ${date} (${how})`;
}

/** A reason if more has a cause than a conflated feed can hide, or further away. */
function excessReasons(excesses: readonly ExcessOfDay[], noun: string): string[] {
  if (excesses.length === 0) return [];
  return [
    `more differs than the feed can hide: ${named(
      excesses.map((one) => excessText(one, noun)),
      MAX_EXCESSES,
    )}`,
  ];
}

/** `objections`: reasons not to compare these folders at all, and what differs throughout. */
export function judge(
  { symbols, excesses, timeframe }: Comparison,
  objections: readonly string[],
  unexplainedPercent = UNEXPLAINED_PERCENT,
): ComparisonJudgement {
  const noun = nounOf(timeframe);
  const referenced = symbols.filter(({ referenceFound }) => referenceFound);
  const reasons = [
    ...objections,
    ...(symbols.some(({ compared }) => compared > 0) ? [] : ['nothing could be compared']),
    ...summed(
      symbols,
      ({ referenceFound }) => (referenceFound ? 0 : 1),
      (_, names) => `the reference has nothing of ${names}`,
    ),
    ...summed(
      referenced,
      ({ compared }) => (compared > 0 ? 0 : 1),
      (_, names) => `no ${noun} is whole on both sides for ${names}`,
    ),
    ...tooManyUnexplained(symbols, unexplainedPercent),
    ...excessReasons(excesses, noun),
    ...summed(
      symbols,
      ({ otherPrints }) => otherPrints,
      (sum, names) => `${count(sum, 'closing auction')} of another price (${names})`,
    ),
    ...summed(
      symbols,
      ({ missing }) => missing.ours.length,
      (sum, names) => `${count(sum, noun)} of the reference missing in ours (${names})`,
    ),
    ...missingInReference(referenced, noun),
  ];
  if (reasons.length > 0) return { verdict: 'fail', reasons };
  const unmeasured = symbols.filter(({ volumeCompared }) => !volumeCompared);
  if (unmeasured.length > 0)
    return {
      verdict: 'prices-agree',
      reasons: [
        `volume could not be compared for ${unmeasured.length === symbols.length ? 'any symbol' : namesOf(unmeasured)}: a side counts ticks`,
      ],
    };
  return { verdict: 'pass', reasons: [] };
}
