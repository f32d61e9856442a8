/**
 * A segment's file of trading hours, e.g. `data/sessions/nse-sessions.json`, which users edit. Any error in it is
 * refused with place and reason before anything uses it.
 */
import { EngineError } from '../errors.js';
import { isObject } from '../text/json.js';

/** Two times of a day, `HH:mm`, half-open. */
type TimeWindow = readonly [string, string];

export interface Hours {
  readonly continuous: TimeWindow;
  /** The closing auction, and the minute that labels its candle. */
  readonly auction?: { readonly window: TimeWindow; readonly label: string };
  /** How long trades still reach the feed after the continuous trading, ms, and why; default DEFAULT_TAIL_MS. */
  readonly tailMs?: number;
  readonly tailEvidence?: string;
}

/**
 * The tail of hours that do not say theirs, market ms: as measured after the 15:30 close of 2026-01-16
 * (docs/feed-behaviour.md, "Measured", fact 3); elsewhere extrapolated.
 */
export const DEFAULT_TAIL_MS = 2000;
/** The official close replaces the last price within minutes (fact 5), so a tail is short. */
const MAX_TAIL_MS = 10_000;

/** In force from `from` to `to`, both included; without `to`, until further notice. */
export interface RegularHours extends Hours {
  readonly from: string;
  readonly to?: string;
  readonly appliesTo: AppliesTo;
  /** Contracts on these names only; rows without names are for the others. */
  readonly names?: readonly string[];
}

/** `indices` go by the rows of `derivatives` where no row is theirs. */
type AppliesTo = 'all' | 'derivatives' | 'others' | 'indices';

/** The regular hours, cut: a commodity's evening or morning session. */
interface CutHours {
  readonly opens?: string;
  readonly closes?: string;
}

/** A session outside the rule: its reason, and its hours once announced. */
type SpecialSession = string | ({ readonly reason: string } & (Hours | CutHours));

export const isCut = (special: Hours | CutHours): special is CutHours => !('continuous' in special);

/** What decides the hours of an instrument of a segment. */
export interface HoursKind {
  readonly derivatives: boolean;
  readonly index?: boolean;
  /** Of the underlying. */
  readonly name?: string | undefined;
}

/** The contents that are used. */
export interface CalendarData {
  readonly regular: readonly RegularHours[];
  readonly holidays: Readonly<Record<string, string>>;
  readonly special: Readonly<Record<string, SpecialSession>>;
  readonly coveredUntil: string;
}

/** Dates from `from` to `to`, both included. */
export interface CoveredSpan {
  readonly from: string;
  readonly to: string;
}

/** Shut; open with hours of its own, or the regular ones cut; or open with hours that are not known. */
export type UserDay = { readonly source: string } & (
  | { readonly shut: string }
  | { readonly unknown: string }
  | {
      readonly reason: string;
      readonly continuous?: readonly [string, string];
      readonly opens?: string;
      readonly closes?: string;
    }
);

export interface SegmentDays {
  /** By date. */
  readonly days: Readonly<Record<string, UserDay>>;
  /** Dates on which a day that is not listed goes by the rule of its weekday, and is no guess. */
  readonly covered: readonly CoveredSpan[];
}

const TIME = /^([01]\d|2[0-3]):[0-5]\d$/;
const MAX_SHOWN_LENGTH = 80;
const MAX_REASON_LENGTH = 200;

/** Throws: a place's value is not what is needed. */
type Refuse = (place: string, value: unknown, needed: string) => never;

/** `YYYY-MM-DD`, and a day that exists. */
export function isDate(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    /^\d{4}-\d{2}-\d{2}$/.test(value) &&
    new Date(`${value}T00:00:00Z`).toJSON()?.slice(0, 10) === value
  );
}

export const isTime = (value: unknown): value is string => typeof value === 'string' && TIME.test(value);
export const isWindow = (value: unknown): value is TimeWindow =>
  Array.isArray(value) && value.length === 2 && value.every(isTime) && value[0] < value[1];
/** One short line, because it is shown. */
export const isReason = (value: unknown): value is string =>
  typeof value === 'string' &&
  value.length <= MAX_REASON_LENGTH &&
  !/[\u0000-\u001f\u007f-\u009f]/.test(value);

const WINDOW = 'two times HH:mm, the earlier one first';
const REASON = `a reason of one line, at most ${MAX_REASON_LENGTH} characters`;

/** A session's tail, market ms. */
export const isTailMs = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_TAIL_MS;

function checkTail({ tailMs, tailEvidence }: Record<string, unknown>, place: string, refuse: Refuse): void {
  if (tailMs !== undefined && !isTailMs(tailMs))
    refuse(`${place}.tailMs`, tailMs, `a whole number of ms from 0 to ${MAX_TAIL_MS}`);
  if (tailEvidence !== undefined && !isReason(tailEvidence))
    refuse(`${place}.tailEvidence`, tailEvidence, REASON);
}

function checkHours(hours: Record<string, unknown>, place: string, refuse: Refuse): void {
  const { continuous, auction } = hours;
  if (!isWindow(continuous)) return refuse(`${place}.continuous`, continuous, WINDOW);
  checkTail(hours, place, refuse);
  if (auction === undefined) return;
  if (!isObject(auction)) return refuse(`${place}.auction`, auction, 'an object with `window` and `label`');
  const { window, label } = auction;
  if (!isWindow(window) || window[0] < continuous[1])
    return refuse(`${place}.auction.window`, window, `${WINDOW}, after the continuous trading`);
  if (!isTime(label) || label < continuous[1] || label >= window[1])
    refuse(
      `${place}.auction.label`,
      label,
      'a time HH:mm between the end of the continuous trading and the end of the window',
    );
}

