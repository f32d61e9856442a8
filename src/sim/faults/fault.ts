/** One fault of the command line, `NAME[:key=value,...]`, checked against the catalogue. */

import { EngineError } from '../../errors.js';
import { namedBy, nameOf, type Listing } from '../../market/instrument.js';
import { boundsOf, CATALOGUE, FAULT_NAMES, isFaultName, type Argument, type FaultName } from './catalogue.js';

export interface Fault {
  readonly name: FaultName;
  /** As for `parseFault`. */
  readonly text: string;
  /** Every argument, given or default; a symbol not given is ''. */
  readonly values: Readonly<Record<string, number | string>>;
}

/** Throws RangeError if the fault has no number of that name. */
export function numberOf({ name, values }: Fault, key: string): number {
  const value = values[key];
  if (typeof value !== 'number') throw new RangeError(`${name} has no number ${key}`);
  return value;
}

/** Throws EngineError USAGE with what may be given. */
export function parseFault(text: string): Fault {
  const colon = text.indexOf(':');
  const name = colon < 0 ? text : text.slice(0, colon);
  if (!isFaultName(name))
    throw refusal(
      `--fault takes NAME[:key=value,...], and no fault is named \`${name}\`: there are ${FAULT_NAMES.join(', ')}.`,
    );
  const { takes } = CATALOGUE[name];
  const given = new Map<string, string>();
  for (const pair of colon < 0 ? [] : text.slice(colon + 1).split(',')) {
    const equals = pair.indexOf('=');
    const key = equals < 0 ? pair : pair.slice(0, equals);
    if (equals < 0 || !Object.hasOwn(takes, key))
      throw refusal(
        `--fault ${name} takes ${listOf(Object.keys(takes).map((one) => `${one}=`))}, not \`${pair}\`.`,
      );
    if (given.has(key)) throw refusal(`--fault ${name}: ${key} is given twice.`);
    given.set(key, pair.slice(equals + 1));
  }
  const values = Object.fromEntries(
    Object.entries(takes).map(([key, argument]) => [key, valueOf(name, key, argument, given.get(key))]),
  );
  return Object.freeze({ name, text, values: Object.freeze(values) });
}

/** Throws EngineError USAGE for an instrument that the market lacks. */
export function checkSymbols(faults: readonly Fault[], listings: readonly Listing[]): void {
  for (const { name, values } of faults) {
    const { symbol = '' } = values;
    if (symbol === '' || namedBy(String(symbol), listings) !== undefined) continue;
    const symbols = listings.slice(0, 5).map(nameOf);
    throw refusal(
      `--fault ${name}: symbol takes one of this market's names (${symbols.join(', ')}${listings.length > symbols.length ? ', ...' : ''}), not \`${symbol}\`.`,
    );
  }
}

function valueOf(
  name: FaultName,
  key: string,
  argument: Argument,
  text: string | undefined,
): number | string {
  if (text === undefined) return argument.kind === 'symbol' ? '' : argument.preset;
  const bad = (): EngineError =>
    refusal(`--fault ${name}: ${key} takes ${boundsOf(argument)}, not \`${text}\`.`);
  switch (argument.kind) {
    case 'number': {
      const value = (argument.whole ? /^-?\d{1,9}$/ : /^-?\d{1,9}(\.\d{1,6})?$/).test(text)
        ? Number(text)
        : Number.NaN;
      if (!(value >= argument.min && value <= argument.max) || argument.except?.holds(value) === true)
        throw bad();
      return value;
    }
    case 'word':
      if (!argument.words.includes(text)) throw bad();
      return text;
    case 'symbol':
      if (text === '') throw bad();
      return text;
  }
}

function listOf(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)!}`;
}

function refusal(sentence: string): EngineError {
  return new EngineError('USAGE', sentence);
}
