/** The compactor's thread, which dies of its first segment. */
import '../../src/memory/io-ledger.js';
import type { CompactorTask } from '../../src/threads/compactor-messages.js';

export default function run({ port }: CompactorTask): Promise<void> {
  return new Promise(() => port.on('message', () => process.exit(1)));
}
