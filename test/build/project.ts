/** A small project that scripts/build.mjs builds, in a folder of its own. */
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { shipped } from '../../src/paths.js';
import { inFolder } from '../parquet/candles.js';

/** Modules besides main. Enough for a build to take a moment between its first and its last file. */
const MODULES = 60;

export interface Done {
  readonly code: number | null;
  readonly output: string;
}

export interface Project {
  readonly folder: string;
  /** Gives every module this version. */
  write(version: number): void;
  build(): Promise<Done>;
  /** Starts a build in a process group of its own. */
  start(): { readonly pid: number; readonly ended: Promise<Done> };
  /** Runs the built program, which prints the version of each of its modules. */
  run(): Promise<Done>;
  /** The versions that the built program prints, each once. */
  versions(): Promise<readonly string[]>;
  /** Resolves when no build holds the lock. */
  idle(): Promise<void>;
}

/** Runs a program to its end. */
export function run(
  command: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv = process.env,
): { pid: number; ended: Promise<Done> } {
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = new Promise<Done>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
  return { pid: child.pid!, ended };
}

/** Our settings without the types of Node and of ES, which take most of the compiler's time. */
function withoutTypes(): unknown {
  const ours = JSON.parse(readFileSync(shipped('tsconfig.json'), 'utf8')) as { compilerOptions: object };
  return { ...ours, compilerOptions: { ...ours.compilerOptions, types: [], lib: ['ES5'] } };
}

function writeFiles(folder: string): void {
  for (const path of ['scripts', 'src/page/bundle.mjs'])
    cpSync(fileURLToPath(shipped(path)), join(folder, path), { recursive: true });
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(withoutTypes()));
  symlinkSync(fileURLToPath(shipped('node_modules')), join(folder, 'node_modules'));
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({
      name: 'tickshard',
      version: '1.0.0',
      type: 'module',
      bin: { tickshard: 'dist/src/main.js' },
      files: ['dist/src'],
      scripts: { prepare: 'node scripts/build.mjs' },
    }),
  );
  writeFileSync(join(folder, 'src/page/main.ts'), 'document.title = "a page";\n');
  writeFileSync(join(folder, 'src/page/state.ts'), 'export const state = 1;\n');
  writeFileSync(join(folder, 'src/page/page.css'), 'body { color: black; }\n');
  const names = Array.from({ length: MODULES }, (_, k) => k);
  writeFileSync(
    join(folder, 'src/main.ts'),
    [
      '#!/usr/bin/env node',
      ...names.map((k) => `import { version as v${k} } from './part${k}.js';`),
      "import './page/state.js';",
      'declare const console: { log(text: string): void };',
      `console.log([${names.map((k) => `v${k}`).join(', ')}].join(' '));`,
      '',
    ].join('\n'),
  );
}

/** In a new project. `built`: a built one, which is copied with its times: the build sees no change. */
export async function inProject(body: (project: Project) => Promise<void>, built?: string): Promise<void> {
  await inFolder(async (folder) => {
    if (built === undefined) {
      mkdirSync(join(folder, 'src'));
      writeFiles(folder);
    } else execFileSync('cp', ['-a', `${built}/.`, folder]);
    const lock = join(folder, '.build/.lock');
    const start = (): ReturnType<typeof run> => run(process.execPath, ['scripts/build.mjs'], folder);
    const project: Project = {
      folder,
      write(version) {
        for (let k = 0; k < MODULES; k++)
          writeFileSync(join(folder, `src/part${k}.ts`), `export const version = ${version};\n`);
      },
      start,
      build: () => start().ended,
      run: () => run(process.execPath, ['dist/src/main.js'], folder).ended,
      async versions() {
        const { output } = await project.run();
        return [...new Set(output.trim().split(' '))];
      },
      async idle() {
        while (existsSync(lock) && existsSync(`/proc/${readFileSync(lock, 'utf8').split(' ')[0]}`))
          await new Promise((resolve) => setTimeout(resolve, 50));
      },
    };
    if (built === undefined) project.write(0);
    await body(project);
    await project.idle();
  });
}
