/** Each benchmark checks its answers before it prints figures. Here they run at their smallest size. */
import { describe, expect, it } from 'vitest';
import { BENCHES, runBenches } from '../../bench/run.js';

describe('npm run bench', () => {
  it.each(BENCHES.map(({ name }) => name))('%s checks its answer and prints a table', async (name) => {
    const said: string[] = [];
    expect(await runBenches([name, '--smoke'], (text) => said.push(text))).toBe(0);
    expect(said[0]).toMatch(
      /cores, Node 2\d\.\d+\.\d+, commit \w+; smoke: answers are checked, figures say nothing$/,
    );
    expect(said.at(-1)).toMatch(/^bench +unit +median +least +most +baseline +ratio +target\n/);
  });
});
