#!/usr/bin/env node
/** argv -> command -> one stage -> exit code. */
import './memory/io-ledger.js';
import { parse } from './cli/parse.js';
import { SystemClock } from './clock.js';
import type { Command } from './cli/command.js';
import { EngineError, EXIT } from './errors.js';
import { programVersion } from './paths.js';
import { guardStandardStreams } from './cli/stdio.js';

/** Whether all that the program does is print, so that without a reader there is nothing left to do. */
let printsOnly = true;

async function run(command: Command): Promise<number> {
  switch (command.kind) {
    case 'text':
      process.stdout.write(`${command.text}\n`);
      return EXIT.pass;
    case 'decode': {
      const [{ decodeLines }, { niftyFifty }] = await Promise.all([
        import('./commands/decode.js'),
        import('./run/universe.js'),
      ]);
      const complain = (sentence: string): void => void process.stderr.write(`tickshard: ${sentence}\n`);
      return decodeLines(
        { input: process.stdin, output: process.stdout, complain },
        niftyFifty(),
        new SystemClock().wallMs(),
      );
    }
    case 'doctor': {
      printsOnly = false;
      const { doctor } = await import('./commands/doctor/doctor.js');
      return doctor(command.options);
    }
    case 'instruments': {
      const { instruments } = await import('./commands/instruments.js');
      return instruments(command.options, (text) => void process.stdout.write(`${text}\n`));
    }
    case 'compare': {
      printsOnly = command.options.report === undefined && command.options.html === undefined;
      const [{ compare }, { tickSizes }] = await Promise.all([
        import('./commands/compare/compare.js'),
        import('./run/universe.js'),
      ]);
      return compare(
        { ...command.options, tickSizeRupees: await tickSizes(new SystemClock().wallMs()) },
        (text) => void process.stdout.write(`${text}\n`),
        (sentence) => void process.stderr.write(`${sentence}\n`),
      );
    }
    case 'cutover': {
      const { judgeCutover } = await import('./commands/cutover.js');
      return judgeCutover(command.options);
    }
    case 'replay': {
      printsOnly = false;
      const { replay } = await import('./commands/replay.js');
      return replay(command.options, (text) => void process.stdout.write(`${text}\n`));
    }
    case 'report': {
      printsOnly = false;
      const { rebuild } = await import('./commands/report.js');
      return rebuild(command.options, (text) => void process.stdout.write(`${text}\n`));
    }
    case 'simulate': {
      printsOnly = false;
      const [{ simulate }, { niftyFifty, shippedCalendar }] = await Promise.all([
        import('./commands/simulate.js'),
        import('./run/universe.js'),
      ]);
      return simulate({ ...command.options, listings: niftyFifty(), calendar: shippedCalendar() });
    }
    case 'stage': {
      printsOnly = false;
      const { runStage } = await import('./commands/run.js');
      return runStage(command.config);
    }
  }
}

guardStandardStreams((exitCode) => {
  if (printsOnly) process.exit(exitCode);
});

try {
  process.exitCode = await run(
    await parse(process.argv.slice(2), {
      version: programVersion(),
      columns: Math.min(process.stdout.columns || 120, 160),
    }),
  );
} catch (error) {
  if (!(error instanceof EngineError)) throw error;
  process.stderr.write(`tickshard: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
