/** Adds days to the user's. Pure. */
import type { CoveredSpan, SegmentDays, UserDay } from '../../market/calendar-file.js';
import { SEGMENTS, type Segment } from '../../market/instrument.js';
import { dayAfter } from '../../market/session.js';
import type { TradingCalendar } from '../../market/trading-calendar.js';
import type { UserDays } from '../../market/user-days.js';

/** A day without its source, in words. */
function dayText(day: UserDay): string {
  if ('shut' in day) return `shut (${day.shut})`;
  if ('unknown' in day) return `a special session without hours (${day.unknown})`;
  const { reason, continuous, opens, closes } = day;
  const hours =
    continuous === undefined
      ? [opens && `from ${opens}`, closes && `to ${closes}`].filter((part) => part !== undefined).join(' ')
      : continuous.join(' to ');
  return `open ${hours} (${reason})`;
}

/** Overlapping and adjoining spans as one. */
function joined(spans: readonly CoveredSpan[]): CoveredSpan[] {
  const all: CoveredSpan[] = [];
  for (const span of [...spans].sort((a, b) => (a.from < b.from ? -1 : 1))) {
    const last = all.at(-1);
    const next = last && dayAfter(last.to);
    if (last === undefined || span.from > next!) all.push(span);
    else if (span.to > last.to) all[all.length - 1] = { from: last.from, to: span.to };
  }
  return all;
}

export interface MergedDays {
  readonly days: UserDays;
  /** New or changed, over all segments. */
  readonly changes: number;
  /** Where the user's day and another one differ, a sentence each. */
  readonly conflicts: readonly string[];
}

const isShut = (text: string): boolean => text.startsWith('shut');
/** Without the reason: two names of a holiday are no conflict. */
const hoursOf = (day: UserDay): string => dayText(day).replace(/ \(.*\)$/, '');

/**
 * The user's days with those `added`, which win over earlier ones. A conflict is a day that an earlier file or the
 * shipped calendar has otherwise.
 */
export function mergeDays(calendar: TradingCalendar, added: UserDays): MergedDays {
  const before = calendar.user;
  const days: Partial<Record<Segment, SegmentDays>> = { ...before };
  const conflicts: string[] = [];
  let changes = 0;
  for (const segment of SEGMENTS) {
    const own = added[segment];
    if (own === undefined) continue;
    const known = before[segment] ?? { days: {}, covered: [] };
    for (const [date, day] of Object.entries(own.days)) {
      const earlier = Object.hasOwn(known.days, date) ? known.days[date] : undefined;
      if (earlier === undefined || dayText(earlier) !== dayText(day)) changes++;
      const shipped = calendar.of(segment).shippedWord(date);
      if (earlier !== undefined && hoursOf(earlier) !== hoursOf(day))
        conflicts.push(
          `${segment} ${date}: now ${dayText(day)}; ${earlier.source} had it ${dayText(earlier)}.`,
        );
      else if (earlier === undefined && shipped !== undefined && isShut(shipped) !== isShut(dayText(day)))
        conflicts.push(`${segment} ${date}: now ${dayText(day)}; the shipped calendar has it ${shipped}.`);
    }
    days[segment] = {
      days: { ...known.days, ...own.days },
      covered: joined([...known.covered, ...own.covered]),
    };
  }
  return { days, changes, conflicts };
}
