/**
 * What a ring's record is, in one word (`RECORD.what` in layout.ts): from the lowest bit its kind, its flags, its row.
 */
const FLAGS_AT = 4;
const KIND_BITS = (1 << FLAGS_AT) - 1;
/** Where the row is in `RECORD.what`, as a shift; below it are kind and flags. */
export const ROW_AT = 8;
/** Rows that a record can name. */
export const MAX_ROWS = 1 << 23;

/** `RECORD.what` of a record. */
export const whatOf = (kind: number, flags: number, row: number): number =>
  kind | (flags << FLAGS_AT) | (row << ROW_AT);
export const kindOf = (what: number): number => what & KIND_BITS;
export const flagsOf = (what: number): number => (what >> FLAGS_AT) & KIND_BITS;
export const rowOf = (what: number): number => what >> ROW_AT;
