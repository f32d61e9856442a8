/** Values of options as they are typed, read into what they mean. Each throws EngineError USAGE with one sentence that names the option. */
import { EngineError } from '../errors.js';
import { DEFAULT_AT } from '../limits.js';
import { DAY_MS, istDate, istMs } from '../market/session.js';

/** A refusal of what was typed. */
export function usage(sentence: string): EngineError {
  return new EngineError('USAGE', sentence);
}

interface Range {
  readonly min: number;
  readonly max: number;
}

/** A number in plain decimal notation within bounds; throws EngineError USAGE naming the option otherwise. */
export function numberOption(
  name: string,
  text: string,
  { min, max }: Range,
  options: { readonly whole?: boolean; readonly unit?: string } = {},
): number {
  const { whole = true, unit = '' } = options;
  const value = (whole ? /^\d{1,15}$/ : /^\d{1,15}(\.\d{1,9})?$/).test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw usage(
    `--${name} takes a ${whole ? 'whole ' : ''}number from ${min} to ${max}${unit === '' ? '' : ` (${unit})`}, not \`${text}\`.`,
  );
}

/** Epoch ms of an IST time such as `2026-11-23T11:00`, seconds and `+05:30` optional; throws EngineError USAGE naming the option otherwise. */
export function timeOption(name: string, text: string): number {
  const parts = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(?:\+05:30)?$/.exec(text);
  const value = parts === null ? Number.NaN : istMs(parts[1], parts[2]);
  // Date.parse takes 31 February for 3 March.
  const sameDay =
    parts !== null &&
    Number.isFinite(value) &&
    new Date(value - (value % 1) + 19_800_000).toISOString().startsWith(parts[1]);
  if (sameDay && value > DAY_MS) return value;
  throw usage(`--${name} takes Indian time as YYYY-MM-DDTHH:mm, e.g. ${DEFAULT_AT}, not \`${text}\`.`);
}

/** An IST date, `YYYY-MM-DD`, or undefined; throws EngineError USAGE naming the option otherwise. */
export function dateOption(name: string, text: string | undefined): string | undefined {
  const right =
    text === undefined ||
    (/^\d{4}-\d{2}-\d{2}$/.test(text) &&
      istMs(text, '00:00') > DAY_MS &&
      istDate(istMs(text, '00:00')) === text);
  if (!right) throw usage(`--${name} takes a date as YYYY-MM-DD, not \`${text}\`.`);
  return text;
}

/** A path, or undefined; throws EngineError USAGE for what can be none. */
export function pathOption(name: string, text: string | undefined): string | undefined {
  if (text !== undefined && (text.trim() === '' || text.includes('\0')))
    throw usage(`--${name} takes a path.`);
  return text;
}

/** The names of `--symbols`; throws EngineError USAGE for an empty one. */
export function symbolsOption(text: string | undefined): readonly string[] | undefined {
  const symbols = text?.split(',').map((symbol) => symbol.trim());
  if (symbols?.some((symbol) => symbol === '') === true)
    throw usage(`--symbols takes names separated by commas, not \`${text!}\`.`);
  return symbols;
}
