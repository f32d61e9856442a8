/** The only source of randomness: every run can be repeated from its seed. Names alone are random. */
import { randomInt } from 'node:crypto';

/** Doubles in [0, 1). */
export type Random = () => number;

/** Seven digits that no other process draws in the same second, also one of the same number in another container. */
export function nonce(): string {
  return String(randomInt(10_000_000)).padStart(7, '0');
}

/**
 * sfc32 (Chris Doty-Humphrey's Small Fast Counter, 32 bit), seeded through splitmix32. `stream`: one of a seed's
 * independent streams.
 */
export function seededRandom(seed: number, stream = 0): Random {
  let mix = (Math.trunc(seed) ^ Math.imul(stream + 1, 0x9e3779b1)) >>> 0;
  const word = (): number => {
    mix = (mix + 0x9e3779b9) | 0;
    let z = mix ^ (mix >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) | 0;
  };
  let a = word();
  let b = word();
  let c = word();
  let counter = 1;
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 4294967296;
  };
  for (let warm = 0; warm < 12; warm++) next();
  return next;
}
