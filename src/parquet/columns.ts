/** The columns of the two files, and the zone of their times. */

/** Arrow's names. `timestamp` is an instant in ms with a zone for display. */
export type ColumnType = 'string' | 'double' | 'int64' | 'boolean' | 'timestamp';

export interface Column<Name extends string = string> {
  readonly name: Name;
  readonly type: ColumnType;
}

/** A column of any file: `type` is a ColumnType or another type's plain name, e.g. `int32`. */
export interface FoundColumn {
  readonly name: string;
  readonly type: string;
}

/** The spellings of Indian time in existing files. A file keeps its own. */
export type Zone = '+05:30' | 'Asia/Kolkata';

/** True if this program writes `zone`. */
export function isIndianZone(zone: string | undefined): zone is Zone {
  return zone === '+05:30' || zone === 'Asia/Kolkata';
}

/** The existing data's schema, in its order. */
export const CANDLE_COLUMNS = [
  { name: 'symbol', type: 'string' },
  { name: 'exchange', type: 'string' },
  { name: 'timestamp', type: 'timestamp' },
  { name: 'open', type: 'double' },
  { name: 'high', type: 'double' },
  { name: 'low', type: 'double' },
  { name: 'close', type: 'double' },
  { name: 'volume', type: 'int64' },
] as const satisfies readonly Column[];

/** One row for each candle. */
export const QUALITY_COLUMNS = [
  { name: 'timestamp', type: 'timestamp' },
  { name: 'ticks', type: 'int64' },
  { name: 'price_changes', type: 'int64' },
  { name: 'partial', type: 'boolean' },
  { name: 'revision', type: 'int64' },
  { name: 'late', type: 'int64' },
  { name: 'gap_ms', type: 'int64' },
  { name: 'source', type: 'string' },
  { name: 'vol_slack', type: 'int64' },
  { name: 'repaired', type: 'boolean' },
  { name: 'coverage', type: 'double' },
  { name: 'max_age_ms', type: 'int64' },
  { name: 'tail', type: 'boolean' },
  { name: 'oi_high', type: 'int64' },
  { name: 'oi_low', type: 'int64' },
  { name: 'oi_close', type: 'int64' },
] as const satisfies readonly Column[];
