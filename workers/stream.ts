/** Thread entry of `--stream`. */
import '../src/memory/io-ledger.js';
import { LEDGER, watch } from '../src/memory/io-ledger.js';
import { streamEvents } from '../src/threads/event-stream.js';
import type { StreamTask } from '../src/threads/stream-messages.js';

/** Until the run's end is written. */
export default function run(task: StreamTask): Promise<void> {
  watch([], new Int32Array(task.ledger, 0, LEDGER.words));
  return streamEvents(task);
}
