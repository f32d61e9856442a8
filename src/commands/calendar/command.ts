/** `tickshard calendar`: which days are known, and from where; `add` takes a list of days into the user's file. */
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { defineCommand } from '../../cli/command.js';
import type { ValuesOf } from '../../cli/options/table.js';
import { usage } from '../../cli/values.js';
import { SystemClock } from '../../clock.js';
import { EngineError, EXIT, sentenceOf } from '../../errors.js';
import { SEGMENTS, type Segment } from '../../market/instrument.js';
import {
  DAY_MS,
  istDate,
  istMinute,
  istMs,
  type TradingDay,
  type TradingSession,
} from '../../market/session.js';
import {
  sessionsPath,
  tradingCalendar,
  TradingCalendar,
  readUserDays,
} from '../../market/trading-calendar.js';
import { USER_DAYS_PATH, userDaysText } from '../../market/user-days.js';
import { writeWhole } from '../../text/atomic-file.js';
import { count } from '../../text/count.js';
import { readDays } from './holiday-list.js';
import { mergeDays } from './merge.js';

type CalendarOptions = ValuesOf<'calendar'>;

/** The list of a year has some kilobytes. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Of the view, from today. */
const NEXT_DAYS = 45;

/** Rows of a segment with hours of their own, as shown. */
const KINDS = [
  { label: 'with derivatives', derivatives: true, index: false },
  { label: 'without', derivatives: false, index: false },
  { label: 'indices', derivatives: true, index: true },
] as const;

function hoursText({ openMs, closeMs, auction }: TradingSession): string {
  const text = `${istMinute(openMs)} to ${istMinute(closeMs)}`;
  return auction === undefined ? text : `${text}, auction ${istMinute(auction.labelMs)}`;
}

interface SegmentView {
  readonly segment: Segment;
  readonly coveredFrom: string;
  readonly coveredUntil: string;
  readonly shippedUntil: string;
  readonly file: string;
  readonly userDays: number;
  /** Today's, by kind of instrument; why it is shut or a guess. */
  readonly today: readonly string[];
  /** Days that are not as the weekday's rule has them, from tomorrow. */
  readonly next: readonly { readonly date: string; readonly text: string }[];
}

/** A day in words; `shut` comes before the reason of one without trading. */
function dayText(day: TradingDay, shut = ''): string {
  if (day.kind === 'shut') return `${shut}${day.reason}`;
  return `${hoursText(day.session)}${day.kind === 'unknown' ? ` (assumed: ${day.reason})` : ''}`;
}

/** Today in one line for each kind whose hours differ. */
function todayOf(calendar: TradingCalendar, segment: Segment, date: string): string[] {
  const texts = KINDS.map(({ label, ...kind }) => ({
    label,
    text: dayText(calendar.of(segment).day(date, kind), 'shut: '),
  }));
  if (new Set(texts.map(({ text }) => text)).size === 1) return [texts[0].text];
  const first = texts.filter(({ text }, k) => texts.findIndex((one) => one.text === text) === k);
  return first.map(({ label, text }) => `${label} ${text}`);
}

function nextOf(calendar: TradingCalendar, segment: Segment, today: string): SegmentView['next'] {
  const next: { date: string; text: string }[] = [];
  const own = calendar.user[segment]?.days ?? {};
  for (let k = 1; k <= NEXT_DAYS; k++) {
    const date = istDate(istMs(today, '00:00') + k * DAY_MS);
    if (calendar.of(segment).shippedWord(date) === undefined && !Object.hasOwn(own, date)) continue;
    const text = dayText(calendar.of(segment).day(date, true));
    next.push({ date, text: Object.hasOwn(own, date) ? `${text}, from ${own[date].source}` : text });
  }
  return next;
}

function viewsOf(calendar: TradingCalendar, today: string): SegmentView[] {
  return SEGMENTS.map((segment) => {
    const { from, to } = calendar.of(segment).covered;
    return {
      segment,
      coveredFrom: from,
      coveredUntil: to,
      shippedUntil: calendar.of(segment).shippedUntil,
      file: sessionsPath(segment),
      userDays: Object.keys(calendar.user[segment]?.days ?? {}).length,
      today: todayOf(calendar, segment, today),
      next: nextOf(calendar, segment, today),
    };
  });
}

