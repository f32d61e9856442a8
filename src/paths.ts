/** Where the package's own files are, and what it says of itself. Everything runs from `dist/`, so this file is always `dist/src/paths.js`. */

import { readFileSync } from 'node:fs';

/** The package's root folder, as a file URL ending in `/`. */
export const packageRoot = new URL('../../', import.meta.url);

/** A file that the package ships, by its path from the root, e.g. `data/instruments/nifty50.json`. */
export function shipped(path: string): URL {
  return new URL(path, packageRoot);
}

/** What the package says of itself. */
function manifest(): { readonly version: string; readonly dependencies: Readonly<Record<string, string>> } {
  return JSON.parse(readFileSync(shipped('package.json'), 'utf8')) as ReturnType<typeof manifest>;
}

/** The package's own version. */
export function programVersion(): string {
  return manifest().version;
}

/** Versions of what else a run depends on: Node, the system, and the packages that run with it. */
export function dependencyVersions(): Readonly<Record<string, string>> {
  return {
    node: process.versions.node,
    system: `${process.platform} ${process.arch}`,
    ...manifest().dependencies,
  };
}
