/** What a program's start loads: modules that few runs need are imported when they are needed. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { shipped } from '../../src/paths.js';

/** All compiled modules that importing `entry` loads, and the packages. */
function loadedBy(entry: string): ReadonlySet<string> {
  const root = shipped('dist/').href;
  const loaded = new Set<string>();
  const left = [new URL(entry, root)];
  for (let url = left.pop(); url !== undefined; url = left.pop()) {
    const name = url.href.slice(root.length);
    if (loaded.has(name)) continue;
    loaded.add(name);
    const source = readFileSync(url, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
    for (const [, imported] of source.matchAll(/^(?:(?:im|ex)port [^;'"]*from |import )'([^']+)';/gm))
      if (imported.startsWith('.')) left.push(new URL(imported, url));
      else loaded.add(imported);
  }
  return loaded;
}

it.each([
  ['src/main.js', ['src/reconcile/cutover.js', 'src/commands/run-stage.js', 'src/sim/market.js']],
  ['src/commands/run-stage.js', ['hyparquet', '@streamparser/json', 'src/sim/market.js', 'src/sim/login.js']],
  ['src/commands/replay/replay.js', ['hyparquet', '@streamparser/json', 'src/gates/gates.js']],
])('%s does not load %j', (entry, spared) => {
  const loaded = loadedBy(entry);
  expect(loaded.size).toBeGreaterThan(30);
  expect(spared.filter((name) => loaded.has(name))).toEqual([]);
});
