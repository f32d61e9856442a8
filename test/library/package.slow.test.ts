/**
 * The package as `npm pack` makes it, installed into an empty folder: its size, no warning, ten lines of TypeScript
 * that print candles, and what importing it changes. Needs the npm registry. `.ci/run` runs it on each version of Node.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { packageRoot, shipped } from '../../src/paths.js';
import { inFolder } from '../parquet/candles.js';

const MAX_TARBALL_BYTES = 1_000_000;

/** As in README, "Use it from TypeScript". */
function readmeProgram(): string {
  const [, program] = /## Use it from TypeScript[\s\S]*?```ts\n([\s\S]*?)```/.exec(
    readFileSync(shipped('README.md'), 'utf8'),
  )!;
  return program;
}

const IMPORTS = `
import net from 'node:net';
import fs from 'node:fs';
const look = () => JSON.stringify({
  globals: Object.getOwnPropertyNames(globalThis).sort(),
  listeners: process.eventNames().map(String).sort(),
});
const [connect, open, before] = [net.Socket.prototype.connect, fs.openSync, look()];
const reads = [];
// Node and its parts read variables of their own.
const isOurs = () => /tickshard.dist/.test(new Error().stack.split('\\n')[3]);
process.env = new Proxy(process.env, { get: (target, name) => (isOurs() && reads.push(String(name)), target[name]) });
for (const path of ['', '/wire', '/sim', '/journal', '/compare']) await import('tickshard' + path);
console.log(JSON.stringify({
  same: net.Socket.prototype.connect === connect && fs.openSync === open && look() === before,
  reads,
  files: fs.readdirSync('.').sort(),
}));
`;

it('installs without a warning, prints candles in ten lines, and changes nothing when it is imported', () =>
  inFolder((folder) => {
    const npm = (args: readonly string[], cwd: string): string => {
      const { status, stdout, stderr } = spawnSync('npm', [...args, '--no-audit', '--no-fund'], { cwd, encoding: 'utf8' });
      expect(status, stderr).toBe(0);
      return `${stderr}${stdout}`;
    };
    npm(['pack', '--silent', '--pack-destination', folder], fileURLToPath(packageRoot));
    const version = (JSON.parse(readFileSync(shipped('package.json'), 'utf8')) as { version: string }).version;
    const tarball = join(folder, `tickshard-${version}.tgz`);
    expect(statSync(tarball).size).toBeLessThan(MAX_TARBALL_BYTES);
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    writeFileSync(join(empty, 'package.json'), '{ "private": true, "type": "module" }\n');
    const said = npm(['install', '--prefer-offline', tarball], empty);
    // Under Node 20 two packages of the Parquet library warn of their engines (docs/dependencies.md).
    if (Number(process.versions.node.split('.')[0]) >= 22)
      expect(said.split('\n').filter((line) => /warn/i.test(line) && !/Unknown .* config/.test(line))).toEqual([]);

    const program = readmeProgram();
    expect(program.trimEnd().split('\n').length).toBeLessThanOrEqual(10);
    writeFileSync(join(empty, 'candles.ts'), program);
    const tsc = fileURLToPath(shipped('node_modules/typescript/bin/tsc'));
    const node = (args: readonly string[]): string =>
      execFileSync(process.execPath, args, { cwd: empty, encoding: 'utf8', timeout: 300_000 });
    node([tsc, '--strict', '--module', 'nodenext', '--target', 'es2022', 'candles.ts']);
    expect(node(['candles.js']).trim().split('\n').filter((line) => /^RELIANCE [\d.]+ (true|false)$/.test(line)).length).toBeGreaterThan(2);

    writeFileSync(join(empty, 'imports.mjs'), IMPORTS);
    const before = ['candles.js', 'candles.ts', 'imports.mjs', 'node_modules', 'package-lock.json', 'package.json'];
    expect(JSON.parse(node(['imports.mjs']))).toEqual({ same: true, reads: [], files: before });
  })); // prettier-ignore
