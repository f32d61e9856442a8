/**
 * Checks the prose of the project: comments, string literals and test titles of the code, and every tracked page.
 * It counts lines over 120 columns and the telltale words of `words.json`, and compares the counts with
 * `allowed.json`, which has one number for each file and word. That list only shrinks: `--update` lowers numbers and
 * removes rows.
 *
 *     node test/prose/prose.mjs [--strict] [--update] [--list] [--root DIR]
 *
 * Exit code 1: a count is above its entry or, with `--strict`, below it. `--list` prints every place, allowed ones too.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

// By `import`, Node first parses all of it in search of names: three times the CPU time.
const ts = createRequire(import.meta.url)('typescript');

const MAX_COLUMNS = 120;
/** Key of over-wide lines in `allowed.json`. */
const WIDE = 'wide';

/** Replaces by spaces what `pattern` matches. Lines and offsets stay. */
const blank = (text, pattern) => text.replace(pattern, (match) => match.replace(/[^\n]/g, ' '));

/** Replaces by spaces all that is outside the ranges. */
function keep(text, ranges) {
  let result = '';
  let end = 0;
  for (const [from, to] of [...ranges, [text.length, text.length]]) {
    result += text.slice(end, from).replace(/[^\n]/g, ' ') + text.slice(from, to);
    end = to;
  }
  return result;
}

const { SyntaxKind: Kind } = ts;
const COMMENTS = [Kind.SingleLineCommentTrivia, Kind.MultiLineCommentTrivia];
const STRINGS = [
  Kind.StringLiteral,
  Kind.NoSubstitutionTemplateLiteral,
  Kind.TemplateHead,
  Kind.TemplateMiddle,
  Kind.TemplateTail,
];
/** After one of these a slash divides; after any other token it begins a regular expression. */
const VALUES = [
  ...STRINGS,
  Kind.Identifier,
  Kind.NumericLiteral,
  Kind.BigIntLiteral,
  Kind.CloseParenToken,
  Kind.CloseBracketToken,
  Kind.CloseBraceToken,
  Kind.ThisKeyword,
];

/** The tokens of a source file, comments among them, as `[kind, from, to]`. */
function* tokensOf(text) {
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, false, ts.LanguageVariant.Standard, text);
  /** One entry for each open brace: whether it opened a substitution in a template. */
  const braces = [];
  let previous = Kind.Unknown;
  for (let kind = scanner.scan(); kind !== Kind.EndOfFileToken; kind = scanner.scan()) {
    if ((kind === Kind.SlashToken || kind === Kind.SlashEqualsToken) && !VALUES.includes(previous))
      kind = scanner.reScanSlashToken();
    if (kind === Kind.CloseBraceToken && braces.pop()) kind = scanner.reScanTemplateToken(false);
    if (kind === Kind.OpenBraceToken) braces.push(false);
    if (kind === Kind.TemplateHead || kind === Kind.TemplateMiddle) braces.push(true);
    if (kind > Kind.LastTriviaToken) previous = kind;
    yield [kind, scanner.getTokenStart(), scanner.getTokenEnd()];
  }
}

/**
 * The prose of a source file, all else blank. Strings without a space are identifiers and paths, so they are not prose.
 * Nor is what a comment has in backquotes.
 */
