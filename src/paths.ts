/** The package's own files and manifest. This file is always `dist/src/paths.js`. */

import { readFileSync } from 'node:fs';

/** A file URL ending in `/`. */
export const packageRoot = new URL('../../', import.meta.url);

/** A file by its path from the root, e.g. `data/instruments/nifty50.json`. */
export function shipped(path: string): URL {
  return new URL(path, packageRoot);
}

function manifest(): { readonly version: string; readonly dependencies: Readonly<Record<string, string>> } {
  return JSON.parse(readFileSync(shipped('package.json'), 'utf8')) as ReturnType<typeof manifest>;
}

export function programVersion(): string {
  return manifest().version;
}

/** Of Node, the system and the package's dependencies. */
export function dependencyVersions(): Readonly<Record<string, string>> {
  return {
    node: process.versions.node,
    system: `${process.platform} ${process.arch}`,
    ...manifest().dependencies,
  };
}
