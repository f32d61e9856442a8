/** The writer's thread, which dies at a message while the test's counter says so. */
import '../../src/memory/io-ledger.js';
import { LEDGER } from '../../src/memory/io-ledger.js';
import writer from '../../workers/writer.js';
import type { ToWriter, WriterTask } from '../../src/threads/writer-messages.js';

/** Deaths yet to come: a word of the ledger that the writer does not use. */
export const DEATHS_WORD = LEDGER.words;

export default async function run(task: WriterTask): Promise<void> {
  const deaths = new Int32Array(task.ledger);
  task.port.on('message', ({ kind }: ToWriter) => {
    if (kind === 'prepare' || deaths[DEATHS_WORD] <= 0) return;
    deaths[DEATHS_WORD]--;
    process.exit(1);
  });
  await writer(task);
}
