/** Digests of files. */
import { createHash } from 'node:crypto';

/** SHA-256, hex. */
export function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