function readCode(text) {
  const ranges = { comments: [], strings: [] };
  for (const [kind, from, to] of tokensOf(text))
    if (COMMENTS.includes(kind)) ranges.comments.push([from, to]);
    else if (STRINGS.includes(kind) && /\s/.test(text.slice(from, to)))
      ranges.strings.push([from + 1, to - 1]);
  const comments = keep(text, ranges.comments);
  const sentences = blank(blank(comments, /`[^`\n]*`/g), /^\s*(\/\*\*?|\*|\/\/)/gm);
  return { bounded: comments, prose: [sentences, keep(text, ranges.strings)] };
}

/** The prose of a style sheet: its comments. */
function readStyle(text) {
  const comments = keep(
    text,
    [...text.matchAll(/\/\*[^]*?\*\//g)].map(({ 0: comment, index }) => [index, index + comment.length]),
  );
  return { bounded: comments, prose: [comments] };
}

/** The prose of a page. Code is not part of it. Rows of tables are, but may have any width. */
function readPage(text) {
  const prose = blank(text, /^(```|~~~)[^]*?^\1.*$|^ {4}.*$/gm);
  return { bounded: blank(prose, /^\s*\|.*$/gm), prose: [blank(prose, /`[^`]*`/g)] };
}

/** Over-wide lines and telltale words of one file, as `{ key, line, text }`. A line with a URL may have any width. */
function examine(path, text, telltale) {
  const { bounded, prose } = path.endsWith('.md')
    ? readPage(text)
    : path.endsWith('.css')
      ? readStyle(text)
      : readCode(text);
  const lines = text.split('\n');
  const found = bounded
    .split('\n')
    .map((part, index) => ({ key: WIDE, line: index + 1, part }))
    .filter(({ line, part }) => part.trim() !== '' && lines[line - 1].length > MAX_COLUMNS)
    .filter(({ part }) => !/https?:\/\//.test(part));
  for (const part of prose)
    for (const { 0: word, index } of part.matchAll(telltale))
      found.push({
        key: word.toLowerCase().replace(/\s+/g, ' '),
        line: part.slice(0, index).split('\n').length,
      });
  return found.map(({ key, line }) => ({ key, line, text: lines[line - 1].trim().slice(0, 160) }));
}

const { values: options } = parseArgs({
  options: {
    strict: { type: 'boolean', default: false },
    update: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    root: { type: 'string', default: fileURLToPath(new URL('../../', import.meta.url)) },
  },
});
const allowedPath = join(options.root, 'test/prose/allowed.json');
const allowed = existsSync(allowedPath) ? JSON.parse(readFileSync(allowedPath, 'utf8')) : {};
const words = JSON.parse(readFileSync(new URL('words.json', import.meta.url), 'utf8'));
const telltale = new RegExp(
  `(?<![\\w-])(?:${Object.keys(words).join('|').replaceAll(' ', '\\s+')})(?![\\w-])`,
  'gi',
);

const tracked = execFileSync(
  'git',
  ['-C', options.root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
  { encoding: 'utf8' },
);
const paths = tracked
  .split('\0')
  .filter((path) => /^(src|workers|bench|test)\/.*\.(ts|mjs|css)$|^[^/]*\.js$|\.md$/.test(path))
  .filter((path) => existsSync(join(options.root, path)))
  .sort();

const left = {};
const excesses = [];
const stale = new Set(
  Object.entries(allowed).flatMap(([path, row]) => Object.keys(row).map((key) => `${path} ${key}`)),
);
let total = 0;
for (const path of paths) {
  const found = examine(path, readFileSync(join(options.root, path), 'utf8'), telltale);
  total += found.length;
  for (const key of new Set(found.map((one) => one.key))) {
    const places = found.filter((one) => one.key === key);
    const bound = allowed[path]?.[key] ?? 0;
    if (places.length >= bound) stale.delete(`${path} ${key}`);
    if (bound > 0) (left[path] ??= {})[key] = Math.min(bound, places.length);
    if (places.length > bound || options.list)
      for (const { line, text } of places) console.log(`${path}:${line} ${key}: ${text}`);
    if (places.length > bound) {
      const advice = key === WIDE ? `at most ${MAX_COLUMNS} columns` : `say: ${words[key]}`;
      excesses.push(`${path} has "${key}" ${places.length} times, ${bound} allowed (${advice})`);
    }
  }
}

for (const line of excesses) console.error(line);
if (options.update) writeFileSync(allowedPath, `${JSON.stringify(left, null, 2)}\n`);
else if (stale.size > 0)
  console.error(
    `${options.strict ? '' : 'warning: '}test/prose/allowed.json allows more than there is: lower its numbers with ` +
      `node test/prose/prose.mjs --update (${[...stale].join(', ')})`,
  );
console.log(`prose: ${total} over-wide lines and telltale words in ${paths.length} files`);
process.exitCode = excesses.length > 0 || (options.strict && !options.update && stale.size > 0) ? 1 : 0;
