import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const COUNT = 1_000_000;

describe('decode allocates nothing', () => {
  it('in a million frames of each mode, and of refusals', () => {
    const script = fileURLToPath(new URL('./allocation.js', import.meta.url));
    const young = ['--min-semi-space-size=512', '--max-semi-space-size=512'];
    const text = execFileSync(process.execPath, [...young, script], {
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    const { control, ...bytes } = JSON.parse(text) as Record<string, number>;
    // The smallest object of the engine has 16 bytes; a hundredth of that a frame is noise of the measurement.
    for (const [what, grown] of Object.entries(bytes)) expect(grown / COUNT, what).toBeLessThan(0.16);
    // The measurement sees what it should: one BigInt a frame.
    expect(control / COUNT).toBeGreaterThanOrEqual(16);
  });
});
