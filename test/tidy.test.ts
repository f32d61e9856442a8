/**
 * Checks rules that the compiler cannot: which room imports which, where time, randomness and secrets come from, the
 * length and names of files. Each message says what to do instead.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../src/paths.js';

const MAX_LINES = 400;

/**
 * The rooms from the bottom up, each with the rooms that it may import. A room imports only rooms above it in this
 * list, so no import runs upward. ARCHITECTURE.md has the picture.
 */
const ROOMS = roomsOf(`
  text
  stepped
  market
  memory        market
  candles       market memory
  broker        market candles
  broker/angel  broker market candles memory
  feed          broker market memory
  journal       broker market candles
  publish       market candles
  shard         market memory
  ingest        stepped broker market memory candles journal feed
  momentum      market candles
  parquet       market candles
  ticks         market candles broker journal ingest parquet
  reconcile     market candles parquet
  gates         market memory candles journal publish ingest momentum parquet
  monitor       market memory candles gates
  dashboard     market memory candles momentum gates monitor
  page          market gates monitor dashboard
  terminal      market candles gates monitor
  sim           stepped market memory candles broker broker/angel
  cli           market publish reconcile sim
  threads       market memory candles journal publish momentum parquet shard ingest gates monitor dashboard
  run           stepped market memory candles broker broker/angel feed journal publish ingest momentum parquet \
                gates monitor dashboard terminal sim cli threads
  library       market memory candles broker journal reconcile sim cli run
  workers       market memory candles journal momentum parquet shard dashboard sim threads library
  commands      stepped market memory candles broker feed journal publish ingest momentum parquet ticks reconcile \
                gates dashboard terminal sim cli threads run
  main          memory cli commands
`);

/** Files and the room `text` that every room may import. They import only each other. */
const LEAVES = ['clock', 'errors', 'limits', 'log', 'packages', 'random', 'paths', 'stalls', 'text'];

/** From the bytes of the feed to the candles on disk. */
const DATA_PATH =
  'stepped market memory candles broker broker/angel feed journal shard ingest momentum parquet'.split(' ');
const NOT_ON_DATA_PATH = 'publish gates monitor dashboard page terminal sim cli threads run commands'.split(
  ' ',
);

function roomsOf(table: string): ReadonlyMap<string, readonly string[]> {
  const rows = table.trim().split('\n');
  return new Map(rows.map((row) => row.trim().split(/\s+/)).map(([room, ...imports]) => [room, imports]));
}

const root = fileURLToPath(packageRoot);
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');
const withoutComments = (path: string): string => read(path).replace(/^\s*(\/?\*|\/\/).*$/gm, '');

function sources(folder: string): string[] {
  return readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.ts'));
}

/** The relative imports of a file, types included, as paths from the root without an extension. */
function importsOf(path: string): string[] {
  const folder = path.split('/').slice(0, -1);
  const specifiers = read(path).matchAll(
    /(?:from|import\()\s*'(\.{1,2}\/[^']+)\.js'|^import '(\.{1,2}\/[^']+)\.js'/gm,
  );
  return [...specifiers].map(([, from, bare]) => {
    const parts = [...folder];
    for (const part of (from ?? bare).split('/')) {
      if (part === '..') parts.pop();
      else if (part !== '.') parts.push(part);
    }
    return parts.join('/');
  });
}

/** The room of a file: a folder of `src`, `broker/angel`, a file directly in `src`, or `workers`. */
function roomOf(path: string): string {
  const [top, second, third] = path.split('/');
  if (top !== 'src') return top;
  return second === 'broker' && third === 'angel' ? 'broker/angel' : second.replace(/\.ts$/, '');
}

const code = [...sources('src'), ...sources('workers')];

describe('imports', () => {
  it('are found in the code', () => {
    expect(code.length).toBeGreaterThan(50);
    expect(code.flatMap(importsOf).length).toBeGreaterThan(200);
  });

  it.each(code)('%s imports only what its room may', (path) => {
    const room = roomOf(path);
    const allowed = LEAVES.includes(room) ? [] : ROOMS.get(room);
    expect(allowed, `${room} is a new room: add it to ROOMS in test/tidy.test.ts`).toBeDefined();
    const wrong = importsOf(path).filter(
      (target) => ![room, ...LEAVES, ...allowed!].includes(roomOf(`${target}.ts`)),
    );
    const advice = `move what ${path} needs to a room below, pass it in as a value, or extend ROOMS with a reason`;
    expect(wrong, advice).toEqual([]);
  });

  it('never run upward', () => {
    const below = [...ROOMS.keys()];
    for (const [room, imports] of ROOMS) {
      const upward = imports.filter((target) => below.indexOf(target) >= below.indexOf(room));
      expect(upward, `${room} may import only rooms above it in ROOMS`).toEqual([]);
      expect(
        imports.filter((target) => !ROOMS.has(target)),
        `${room} imports unknown rooms`,
      ).toEqual([]);
    }
  });

  it('form no circles between files', () => {
    const circles: string[] = [];
    const done = new Set<string>();
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' > '));
      if (trail.includes(path) || done.has(path)) return;
      for (const target of importsOf(path)) visit(`${target}.ts`, [...trail, path]);
      done.add(path);
    };
    for (const path of code) visit(path, []);
    expect(circles, 'move what both files need to a third one').toEqual([]);
  });

  it.each(DATA_PATH)('of %s, on the data path, name no observer, run, command or simulator', (room) => {
    const wrong = ROOMS.get(room)!.filter((target) => NOT_ON_DATA_PATH.includes(target));
    expect(wrong, 'let the observer read counters or shared memory instead').toEqual([]);
  });

  it('of a broker are in the composition root and the simulator only, and no one else names it', () => {
    const mayKnow = (path: string): boolean =>
      path === 'src/run/broker.ts' || ['broker/angel', 'sim'].includes(roomOf(path));
    for (const path of code.filter((one) => !mayKnow(one))) {
      const advice = `${path}: use src/broker/broker.ts`;
      const wrong = importsOf(path).filter((target) => roomOf(`${target}.ts`) === 'broker/angel');
      expect(wrong, advice).toEqual([]);
      // Help texts name the broker to its users, one of them the simulator's; the library's users choose it by name.
      if (!['cli', 'library'].includes(roomOf(path)) && path !== 'src/commands/simulate.ts')
        expect(read(path).match(/angel|smart-?api/gi), advice).toBeNull();
    }
  });

  it('of leaves are leaves', () => {
    for (const path of code.filter((one) => LEAVES.includes(roomOf(one)))) {
      const wrong = importsOf(path).filter((target) => !LEAVES.includes(roomOf(`${target}.ts`)));
      expect(wrong, `${path}: move it to a room`).toEqual([]);
    }
  });
});

