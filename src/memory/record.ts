/** `RECORD.what` of layout.ts, one 32-bit word: bits 0-3 kind, 4-7 flags, 8-30 row. */
const FLAGS_AT = 4;
const KIND_BITS = (1 << FLAGS_AT) - 1;
/** Shift of the row. */
export const ROW_AT = 8;
/** Rows that a record can name. */
export const MAX_ROWS = 1 << 23;

/**
 * Why a span of market time was not seen: the run had not begun, its connection ended, the feed was mute, the run
 * ended. A GAP's `what` has the index.
 */
export const GAP_CAUSES = ['start', 'connection', 'silence', 'end'] as const;
export type GapCause = (typeof GAP_CAUSES)[number];

/** Packs a `RECORD.what`. */
export const whatOf = (kind: number, flags: number, row: number): number =>
  kind | (flags << FLAGS_AT) | (row << ROW_AT);
export const kindOf = (what: number): number => what & KIND_BITS;
export const flagsOf = (what: number): number => (what >> FLAGS_AT) & KIND_BITS;
export const rowOf = (what: number): number => what >> ROW_AT;
