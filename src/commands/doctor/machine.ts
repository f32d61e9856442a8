/** Checks of this machine, as pure functions of its figures. */
import { SEGMENTS } from '../../market/instrument.js';
import { istDate, istStamp } from '../../market/session.js';
import type { TradingCalendar } from '../../market/trading-calendar.js';
import { failed, passed, warned, type Check } from './check.js';

/** Major versions on which `.ci/run` runs the tests, and the oldest minor version of the first. */
const TESTED_MAJORS = [20, 22, 24, 26];
const MIN_MINOR = 19;
/** A day of 50 symbols and its log has tens of megabytes; an atomic write needs room for a second copy. */
const MIN_FREE_BYTES = 200 * 2 ** 20;
const AMPLE_FREE_BYTES = 2 ** 30;
/** Reported clock skew, and skew that makes one-time passwords wrong: half of their validity. */
const REPORTED_SKEW_MS = 2000;
const MAX_SKEW_MS = 15_000;

/** `version` as in `process.versions.node`. */
export function nodeCheck(version: string, platform: string): Check {
  const [major, minor] = version.split('.').map(Number);
  const observed = `${version} on ${platform}`;
  const [oldest] = TESTED_MAJORS;
  if (major < oldest || (major === oldest && minor < MIN_MINOR))
    return failed('node', observed, `Install Node ${oldest}.${MIN_MINOR} or later.`);
  if (!TESTED_MAJORS.includes(major))
    return warned(
      'node',
      observed,
      `It will probably do; tests are run on Node ${TESTED_MAJORS.join(', ')}.`,
    );
  return passed('node', observed);
}

export function coresCheck(cores: number): Check {
  if (cores >= 2) return passed('cores', String(cores));
  return warned(
    'cores',
    String(cores),
    'The socket and the workers share one core: enough for one symbol, not for fifty in a burst.',
  );
}

/** `free`: bytes on the disk of `folder`. */
export function diskCheck(free: number, folder: string): Check {
  const observed = `${free >= 2 ** 30 ? `${(free / 2 ** 30).toFixed(1)} GB` : `${Math.floor(free / 2 ** 20)} MB`} free for ${folder}`;
  if (free < MIN_FREE_BYTES)
    return failed(
      'disk',
      observed,
      'Make room, or name another folder with --out: candles that cannot be written are lost when the run ends.',
    );
  if (free < AMPLE_FREE_BYTES) return warned('disk', observed, 'Enough for a run, not for many.');
  return passed('disk', observed);
}

/** For stocks with derivatives. A shut market passes. A calendar of any segment that ends soon is a warning. */
export function marketCheck(all: TradingCalendar, nowMs: number): Check {
  const calendar = all.of('NSE');
  const day = calendar.day(istDate(nowMs), true);
  const next = calendar.nextOpenMs(nowMs, true);
  const opens = next === undefined ? 'on a day that the session data does not cover' : istStamp(next);
  const open = day.kind !== 'shut' && nowMs >= day.session.openMs && nowMs < day.session.closeMs;
  const observed = open
    ? `open until ${istStamp(day.session.closeMs)}`
    : `shut at ${istStamp(nowMs)}${day.kind === 'shut' ? ` (${day.reason})` : ''}; opens ${opens}`;
  if (day.kind === 'unknown')
    return warned(
      'market',
      observed,
      `The hours are assumed (${day.reason}): look for a newer version, or check the exchange's calendar yourself.`,
    );
  const endings = all.endings(SEGMENTS, istDate(nowMs));
  return endings.length > 0 ? warned('market', observed, endings.join(' ')) : passed('market', observed);
}

/** `aheadMs`: this machine's clock minus the server's `Date`, to about half a second. */
export function clockCheck(aheadMs: number): Check {
  const seconds = (Math.abs(aheadMs) / 1000).toFixed(1);
  const observed =
    Math.abs(aheadMs) < REPORTED_SKEW_MS
      ? "agrees with the server's to a second or two"
      : `${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} the server's`;
  const remedy = 'Set it by NTP (timedatectl set-ntp true; on Windows w32tm /resync).';
  if (Math.abs(aheadMs) >= MAX_SKEW_MS)
    return failed('clock', observed, `One-time passwords come out wrong, and minutes with them. ${remedy}`);
  if (Math.abs(aheadMs) >= REPORTED_SKEW_MS)
    return warned('clock', observed, `Gate lag would name it as skew. ${remedy}`);
  return passed('clock', observed);
}
