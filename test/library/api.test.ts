/**
 * The public surface of the package: every exported name with its types, as text in `test/library/api.txt`. A change of
 * it shows in review; `npx vitest run dist/test/library/api.test.js -u` writes it again.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { packageRoot, shipped } from '../../src/paths.js';
import type {
  CandleEvent,
  CandleSealed,
  Feed,
  FeedError,
  FeedOptions,
  GapSeen,
} from '../../src/library/index.js';
import { openFeed } from '../../src/library/index.js';
import { decode, type Frame, type SnapQuoteFrame } from '../../src/library/wire.js';

const root = fileURLToPath(packageRoot);
const manifest = JSON.parse(readFileSync(shipped('package.json'), 'utf8')) as {
  readonly exports: Readonly<Record<string, { readonly types?: string } | string>>;
};
const entries = manifest.exports;

/** Declarations of the entry's exports and of all types that they name, without comments. */
function surfaceOf(file: string, program: ts.Program): string {
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(file)!)!;
  const texts = new Map<string, string>();
  const printer = ts.createPrinter({ removeComments: true });
  const isOurs = (node: ts.Node): boolean => !node.getSourceFile().fileName.includes('node_modules');
  const add = (symbol: ts.Symbol, exported: boolean): void => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    for (const declaration of target.declarations ?? []) {
      if (!isOurs(declaration) || ts.isTypeParameterDeclaration(declaration)) continue;
      const node = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
      const key = `${target.name} ${node.pos} ${node.getSourceFile().fileName}`;
      if (texts.has(key)) continue;
      const text = printer
        .printNode(ts.EmitHint.Unspecified, node, node.getSourceFile())
        .replace(/^(export |declare )+/, '');
      texts.set(key, `${exported ? 'export ' : ''}${text}`);
      const visit = (child: ts.Node): void => {
        const name = ts.isTypeReferenceNode(child)
          ? child.typeName
          : ts.isExpressionWithTypeArguments(child)
            ? child.expression
            : ts.isTypeQueryNode(child)
              ? child.exprName
              : undefined;
        const named = name && checker.getSymbolAtLocation(name);
        if (named !== undefined) add(named, false);
        ts.forEachChild(child, visit);
      };
      visit(node);
    }
  };
  for (const symbol of checker.getExportsOfModule(module)) add(symbol, true);
  return [...texts.values()].sort().join('\n');
}

describe('the public surface', () => {
  it('is what the report says', async () => {
    const files = Object.entries(entries).flatMap(([name, entry]) =>
      typeof entry === 'object' && entry.types !== undefined
        ? [[name, `${root}${entry.types.slice(2)}`] as const]
        : [],
    );
    expect(files.map(([name]) => name)).toEqual(['.', './wire', './sim', './journal', './compare']);
    const program = ts.createProgram(
      files.map(([, file]) => file),
      {
        module: ts.ModuleKind.NodeNext,
        moduleResolution: ts.ModuleResolutionKind.NodeNext,
        target: ts.ScriptTarget.ES2023,
        noLib: true,
        types: [],
      },
    );
    const report = files
      .map(([name, file]) => `== tickshard${name.slice(1)}\n${surfaceOf(file, program)}\n`)
      .join('\n');
    await expect(report).toMatchFileSnapshot(fileURLToPath(shipped('test/library/api.txt')));
  });

  it('has the types that programs rely on', () => {
    expectTypeOf(openFeed).parameters.toEqualTypeOf<[FeedOptions]>();
    expectTypeOf(openFeed).returns.resolves.toEqualTypeOf<Feed>();
    expectTypeOf<Feed>().toExtend<AsyncIterable<CandleEvent>>();
    expectTypeOf<Extract<CandleEvent, { type: 'candle' }>>().toEqualTypeOf<CandleSealed>();
    expectTypeOf<CandleSealed['candle']['close']>().toEqualTypeOf<number>();
    expectTypeOf<GapSeen['toMs']>().toEqualTypeOf<number | null>();
    expectTypeOf<FeedError['code']>().toExtend<string>();
    expectTypeOf(decode).returns.exclude<{ refused: unknown }>().toEqualTypeOf<Frame>();
    expectTypeOf<SnapQuoteFrame['openInterest']>().toEqualTypeOf<bigint>();
  });
});
