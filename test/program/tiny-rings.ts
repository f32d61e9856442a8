/** The program with the smallest rings and a slow shard, so that every burst fills them: for burst.slow.test.ts. */
import '../../src/memory/io-ledger.js';
import type { StageConfig } from '../../src/cli/config.js';
import { parse } from '../../src/cli/parse.js';
import { COMMANDS } from '../../src/commands/registry.js';
import { runStage } from '../../src/commands/run-stage.js';

const command = await parse(process.argv.slice(2), COMMANDS, { version: 'test' });
if (command.kind !== 'command' || !['run', 'shadow'].includes(command.name))
  throw new Error('a stage run only');
process.exitCode = await runStage(command.options as StageConfig, {
  slots: 4096,
  shardWorker: new URL('./slow-shard.js', import.meta.url),
});
