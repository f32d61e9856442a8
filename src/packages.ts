/** CommonJS packages. */
import { createRequire } from 'node:module';

/**
 * A CommonJS package, for its caller to cast to its type. `import` has Node search all of its source for the names of
 * exports first: of `ws` that takes 70 ms of CPU time, and `require` 20 (docs/performance.md).
 */
export const requirePackage = createRequire(import.meta.url) as (name: string) => unknown;
