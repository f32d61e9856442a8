/** Thread entry of the writer. */
import '../src/memory/io-ledger.js';
import { LEDGER, watch } from '../src/memory/io-ledger.js';
import { Writer } from '../src/threads/writer.js';
import type { WriterTask } from '../src/threads/writer-messages.js';

/** Until the last request is answered. */
export default function run(task: WriterTask): Promise<void> {
  watch([task.outDir], new Int32Array(task.ledger, 0, LEDGER.words));
  return new Writer(task).run();
}
