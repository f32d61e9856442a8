/**
 * Runs one test file, or watches it:
 *
 *     npm run test:one -- test/text/sanitize.test.ts
 *     npm run test:one -- --watch test/text/sanitize.test.ts -t 'a name'
 *
 * Compiles what changed since the last time and nothing else: tests run from the compiled tree, so that workers and
 * programs that they start are those of production. Other arguments are vitest's.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const isWatching = process.argv.includes('--watch');
const args = process.argv
  .slice(2)
  .filter((arg) => arg !== '--watch')
  .map((arg) => arg.replace(/^(?:\.\/)?(test\/.*)\.ts$/, 'dist/$1.js'));

const node = (...list) => spawn(process.execPath, list, { stdio: 'inherit' });
const ended = (child) => new Promise((resolve) => child.on('exit', (code) => resolve(code ?? 1)));

const code = await ended(node('scripts/build.mjs'));
if (code !== 0) process.exit(code);

const compiler = isWatching
  ? node(
      'node_modules/typescript/bin/tsc',
      ...['-p', 'tsconfig.json', '--watch', '--preserveWatchOutput'],
      ...['--incremental', '--tsBuildInfoFile', 'dist/.tsbuildinfo'],
    )
  : undefined;
const tests = node('node_modules/vitest/vitest.mjs', isWatching ? 'watch' : 'run', ...args);
// So that nothing survives this process.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => tests.kill(signal));
process.exitCode = await ended(tests);
compiler?.kill();
