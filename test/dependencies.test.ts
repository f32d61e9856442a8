/** Compares the lists of runtime dependencies in docs/dependencies.md with what is installed. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../src/paths.js';

const root = fileURLToPath(packageRoot);
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');

interface Locked {
  readonly version: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly engines?: { readonly node?: string };
  readonly resolved?: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
}

const security = read('docs/security.md');
const page = read('docs/dependencies.md');
const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
const locked = Object.entries(
  (JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> }).packages,
).filter(([path, { dev }]) => path !== '' && dev !== true);
const nameOf = (path: string): string =>
  path.replace(/^node_modules\//, '').replaceAll('/node_modules/', ' > ');

describe('docs/dependencies.md', () => {
  it('lists each runtime dependency as in package.json and package-lock.json, with its reason', () => {
    const rows = page
      .split('## Runtime dependencies')[1]
      .split('\n## ')[0]
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .slice(2);
    const listed = rows.map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
    const expected = Object.entries(dependencies).map(([name, version]) => {
      const found = locked.find(([path]) => path === `node_modules/${name}`)![1];
      expect(found.version, `${name}: pinned to one version`).toBe(version);
      return [name, version, found.license, found.hasInstallScript === true ? 'yes' : 'no'];
    });
    expect(listed.map((cells) => cells.slice(0, 4))).toEqual(expected);
    for (const [name, , , , why] of listed) expect(why, name).toMatch(/\w{3}/);
  });

  it('lists the transitive dependencies', () => {
    const listed = page.split('```\n')[1].trimEnd().split('\n');
    const expected = locked
      .filter(([path]) => !Object.hasOwn(dependencies, nameOf(path)))
      .map(([path, { version, license }]) => `${nameOf(path)} ${version} ${license ?? 'none'}`);
    expect(listed.toSorted()).toEqual(expected.toSorted());
  });

  it('the packages that hold a version for the Parquet library are installed once, and ask for no newer Node', () => {
    for (const name of ['@zenfs/core', 'kerium', 'utilium']) {
      const found = locked.filter(([path]) => path.endsWith(`node_modules/${name}`));
      expect(found.map(([path]) => path)).toEqual([`node_modules/${name}`]);
      expect(found[0][1].engines?.node ?? 'any', name).toMatch(/^(any|>= 18)$/);
    }
  });

  it('no dependency has an install script; each has a hash and comes from the npm registry', () => {
    for (const [path, { hasInstallScript, resolved, integrity }] of locked) {
      expect(hasInstallScript, path).not.toBe(true);
      // Without an address npm uses the registry that it is configured for.
      if (resolved !== undefined) expect(resolved, path).toMatch(/^https:\/\/registry\.npmjs\.org\//);
      expect(integrity, path).toMatch(/^sha512-/);
    }
  });

  it('no file of the program imports a value from a CommonJS package: src/packages.ts says why', () => {
    const isCommonJs = (name: string): boolean =>
      (JSON.parse(read(`node_modules/${name}/package.json`)) as { type?: string }).type !== 'module';
    const names = Object.keys(dependencies).filter(isCommonJs);
    expect(names).toContain('ws');
    const imports = new RegExp(`(?:^import (?!type)[^;]*from|import\\() *'(?:${names.join('|')})[/']`, 'm');
    const files = ['src', 'workers'].flatMap((folder) =>
      readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' }).map(
        (path) => `${folder}/${path}`,
      ),
    );
    const programs = files.filter((path) => path.endsWith('.ts') && !path.startsWith('src/page/'));
    expect(programs.filter((path) => imports.test(read(path)))).toEqual([]);
  });

  it('docs/security.md names only tests and files that exist', () => {
    const named = [...security.matchAll(/`((?:test|src)\/[\w./-]+)`/g)].map(([, path]) => path);
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((path) => !existsSync(`${root}${path}`))).toEqual([]);
  });
});
