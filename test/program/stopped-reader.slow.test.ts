/** Readers of the output that stop: the run comes to its end without them, and at its end nothing is missing. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { expect, it, vi } from 'vitest';
import { shipped } from '../../src/paths.js';
import { inFolder } from '../parquet/candles.js';
import { EARLY, REPORTED, simulated, start } from './command.js';

const ARGS = simulated(2, 3, ...REPORTED, ...EARLY);
/** Of util-linux: it runs a command on a terminal of its own. */
const hasScript = spawnSync('script', ['--version']).stdout?.toString().includes('util-linux') === true;

const reportOf = (folder: string): Promise<string> =>
  vi.waitFor(() => readFileSync(join(folder, 'report.json'), 'utf8'), { timeout: 120_000, interval: 50 });

it.skipIf(!hasScript)('a terminal that stops reading does not stop the run, and has the verdict when it reads again', () =>
  inFolder(async (folder) => {
    const program = [process.execPath, fileURLToPath(shipped('dist/src/main.js')), ...ARGS].join(' ');
    const terminal = spawn('script', ['-qefc', `stty rows 50 cols 200; exec ${program}`, '/dev/null'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let shown = '';
    terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
      // The first status lines: before them the run does not feed anything.
      if (shown === '') terminal.kill('SIGSTOP');
      shown += text;
    });
    const ended = new Promise<number | null>((resolve) => terminal.on('close', resolve));
    try {
      const report = await reportOf(folder);
      expect(JSON.parse(report)).toMatchObject({ verdict: 'pass' });
      expect(shown).not.toContain('Verdict');
      terminal.kill('SIGCONT');
      expect(await ended).toBe(0);
      expect(stripVTControlCharacters(shown)).toContain('Verdict: PASS');
    } finally {
      terminal.kill('SIGKILL');
    }
  })); // prettier-ignore

it('a pipe that is not read holds up neither the run nor --json, which is whole when it is read', () =>
  inFolder(async (folder) => {
    const { child, ended } = start([...ARGS, '--json'], folder);
    child.stdout!.pause();
    child.stderr!.pause();
    const report = await reportOf(folder);
    expect(report.length).toBeGreaterThan(65_536);
    child.stdout!.resume();
    child.stderr!.resume();
    const { code, stdout, stderr } = await ended;
    expect(code).toBe(0);
    expect(stdout).toBe(report);
    expect(stderr).toContain('Verdict: PASS');
    expect(existsSync(join(folder, 'out/NSE_TCS_1m_test.parquet'))).toBe(true);
  }));
