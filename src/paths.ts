/** Where the package's own files are. Everything runs from `dist/`, so this file is always `dist/src/paths.js`. */

/** The package's root folder, as a file URL ending in `/`. */
export const packageRoot = new URL('../../', import.meta.url);

/** A file that the package ships, by its path from the root, e.g. `data/instruments/nifty50.json`. */
export function shipped(path: string): URL {
  return new URL(path, packageRoot);
}
