/** `systemd-analyze` on unit and timer. Nothing is started: that needs a machine whose first process is systemd. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { shipped } from '../../src/paths.js';
import { inFolder } from '../parquet/candles.js';
import { textOf, titled, tool } from './tools.js';

const analyze = tool('systemd-analyze');
const PROGRAM = '/opt/tickshard/node_modules/.bin/tickshard';
/** Of 100; systemd calls 0 to 50 good. */
const MAX_EXPOSURE = 25;

function run(args: readonly string[]): { readonly status: number | null; readonly text: string } {
  const { status, stdout, stderr } = spawnSync(analyze!, args, { encoding: 'utf8' });
  return { status, text: `${stdout}${stderr}` };
}

/** Unit and timer in a folder, with the program of this tree for the one that is not installed here. */
async function installed(
  change: (unit: string) => string,
  body: (paths: readonly [unit: string, timer: string]) => void,
): Promise<void> {
  await inFolder((folder) => {
    const unit = textOf('deploy/systemd/tickshard@.service');
    expect(unit).toContain(`ExecStart=${PROGRAM} `);
    const paths = [join(folder, 'tickshard@wait-open.service'), join(folder, 'tickshard.timer')] as const;
    writeFileSync(paths[0], change(unit.replaceAll(PROGRAM, fileURLToPath(shipped('dist/src/main.js')))));
    writeFileSync(paths[1], textOf('deploy/systemd/tickshard.timer'));
    body(paths);
    return Promise.resolve();
  });
}

const same = (unit: string): string => unit;

describe.skipIf(analyze === undefined)(titled('unit and timer', { 'systemd-analyze': analyze }), () => {
  it('pass `systemd-analyze verify`, without a word', () =>
    installed(same, (paths) => {
      expect(run(['verify', ...paths])).toEqual({ status: 0, text: '' });
    }));

  it('would not pass with a setting that systemd does not know', () =>
    installed(
      (unit) => unit.replace('Restart=no', 'Restart=never'),
      (paths) => {
        expect(run(['verify', ...paths]).text).toMatch(/restart.*never/);
      },
    ));

  it(`leave open at most ${MAX_EXPOSURE} of 100 by \`systemd-analyze security\``, () =>
    installed(same, ([unit]) => {
      const { status, text } = run(['security', '--offline=yes', `--threshold=${MAX_EXPOSURE}`, unit]);
      expect(text).toContain('Overall exposure level');
      expect(status, text).toBe(0);
    }));

  it('elapse on weekdays at 08:35 in India, which is 03:05 UTC', () => {
    const [, when] = /^OnCalendar=(.*)$/m.exec(textOf('deploy/systemd/tickshard.timer'))!;
    const { status, text } = run(['calendar', '--base-time=2026-12-04 12:00 UTC', '--iterations=2', when]);
    expect(status, text).toBe(0);
    expect(text).toContain('Mon 2026-12-07 03:05:00 UTC');
    expect(text).toContain('Tue 2026-12-08 03:05:00 UTC');
  });
});
