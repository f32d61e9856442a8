/** A run whose feed detects in a second what takes ten in production: silence and lost pongs. */
import type { StageConfig } from '../../src/cli/config.js';
import { parse } from '../../src/cli/parse.js';
import { COMMANDS } from '../../src/commands/registry.js';
import { EngineError } from '../../src/errors.js';
import { FEED_LIMITS } from '../../src/feed/connection-machine.js';
import { runStage } from '../../src/commands/run-stage.js';

const TIMES_AS_QUICK = 20;

try {
  const command = await parse(process.argv.slice(2), COMMANDS, { version: 'test' });
  if (command.kind !== 'command' || !['run', 'shadow'].includes(command.name))
    throw new Error('this entry runs stages only');
  const feedLimits = Object.fromEntries(
    Object.entries(FEED_LIMITS).map(([name, ms]) => [name, ms / TIMES_AS_QUICK]),
  ) as unknown as typeof FEED_LIMITS;
  process.exitCode = await runStage(command.options as StageConfig, { feedLimits });
} catch (error) {
  if (!(error instanceof EngineError)) throw error;
  process.stderr.write(`tickshard: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