function viewText(views: readonly SegmentView[], today: string, warnings: readonly string[]): string {
  const lines = views.flatMap(({ segment, coveredFrom, coveredUntil, file, userDays, today: now }) => [
    `${segment}  covered ${coveredFrom} to ${coveredUntil}, from ${file}${userDays === 0 ? '' : ` and ${count(userDays, 'day')} of ${USER_DAYS_PATH}`}`,
    ...now.map((text) => `     ${today}: ${text}`),
  ]);
  const byText = new Map<string, { date: string; segments: Segment[]; text: string }>();
  for (const { segment, next } of views)
    for (const { date, text } of next) {
      const known = byText.get(`${date} ${text}`);
      if (known === undefined) byText.set(`${date} ${text}`, { date, segments: [segment], text });
      else known.segments.push(segment);
    }
  const next = [...byText.values()].sort((a, b) => (a.date < b.date ? -1 : 1));
  return [
    ...lines,
    '',
    `The next ${NEXT_DAYS} days, but for Saturdays and Sundays:`,
    ...next.map(({ date, segments, text }) => `  ${date}  ${segments.join(', ')}: ${text}`),
    ...(next.length === 0 ? ['  no day is known to be shut or special'] : []),
    ...warnings.map((warning) => `Warning: ${warning}`),
  ].join('\n');
}

function show(json: boolean, out: (text: string) => void): number {
  const calendar = tradingCalendar();
  const today = istDate(new SystemClock().wallMs());
  const views = viewsOf(calendar, today);
  const warnings = calendar.endings(SEGMENTS, today);
  out(
    json
      ? JSON.stringify({ today, userFile: USER_DAYS_PATH, segments: views, warnings }, null, 2)
      : viewText(views, today, warnings),
  );
  return EXIT.pass;
}

function textOf(path: string): string {
  try {
    if (statSync(path).size > MAX_BYTES)
      throw new EngineError('CONFIG', `${path} has more than ${MAX_BYTES} bytes: that is no list of days.`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError('CONFIG', `${path} cannot be read (${sentenceOf(error)}).`, { cause: error });
  }
}

function add({ list, segments, json }: CalendarOptions, out: (text: string) => void): number {
  const found = readDays(textOf(list), { name: basename(list).slice(0, 100), segments });
  const { days, changes, conflicts } = mergeDays(tradingCalendar(), found.days);
  const text = userDaysText(days);
  writeWhole(
    USER_DAYS_PATH,
    text,
    (reason) => `${USER_DAYS_PATH} cannot be written (${reason}): the calendar is as it was.`,
  );
  // What was written is what the next run reads.
  const calendar = new TradingCalendar(readUserDays());
  const covered = SEGMENTS.filter((segment) => found.days[segment] !== undefined).map((segment) => ({
    segment,
    until: calendar.of(segment).covered.to,
  }));
  const sentences = [
    ...found.notes,
    ...conflicts.map((conflict) => `Conflict: ${conflict}`),
    `${count(changes, 'day')} new or changed in ${USER_DAYS_PATH}; covered: ${covered.map(({ segment, until }) => `${segment} until ${until}`).join(', ')}.`,
  ];
  out(
    json
      ? JSON.stringify({ file: USER_DAYS_PATH, changes, notes: found.notes, conflicts, covered }, null, 2)
      : sentences.join('\n'),
  );
  return EXIT.pass;
}

export const command = defineCommand<'calendar', CalendarOptions>({
  about:
    'The shipped hours and holidays are in data/sessions; your own days are in data/test/calendar/days.json and win. NSE publishes its list as JSON at https://www.nseindia.com/api/holiday-master?type=trading (save it from your browser). Your own days: docs/sessions.md.',
  exitCodes: {
    0: 'shown, or added',
    2: 'usage, a file that is no list of days, or a calendar file that is not valid',
  },
  example: 'tickshard calendar add holidays-2027.json',
  check: (values) => {
    const { action, list, segments } = values;
    if (action === 'add' && list === '')
      throw usage("calendar add needs a FILE: NSE's list of holidays, or your own days.");
    if (action === 'show' && list !== '')
      throw usage(`calendar show takes no file, and \`${list}\` is given.`);
    if (action === 'show' && segments !== undefined) throw usage('--segments belongs to calendar add.');
    return values;
  },
  run: (options) => {
    const out = (text: string): void => void process.stdout.write(`${text}\n`);
    return options.action === 'add' ? add(options, out) : show(options.json, out);
  },
  printsOnly: ({ action }) => action === 'show',
});
