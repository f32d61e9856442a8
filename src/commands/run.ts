/** `tickshard` and `tickshard shadow`: a run of a stage, and of a whole day. What runs is loaded when a run starts, so that help is quick. */
import { defineCommand } from '../cli/command.js';
import { stageConfig, type StageConfig } from '../cli/config.js';

const run = async (config: StageConfig): Promise<number> => (await import('./run-stage.js')).runStage(config);

const exitCodes = {
  0: 'all gates passed or warned',
  1: 'a gate failed',
  2: 'usage, configuration or market shut',
  3: 'could not log in or connect',
  130: 'interrupted (what was sealed is on disk)',
};

export const runCommand = defineCommand<'run', StageConfig>({
  about:
    'The live feed needs ANGEL_API_KEY, ANGEL_CLIENT_ID, ANGEL_PIN and ANGEL_TOTP_SECRET in the environment or in .env.',
  exitCodes,
  example: 'tickshard --ws-test-mode --stage 1 --duration 15 --feed sim --speed 60',
  check: (values) => stageConfig(values, false),
  run,
});

export const shadowCommand = defineCommand<'shadow', StageConfig>({
  about:
    'The same run as a stage, for a whole day beside what you poll. It changes nothing live: stop it, and everything is as it was. A run that was killed goes on with the same command line, --resume in place of --wait-open. Compare each day, then `tickshard cutover`.',
  exitCodes,
  example: 'tickshard shadow --ws-test-mode --until-close --wait-open --warm-up',
  check: (values) => stageConfig(values, true),
  run,
});
