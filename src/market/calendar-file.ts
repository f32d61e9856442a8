/**
 * The file of trading hours, `data/sessions/nse-sessions.json`, which users edit. Any error in it is refused with
 * place and reason before anything uses it.
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
  readonly appliesTo: 'all' | 'derivatives' | 'others';
}

/** A session outside the rule: its reason, and its hours once announced. */
type SpecialSession = string | ({ readonly reason: string } & Hours);

/** The contents that are used. */
export interface CalendarData {
  readonly regular: readonly RegularHours[];
  readonly holidays: Readonly<Record<string, string>>;
  readonly special: Readonly<Record<string, SpecialSession>>;
  readonly coveredUntil: string;
}

const TIME = /^([01]\d|2[0-3]):[0-5]\d$/;
const MAX_SHOWN_LENGTH = 80;
const MAX_REASON_LENGTH = 200;

/** Throws: a place's value is not what is needed. */
type Refuse = (place: string, value: unknown, needed: string) => never;

function isDate(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    /^\d{4}-\d{2}-\d{2}$/.test(value) &&
    new Date(`${value}T00:00:00Z`).toJSON()?.slice(0, 10) === value
  );
}

const isTime = (value: unknown): value is string => typeof value === 'string' && TIME.test(value);
const isWindow = (value: unknown): value is TimeWindow =>
  Array.isArray(value) && value.length === 2 && value.every(isTime) && value[0] < value[1];
/** One short line, because it is shown. */
const isReason = (value: unknown): value is string =>
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
  const { from, to, appliesTo } = row;
  if (!isDate(from)) return refuse(`${place}.from`, from, 'a date YYYY-MM-DD');
  if (to !== undefined && !(isDate(to) && to >= from))
    return refuse(`${place}.to`, to, 'a date YYYY-MM-DD not before `from`');
  if (!['all', 'derivatives', 'others'].includes(appliesTo as string))
    return refuse(`${place}.appliesTo`, appliesTo, '`all`, `derivatives` or `others`');
  checkHours(row, place, refuse);
}

/** True if the row applies to stocks with (or without) derivatives. */
export function applies(row: RegularHours, derivatives: boolean): boolean {
  return row.appliesTo === 'all' || row.appliesTo === (derivatives ? 'derivatives' : 'others');
}

/** Each kind of stock has hours, and no date has two rows. */
function checkKinds(regular: readonly RegularHours[], refuse: Refuse): void {
  for (const derivatives of [true, false]) {
    const rows = regular.flatMap((row, k) => (applies(row, derivatives) ? [{ row, k }] : []));
    if (rows.length === 0)
      refuse(
        'regular',
        regular.map(({ appliesTo }) => appliesTo),
        `hours for stocks ${derivatives ? 'with' : 'without'} derivatives`,
      );
    for (const { row, k } of rows) {
      const other = rows.find(
        (one) => one.k < k && one.row.from <= (row.to ?? '9999') && row.from <= (one.row.to ?? '9999'),
      );
      if (other !== undefined)
        refuse(
          `regular[${k}]`,
          row.from,
          `dates that regular[${other.k}] does not have already for the same stocks`,
        );
    }
  }
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
    if (!isReason(value.reason)) refuse(`${place}.reason`, value.reason, REASON);
    checkHours(value, place, refuse);
  });
  if (!isDate(coveredUntil)) return refuse('coveredUntil', coveredUntil, 'a date YYYY-MM-DD');
  return data as unknown as CalendarData;
}
