import { expect, it } from 'vitest';
import { decodeTable, measureDecode } from '../../bench/decode.js';
import { floor, frames, plain } from '../../bench/baselines.js';

it('the decode bench checks its answers', () => {
  const results = measureDecode({ smoke: true });
  expect(results.map(({ mode }) => mode)).toEqual(['ltp', 'quote', 'snapquote']);
  expect(decodeTable(results)).toContain('snapquote');
});

it('the yardsticks agree with each other', () => {
  const { buf, tokens } = frames(100_000);
  const answer = floor(buf, 100_000, tokens);
  expect(answer).toEqual(plain(buf, 100_000, tokens));
  expect(answer.candles).toBeGreaterThan(0);
});
