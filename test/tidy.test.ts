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
  return [
    ...read(path).matchAll(/(?:from|import\()\s*'(\.{1,2}\/[^']+)\.js'|^import '(\.{1,2}\/[^']+)\.js'/gm),
  ].map(([, one, two]) => {
    const parts = [...from];
    for (const part of (one ?? two).split('/')) {
      if (part === '..') parts.pop();
      else if (part !== '.') parts.push(part);
    }
    return parts.join('/');
  });
}

/** The room of a file: a folder below `src`, `broker/angel`, a file directly in `src`, or `workers`. */
function roomOf(path: string): string {
  const [top, second, third] = path.split('/');
  if (top !== 'src') return top;
  return second === 'broker' && third === 'angel' ? 'broker/angel' : second.replace(/\.ts$/, '');
}

const leaves = ['clock', 'errors', 'limits', 'log', 'random', 'paths', 'text'];
/**
 * The rooms from the ground up, each with the rooms it may import; leaves are open to all. A room imports only rooms listed before it, so
 * no import runs upward. The picture is in ARCHITECTURE.md.
 */
const floors: readonly (readonly [room: string, imports: readonly string[]])[] = [
  ['text', []],
  ['market', []],
  ['memory', ['market']],
  ['candles', ['market', 'memory']],
  ['broker', ['market', 'candles']],
  ['broker/angel', ['broker', 'market', 'candles', 'memory']],
  ['feed', ['broker', 'market']],
  ['journal', ['broker', 'market', 'candles']],
  ['shard', ['market', 'memory']],
  ['ingest', ['broker', 'market', 'memory', 'candles', 'journal', 'feed']],
  ['momentum', ['market', 'candles']],
  ['parquet', ['market', 'candles']],
  ['reconcile', ['market', 'candles', 'parquet']],
  ['gates', ['market', 'memory', 'candles', 'journal', 'ingest', 'momentum', 'parquet']],
  ['monitor', ['market', 'memory', 'gates']],
  ['dashboard', ['market', 'memory', 'candles', 'momentum', 'gates', 'monitor']],
  ['page', ['market', 'gates', 'monitor', 'dashboard']],
  ['terminal', ['market', 'candles', 'gates', 'monitor']],
  ['sim', ['market', 'memory', 'candles', 'broker', 'broker/angel']],
  ['cli', ['market', 'reconcile', 'sim']],
  [
    'threads',
    [
      'market',
      'memory',
      'candles',
      'momentum',
      'parquet',
      'shard',
      'ingest',
      'gates',
      'monitor',
      'dashboard',
    ],
  ],
  ['workers', ['market', 'memory', 'candles', 'momentum', 'parquet', 'shard', 'dashboard', 'threads']],
  [
    'run',
    [
      'market',
      'memory',
      'candles',
      'broker',
      'broker/angel',
      'feed',
      'journal',
      'ingest',
      'momentum',
      'parquet',
      'gates',
      'monitor',
      'dashboard',
      'terminal',
      'sim',
      'cli',
      'threads',
    ],
  ],
  [
    'commands',
    [
      'market',
      'memory',
      'candles',
      'broker',
      'feed',
      'journal',
      'ingest',
      'momentum',
      'parquet',
      'reconcile',
      'gates',
      'dashboard',
      'terminal',
      'sim',
      'cli',
      'threads',
      'run',
    ],
  ],
  ['main', ['memory', 'cli', 'commands']],
];
/** Imports that ran upward when the rooms were made. This list only shrinks. */
const KNOWN: ReadonlySet<string> = new Set([]);
const allowed: Readonly<Record<string, readonly string[]>> = Object.fromEntries([
  ...floors,
  ...leaves.map((leaf) => [leaf, []] as const),
]);

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
      .filter((target) => !KNOWN.has(`${path} ${target}`))
      .map((target) => roomOf(`${target}.ts`))
      .filter((target) => target !== room && !leaves.includes(target) && !allowed[room].includes(target));
    expect(foreign).toEqual([]);
  });

  it('no room may import one above it', () => {
    for (const [index, [room, imports]] of floors.entries()) {
      const below = floors.slice(0, index).map(([one]) => one);
      expect(
        imports.filter((one) => !below.includes(one)),
        room,
      ).toEqual([]);
    }
  });

  it('no files import each other in a circle', () => {
    const circles: string[] = [];
    const done = new Set<string>();
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' > '));
      if (trail.includes(path) || done.has(path)) return;
      for (const target of importsOf(path)) visit(`${target}.ts`, [...trail, path]);
      done.add(path);
    };
    for (const path of code) visit(path, []);
    expect(circles).toEqual([]);
  });

  it('nothing on the data path imports an observer, a run, a command or the simulator', () => {
    const above = [
      'gates',
      'monitor',
      'dashboard',
      'page',
      'terminal',
      'sim',
      'cli',
      'threads',
      'run',
      'commands',
    ];
    for (const room of [
      'market',
      'memory',
      'candles',
      'broker',
      'broker/angel',
      'feed',
      'journal',
      'shard',
      'ingest',
      'momentum',
      'parquet',
    ]) {
      expect(
        allowed[room].filter((target) => above.includes(target)),
        room,
      ).toEqual([]);
    }
  });

  it('only the composition root and the simulator import a broker, and no one else names it', () => {
    const knows = (path: string): boolean =>
      path === 'src/run/broker.ts' || roomOf(path) === 'broker/angel' || roomOf(path) === 'sim';
    for (const path of code.filter((one) => !knows(one))) {
      expect(
        importsOf(path).filter((target) => roomOf(`${target}.ts`) === 'broker/angel'),
        path,
      ).toEqual([]);
      // Help texts name the broker to its users; one of them is the simulator's.
      if (roomOf(path) !== 'cli' && path !== 'src/commands/simulate.ts')
        expect(
          read(path).match(/angel|smart-?api/gi),
          `${path}: take it from src/broker/broker.ts`,
        ).toBeNull();
    }
  });

  it('leaves import leaves only', () => {
    for (const path of code.filter((one) => leaves.includes(roomOf(one))))
      expect(
        importsOf(path).filter((target) => !leaves.includes(roomOf(`${target}.ts`))),
        path,
      ).toEqual([]);
  });

  it('time comes from the clock, randomness from the seeded generator', () => {
    // The browser has a clock of its own, in one place too.
    for (const path of code.filter((one) => !['src/clock.ts', 'src/page/time.ts'].includes(one))) {
      expect(
        read(path).match(
          /Date\.now\(|new Date\(\)|performance\.now\(|process\.hrtime|Math\.random\(|\bsetTimeout\(|\bsetInterval\(|timers\/promises/g,
        ),
        `${path}: use the injected Clock and src/random.ts`,
      ).toBeNull();
    }
  });

  it('secrets are read where they are used: the environment has one reader', () => {
    for (const path of code) {
      const readers = read(path).match(/process\.env\b(?!\.NO_COLOR)/g);
      if (readers !== null) expect(path).toBe('src/run/source.ts');
    }
  });

  it('only the sink knows the Parquet libraries, and only the ledger wraps sockets', () => {
    for (const path of code) {
      if (/parquetjs|hyparquet/.test(read(path).replace(/^\s*(\/?\*|\/\/).*$/gm, '')))
        expect(path).toMatch(/^src\/parquet\//);
      if (/Socket\.prototype/.test(read(path).replace(/^\s*(\/?\*|\/\/).*$/gm, '')))
        expect(path).toBe('src/memory/io-ledger.ts');
    }
  });

  it('each thread counts its connections from its first import on', () => {
    for (const path of ['src/main.ts', ...sources('workers')]) {
      const first = /^import .*$/m.exec(read(path))![0];
      expect(first, path).toMatch(/memory\/io-ledger\.js'/);
    }
  });

  it('no file is too long, none is named for nothing, none leaves work undone', () => {
    for (const path of [...code, ...sources('bench'), ...sources('test')]) {
      expect(read(path).split('\n').length, path).toBeLessThanOrEqual(540);
      expect(path).not.toMatch(/(utils?|helpers?|misc|common|manager|service|types)\.ts$/);
      if (path !== 'test/tidy.test.ts')
        expect(read(path), path).not.toMatch(/\b(TODO|FIXME|XXX)\b|\b(it|test|describe)\.(skip|only|todo)\b/);
    }
  });

  it.skipIf(process.platform === 'win32')(
    'what package.json names as a program can be executed after every build',
    () => {
      for (const path of Object.values(
        (JSON.parse(read('package.json')) as { bin: Record<string, string> }).bin,
      ))
        expect(statSync(`${root}${path}`).mode & 0o111, path).toBe(0o111);
    },
  );

  it('byte offsets of shared memory stand in one file', () => {
    for (const path of code.filter((one) => one !== 'src/memory/layout.ts'))
      expect(read(path), path).not.toMatch(/new SharedArrayBuffer\((?!LEDGER|Object\.keys\(COUNTER\))/);
  });
});
