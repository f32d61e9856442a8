/**
 * The frames that the vendor's own parsers were run on: `test/vectors/frames.json` says in `about` what its parts
 * mean.
 */

import { readFileSync } from 'node:fs';
import { shipped } from '../../../src/paths.js';

interface ValidVector {
  readonly id: string;
  readonly category: string;
  readonly note: string;
  readonly mode: 1 | 2 | 3;
  readonly length: number;
  readonly hex: string;
  readonly expect: Record<string, unknown>;
}

interface MalformedVector {
  readonly id: string;
  readonly note: string;
  readonly kind: 'binary' | 'text';
  readonly hex: string;
}

const { valid, malformed } = JSON.parse(readFileSync(shipped('test/vectors/frames.json'), 'utf8')) as {
  valid: ValidVector[];
  malformed: MalformedVector[];
};

export { malformed, valid };

export function bytesOf(vector: { hex: string }): Buffer {
  return Buffer.from(vector.hex, 'hex');
}