function checkRegular(row: unknown, place: string, refuse: Refuse): void {
  if (!isObject(row)) return refuse(place, row, 'an object');
  const { from, to, appliesTo, names } = row;
  if (!isDate(from)) return refuse(`${place}.from`, from, 'a date YYYY-MM-DD');
  if (to !== undefined && !(isDate(to) && to >= from))
    return refuse(`${place}.to`, to, 'a date YYYY-MM-DD not before `from`');
  if (!['all', 'derivatives', 'others', 'indices'].includes(appliesTo as string))
    return refuse(`${place}.appliesTo`, appliesTo, '`all`, `derivatives`, `others` or `indices`');
  if (names !== undefined && !(Array.isArray(names) && names.length > 0 && names.every(isReason)))
    return refuse(`${place}.names`, names, 'a list of names');
  checkHours(row, place, refuse);
}

/** The rows for instruments of one kind, in the file's order. */
export function rowsFor(
  regular: readonly RegularHours[],
  { derivatives, index = false, name }: HoursKind,
): readonly RegularHours[] {
  const own = regular.some((row) => row.appliesTo === 'indices') ? 'indices' : 'derivatives';
  const kind = index ? own : derivatives ? 'derivatives' : 'others';
  const rows = regular.filter(({ appliesTo }) => appliesTo === 'all' || appliesTo === kind);
  const named = rows.filter(({ names }) => name !== undefined && names?.includes(name) === true);
  return named.length > 0 ? named : rows.filter(({ names }) => names === undefined);
}

/** Each kind of instrument has hours, and no date has two rows. */
function checkKinds(regular: readonly RegularHours[], refuse: Refuse): void {
  const names = [undefined, ...new Set(regular.flatMap((row) => row.names ?? []))];
  for (const [derivatives, index] of [
    [true, false],
    [false, false],
    [true, true],
  ] as const)
    for (const name of names) {
      const rows = rowsFor(regular, { derivatives, index, name });
      if (rows.length === 0)
        refuse(
          'regular',
          regular.map(({ appliesTo }) => appliesTo),
          `hours for stocks ${derivatives ? 'with' : 'without'} derivatives`,
        );
      checkOverlaps(regular, rows, refuse);
    }
}

function checkOverlaps(
  regular: readonly RegularHours[],
  rows: readonly RegularHours[],
  refuse: Refuse,
): void {
  for (const [k, row] of rows.entries()) {
    const other = rows
      .slice(0, k)
      .find((one) => one.from <= (row.to ?? '9999') && row.from <= (one.to ?? '9999'));
    if (other !== undefined)
      refuse(
        `regular[${regular.indexOf(row)}]`,
        row.from,
        `dates that regular[${regular.indexOf(other)}] does not have already for the same stocks`,
      );
  }
}

/** A special session that cuts the regular hours, else hours of its own. */
function checkSpecial(special: Record<string, unknown>, place: string, refuse: Refuse): void {
  const { reason, opens, closes, continuous } = special;
  if (!isReason(reason)) refuse(`${place}.reason`, reason, REASON);
  if (continuous !== undefined || (opens === undefined && closes === undefined))
    return checkHours(special, place, refuse);
  for (const [name, time] of Object.entries({ opens, closes }))
    if (time !== undefined && !isTime(time)) refuse(`${place}.${name}`, time, 'a time HH:mm');
}

function checkDates(
  list: unknown,
  name: string,
  refuse: Refuse,
  check: (value: unknown, place: string) => void,
): void {
  if (!isObject(list)) return refuse(name, list, 'an object of dates');
  for (const [date, value] of Object.entries(list)) {
    if (!isDate(date)) refuse(name, date, 'dates YYYY-MM-DD');
    check(value, `${name}["${date}"]`);
  }
}

/** For a sentence: short lists in full, anything larger or nested by its kind. */
function shown(value: unknown): string {
  if (value === undefined) return 'absent';
  const flat = (item: unknown): boolean => typeof item !== 'object' || item === null;
  if (Array.isArray(value) && (value.length > 4 || !value.every(flat))) return 'a list';
  if (isObject(value)) return Object.keys(value).length === 0 ? '{}' : 'an object';
  const text = JSON.stringify(value);
  return text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}…` : text;
}

/** Reads the file's text. Throws EngineError CONFIG with `where`, the place and reason of the first error. */
export function parseCalendar(text: string, where: string): CalendarData {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new EngineError(
      'CONFIG',
      `${where} is no JSON (${error instanceof Error ? error.message : ''}): mend it, or take the shipped one.`,
      { cause: error },
    );
  }
  const refuse: Refuse = (place, value, needed) => {
    throw new EngineError('CONFIG', `${where}: ${place} is ${shown(value)}; it needs ${needed}.`);
  };
  if (!isObject(data)) return refuse('the file', data, 'an object');
  const { regular, holidays, special, coveredUntil } = data;
  if (!Array.isArray(regular) || regular.length === 0) return refuse('regular', regular, 'a list of hours');
  for (const [k, row] of regular.entries()) checkRegular(row, `regular[${k}]`, refuse);
  checkKinds(regular as RegularHours[], refuse);
  checkDates(holidays, 'holidays', refuse, (value, place) => {
    if (!isReason(value)) refuse(place, value, REASON);
  });
  checkDates(special, 'special', refuse, (value, place) => {
    if (isReason(value)) return;
    if (!isObject(value))
      return refuse(place, value, `${REASON}, or an object with \`reason\` and \`continuous\``);
    checkSpecial(value, place, refuse);
  });
  if (!isDate(coveredUntil)) return refuse('coveredUntil', coveredUntil, 'a date YYYY-MM-DD');
  return data as unknown as CalendarData;
}
