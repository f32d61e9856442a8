/** `tickshard` and `tickshard shadow`: a stage run, and a day's run. Loads the run late, so that help is quick. */
import { defineCommand } from '../cli/command.js';
import { stageConfig, type StageConfig } from '../cli/config.js';
import { broker } from '../run/broker.js';

const run = async (config: StageConfig): Promise<number> => (await import('./run-stage.js')).runStage(config);

const exitCodes = {
  0: 'all gates passed or warned',
  1: 'a gate failed',
  2: 'usage, configuration or market shut',
  3: 'could not log in or connect',
  130: 'interrupted (what was sealed is on disk)',
};

const variables = Object.values(broker.access.variables);

export const runCommand = defineCommand<'run', StageConfig>({
  about: `The live feed needs ${variables.slice(0, -1).join(', ')} and ${variables.at(-1)} in the environment or in .env.`,
  exitCodes,
  example: 'tickshard --ws-test-mode --stage 1 --duration 15 --feed sim --speed max',
  check: (values) => stageConfig(values, false),
  run,
});

export const shadowCommand = defineCommand<'shadow', StageConfig>({
  about:
    'The same as a stage run, for a whole day, while you keep polling. It changes nothing live: to go back, stop it. To continue a run that was killed, give the same command line with --resume in place of --wait-open. Compare each day, then run `tickshard cutover`.',
  exitCodes,
  example: 'tickshard shadow --ws-test-mode --until-close --wait-open --warm-up',
  check: (values) => stageConfig(values, true),
  run,
});
