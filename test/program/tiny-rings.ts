/** The program with the smallest rings and a shard that is slow on purpose: every burst fills them. Run as a child process by burst.test.ts. */
import '../../src/memory/io-ledger.js';
import { parse } from '../../src/cli/parse.js';
import { runStage } from '../../src/commands/run.js';

const command = await parse(process.argv.slice(2), { version: 'test' });
if (command.kind !== 'stage') throw new Error('a stage run only');
process.exitCode = await runStage(command.config, {
  slots: 4096,
  shardWorker: new URL('./slow-shard.js', import.meta.url),
});
