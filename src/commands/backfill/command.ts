/** Options and output of `tickshard backfill`. */
import { defineCommand } from '../../cli/command.js';
import type { ValuesOf } from '../../cli/options/table.js';
import { backfill } from './backfill.js';

export const command = defineCommand<'backfill', ValuesOf<'backfill'>>({
  about:
    "JOURNAL is the folder of one run, data/test/journal/RUN by default. Minutes of the run that are missing or partial because of a gap are polled from the run's own broker, each until two answers agree. They become records of the journal, replace the gap minutes in the run's files, and are in its report and page. What the run saw whole stays. A second call finds nothing to do.",
  exitCodes: {
    0: 'no minute of the run is missing because of a gap any more',
    1: 'some are, for a reason that is said',
    2: 'usage, or a run that cannot be back-filled',
  },
  example: 'tickshard backfill data/test/journal/RUN',
  check: (values) => values,
  run: backfill,
});
