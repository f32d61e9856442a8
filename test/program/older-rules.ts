/** Journals of runs that followed other rules. */
import { readFileSync, writeFileSync } from 'node:fs';
import { RULES } from '../../src/candles/rules.js';
import { crc32 } from '../../src/journal/crc32.js';

/** Size of a segment's header, where its first block begins. */
const FIRST_BLOCK = 64;

/** Makes a journal's first segment one of rules `rules`, a number of one digit, as its run would have written it. */
export function setRules(segment: string, rules: number): void {
  const bytes = readFileSync(segment);
  const end = FIRST_BLOCK + bytes.readUInt32LE(FIRST_BLOCK);
  const at = bytes.indexOf(`"rules":${RULES},`);
  if (at < 0 || at > end) throw new Error('the first block says no rules');
  bytes.write(String(rules), at + '"rules":'.length);
  bytes.writeUInt32LE(crc32(bytes, FIRST_BLOCK + 8, end), FIRST_BLOCK + 4);
  writeFileSync(segment, bytes);
}
