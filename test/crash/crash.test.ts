/**
 * Real crashes, twenty of them. Broken on purpose, each caught: a journal that is told written before it is (resume differs from the
 * replay), a resume that forgets the gap (a broken minute counts as whole), a sink that writes in place (a file that does not open).
 */
import { expect, it } from 'vitest';
import { crash } from './crash.js';

const SEED = 20261125;

it(`a killed run is resumed: nothing sealed lost, nothing doubled, every file opens (seed ${SEED})`, { timeout: 400_000 }, async () => {
  const lines: string[] = [];
  const { problems, kills, wholeCandles } = await crash({ times: 20, seed: SEED, say: (line) => lines.push(line) });
  expect(problems, lines.join('\n')).toEqual([]);
  // There was something to lose.
  expect(kills).toBeGreaterThanOrEqual(15);
  expect(wholeCandles).toBeGreaterThan(20 * 50);
});
