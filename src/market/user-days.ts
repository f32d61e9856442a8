/**
 * The user's own days of the trading calendar: `data/test/calendar/days.json`, written by `tickshard calendar add` and
 * read with the shipped files, over which it wins. Any error in it is refused with place and reason.
 */
import { EngineError, sentenceOf } from '../errors.js';
import { isObject } from '../text/json.js';
import { isDate, isReason, isTime, isWindow, type SegmentDays } from './calendar-file.js';
import { SEGMENTS, type Segment } from './instrument.js';

/** Where it lies, from the folder that the program is started in. */
export const USER_DAYS_PATH = 'data/test/calendar/days.json';
const VERSION = 1;

export type UserDays = Readonly<Partial<Record<Segment, SegmentDays>>>;

/** Throws what `refuse` throws unless `day` is one of a user. `source` is not looked at. */
export function checkUserDay(day: unknown, refuse: (needed: string) => never): void {
  if (!isObject(day)) return refuse('an object');
  const { shut, unknown, reason, continuous, opens, closes } = day;
  const said = [shut, unknown, reason].filter((one) => one !== undefined);
  if (said.length !== 1 || !isReason(said[0]) || said[0].trim() === '')
    return refuse('one of `shut`, `unknown` and `reason`, with a text of one line, at most 200 characters');
  if (reason === undefined) return;
  if (continuous !== undefined) {
    if (!isWindow(continuous)) refuse('`continuous` with two times HH:mm, the earlier one first');
    return;
  }
  const times = [opens, closes].filter((one) => one !== undefined);
  if (times.length === 0 || !times.every(isTime))
    refuse('`continuous` with two times HH:mm, or `opens` or `closes` with one');
}

/** Reads the file's text. Throws EngineError CONFIG. */
export function parseUserDays(text: string, where: string): UserDays {
  const fail = (what: string): never => {
    throw new EngineError('CONFIG', `${where} ${what}: mend it, or remove it and add your days again.`);
  };
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    return fail(`is no JSON (${sentenceOf(error)})`);
  }
  if (!isObject(data) || data.version !== VERSION || !isObject(data.segments))
    return fail(`is no file of days, which has \`version\` ${VERSION} and \`segments\``);
  for (const [segment, value] of Object.entries(data.segments)) {
    if (!(SEGMENTS as readonly string[]).includes(segment)) fail(`names the segment \`${segment}\``);
    if (!isObject(value) || !isObject(value.days) || !Array.isArray(value.covered))
      return fail('has a segment without `days` and `covered`');
    for (const [date, day] of Object.entries(value.days)) {
      if (!isDate(date)) return fail(`has \`${String(date)}\` among the dates of ${segment}`);
      checkUserDay(day, (needed) => fail(`needs, for ${segment} on ${date}, ${needed}`));
      if (!isReason((day as Record<string, unknown>).source)) fail(`has no source of ${segment} on ${date}`);
    }
    for (const span of value.covered as unknown[])
      if (!isObject(span) || !isDate(span.from) || !isDate(span.to) || span.to < span.from)
        fail(`has a span of ${segment} without two dates \`from\` and \`to\``);
  }
  return data.segments;
}

/** The file's text, dates in order. */
export function userDaysText(days: UserDays): string {
  const segments = SEGMENTS.flatMap((segment) => {
    const own = days[segment];
    if (own === undefined) return [];
    const sorted = Object.fromEntries(Object.entries(own.days).sort(([a], [b]) => (a < b ? -1 : 1)));
    return [[segment, { covered: own.covered, days: sorted }] as const];
  });
  return `${JSON.stringify({ version: VERSION, segments: Object.fromEntries(segments) }, null, 1)}\n`;
}
