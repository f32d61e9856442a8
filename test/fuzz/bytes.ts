/** Makes hostile bytes of honest ones, and hostile JSON. All randomness is from the case's own generator. */
import type { Random } from '../../src/random.js';

export const below = (random: Random, limit: number): number => Math.floor(random() * limit);
export const pick = <Item>(random: Random, items: readonly Item[]): Item =>
  items[below(random, items.length)];
export const chance = (random: Random, probability: number): boolean => random() < probability;

/** A size: mostly small, sometimes the maximum. */
export const size = (random: Random, most: number): number => Math.floor(most ** random());

export function randomBytes(random: Random, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at++) bytes[at] = below(random, 256);
  return bytes;
}

/** Bounds of the number types of fields. */
export const EDGES: readonly bigint[] = [
  0n,
  1n,
  2n,
  7n,
  8n,
  127n,
  128n,
  255n,
  256n,
  32_767n,
  65_535n,
  65_536n,
  2n ** 24n,
  2n ** 25n,
  2n ** 30n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 62n,
  2n ** 63n - 1n,
  2n ** 64n - 1n,
];

function writeEdge(random: Random, bytes: Buffer): void {
  const width = pick(random, [1, 2, 4, 8]);
  if (bytes.length < width) return;
  const at = below(random, bytes.length - width + 1);
  const value = BigInt.asUintN(8 * width, chance(random, 0.3) ? -pick(random, EDGES) : pick(random, EDGES));
  for (let byte = 0; byte < width; byte++) bytes[at + byte] = Number((value >> BigInt(8 * byte)) & 0xffn);
}

/** Makes one change to `bytes`; parts of `others` may be spliced in. */
function changed(random: Random, bytes: Buffer, others: readonly Buffer[]): Buffer {
  const at = below(random, bytes.length + 1);
  const length = Math.min(size(random, 4096), bytes.length - at);
  switch (below(random, 9)) {
    case 0: // a bit
      if (at < bytes.length) bytes[at] ^= 1 << below(random, 8);
      return bytes;
    case 1: // a byte
      if (at < bytes.length) bytes[at] = below(random, 256);
      return bytes;
    case 2: // a number, which may be a length or a count
    case 3:
      writeEdge(random, bytes);
      return bytes;
    case 4: // cut short
      return bytes.subarray(0, at);
    case 5: // a part twice
      return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
    case 6: // a part less
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 7: {
      // the head of one with the tail of another
      const other = pick(random, others);
      return Buffer.concat([bytes.subarray(0, at), other.subarray(below(random, other.length + 1))]);
    }
    default: // something in between
      return Buffer.concat([
        bytes.subarray(0, at),
        randomBytes(random, size(random, 64)),
        bytes.subarray(at),
      ]);
  }
}

/** One of `samples` with a few changes. */
export function mutated(random: Random, samples: readonly Buffer[]): Buffer {
  let bytes = Buffer.from(pick(random, samples));
  for (let change = size(random, 8); change > 0; change--)
    bytes = Buffer.from(changed(random, bytes, samples));
  return bytes;
}

const UGLY = [
  '',
  '\u0000',
  '"',
  '\\',
  '\u001b[2J\u0007',
  '\ud800',
  '\u202e',
  '__proto__',
  'constructor',
  'toString',
  '🂡'.repeat(3),
  '-EQ',
  '0',
  'null',
  '../../etc/passwd',
  'NaN',
  '1e999',
  '%s%n',
];

export function uglyString(random: Random): string {
  const text = pick(random, UGLY);
  return chance(random, 0.05) ? text.padEnd(size(random, 300_000), text === '' ? 'x' : text) : text;
}

/** A JSON value, sometimes deep or wide. `names` are keys that the target knows. */
export function uglyJson(random: Random, names: readonly string[], depth = 0): string {
  const kind = below(random, depth > 4 ? 6 : 9);
  switch (kind) {
    case 0:
      return pick(random, [
        'null',
        'true',
        'false',
        '0',
        '-0',
        '1e999',
        '-1e999',
        '1e-999',
        '9007199254740993',
        '123456789012345678901234567890',
      ]);
    case 1:
      return String(Math.round((random() - 0.5) * 1e6) / 100);
    case 2:
    case 3:
      return JSON.stringify(uglyString(random));
    case 4: {
      const deep = size(random, 100_000);
      return chance(random, 0.1) ? `${'['.repeat(deep)}${chance(random, 0.5) ? ']'.repeat(deep) : ''}` : '[]';
    }
    case 5:
      return chance(random, 0.1) ? '{"a":'.repeat(size(random, 50_000)) : '{}';
    case 6:
      return `[${Array.from({ length: below(random, 5) }, () => uglyJson(random, names, depth + 1)).join(',')}]`;
    default:
      return `{${Array.from({ length: below(random, 7) }, () => `${JSON.stringify(chance(random, 0.8) ? pick(random, names) : uglyString(random))}:${uglyJson(random, names, depth + 1)}`).join(',')}}`;
  }
}

/** The text of `value` with some parts replaced, removed or duplicated. */
export function uglyVersion(random: Random, value: unknown, names: readonly string[], rate: number): string {
  if (chance(random, rate)) return uglyJson(random, names);
  if (Array.isArray(value)) {
    const items = value
      .filter(() => !chance(random, rate / 4))
      .map((item) => uglyVersion(random, item, names, rate));
    if (items.length > 0 && chance(random, rate)) items.push(pick(random, items));
    return `[${items.join(',')}]`;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(() => !chance(random, rate / 4))
    .map(
      ([key, member]) =>
        `${JSON.stringify(chance(random, rate / 4) ? uglyString(random) : key)}:${uglyVersion(random, member, names, rate)}`,
    );
  if (chance(random, rate)) members.push(`${JSON.stringify(pick(random, names))}:${uglyJson(random, names)}`);
  return `{${members.join(',')}}`;
}
