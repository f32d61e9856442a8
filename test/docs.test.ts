/** Checks the pages against the code and each other: links, citations and quoted sentences lead somewhere. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../src/paths.js';

const root = fileURLToPath(packageRoot);
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');

function filesBelow(folder: string, endings: RegExp): string[] {
  return readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((path) => endings.test(path));
}

/** Pages that a command writes; their lines are as long as that command makes them. */
const GENERATED: ReadonlySet<string> = new Set([
  'docs/accuracy.md',
  'docs/faults.md',
  'docs/options.md',
  'docs/cli.md',
]);
const pages = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'data/README.md',
  ...filesBelow('docs', /\.md$/),
];
const written = pages.filter((path) => !GENERATED.has(path));
const code = ['src', 'workers', 'bench', 'test']
  .flatMap((folder) => filesBelow(folder, /\.(ts|mjs|js|css)$/))
  // Tests of checks invent pages that do not exist.
  .filter((path) => path !== 'test/docs.test.ts' && !path.startsWith('test/prose/'));

/** A page without its code blocks, fenced or indented. Lists indent by less than four. */
function prose(page: string): string {
  return read(page)
    .replace(/^```[\s\S]*?^```$/gm, '')
    .replace(/^ {4,}.*$/gm, '');
}

/** Headings of a page, without markup. */
function headings(page: string): string[] {
  return [...prose(page).matchAll(/^#{1,6} (.*)$/gm)].map(([, text]) => text.replaceAll(/[`*]/g, ''));
}

/** The anchor that GitHub gives a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-');
}

/** Terms that a page defines: its headings, and what is bold at the start of a paragraph or list item. */
function terms(page: string): string[] {
  const bold = [...prose(page).matchAll(/^(?:- |\d+\. )?\*\*(.+?)\*\*/gms)].map(([, text]) =>
    text.replaceAll(/\s+/g, ' ').replace(/[.:]$/, ''),
  );
  return [...headings(page).map((heading) => heading.replace(/^\d+\. /, '')), ...bold];
}

/** The text of a file with comments that run over several lines put into one. */
function joined(path: string): string {
  return read(path).replaceAll(/\s*\n\s*(?:\*|\/\/)?\s*/g, ' ');
}

/** What a citation names after the page: numbers, ids of rows, and quoted terms. */
const CITATION =
  /docs\/([a-z-]+)\.md((?:'s|,)? "[^"]+"(?:, \d+)?|(?:,? (?:and |to )?(?:\d{1,2}|[A-G]\d{0,2})\b(?![./%\w]))+(?:, "[^"]+")?)?/g;

interface Citation {
  readonly from: string;
  readonly page: string;
  readonly rest: string;
}

const citations: Citation[] = [...code, ...pages].flatMap((from) =>
  [...joined(from).matchAll(CITATION)].map(([, page, rest = '']) => ({
    from,
    page: `docs/${page}.md`,
    rest,
  })),
);

/** Why a citation leads nowhere; undefined when it does not. */
function fault({ page, rest }: Citation): string | undefined {
  if (!existsSync(`${root}${page}`)) return 'no such page';
  const quoted = /"([^"]+)"/.exec(rest)?.[1];
  if (quoted !== undefined && !terms(page).some((term) => term.startsWith(quoted)))
    return `no heading or term "${quoted}"`;
  for (const [id] of rest.replace(/"[^"]*"/, '').matchAll(/\b(?:\d{1,2}|[A-G]\d{0,2})\b/g)) {
    const found = /^\d/.test(id)
      ? quoted !== undefined && rest.trimEnd().endsWith(`, ${id}`)
        ? new RegExp(`^${id}\\. `, 'm').test(read(page))
        : headings(page).some((heading) => heading.startsWith(`${id}. `))
      : id.length === 1
        ? headings(page).some((heading) => heading.startsWith(`${id}. `))
        : new RegExp(`^\\| ${id} \\|`, 'm').test(read(page));
    if (!found) return `nothing is numbered ${id}`;
  }
  return undefined;
}

describe('the pages', () => {
  it.each(pages)('%s: every relative link leads to a file, and to a heading where it names one', (page) => {
    const broken: string[] = [];
    for (const [, target] of prose(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path, anchor] = target.split('#');
      const file = path === '' ? page : posix.normalize(posix.join(posix.dirname(page), path));
      if (!existsSync(`${root}${file}`)) broken.push(target);
      else if (anchor !== undefined && !headings(file).map(anchorOf).includes(anchor)) broken.push(target);
    }
    expect(broken).toEqual([]);
  });

  it('every citation of a page in code, tests and pages leads to what it names', () => {
    expect(citations.length).toBeGreaterThan(60);
    expect(citations.filter(({ rest }) => rest !== '').length).toBeGreaterThan(40);
    expect(
      citations.flatMap((citation) => {
        const why = fault(citation);
        return why === undefined ? [] : [`${citation.from}: ${citation.page}${citation.rest}: ${why}`];
      }),
    ).toEqual([]);
  });

  it('tells citations that lead nowhere', () => {
    const bad = (page: string, rest: string): string | undefined => fault({ from: '', page, rest });
    expect(bad('docs/protocol.md', ' 13')).toBe('nothing is numbered 13');
    expect(bad('docs/traps.md', ' C99')).toBe('nothing is numbered C99');
    expect(bad('docs/semantics.md', ', "No such heading"')).toBe('no heading or term "No such heading"');
    expect(bad('docs/semantics.md', ', "Must hold", 9')).toBe('nothing is numbered 9');
    expect(bad('docs/none.md', '')).toBe('no such page');
    expect(bad('docs/protocol.md', ' 4, "Quota"')).toBeUndefined();
  });

  it('no file cites a document that is not in the repository', () => {
    const outside =
      /\b(?:DESIGN|PROTOCOL|TRAPS|REAL_FEED|DEPENDENCIES|HOUSE)(?:\.md\b|'s\b|, "| says\b| section\b)/;
    expect([...code, ...pages].filter((path) => outside.test(read(path)))).toEqual([]);
    for (const path of pages)
      for (const [, name] of prose(path).matchAll(/`([\w./-]+\.md)`/g))
        expect(
          existsSync(`${root}${name}`) || existsSync(`${root}${posix.join(posix.dirname(path), name)}`),
          `${path}: ${name}`,
        ).toBe(true);
  });

  it('every file of the tree that a page names exists', () => {
    const missing = written
      .filter((page) => page !== 'CHANGELOG.md')
      .flatMap((page) =>
        [...read(page).matchAll(/`((?:src|workers|bench|test|data|docs)\/[\w./-]*[\w/])`/g)]
          .map(([, path]) => path)
          .filter((path) => !/^data\/test\b|^bench\/(?:profiles|results)\b|\bNAME\b/.test(path))
          .filter((path) => !existsSync(`${root}${path}`))
          .map((path) => `${page}: ${path}`),
      );
    expect(missing).toEqual([]);
  });

  it('every npm script and every command that a page names exists', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const commands = headings('docs/cli.md').map((heading) => heading.replace('tickshard ', ''));
    for (const page of written.filter((path) => path !== 'CHANGELOG.md')) {
      for (const [, name] of read(page).matchAll(/npm run (?:--silent )?([a-z][\w:-]*)/g))
        expect(Object.keys(scripts), page).toContain(name);
      for (const [, name] of read(page).matchAll(/npx tickshard ([a-z]+)/g))
        expect(commands, page).toContain(name);
    }
  });

  it('every vector that a page names exists', () => {
    const vectors = read('test/vectors/frames.json');
    for (const page of written)
      for (const [id] of read(page).matchAll(/\bm\d{3}\b/g))
        expect(vectors.includes(`"${id}"`), `${page}: ${id}`).toBe(true);
  });

  it('ARCHITECTURE.md names every room', () => {
    const rooms = readdirSync(`${root}src`, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const page = read('ARCHITECTURE.md');
    for (const { name } of rooms) expect(page, name).toContain(`\`src/${name}/\``);
  });

  it('the README is short', () => {
    const lines = read('README.md').trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(150);
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
  });

  it.each(written)('%s is under 200 lines, and its prose under 121 columns', (page) => {
    const lines = read(page).trimEnd().split('\n');
    expect(lines.length).toBeLessThan(200);
    expect(
      prose(page)
        .split('\n')
        .filter((line) => line.length > 120 && !line.startsWith('|')),
    ).toEqual([]);
  });

  it('docs/failures.md quotes what the program says', () => {
    const said = code
      .filter((path) => path.startsWith('src/'))
      .map(read)
      .join('\n');
    const quotes = [...read('docs/failures.md').matchAll(/^\| ([^|]*`[^|]*)\|/gm)]
      .flatMap(([, cell]) => [...cell.matchAll(/`([^`]+)`/g)])
      .flatMap(([, quote]) => quote.split(/\s*\.\.\.\s*/))
      .map((piece) => piece.replaceAll(/^\(|\)$/g, ''))
      .filter((piece) => piece !== '' && piece !== ':');
    expect(quotes.length).toBeGreaterThan(20);
    expect(quotes.filter((quote) => !said.includes(quote))).toEqual([]);
  });

  it('the README asks for the Node that package.json asks for', () => {
    const { engines, version } = JSON.parse(read('package.json')) as {
      engines: { node: string };
      version: string;
    };
    expect(read('README.md')).toContain(`Node ${engines.node.replace('>=', '')} or later`);
    expect(read('CHANGELOG.md')).toContain(`## [${version}] - `);
    expect((JSON.parse(read('package-lock.json')) as { version: string }).version).toBe(version);
  });
});
