/** Which cases of a file the fast tier runs (docs/testing.md). The tier is `vitest --mode`. */
import { inject, it } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    tier: 'fast' | 'all' | 'long';
    /** Whether only the fast cases of a file run. */
    fastOnly: boolean;
  }
}

const fastOnly = inject('fastOnly');
const isLong = inject('tier') === 'long';

/** `it` for a case that `npm test` passes over: it takes seconds, and a similar one is fast. */
export const slow: ReturnType<typeof it.skipIf> = it.skipIf(fastOnly);

/**
 * `it` for a case of volume, which only `npm run test:long` runs: another of its kind is in `npm run test:all`. The
 * file's other cases are `usual`.
 */
export const long: ReturnType<typeof it.skipIf> = it.skipIf(!isLong);
/** `it` for the other cases of a file with `long` ones: `npm run test:long` passes over them. */
export const usual: ReturnType<typeof it.skipIf> = it.skipIf(isLong);

/** Of a table of cases those before `count`, and in `npm run test:long` those after it. */
export const longAfter = <T>(count: number, rows: readonly T[]): T[] =>
  isLong ? rows.slice(count) : rows.slice(0, count);

/** The rows of a table of cases: all, or in `npm test` the first `count`. */
export const firstOf = <T>(count: number, rows: readonly T[]): T[] =>
  fastOnly ? rows.slice(0, count) : [...rows];
