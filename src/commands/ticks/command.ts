/** `tickshard ticks`: a journal's packets as files, or a recording as a journal. */
import { defineCommand } from '../../cli/command.js';
import type { ValuesOf } from '../../cli/options/table.js';
import { EXIT } from '../../errors.js';
import { onStop } from '../../run/shutdown.js';
import { exportCommand } from './export.js';
import { importCommand } from './import.js';

type TicksOptions = ValuesOf<'ticks'>;

export const command = defineCommand<'ticks', TicksOptions>({
  about:
    "Rows are sorted by instrument and arrival, with all fields of the mode and the names of the broker's Python client. --into makes a journal of a recording of the broker's clients, for `tickshard replay`: docs/ticks.md.",
  exitCodes: {
    0: 'written',
    1: 'the journal is damaged, and what is before is written',
    2: 'usage, or a source that cannot be used',
    130: 'interrupted',
  },
  example: 'tickshard ticks data/test/journal/RUN --csv',
  check: (values) => values,
  run: async (options) => {
    // What is not whole has a hidden name, and the next export or import removes it.
    const release = onStop(() => process.exit(EXIT.interrupted));
    try {
      return options.into === undefined
        ? await exportCommand(options)
        : await importCommand(options, options.into);
    } finally {
      release();
    }
  },
});
