/**
 * Days from outside: NSE's list of trading holidays as it is published (JSON of
 * `https://www.nseindia.com/api/holiday-master?type=trading`, or CSV), and a file of the user's own. Untrusted, so
 * every member is checked, and what is wrong is refused with its place.
 */
import { EngineError, sentenceOf } from '../../errors.js';
import { isDate, type CoveredSpan, type SegmentDays, type UserDay } from '../../market/calendar-file.js';
import { SEGMENTS, type Segment } from '../../market/instrument.js';
import { checkUserDay, type UserDays } from '../../market/user-days.js';
import { isObject } from '../../text/json.js';
import { named } from '../../text/named.js';
import { RowFinder, separatorOf } from '../../ticks/csv.js';

export interface FoundDays {
  readonly days: UserDays;
  /** What was taken for what, and what was left out, a sentence each. */
  readonly notes: readonly string[];
}

interface ListContext {
  /** The file's name, for sentences and as source of its days. */
  readonly name: string;
  /** By `--segments`; undefined: as the list says. */
  readonly segments: readonly Segment[] | undefined;
}

/** NSE's keys and the segments whose days they are. BSE has kept NSE's days (docs/sessions.md). */
const NSE_KEYS: Readonly<Record<string, readonly Segment[]>> = {
  CM: ['NSE', 'BSE'],
  FO: ['NFO', 'BFO'],
  CD: ['CDS'],
};
/** Commodities on NSE: MCX shares their sessions, but its own list decides, so only `--segments MCX` takes it. */
const COMMODITY_KEY = 'COM';
/** A list without a segment is that of shares. */
const EQUITY_SEGMENTS: readonly Segment[] = ['NSE', 'BSE', 'NFO', 'BFO'];
/** A list with this number of dates of a year is its whole list: NSE's had 13 to 20 since 2019. */
const WHOLE_YEAR_DATES = 10;
/** Characters in which a CSV's separator is counted: quoted cells of a header may span lines. */
const HEADER_LENGTH = 100;
const EVENING_OPENS = '17:00';
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

function refused({ name }: ListContext, what: string): EngineError {
  return new EngineError('CONFIG', `${name} ${what}.`);
}

/** `YYYY-MM-DD` of the ways in which lists write a date: 26-Jan-2026, January 26, 2026, 26/01/2026. */
export function dateOf(text: string): string | undefined {
  const clean = text.trim().replace(/\s+/g, ' ');
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(clean) ?? [];
  const made = (y: string, m: number, d: string): string | undefined => {
    const date = `${y}-${String(m).padStart(2, '0')}-${d.padStart(2, '0')}`;
    return isDate(date) ? date : undefined;
  };
  if (year !== undefined) return made(year, Number(month), day);
  const [, d1, name1, y1] = /^(\d{1,2})[- /]([A-Za-z]{3,9})[-, /]+(\d{4})$/.exec(clean) ?? [];
  if (d1 !== undefined) return made(y1, MONTHS.indexOf(name1.slice(0, 3).toLowerCase()) + 1, d1);
  const [, name2, d2, y2] = /^([A-Za-z]{3,9}) (\d{1,2}),? (\d{4})$/.exec(clean) ?? [];
  if (d2 !== undefined) return made(y2, MONTHS.indexOf(name2.slice(0, 3).toLowerCase()) + 1, d2);
  const [, d3, m3, y3] = /^(\d{1,2})[-/](\d{1,2})[-/](\d{4})$/.exec(clean) ?? [];
  return d3 === undefined ? undefined : made(y3, Number(m3), d3);
}

interface ListedDay {
  readonly place: string;
  readonly date: unknown;
  readonly weekDay: unknown;
  readonly description: unknown;
  /** `Open` or `Closed`, in lists of commodities. */
  readonly morning: unknown;
  readonly evening: unknown;
}

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

/** A printable reason of one line. */
function reasonOf(description: string): string {
  return description
    .replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 150);
}