describe('one place only', () => {
  it('has time, and one has randomness', () => {
    const sourcesOfTime =
      /Date\.now\(|new Date\(\)|performance\.now\(|process\.hrtime|\bsetTimeout\(|\bsetInterval\(|timers\/promises/g;
    // The page runs in a browser and has a clock of its own.
    for (const path of code.filter((one) => !['src/clock.ts', 'src/page/time.ts'].includes(one))) {
      expect(read(path).match(sourcesOfTime), `${path}: use the injected Clock of src/clock.ts`).toBeNull();
      expect(read(path).match(/Math\.random\(/g), `${path}: use src/random.ts with a seed`).toBeNull();
    }
  });

  it('reads the environment, because it holds secrets', () => {
    const readers = code.filter((path) => /process\.env\b(?!\.NO_COLOR)/.test(read(path)));
    expect(readers, 'take the value from src/run/source.ts').toEqual(['src/run/source.ts']);
  });

  it('knows the Parquet libraries', () => {
    const users = code.filter((path) => /parquetjs|hyparquet/.test(withoutComments(path)));
    expect(
      users.filter((path) => !path.startsWith('src/parquet/')),
      'use src/parquet',
    ).toEqual([]);
  });

  it('wraps sockets, and does so before a thread can open one', () => {
    const users = code.filter((path) => /Socket\.prototype/.test(withoutComments(path)));
    expect(users, 'use the ledger').toEqual(['src/memory/io-ledger.ts']);
    // The simulator is another process than the run.
    const entries = ['src/main.ts', ...sources('workers').filter((path) => !path.endsWith('/simulator.ts'))];
    for (const path of entries) {
      const [first] = /^import .*$/m.exec(read(path))!;
      expect(first, `${path}: import memory/io-ledger.js first`).toMatch(/memory\/io-ledger\.js'/);
    }
  });

  it('lays out shared memory', () => {
    // A few words of plain counts have their names where they are used; a pack has a file's layout.
    const allocation = /new SharedArrayBuffer\((?!LEDGER|PACK_ROOM|RESERVE|bytesOf|Object\.keys\(COUNTER\))/;
    const users = code.filter((path) => allocation.test(read(path)));
    expect(users, 'add a region to src/memory/layout.ts').toEqual(['src/memory/layout.ts']);
  });
});

describe('names', () => {
  it('of exported types exist once', () => {
    const files = new Map<string, string[]>();
    for (const path of code)
      for (const [, name] of read(path).matchAll(/^export (?:interface|type|class|abstract class) (\w+)/gm))
        files.set(name, [...(files.get(name) ?? []), path]);
    const twice = [...files].filter(([, paths]) => paths.length > 1);
    expect(twice, 'give each its own word').toEqual([]);
  });
});

describe('files', () => {
  it.each([...code, ...sources('bench'), ...sources('test')])('%s is short, named and finished', (path) => {
    const text = read(path);
    expect(text.split('\n').length - 1, 'split it by subject').toBeLessThanOrEqual(MAX_LINES);
    expect(path, 'name it by its subject').not.toMatch(
      /(utils?|helpers?|misc|common|manager|service|types)\.ts$/,
    );
    if (path === 'test/tidy.test.ts') return;
    expect(text, 'finish it').not.toMatch(/\b(TODO|FIXME|XXX)\b/);
    expect(text, 'run it or delete it').not.toMatch(/\b(it|test|describe)\.(skip|only|todo)\b/);
  });

  it.skipIf(process.platform === 'win32')('in `bin` of package.json are executable after the build', () => {
    const { bin } = JSON.parse(read('package.json')) as { bin: Record<string, string> };
    for (const path of Object.values(bin)) expect(statSync(`${root}${path}`).mode & 0o111, path).toBe(0o111);
  });
});
