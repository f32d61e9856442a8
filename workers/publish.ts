/** Thread entry of `--publish`. */
import '../src/memory/io-ledger.js';
import { LEDGER, watch } from '../src/memory/io-ledger.js';
import { publishCandles } from '../src/threads/candle-publisher.js';
import type { PublishTask } from '../src/threads/publish-messages.js';

/** Until the server has every candle of a run that is over. Connects to the named servers only. */
export default function run(task: PublishTask): Promise<void> {
  watch([], new Int32Array(task.ledger, 0, LEDGER.words), task.access.servers.servers);
  return publishCandles(task);
}
