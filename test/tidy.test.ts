/** Holds the tree to its own rules: who imports whom, where time and randomness come from, how long a file may be. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../src/paths.js';

const root = fileURLToPath(packageRoot);

function sources(folder: string): string[] {
  return readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.ts'));
}

const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');

/** Relative imports of a file, as paths from the root without ending. Imports of types alone count too: they are dependencies of thought. */
function importsOf(path: string): string[] {
  const from = path.split('/').slice(0, -1);
  return [...read(path).matchAll(/(?:from|import\()\s*'(\.{1,2}\/[^']+)\.js'|^import '(\.{1,2}\/[^']+)\.js'/gm)].map(([, one, two]) => {
    const parts = [...from];
    for (const part of (one ?? two).split('/')) {
      if (part === '..') parts.pop();
      else if (part !== '.') parts.push(part);
    }
    return parts.join('/');
  });
}

/** The room of a file: a folder below `src`, or a file directly in it, or `workers`. */
function roomOf(path: string): string {
  const [top, second] = path.split('/');
  return top === 'src' ? second.replace(/\.ts$/, '') : top;
}

const leaves = ['clock', 'errors', 'html', 'json', 'limits', 'log', 'random', 'paths'];
/**
 * Who may import whom, beside the leaves. The paragraph of the house style, with what the code found it lacks: `momentum` and `sink`
 * meet in workers and stages only; `feed` is also the simulator's for the one-time password and the names of credentials; workers give
 * stages the types of their tasks; `stages`, `cli` and `main` compose.
 */
const allowed: Readonly<Record<string, readonly string[]>> = {
  market: [],
  wire: ['market'],
  shared: ['market'],
  sink: ['market'],
  momentum: ['market'],
  truth: ['market'],
  // What it writes is messages.
  journal: ['market', 'wire'],
  instruments: ['market', 'feed'],
  polled: ['market', 'feed'],
  doctor: ['feed', 'wire', 'market'],
  feed: ['wire', 'market'],
  // The quick lane reads LTP frames where they lie.
  shard: ['shared', 'market', 'wire'],
  sim: ['market', 'wire', 'feed'],
  // `observe` reads results: types of files, evaluations and lag figures, and never the other way round.
  observe: ['market', 'shared', 'momentum', 'sink', 'shard', 'journal'],
  workers: ['shard', 'shared', 'sink', 'momentum', 'market', 'observe'],
  // In the browser there is nothing of the program but what a picture is, and Indian time.
  page: ['observe', 'market'],
  stages: ['market', 'wire', 'shared', 'sink', 'momentum', 'feed', 'shard', 'sim', 'observe', 'truth', 'instruments', 'polled', 'doctor', 'journal', 'workers', 'config'],
  // `config` and `cli` read and list the simulator's faults.
  config: ['market', 'sim', 'values'],
  values: ['market'],
  options: ['truth'],
  // Defaults of a comparison and of a cut-over stand with their rules.
  cli: ['command', 'config', 'options', 'sim', 'truth', 'values'],
  command: ['config', 'sim'],
  main: ['cli', 'command', 'shared', 'stages', 'stdio'],
  stdio: [],
  clock: [],
  errors: [],
  html: [],
  json: [],
  limits: [],
  log: [],
  random: [],
  paths: [],
};

const code = [...sources('src'), ...sources('workers')];

describe('the tree', () => {
  it('has code to look at', () => {
    expect(code.length).toBeGreaterThan(50);
    expect(code.reduce((sum, path) => sum + importsOf(path).length, 0)).toBeGreaterThan(200);
  });

  it.each(code)('%s imports only what its room may', (path) => {
    const room = roomOf(path);
    expect(allowed[room], `a new room ${room}: say in test/tidy.test.ts what it may import`).toBeDefined();
    const foreign = importsOf(path)
      .map((target) => roomOf(`${target}.ts`))
      .filter((target) => target !== room && !leaves.includes(target) && !allowed[room].includes(target));
    expect(foreign).toEqual([]);
  });

  it('nothing on the data path imports an observer, a stage or the simulator', () => {
    for (const path of code.filter((one) => ['market', 'wire', 'shared', 'shard', 'sink', 'momentum', 'feed', 'journal', 'workers'].includes(roomOf(one)) && one !== 'workers/observers.ts')) {
      expect(importsOf(path).filter((target) => /^src\/(observe|stages|sim)\//.test(target)), path).toEqual([]);
    }
  });

  it('leaves import no room', () => {
    for (const path of code.filter((one) => leaves.includes(roomOf(one)))) expect(importsOf(path), path).toEqual([]);
  });

  it('time comes from the clock, randomness from the seeded generator', () => {
    // The browser has a clock of its own, in one place too.
    for (const path of code.filter((one) => !['src/clock.ts', 'src/page/time.ts'].includes(one))) {
      expect(read(path).match(/Date\.now\(|new Date\(\)|performance\.now\(|process\.hrtime|Math\.random\(|\bsetTimeout\(|\bsetInterval\(|timers\/promises/g), `${path}: use the injected Clock and src/random.ts`).toBeNull();
    }
  });

  it('secrets are read where they are used: the environment has one reader', () => {
    for (const path of code) {
      const readers = read(path).match(/process\.env\b(?!\.NO_COLOR)/g);
      if (readers !== null) expect(path).toBe('src/stages/source.ts');
    }
  });

  it('only the sink knows the Parquet libraries, and only the ledger wraps sockets', () => {
    for (const path of code) {
      if (/parquetjs|hyparquet/.test(read(path).replace(/^\s*(\/?\*|\/\/).*$/gm, ''))) expect(path).toMatch(/^src\/sink\//);
      if (/Socket\.prototype/.test(read(path).replace(/^\s*(\/?\*|\/\/).*$/gm, ''))) expect(path).toBe('src/shared/ledger.ts');
    }
  });

  it('each thread counts its connections from its first import on', () => {
    for (const path of ['src/main.ts', ...sources('workers')]) {
      const first = /^import .*$/m.exec(read(path))![0];
      expect(first, path).toMatch(/shared\/ledger\.js'/);
    }
  });

  it('no file is too long, none is named for nothing, none leaves work undone', () => {
    for (const path of [...code, ...sources('bench'), ...sources('test')]) {
      expect(read(path).split('\n').length, path).toBeLessThanOrEqual(310);
      expect(path).not.toMatch(/(utils?|helpers?|misc|common|manager|service|types)\.ts$/);
      if (path !== 'test/tidy.test.ts') expect(read(path), path).not.toMatch(/\b(TODO|FIXME|XXX)\b|\b(it|test|describe)\.(skip|only|todo)\b/);
    }
  });

  it.skipIf(process.platform === 'win32')('what package.json names as a program can be executed after every build', () => {
    for (const path of Object.values((JSON.parse(read('package.json')) as { bin: Record<string, string> }).bin)) expect(statSync(`${root}${path}`).mode & 0o111, path).toBe(0o111);
  });

  it('byte offsets of shared memory stand in one file', () => {
    for (const path of code.filter((one) => one !== 'src/shared/layout.ts')) expect(read(path), path).not.toMatch(/new SharedArrayBuffer\((?!LEDGER|Object\.keys\(COUNTER\))/);
  });
});
