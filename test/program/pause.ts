/**
 * Runs code in the program, or holds it, at a line that it prints. So a test acts at the same moment of the run on
 * every machine, however busy.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { start, type Running } from './command.js';

/** Code for `node --import`, in a run's main thread only: its workers and its simulator inherit the options. */
export function imported(code: string): Record<string, string> {
  const module = `import { isMainThread } from 'node:worker_threads';
    if (isMainThread && process.argv.includes('--ws-test-mode')) { ${code} }`;
  return { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(module)}` };
}

/** Calls the function `reached` once for each pattern, in order, after the line with which the output matches. */
export const atOutput = (patterns: readonly RegExp[]): string => `
  const patterns = [${patterns.map(String).join(', ')}];
  let printed = '';
  let next = 0;
  const { write } = process.stdout;
  process.stdout.write = function (...args) {
    const more = write.apply(this, args);
    printed += args[0];
    while (next < patterns.length && patterns[next].test(printed)) reached(++next);
    return more;
  };`;

/** Environment in which the program runs `body` once its standard output matches. */
export function planted(pattern: RegExp, body: string): Record<string, string> {
  return imported(`const reached = () => { ${body} }; ${atOutput([pattern])}`);
}

export interface Held extends Running {
  /** Resolves when the program is held at its next pattern. */
  held(): Promise<void>;
  /** Lets it continue. */
  release(): void;
}

/** Code for the program's main thread: at its start, and each time it is released. */
export interface HeldCode {
  readonly before: string;
  readonly released: string;
}

/** Starts the program; its main thread stands still at each pattern of its output until it is released. */
export function startHeld(
  args: readonly string[],
  folder: string,
  patterns: RegExp | readonly RegExp[],
  { before, released }: HeldCode = { before: '', released: '' },
): Held {
  const all = [patterns].flat();
  const path = (turn: number): string => join(folder, `released-${turn}`);
  const running = start(
    args,
    folder,
    imported(`
      const { existsSync } = await import('node:fs');
      const cell = new Int32Array(new SharedArrayBuffer(4));
      ${before}
      const reached = (turn) => {
        while (!existsSync('released-' + turn)) Atomics.wait(cell, 0, 0, 5);
        ${released}
      };
      ${atOutput(all)}`),
  );
  let turn = 0;
  return {
    ...running,
    held: () => running.saw(all[turn]),
    release: () => writeFileSync(path(++turn), ''),
  };
}
