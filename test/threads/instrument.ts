/**
 * Makes a copy `FILE.NAME.js` of each compiled file of `FILES`, in the same folder: the same code, with a call of the
 * hook after every statement that stores into shared memory. The product's files are unchanged.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { posix } from 'node:path';
import ts from 'typescript';
import { packageRoot, shipped } from '../../src/paths.js';

/** What stores into a shard's memory, by its path from src/shard; the shard itself last. */
export const FILES = [
  'volume-anchor',
  'row-writer',
  'bar-builder',
  'fast/accumulators',
  'fast/tick-accumulators',
  'fast/volume-accumulators',
  'fast/apply-ticks',
  'fast/apply-volumes',
  'tick-order',
  'tick',
  'unpack',
  '../memory/stored-bar',
  'shard',
] as const;

/** A store: which file, and the statement. Its index in the list is the point's number. */
export interface Point {
  readonly file: (typeof FILES)[number];
  readonly statement: string;
}

/** Whether a statement is one store into an array: an assignment, an atomic operation, or a fill. */
function isStore(node: ts.Node, source: ts.SourceFile): node is ts.ExpressionStatement {
  if (!ts.isExpressionStatement(node)) return false;
  const { expression } = node;
  if (ts.isBinaryExpression(expression))
    return (
      ts.isElementAccessExpression(expression.left) && /^\+?=$/.test(expression.operatorToken.getText(source))
    );
  return (
    ts.isCallExpression(expression) &&
    /^Atomics\.store$|\.(copyWithin|fill)$/.test(expression.expression.getText(source))
  );
}

/** Whether a relative import of `file` names one of `FILES`. */
function isInstrumented(file: string, specifier: string): boolean {
  const target = posix.join(posix.dirname(file), specifier).replace(/\.js$/, '');
  return specifier.startsWith('.') && (FILES as readonly string[]).includes(target);
}

/**
 * Writes the instrumented copies and returns their points. `hook`: the module whose `passed` is called, as a path
 * from the compiled root.
 */
export function instrument(name = 'crashing', hook = 'test/threads/hook.js'): Point[] {
  const points: Point[] = [];
  for (const file of FILES) {
    const text = readFileSync(shipped(`dist/src/shard/${file}.js`), 'utf8').replace(/^\/\/# source.*$/m, '');
    const source = ts.createSourceFile(`${file}.js`, text, ts.ScriptTarget.ES2023, true);
    const edits: { readonly at: number; readonly until: number; readonly text: string }[] = [];
    const visit = (node: ts.Node): void => {
      if (isStore(node, source)) {
        const statement = node.getText(source);
        points.push({ file, statement });
        edits.push({
          at: node.getStart(source),
          until: node.end,
          text: `{ ${statement} passed(${points.length - 1}); }`,
        });
        return;
      }
      if (
        ts.isImportDeclaration(node) &&
        ts.isStringLiteral(node.moduleSpecifier) &&
        isInstrumented(file, node.moduleSpecifier.text)
      ) {
        edits.push({
          at: node.moduleSpecifier.getStart(source),
          until: node.moduleSpecifier.end,
          text: `'${node.moduleSpecifier.text.replace(/\.js$/, `.${name}.js`)}'`,
        });
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
    let copy = text;
    for (const { at, until, text: replacement } of edits.reverse())
      copy = copy.slice(0, at) + replacement + copy.slice(until);
    const target = shipped(`dist/src/shard/${file}.${name}.js`);
    const aside = new URL(`dist/src/shard/${file}.${name}.${process.pid}.tmp`, packageRoot);
    writeFileSync(aside, `import { passed } from '${shipped(`dist/${hook}`).href}';\n${copy}`);
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
    if (
      (ts.isPostfixUnaryExpression(node) || ts.isPrefixUnaryExpression(node)) &&
      ts.isElementAccessExpression(node.operand)
    )
      stores++;
    if (
      ts.isCallExpression(node) &&
      /^Atomics\.(?!load|wait|notify)|\.(set|fill|copyWithin)$/.test(node.expression.getText(source))
    )
      stores++;
    ts.forEachChild(node, visit);
  };
  visit(source);
  return stores;
}
