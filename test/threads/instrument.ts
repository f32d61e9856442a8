/**
 * Makes `anchored.NAME.js`, `drafts.NAME.js`, `fold.NAME.js`, `ticks.NAME.js`, `unpack.NAME.js` and `shard.NAME.js` beside the compiled originals: the same code with a call of the hook after every statement
 * that stores into shared memory. The hot path itself knows nothing of it.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import ts from 'typescript';
import { packageRoot, shipped } from '../../src/paths.js';

/** What stores into a shard's memory; the shard itself last. */
export const FILES = ['anchored', 'drafts', 'fold', 'ticks', 'unpack', 'shard'] as const;

/** A store: which file, and the statement. Its index in the list is the point's number. */
export interface Point {
  readonly file: (typeof FILES)[number];
  readonly statement: string;
}

/** tsc puts each statement on a line of its own, also the body of an `if` or `for` without braces. */
const STORE = /^(\s+)([\w.]+\[.*?\] \+?= .*;|Atomics\.store\(.*\);|[\w.]+\.(?:copyWithin|fill)\(.*\);)$/;

/** Writes the instrumented copies and returns their points. `hook`: the module whose `passed` is called, as the copies name it. */
export function instrument(name = 'crashing', hook = '../../test/threads/hook.js'): Point[] {
  const points: Point[] = [];
  for (const file of FILES) {
    const lines = readFileSync(shipped(`dist/src/shard/${file}.js`), 'utf8').split('\n');
    const hooked = lines.map((line) => {
      const found = STORE.exec(line);
      if (found === null) return line.replace(/'\.\/(anchored|drafts|fold|ticks|unpack)\.js'/, `'./$1.${name}.js'`);
      points.push({ file, statement: found[2] });
      return `${found[1]}{ ${found[2]} passed(${points.length - 1}); }`;
    });
    const text = `import { passed } from '${hook}';\n${hooked.filter((line) => !line.startsWith('//# source')).join('\n')}`;
    const target = shipped(`dist/src/shard/${file}.${name}.js`);
    const aside = new URL(`dist/src/shard/${file}.${name}.${process.pid}.tmp`, packageRoot);
    writeFileSync(aside, text);
    renameSync(aside, target);
  }
  return points;
}

/** How many stores into arrays the source has, by the compiler's own parser. */
export function storesIn(file: string): number {
  const source = ts.createSourceFile(file, readFileSync(shipped(file), 'utf8'), ts.ScriptTarget.ES2023, true);
  let stores = 0;
  const visit = (node: ts.Node): void => {
    if (ts.isBinaryExpression(node) && ts.isElementAccessExpression(node.left)) {
      const operator = node.operatorToken.kind;
      if (operator >= ts.SyntaxKind.FirstAssignment && operator <= ts.SyntaxKind.LastAssignment) stores++;
    }
    if ((ts.isPostfixUnaryExpression(node) || ts.isPrefixUnaryExpression(node)) && ts.isElementAccessExpression(node.operand)) stores++;
    if (ts.isCallExpression(node) && /^Atomics\.(?!load|wait|notify)|\.(set|fill|copyWithin)$/.test(node.expression.getText(source))) stores++;
    ts.forEachChild(node, visit);
  };
  visit(source);
  return stores;
}
