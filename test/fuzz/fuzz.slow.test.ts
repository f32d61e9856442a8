/**
 * A short seeded round of every target. Also tests that the fuzzer catches what a parser must not do: throw another
 * error, hang, grow, or end the program.
 *
 * Parsers were broken by hand in dist, one line each. The round of `npm run test:all` found all of these:
 *
 *   decoder       a Quote of any length from 123 on (case 21); a SnapQuote of any length up to 379 (case 0)
 *   texts         control characters kept (361); the exception of JSON.parse passed on (4)
 *   journal       entries longer than their block (15); blocks smaller than their header (3); a run of any name (9)
 *   meta          sessions not counted; a symbol of any characters
 *   instruments   the parser's own exception passed on (1)
 *   calendar      nothing checked (5)
 *   history       pages believed (8: the process dies in the library); the library's own exceptions passed on (1)
 *   stored        the library's own exceptions passed on (7)
 *
 * It is too short to find an unbounded row of the instrument file, or unchecked numbers of a Parquet footer.
 * test/broker/angel/scrip-master.test.ts and test/parquet/bounds.test.ts test those.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { streamOf } from './cases.js';
import { FAULTY } from './faulty.js';
import { TARGETS } from './targets.js';
import { perTier, seedsOf } from '../volume.js';
import { runRound } from './watch.js';

const keep = mkdtempSync(join(tmpdir(), 'tickshard-findings-'));
afterAll(() => rmSync(keep, { recursive: true, force: true }));

/**
 * Cases of each target, of which tier fast does a fourth. Together they take two or three seconds on two cores. For
 * more there is `npm run fuzz`.
 */
const CASES: Readonly<Record<string, number>> = {
  decoder: 5000,
  texts: 3000,
  journal: 120,
  meta: 1000,
  instruments: 120,
  calendar: 1000,
  history: 52,
  lines: 800,
  stored: 40,
};
/** Real ms that a case may take here. Only a parser that hangs takes more, however busy the machine is. */
const PATIENT_MS = 200_000;
const casesOf = (name: string): number => CASES[name] * perTier(0.25, 1, 8);

describe('a round of hostile bytes', () => {
  it.each(
    seedsOf(20_261_123).flatMap((seed) => TARGETS.map((target) => [target.name, seed, target] as const)),
  )('%s: each is accepted or refused, and nothing else (seed %i)', async (name, seed, target) => {
    const round = await runRound(target, { seed, cases: casesOf(name), hangMs: PATIENT_MS }, keep);
    expect(round.findings).toEqual([]);
    expect(round.cases).toBe(casesOf(name));
    // A useful round has inputs that pass the first check and inputs that are refused.
    expect(round.accepted).toBeGreaterThan(0);
    expect(round.refused).toBeGreaterThan(0);
    expect(round.accepted + round.refused).toBe(round.cases);
  });
});

describe('the fuzzer', () => {
  const named = (name: string) => FAULTY.find((target) => target.name === name)!;
  it.each([
    ['throws', 'exception', /TypeError: of no kind that is documented/],
    ['hangs', 'hang', /no answer within 5000 ms/],
    ['grows', 'memory', /MB where/],
    ['exits', 'death', /ended with 3/],
  ])('names the case of a parser that %s', async (name, kind, detail) => {
    const { findings } = await runRound(
      named(name),
      { seed: 1, cases: 20, most: 1, hangMs: name === 'hangs' ? 5_000 : PATIENT_MS },
      keep,
    );
    expect(findings).toMatchObject([
      { target: name, seed: 1, number: 7, kind, detail: expect.stringMatching(detail) as string },
    ]);
    // The kept file is the input, and the same seed makes it again.
    expect(readFileSync(findings[0].path)).toEqual(
      Buffer.from(named(name).input(streamOf(named(name), 1, 7))),
    );
  });

  it('prints the seed first, then findings, and ends with 1 when there are some', async () => {
    const program = fileURLToPath(new URL('./fuzz.js', import.meta.url));
    const run = (...args: string[]): Promise<{ code: number; lines: string[] }> =>
      new Promise((resolve) =>
        execFile(
          process.execPath,
          [program, ...args],
          { env: { ...process.env, TMPDIR: keep } },
          (error, stdout) => resolve({ code: Number(error?.code ?? 0), lines: stdout.split('\n') }),
        ),
      );
    const [bad, good, usage] = await Promise.all([
      run('--seconds', '1', '--seed', '5', '--target', 'throws'),
      run('--seed', '5', '--target', 'texts', '--case', '3'),
      run('--target', 'nothing'),
    ]);
    expect(bad.lines[0]).toBe('seed 5');
    expect(bad.lines[1]).toMatch(
      /^FINDING exception: target throws, seed 5, case 7, input .*throws-5-7\.bin$/,
    );
    expect(bad.code).toBe(1);
    expect(good.lines[0]).toBe('seed 5');
    expect(good.lines[1]).toMatch(/^texts +1 cases/);
    expect(good.code).toBe(0);
    expect(usage.code).toBe(2);
  });
});
