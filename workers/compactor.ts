/** Thread entry of the journal's compactor. */
import '../src/memory/io-ledger.js';
import { LEDGER, watch } from '../src/memory/io-ledger.js';
import { compactSegments } from '../src/threads/compactor.js';
import type { CompactorTask } from '../src/threads/compactor-messages.js';

/** Until it is ended. */
export default function run(task: CompactorTask): Promise<void> {
  watch([task.folder], new Int32Array(task.ledger, 0, LEDGER.words));
  return compactSegments(task);
}
