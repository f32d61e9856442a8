/** What a comparison comes to. Pure. */
import { PRICES } from './comparison.js';
import type { Comparison, SymbolComparison } from './comparison.js';

/**
 * `pass`: every symbol was compared, all prices exact or within one tick, all volumes exact, nothing missing. `prices-agree`: the same,
 * but volume could not be compared everywhere. `fail`: anything else.
 */
export type Verdict = 'pass' | 'prices-agree' | 'fail';

export interface Judgement {
  readonly verdict: Verdict;
  /** Why it is no pass, without full stops; empty for a pass. */
  readonly reasons: readonly string[];
}

/** Names in a sentence; the table has them all. */
const NAMES = 5;

/** `RELIANCE`, or `BSE:RELIANCE` for another exchange than NSE. */
export function nameOf({ symbol, exchange }: { readonly symbol: string; readonly exchange: string }): string {
  return exchange === 'NSE' ? symbol : `${exchange}:${symbol}`;
}

/** `1 minute`, `2 minutes`. */
export function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function namesOf(symbols: readonly SymbolComparison[]): string {
  const more = symbols.length - NAMES;
  return `${symbols.slice(0, NAMES).map(nameOf).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** `sentence` over the symbols for which `figure` is not 0, with the sum; nothing when there is none. */
function summed(symbols: readonly SymbolComparison[], figure: (symbol: SymbolComparison) => number, sentence: (sum: number, names: string) => string): string[] {
  const guilty = symbols.filter((symbol) => figure(symbol) > 0);
  if (guilty.length === 0) return [];
  return [sentence(guilty.reduce((sum, symbol) => sum + figure(symbol), 0), namesOf(guilty))];
}

/** The verdict over all symbols. `objection`: what speaks against comparing these folders at all, whatever is in them. */
export function judge({ symbols }: Comparison, objection: string | undefined): Judgement {
  const referenced = symbols.filter(({ referenceFound }) => referenceFound);
  const reasons = [
    ...(objection === undefined ? [] : [objection]),
    ...(symbols.some(({ compared }) => compared > 0) ? [] : ['nothing could be compared']),
    ...summed(symbols, ({ referenceFound }) => (referenceFound ? 0 : 1), (_, names) => `the reference has no file for ${names}`),
    ...summed(referenced, ({ compared }) => (compared > 0 ? 0 : 1), (_, names) => `no minute is whole on both sides for ${names}`),
    ...summed(symbols, ({ fields }) => PRICES.reduce((sum, field) => sum + fields[field].different, 0), (sum, names) => `${counted(sum, 'price')} more than one tick apart (${names})`),
    ...summed(symbols, ({ fields }) => fields.volume.different, (sum, names) => `${counted(sum, 'volume')} not equal (${names})`),
    ...summed(symbols, ({ missing }) => missing.ours.length, (sum, names) => `${counted(sum, 'minute')} of the reference missing in ours (${names})`),
    ...summed(referenced, ({ missing }) => missing.reference.length, (sum, names) => `${counted(sum, 'minute')} of ours missing in the reference (${names})`),
  ];
  if (reasons.length > 0) return { verdict: 'fail', reasons };
  const unmeasured = symbols.filter(({ volumeCompared }) => !volumeCompared);
  if (unmeasured.length > 0) return { verdict: 'prices-agree', reasons: [`volume could not be compared for ${unmeasured.length === symbols.length ? 'any symbol' : namesOf(unmeasured)}: a side counts ticks`] };
  return { verdict: 'pass', reasons: [] };
}
