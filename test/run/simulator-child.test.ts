import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SimulatorChild } from '../../src/run/simulator-child.js';

const MONDAY_11 = Date.UTC(2026, 9, 26, 5, 30);

/** Returns once the process has ended; this thread handles no event meanwhile, so that no one knows yet. */
function killUnnoticed(pid: number): void {
  process.kill(pid, 'SIGKILL');
  while (!/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')));
}

function newestChild(): number {
  const list = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' });
  return Number(/^ *(\d+) .*simulator\.js/m.exec(list)![1]);
}

describe('a simulator that died', () => {
  it('is reported in the same words when the message to it fails first', async () => {
    const child = new SimulatorChild({ seed: 1, speed: 1, atMs: MONDAY_11, faults: [] });
    try {
      killUnnoticed(newestChild());
      await expect(child.start()).rejects.toThrow(
        /^The simulated broker ended with code none before it answered\.$/,
      );
    } finally {
      child.stop();
    }
  });
});
