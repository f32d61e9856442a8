import { expect, it } from 'vitest';
import { sanitize } from '../../src/text/sanitize.js';

it.each([
  ['a\u0000\u001b[2Jb\r\n\u0085c\u2028d', [], 'a [2Jb c d'],
  ['left\u202eright\ufeff', [], 'left right'],
  ['key=abc, again abc', ['abc'], 'key=[secret], again [secret]'],
  // A PIN within the token, in either order.
  ['t=aa7391bb', ['7391', 'aa7391bb'], 't=[secret]'],
  ['t=aa7391bb', ['aa7391bb', '7391'], 't=[secret]'],
  ['cut eyJhbGciOiJIUzUxMiJ9.eyJ1c2Vy', [], 'cut [secret]'],
  ['nothing', [''], 'nothing'],
  ['PLANTED planted Planted', ['Planted'], '[secret] [secret] [secret]'],
  ['?key=a%2Bb%2Fc%3D&x', ['a+b/c='], '?key=[secret]&x'],
  ['(a+b) aab', ['(a+b)'], '[secret] aab'],
  // A replacement is not searched again, and single letters are no secrets.
  ['secret ret', ['secret', 'ret', 'e'], '[secret] [secret]'],
  ['  भाव बंद  ', [], 'भाव बंद'],
])('%j', (text, secrets, clean) => {
  expect(sanitize(text, secrets, 100)).toBe(clean);
});

it('takes secrets out before it cuts, so that no beginning of one is left', () => {
  expect(sanitize(`${'x'.repeat(95)}secret-of-ours`, ['secret-of-ours'], 100)).toBe(`${'x'.repeat(95)}[secr`);
});
