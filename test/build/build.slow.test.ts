/** scripts/build.mjs leaves at every moment a `dist` that works. Builds a small project, never this tree. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inProject, run, type Project } from './project.js';

/** Names and times of all files of `dist`. */
const stateOf = ({ folder }: Project): string[] =>
  readdirSync(join(folder, 'dist'), { recursive: true, encoding: 'utf8' }).map(
    (path) => `${path} ${statSync(join(folder, 'dist', path)).mtimeMs}`,
  );

const pass = { code: 0, output: '' };

/** A project after its first build. */
let built: string;
beforeAll(() => {
  built = mkdtempSync(join(tmpdir(), 'tickshard-built-'));
  return inProject(async (project) => {
    expect(await project.build()).toEqual(pass);
    execFileSync('cp', ['-a', `${project.folder}/.`, built]);
  });
});
afterAll(() => rmSync(built, { recursive: true, force: true }));

const inBuilt = (body: (project: Project) => Promise<void>): Promise<void> => inProject(body, built);

describe.concurrent('scripts/build.mjs', () => {
  it('builds what changed, removes what has no source, and otherwise does nothing', async () => {
    await inProject(async (project) => {
      const path = (name: string): string => join(project.folder, name);
      expect(await project.build()).toEqual(pass);
      expect(await project.versions()).toEqual(['0']);
      expect(existsSync(path('dist/page/page.css'))).toBe(true);
      // A module of the page that others import is compiled, too.
      expect(existsSync(path('dist/src/page/state.js'))).toBe(true);
      expect(existsSync(path('dist/src/page/main.js'))).toBe(false);
      expect(statSync(path('dist/src/main.js')).mode & 0o111).toBe(0o111);

      const before = stateOf(project);
      expect(await project.build()).toEqual(pass);
      expect(stateOf(project)).toEqual(before);

      writeFileSync(path('src/added.ts'), 'export const added = 1;\n');
      expect(await project.build()).toEqual(pass);
      expect(existsSync(path('dist/src/added.js'))).toBe(true);
      expect(stateOf(project)).toEqual(expect.arrayContaining(before.filter((line) => /part\d/.test(line))));

      rmSync(path('src/added.ts'));
      expect(await project.build()).toEqual(pass);
      expect(existsSync(path('dist/src/added.js'))).toBe(false);
      expect(existsSync(path('dist/src/added.js.map'))).toBe(false);
    });
  });

  it('repairs a dist that something else changed', async () => {
    await inBuilt(async (project) => {
      writeFileSync(join(project.folder, 'dist/src/part1.js'), 'export const version = 99;\n');
      rmSync(join(project.folder, 'dist/src/part2.js'));
      expect(await project.build()).toEqual(pass);
      expect(await project.versions()).toEqual(['0']);
      rmSync(join(project.folder, '.build/src/part2.js'));
      rmSync(join(project.folder, 'dist'), { recursive: true });
      expect(await project.build()).toEqual(pass);
      expect(await project.versions()).toEqual(['0']);
    });
  });

  it('leaves dist alone when a type is wrong', async () => {
    await inBuilt(async (project) => {
      const before = stateOf(project);
      project.write(1);
      writeFileSync(join(project.folder, 'src/part7.ts'), 'export const version: string = 1;\n');
      const { code, output } = await project.build();
      expect(code).toBe(1);
      expect(output).toMatch(/part7\.ts.*TS2322/);
      expect(stateOf(project)).toEqual(before);
      project.write(2);
      expect(await project.build()).toEqual(pass);
      expect(await project.versions()).toEqual(['2']);
    });
  });

  it('leaves a dist that works, wherever it is killed', async () => {
    await inBuilt(async (project) => {
      const from = performance.now();
      project.write(99);
      await project.build();
      const wholeMs = performance.now() - from;
      const kills = 3;
      for (let k = 1; k <= kills; k++) {
        project.write(k);
        const build = project.start();
        // Spread over the build. Any moment will do, so a slow machine changes nothing.
        await sleep((wholeMs * k) / kills);
        try {
          process.kill(-build.pid, 'SIGKILL');
        } catch (error) {
          // It was over already.
          expect((error as NodeJS.ErrnoException).code).toBe('ESRCH');
        }
        await build.ended;
        expect((await project.run()).code, `after kill ${k}`).toBe(0);
      }
      expect(await project.build()).toEqual(pass);
      expect(await project.versions()).toEqual([String(kills)]);
    });
  });

  it('completes a dist whose files are of two builds, and ignores what a killed build left', async () => {
    await inBuilt(async (project) => {
      project.write(1);
      const path = (name: string): string => join(project.folder, name);
      // As if the renames stopped after the first one: the stamp is removed before it.
      rmSync(path('dist/.build.json'));
      writeFileSync(path('dist/src/part0.js'), 'export const version = 1;\n');
      mkdirSync(path('.build/.aside/src'), { recursive: true });
      writeFileSync(path('.build/.aside/src/part1.js'), 'export const ver');
      // This process's id with another start time is a dead process's.
      writeFileSync(path('.build/.lock'), `${process.pid} 1`);
      expect(await project.build()).toEqual(pass);
      expect(await project.versions()).toEqual(['1']);
      expect(existsSync(path('.build/.aside'))).toBe(false);
      expect(existsSync(path('.build/.lock'))).toBe(false);
    });
  });

  it('serves programs that start during a build', async () => {
    await inBuilt(async (project) => {
      let building = true;
      let runs = 0;
      const user = (async () => {
        while (building) {
          const { code, output } = await project.run();
          expect(code, output).toBe(0);
          runs++;
        }
      })();
      for (let version = 1; version <= 2; version++) {
        project.write(version);
        expect(await project.build()).toEqual(pass);
      }
      building = false;
      await user;
      expect(runs).toBeGreaterThan(1);
      expect(await project.versions()).toEqual(['2']);
    });
  });

  it('builds once when it is started several times at once', async () => {
    await inProject(async (project) => {
      expect(await Promise.all([project.build(), project.build(), project.build()])).toEqual([
        pass,
        pass,
        pass,
      ]);
      expect(await project.versions()).toEqual(['0']);
      project.write(1);
      expect(await Promise.all([project.build(), project.build()])).toEqual([pass, pass]);
      expect(await project.versions()).toEqual(['1']);
    });
  });

  it.for([10, 11])('npx of npm %i does not build, and npm pack packs dist', async (major, { skip }) => {
    await inBuilt(async (project) => {
      const tools = join(project.folder, 'tools');
      mkdirSync(tools);
      writeFileSync(join(tools, 'package.json'), '{}');
      const env = { ...process.env, npm_config_cache: join(project.folder, 'cache') };
      const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
      const installed = await run('npm', ['install', `npm@${major}`, ...quiet], tools, env).ended;
      skip(installed.code !== 0, `npm ${major} cannot be had from the registry: ${installed.output}`);
      const bin = (name: string): string => join(tools, `node_modules/npm/bin/${name}-cli.js`);
      const before = stateOf(project);
      const program = await run(process.execPath, [bin('npx'), '--yes', 'tickshard'], project.folder, env)
        .ended;
      expect(program.code, program.output).toBe(0);
      expect(program.output).toMatch(/^0 0 0/m);
      expect(stateOf(project)).toEqual(before);
      const packed = await run(process.execPath, [bin('npm'), 'pack', '--dry-run'], project.folder, env)
        .ended;
      expect(packed.output).toMatch(/dist\/src\/main\.js/);
      expect(stateOf(project)).toEqual(before);
    });
  });
});
