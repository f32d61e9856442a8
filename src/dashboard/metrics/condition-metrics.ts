/** What a run's operator must know: trading hours, what is not stored, disk room, clock, calendar. */
import { statfsSync } from 'node:fs';
import { single, type MetricSet, type Sample } from './metric-set.js';

/** What only the main thread knows. */
export interface RunCondition {
  /** True if trading of a symbol is continuous by the market's clock, whatever the feed shows. */
  readonly trading: boolean;
  /** Sinks whose last write failed. */
  readonly refusing: number;
  /** Rows in the files that the run wrote, those of earlier runs included. */
  readonly storedRows: number;
  /** Frames not in the journal; undefined with `--no-journal`. */
  readonly journalMissing: number | undefined;
  /** Lag that one packet in a hundred is under, market ms; undefined before the first packet. */
  readonly leastLagMs: number | undefined;
  /** End of the trading calendar, epoch ms; undefined if no symbol's segment has one. */
  readonly calendarEndMs: number | undefined;
}

/** Absolute folders that the run writes to, by the value of label `folder`. */
export type WatchedFolders = Readonly<Record<string, string>>;

/** Bytes that this user may still write into a folder; undefined if the system does not say, as before it is made. */
function freeBytes(folder: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

export function conditionMetrics(
  set: MetricSet,
  condition: () => RunCondition | undefined,
  folders: WatchedFolders,
): void {
  const seconds = (ms: number | undefined): readonly Sample[] =>
    single(ms === undefined ? undefined : ms / 1000);
  set.gauge('tickshard_trading', "1 while trading is continuous by the market's clock.", [], () => {
    const now = condition();
    return single(now === undefined ? undefined : Number(now.trading));
  });
  set.gauge('tickshard_refusing_sinks', 'Sinks whose last write of candles failed.', [], () =>
    single(condition()?.refusing),
  );
  set.gauge(
    'tickshard_stored_rows',
    'Rows in the files that the run wrote, those of earlier runs included.',
    [],
    () => single(condition()?.storedRows),
  );
  set.gauge('tickshard_journal_missing_frames', 'Frames that are not in the journal.', [], () =>
    single(condition()?.journalMissing),
  );
  set.gauge(
    'tickshard_feed_least_lag_seconds',
    'Receive time minus exchange time, of the fastest packet in a hundred; far from 0 a clock is wrong.',
    [],
    () => seconds(condition()?.leastLagMs),
  );
  set.gauge(
    'tickshard_calendar_end_seconds',
    'End of the trading calendar, seconds since the epoch.',
    [],
    () => seconds(condition()?.calendarEndMs),
  );
  set.gauge(
    'tickshard_disk_free_bytes',
    'Room that is left on the disk of a folder of the run.',
    ['folder'],
    () =>
      Object.entries(folders).flatMap(([folder, path]): Sample[] => {
        const bytes = freeBytes(path);
        return bytes === undefined ? [] : [[{ folder }, bytes]];
      }),
  );
}