function dayOf(day: ListedDay, source: string): UserDay {
  const text = reasonOf(String(day.description));
  const reason = text.replace(/[*#^$ ]+$/, '') || 'holiday';
  const is = (value: unknown, what: string): boolean =>
    typeof value === 'string' && value.trim().toLowerCase().startsWith(what);
  // The star is NSE's mark of a day with a Muhurat session, whose hours come by circular.
  if (/[*#^$]$/.test(text) || /muhurat/i.test(text)) return { unknown: reason, source };
  if (is(day.morning, 'open') && is(day.evening, 'close'))
    return { reason: `${reason}: morning session only`, closes: EVENING_OPENS, source };
  if (is(day.morning, 'close') && is(day.evening, 'open'))
    return { reason: `${reason}: evening session only`, opens: EVENING_OPENS, source };
  return { shut: reason, source };
}

/** Throws EngineError CONFIG for a day without a date that can be read, or whose weekday is another. */
function segmentDays(listed: readonly ListedDay[], context: ListContext): SegmentDays {
  const days: Record<string, UserDay> = {};
  const years = new Map<string, number>();
  for (const day of listed) {
    const date = typeof day.date === 'string' ? dateOf(day.date) : undefined;
    if (date === undefined)
      throw refused(context, `has no date that can be read in ${day.place} (as in 26-Jan-2027)`);
    const weekday = WEEKDAYS[new Date(`${date}T00:00:00Z`).getUTCDay()];
    const said = typeof day.weekDay === 'string' ? day.weekDay.trim().toLowerCase() : '';
    if (said.length >= 3 && !weekday.startsWith(said.slice(0, 3)))
      throw refused(
        context,
        `calls ${date} a ${said} in ${day.place}, and it is a ${weekday}: which is wrong, day or date`,
      );
    if (typeof day.description !== 'string' || day.description.trim() === '')
      throw refused(context, `has no description of ${date} in ${day.place}`);
    if (!Object.hasOwn(days, date)) years.set(date.slice(0, 4), (years.get(date.slice(0, 4)) ?? 0) + 1);
    days[date] = dayOf(day, `${context.name}, ${day.place.replace(/\[.*/, '')}`);
  }
  const covered = [...years].flatMap(([year, dates]) =>
    dates >= WHOLE_YEAR_DATES ? [{ from: `${year}-01-01`, to: `${year}-12-31` }] : [],
  );
  return { days, covered };
}

/** The segments among `all`, by `--segments`. */
function chosen(all: readonly Segment[], { segments }: ListContext): readonly Segment[] {
  return segments === undefined ? all : all.filter((segment) => segments.includes(segment));
}

function shortYears({ days, covered }: SegmentDays): string[] {
  const years = [...new Set(Object.keys(days).map((date) => date.slice(0, 4)))];
  return years.filter((year) => !covered.some(({ from }) => from.startsWith(year)));
}

function noteOf(key: string, segments: readonly Segment[], own: SegmentDays): string[] {
  const short = shortYears(own);
  const dates = Object.keys(own.days).length;
  return [
    `${key}: ${dates} dates, for ${segments.join(' and ')}.`,
    ...(short.length > 0
      ? [
          `${key} has too few dates to be the whole list of ${named(short)}: its days are taken, and other days of that year stay assumed.`,
        ]
      : []),
  ];
}

/** NSE's JSON, keyed by segment. */
function fromNse(data: Record<string, unknown>, context: ListContext): FoundDays {
  const days: Partial<Record<Segment, SegmentDays>> = {};
  const notes: string[] = [];
  const left: string[] = [];
  for (const [key, list] of Object.entries(data)) {
    const commodity = key === COMMODITY_KEY && context.segments?.includes('MCX') === true;
    const takers = commodity ? (['MCX'] as const) : chosen(NSE_KEYS[key] ?? [], context);
    if (takers.length === 0) {
      left.push(key);
      continue;
    }
    if (!Array.isArray(list) || list.length === 0) throw refused(context, `has no list of days in ${key}`);
    const listed = list.map((row: unknown, k): ListedDay => {
      const { tradingDate, weekDay, description, morning_session, evening_session } = isObject(row)
        ? row
        : {};
      return {
        ...{ place: `${key}[${k}]`, date: tradingDate, weekDay, description },
        ...{ morning: morning_session, evening: evening_session },
      };
    });
    const own = segmentDays(listed, context);
    for (const segment of takers) days[segment] = own;
    notes.push(...noteOf(key, takers, own));
  }
  if (left.length > 0) notes.push(`Left out: ${named(left)}.`);
  if (Object.keys(days).length === 0)
    throw refused(
      context,
      `has none of the segments ${Object.keys(NSE_KEYS).join(', ')}${context.segments === undefined ? '' : ` that --segments ${context.segments.join(',')} asks for`}`,
    );
  return { days, notes };
}

/** The user's own days: `docs/sessions.md`, "Your own days". */
function fromOwn(data: Record<string, unknown>, context: ListContext): FoundDays {
  const days: Partial<Record<Segment, { days: Record<string, UserDay>; covered: CoveredSpan[] }>> = {};
  const of = (segment: Segment): { days: Record<string, UserDay>; covered: CoveredSpan[] } =>
    (days[segment] ??= { days: {}, covered: [] });
  const segmentsOf = (value: unknown, place: string): readonly Segment[] => {
    const asked = value ?? context.segments ?? EQUITY_SEGMENTS;
    if (
      !Array.isArray(asked) ||
      asked.length === 0 ||
      !asked.every((one) => SEGMENTS.includes(one as Segment))
    )
      throw refused(context, `needs \`segments\` in ${place}: a list of ${SEGMENTS.join(', ')}`);
    return asked as Segment[];
  };
  const list = data.days ?? [];
  const spans = data.covered ?? [];
  if (!Array.isArray(list) || !Array.isArray(spans) || list.length + spans.length === 0)
    throw refused(context, 'has no list `days`: docs/sessions.md has an example');
  for (const [k, row] of (list as unknown[]).entries()) {
    const { date, segments, ...day } = isObject(row) ? row : {};
    const place = `days[${k}]`;
    if (!isDate(date)) throw refused(context, `needs a date YYYY-MM-DD in ${place}`);
    const own = { ...day, source: context.name };
    checkUserDay(own, (needed) => {
      throw refused(context, `needs, in ${place}, ${needed}`);
    });
    for (const segment of segmentsOf(segments, place)) of(segment).days[date] = own as UserDay;
  }
  for (const [k, row] of (spans as unknown[]).entries()) {
    const { from, to, segments } = isObject(row) ? row : {};
    if (!isDate(from) || !isDate(to) || to < from)
      throw refused(context, `needs two dates \`from\` and \`to\` in covered[${k}]`);
    for (const segment of segmentsOf(segments, `covered[${k}]`)) of(segment).covered.push({ from, to });
  }
  const counted = Object.entries(days).map(([segment, own]) => `${segment} ${Object.keys(own.days).length}`);
  return { days, notes: [`Days of your own: ${counted.join(', ')}.`] };
}

/** A CSV with the columns of NSE's page: date, day, description; in lists of commodities the sessions too. */
function fromCsv(text: string, context: ListContext): FoundDays {
  const finder = new RowFinder(separatorOf(text.slice(0, HEADER_LENGTH)));
  const rows = [...finder.take(text), ...finder.end()];
  const cellsOf = (row: (typeof rows)[number]): string[] =>
    (row.cells ?? []).map((cell) => cell.replace(/\s+/g, ' ').trim());
  const filled = rows.filter((row) => row.wrong !== undefined || cellsOf(row).some((cell) => cell !== ''));
  const header = filled.length === 0 ? [] : cellsOf(filled[0]).map((cell) => cell.toLowerCase());
  const column = (...names: readonly RegExp[]): number =>
    header.findIndex((cell) => names.some((name) => name.test(cell)));
  const at = {
    date: column(/^(trading ?)?date$/, /^holiday date$/),
    day: column(/^(week ?)?day$/),
    description: column(/^(description|holidays?|occasion|reason)$/),
    morning: column(/^morning/),
    evening: column(/^evening/),
  };
  if (at.date < 0 || at.description < 0)
    throw refused(
      context,
      'is neither JSON nor a CSV with the columns of NSE\'s list ("Sr. No", "Date", "Day", "Description")',
    );
  const listed = filled.slice(1).map((row): ListedDay => {
    if (row.wrong !== undefined) throw refused(context, `has a row in line ${row.line} that is ${row.wrong}`);
    const cells = cellsOf(row);
    const cell = (k: number): unknown => (k < 0 ? undefined : cells[k]);
    return {
      ...{ place: `line ${row.line}`, date: cell(at.date), weekDay: cell(at.day) },
      ...{ description: cell(at.description), morning: cell(at.morning), evening: cell(at.evening) },
    };
  });
  if (listed.length === 0) throw refused(context, 'has no row below its header');
  const own = segmentDays(listed, context);
  const takers = context.segments ?? EQUITY_SEGMENTS;
  return {
    days: Object.fromEntries(takers.map((segment) => [segment, own])),
    notes: noteOf('The list', takers, own),
  };
}

/** Reads a file's text. Throws EngineError CONFIG with one sentence. */
export function readDays(text: string, context: ListContext): FoundDays {
  const clean = text.replace(/^\ufeff/, '').trim();
  if (clean === '') throw refused(context, 'is empty');
  if (clean.startsWith('<'))
    throw refused(
      context,
      'is a web page, not the list: NSE answers so to programs; save the JSON or CSV from your browser',
    );
  if (!clean.startsWith('{') && !clean.startsWith('[')) return fromCsv(clean, context);
  let data: unknown;
  try {
    data = JSON.parse(clean);
  } catch (error) {
    throw refused(context, `is no JSON (${sentenceOf(error)})`);
  }
  if (!isObject(data))
    throw refused(context, 'is a list, where one by segment or an object with `days` is read');
  return 'days' in data || 'covered' in data ? fromOwn(data, context) : fromNse(data, context);
}
