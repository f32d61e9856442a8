/** The prose check itself, on a small tree of its own: what it counts, what it passes over, and when it fails. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { shipped } from '../../src/paths.js';
import { slow } from '../tier.js';

/** Made of two parts, because this file is checked too. */
const WORD = `beh${'ind'}`;
const LIST = 'test/prose/allowed.json';
let root: string;

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function check(...flags: string[]): { code: number | null; out: string; err: string } {
  const program = fileURLToPath(shipped('test/prose/prose.mjs'));
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, '--root', root, ...flags], {
    encoding: 'utf8',
  });
  return { code: status, out: stdout, err: stderr };
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'prose-'));
  spawnSync('git', ['init', '-q', root]);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('the prose check', () => {
  it('counts telltale words of comments, strings and pages, and over-wide lines', () => {
    write('src/a.ts', `// ${WORD}\n/** ${'long '.repeat(30)} */\nexport const a = \`\${1} ${WORD} it\`;\n`);
    write('docs/b.md', `A word that goes\non, ${WORD.toUpperCase()}.\n`);
    const { code, out, err } = check();
    expect(code).toBe(1);
    expect(out).toContain('prose: 5 over-wide lines and telltale words in 2 files');
    expect(err).toContain(`src/a.ts has "${WORD}" 2 times, 0 allowed (say: after)`);
    expect(err).toContain('docs/b.md has "goes on" 1 times, 0 allowed (say: continues)');
  });

  slow('passes over identifiers, paths, regular expressions, code in pages, tables and URLs', () => {
    write(
      'src/a.ts',
      `import { a } from './${WORD}.js';\n/** \`${WORD}\` */\nexport const ${WORD} = /"/.test(a);\n`,
    );
    write(
      'src/c.ts',
      `export const divided = 4 / 2; // a ${WORD}-the-scenes\nexport const text = "/* no comment */";\n`,
    );
    const wide = 'wide '.repeat(30);
    write('docs/b.md', `| ${wide} |\n\nhttps://example.org ${wide}\n\n\`\`\`\n${WORD} ${wide}\n\`\`\`\n`);
    expect(check('--strict')).toMatchObject({ code: 0, err: '' });
  });

  slow('warns of an entry that is too high, fails with --strict, and lowers it with --update', () => {
    write('src/a.ts', `// ${WORD}\n`);
    write(LIST, JSON.stringify({ 'src/a.ts': { [WORD]: 2 }, 'src/gone.ts': { wide: 1 } }));
    expect(check()).toMatchObject({ code: 0, err: expect.stringContaining('src/gone.ts wide') as string });
    expect(check('--strict').code).toBe(1);
    expect(check('--update').code).toBe(0);
    expect(JSON.parse(readFileSync(join(root, LIST), 'utf8'))).toEqual({ 'src/a.ts': { [WORD]: 1 } });
    expect(check('--strict')).toMatchObject({ code: 0, err: '' });
  });

  it('never raises an entry', () => {
    write('src/a.ts', `// ${WORD}\n// ${WORD}\n`);
    write(LIST, JSON.stringify({ 'src/a.ts': { [WORD]: 1 } }));
    expect(check('--update').code).toBe(1);
    expect(JSON.parse(readFileSync(join(root, LIST), 'utf8'))).toEqual({ 'src/a.ts': { [WORD]: 1 } });
  });
});
