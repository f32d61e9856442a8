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

/** `it` for a case that `npm test` passes over: it takes seconds, and a similar one is fast. */
export const slow: ReturnType<typeof it.skipIf> = it.skipIf(fastOnly);

/** The rows of a table of cases: all, or in `npm test` the first `count`. */
export const firstOf = <T>(count: number, rows: readonly T[]): T[] =>
  fastOnly ? rows.slice(0, count) : [...rows];
