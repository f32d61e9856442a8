/** Times as people and programs write them. */

/** Smaller numbers are seconds: the year 5138 as seconds, 1973 as milliseconds. So are the next ones. */
const MIN_EPOCH_MS = 1e11;
const MIN_EPOCH_MICROSECONDS = 1e14;
const MIN_EPOCH_NANOSECONDS = 1e17;

export interface Instant {
  /** Epoch ms, with a fraction. */
  readonly ms: number;
  /** False if Indian time was taken, for want of a zone. */
  readonly zoned: boolean;
}

function epochMs(value: number): number {
  const size = Math.abs(value);
  if (size < MIN_EPOCH_MS) return value * 1000;
  if (size < MIN_EPOCH_MICROSECONDS) return value;
  return size < MIN_EPOCH_NANOSECONDS ? value / 1000 : value / 1e6;
}

/**
 * The instant that a number of seconds, milliseconds, microseconds or nanoseconds since 1970 names, or a text such as
 * `2026-11-23 09:15:00.25+05:30`; a day of the week may follow. Undefined for anything else.
 */
export function instantOf(value: unknown): Instant | undefined {
  if (typeof value === 'number')
    return Number.isFinite(value) ? { ms: epochMs(value), zoned: true } : undefined;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  const match =
    /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?(?: +[A-Za-z]+)?$/.exec(
      text,
    );
  if (match === null) return undefined;
  const [, date, time, zone = '+05:30'] = match;
  const ms = Date.parse(
    `${date}T${time}${zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone}`,
  );
  return Number.isNaN(ms) ? undefined : { ms, zoned: match[3] !== undefined };
}
