/** `RECORD.what` of layout.ts, one 32-bit word: bits 0-3 kind, 4-7 flags, 8-30 row. */
const FLAGS_AT = 4;
const KIND_BITS = (1 << FLAGS_AT) - 1;
/** Shift of the row. */
export const ROW_AT = 8;
/** Rows that a record can name. */
export const MAX_ROWS = 1 << 23;

/** Packs a `RECORD.what`. */
export const whatOf = (kind: number, flags: number, row: number): number =>
  kind | (flags << FLAGS_AT) | (row << ROW_AT);
export const kindOf = (what: number): number => what & KIND_BITS;
export const flagsOf = (what: number): number => (what >> FLAGS_AT) & KIND_BITS;
export const rowOf = (what: number): number => what >> ROW_AT;
