/** All commands. Each is a file, one line here, and option rows in src/cli/options. */
import type { CommandEntry } from '../cli/command.js';

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'run',
    describe: 'run a stage: build candles from the feed and end with a verdict',
    load: async () => (await import('./run.js')).runCommand,
  },
  {
    name: 'shadow',
    describe: 'run for a whole day while you keep polling, without the bound of a stage',
    load: async () => (await import('./run.js')).shadowCommand,
  },
  {
    name: 'simulate',
    describe: 'serve the simulated broker to any client',
    load: async () => (await import('./simulate.js')).command,
  },
  {
    name: 'doctor',
    describe: 'find out whether a run can work here: machine, credentials, clock, log-in, feed',
    load: async () => (await import('./doctor/doctor.js')).command,
  },
  {
    name: 'instruments',
    describe: "fetch the broker's instrument file of the day, and check the shipped tokens against it",
    load: async () => (await import('./instruments.js')).command,
  },
  {
    name: 'calendar',
    describe:
      "show which trading days are known, and from where; add takes the exchange's list, or your days",
    load: async () => (await import('./calendar/command.js')).command,
  },
  {
    name: 'compare',
    describe: 'compare the candles of a run with those polled over REST',
    load: async () => (await import('./compare/command.js')).command,
  },
  {
    name: 'replay',
    describe: "replay the frames of a run's journal, and check that the result is the same",
    load: async () => (await import('./replay/replay.js')).command,
  },
  {
    name: 'follow',
    describe: 'print the candles that runs publish, or keep them as Parquet files',
    load: async () => (await import('./follow.js')).command,
  },
  {
    name: 'backfill',
    describe: "poll the minutes that gaps left in a run's candles, after it",
    load: async () => (await import('./backfill/command.js')).command,
  },
  {
    name: 'ticks',
    describe:
      "write the packets of a run's journal as Parquet, CSV or JSON lines, or make a journal of a recording",
    load: async () => (await import('./ticks/command.js')).command,
  },
  {
    name: 'journals',
    describe: 'list the journals that runs left: day, mode, instruments, packets, bytes, state',
    load: async () => (await import('./journals.js')).command,
  },
  {
    name: 'report',
    describe: 'write the page of a run again from its report: one file that needs nothing else',
    load: async () => (await import('./report.js')).command,
  },
  {
    name: 'cutover',
    describe:
      'whether candles of the feed may replace polled ones, from several days of shadow runs and comparisons',
    load: async () => (await import('./cutover.js')).command,
    formerly: ['gate', 'cutover'],
  },
  {
    name: 'decode',
    describe: 'read frames from standard input, one hex line each, and print one JSON line each',
    load: async () => (await import('./decode.js')).command,
  },
];
