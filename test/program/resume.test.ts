/**
 * `--resume` where it must refuse: one sentence, exit code 2, nothing changed. Runs that continue are in test/crash.
 */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inFolder } from '../parquet/candles.js';
import { firstOf, slow } from '../tier.js';
import { JOURNALED, run, simulated } from './command.js';
import { setRules } from './older-rules.js';
import { startHeld } from './pause.js';

const args = (...more: readonly string[]): string[] =>
  simulated(2, 5, '--symbols', 'RELIANCE,TCS', ...JOURNALED, ...more);

/** The folder of a run that was killed after its first candles. */
let killed = '';
let forget: () => void = () => undefined;

beforeAll(
  () =>
    new Promise<void>((resolve, reject) => {
      void inFolder(async (folder) => {
        const running = startHeld(args(), folder, /^11:02 {2}\d+ candles sealed/m);
        await running.held();
        running.child.kill('SIGKILL');
        await running.ended;
        killed = folder;
        resolve();
        await new Promise<void>((over) => (forget = over));
      }).catch(reject);
    }),
);
afterAll(() => forget());

/** All bytes of the journals. */
function bytesIn(folder: string): string[] {
  const journal = join(folder, 'journal');
  return readdirSync(journal, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) =>
      name.endsWith('.journal') ? `${name} ${readFileSync(join(journal, name)).toString('base64')}` : name,
    );
}

async function expectRefusal(folder: string, why: RegExp, ...more: readonly string[]): Promise<void> {
  const before = bytesIn(folder);
  const { code, stdout, stderr } = await run(args('--resume', '--resume-after', '5', ...more), folder);
  expect(stderr).toMatch(/^tickshard: [^\n]+\n$/);
  expect(stderr).toMatch(why);
  expect([code, stdout]).toEqual([2, '']);
  expect(bytesIn(folder)).toEqual(before);
}

const changed = (name: string, value: string): string[] =>
  args().map((arg, k, all) => (all[k - 1] === name ? value : arg));

describe.concurrent('--resume refuses', () => {
  it.each<[string, string, string, RegExp]>(firstOf(1, [
    ['another mode', '--mode', 'quote', /There is nothing to resume in journal: \S+ had --mode ltp; without --resume a new run begins\./],
    ['another seed', '--seed', '2', /had --feed sim:1~bursts=off;/],
    ['another grace', '--grace', '5', /had --grace 3;/],
  ]))('%s', (_what, name, value, why) =>
    inFolder(async (folder) => {
      cpSync(join(killed, 'journal'), join(folder, 'journal'), { recursive: true });
      await expectRefusal(folder, why, name, value);
    })); // prettier-ignore

  it.each<[string, string, string, RegExp]>(firstOf(1, [
    ['another duration', '--duration', '6', /had --duration 5;/],
    ['other symbols', '--symbols', 'RELIANCE,INFY', /^tickshard: Run \S+ had other symbols: 2 symbols, RELIANCE, TCS; give it the same command line\.\n$/],
  ]))('%s', (_what, name, value, why) =>
    inFolder(async (folder) => {
      cpSync(join(killed, 'journal'), join(folder, 'journal'), { recursive: true });
      const { code, stdout, stderr } = await run([...changed(name, value), '--resume', '--resume-after', '5'], folder);
      expect(stderr).toMatch(why);
      expect([code, stdout]).toEqual([2, '']);
    })); // prettier-ignore

  it('a run of other rules', () =>
    inFolder(async (folder) => {
      cpSync(join(killed, 'journal'), join(folder, 'journal'), { recursive: true });
      const run = readdirSync(join(folder, 'journal'))[0];
      setRules(join(folder, 'journal', run, '000001.journal'), 1);
      await expectRefusal(folder, /\S+ followed rules 1, and this version follows rules \d+;/);
    })); // prettier-ignore

  slow('a journal that is damaged in the middle, and says where', () =>
    inFolder(async (folder) => {
      cpSync(join(killed, 'journal'), join(folder, 'journal'), { recursive: true });
      const path = join(folder, 'journal', readdirSync(join(folder, 'journal'))[0], '000001.journal');
      const bytes = readFileSync(path);
      bytes[Math.floor(bytes.length / 2)] ^= 1;
      writeFileSync(path, bytes);
      await expectRefusal(folder, /the journal of run \S+ is damaged in segment 1 at byte \d+; `tickshard replay` shows what can be read;/);
    })); // prettier-ignore

  slow('a run that is still alive, and one that has finished', () =>
    inFolder(async (folder) => {
      const running = startHeld(args(), folder, /candles sealed/);
      await running.held();
      const { code, stderr } = await run([...changed('--out', 'elsewhere'), '--resume', '--resume-after', '5'], folder);
      expect([code, stderr]).toEqual([2, expect.stringMatching(new RegExp(`run \\S+ is still going on in process ${String(running.child.pid)};`))]);
      running.release();
      expect((await running.ended).code).toBe(0);
      await expectRefusal(folder, /no run was killed there;/);
    })); // prettier-ignore

  slow('a folder without journals, and --no-journal', () =>
    inFolder(async (folder) => {
      const nothing = await run(args('--resume', '--resume-after', '5'), folder);
      expect([nothing.code, nothing.stderr]).toEqual([2, 'tickshard: There is nothing to resume in journal: no run was killed there; without --resume a new run begins.\n']);
      const without = await run(['--ws-test-mode', '--stage', '1', '--duration', '10', '--feed', 'sim', '--resume', '--no-journal'], folder);
      expect([without.code, without.stderr]).toEqual([2, expect.stringMatching(/--resume/)]);
    })); // prettier-ignore
});
