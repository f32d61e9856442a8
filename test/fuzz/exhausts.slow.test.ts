/** The fuzzer names a case that takes all memory, which takes the machine some seconds. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { FAULTY } from './faulty.js';
import { runRound } from './watch.js';

const keep = mkdtempSync(join(tmpdir(), 'tickshard-findings-'));
afterAll(() => rmSync(keep, { recursive: true, force: true }));

it('names the case of a parser that exhausts the memory', async () => {
  const target = FAULTY.find(({ name }) => name === 'exhausts')!;
  const { findings } = await runRound(target, { seed: 1, cases: 20, most: 1, hangMs: 600_000 }, keep);
  expect(findings).toMatchObject([
    {
      target: 'exhausts',
      number: 7,
      kind: 'death',
      detail: expect.stringMatching(/heap out of memory|SIGABRT|ended with/) as string,
    },
  ]);
});
