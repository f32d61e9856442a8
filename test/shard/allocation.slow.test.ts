import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const script = fileURLToPath(new URL('./allocation.js', import.meta.url));

function measure(): Record<string, number> {
  const young = ['--min-semi-space-size=512', '--max-semi-space-size=512'];
  const text = execFileSync(process.execPath, [...young, script], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  return JSON.parse(text) as Record<string, number>;
}

it('a packet allocates nothing from its bytes to its bar, admitted, rejected or held', () => {
  // Which calls are inlined differs from run to run, and a double that crosses one that is not takes 16 bytes: the
  // code is judged by the best of a few runs.
  const least: Record<string, number> = {};
  for (let attempt = 0; attempt < 5; attempt++) {
    const { control, ...bytes } = measure();
    expect(Object.keys(bytes)).toEqual(['ltp', 'quote', 'snapquote', 'refused', 'ahead']);
    expect(control).toBeGreaterThanOrEqual(16);
    for (const [what, grown] of Object.entries(bytes)) least[what] = Math.min(least[what] ?? Infinity, grown);
    if (Object.values(least).every((grown) => grown < 1.6)) return;
  }
  for (const [what, grown] of Object.entries(least)) expect(grown, what).toBeLessThan(1.6);
});
