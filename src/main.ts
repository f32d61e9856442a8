#!/usr/bin/env node
/** argv -> command -> one stage -> exit code. */
import './shared/ledger.js';
import { readFileSync } from 'node:fs';
import { parse, type Command } from './cli.js';
import { SystemClock } from './clock.js';
import { EngineError, EXIT } from './errors.js';
import { shipped } from './paths.js';

async function run(command: Command): Promise<number> {
  switch (command.kind) {
    case 'text':
      process.stdout.write(`${command.text}\n`);
      return EXIT.pass;
    case 'decode': {
      const [{ decodeLines }, { niftyFifty }] = await Promise.all([import('./stages/decode.js'), import('./stages/universe.js')]);
      const complain = (sentence: string): void => void process.stderr.write(`tickshard: ${sentence}\n`);
      return decodeLines({ input: process.stdin, output: process.stdout, complain }, niftyFifty(), new SystemClock().wallMs());
    }
    case 'simulate': {
      const [{ simulate }, { niftyFifty, shippedCalendar }] = await Promise.all([import('./stages/simulate.js'), import('./stages/universe.js')]);
      return simulate({ ...command.options, listings: niftyFifty(), calendar: shippedCalendar() });
    }
    case 'stage': {
      const { runStage } = await import('./stages/run.js');
      return runStage(command.config);
    }
  }
}

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.pass);
  throw error;
});

try {
  const { version } = JSON.parse(readFileSync(shipped('package.json'), 'utf8')) as { version: string };
  process.exitCode = await run(await parse(process.argv.slice(2), { version, columns: Math.min(process.stdout.columns || 120, 160) }));
} catch (error) {
  if (!(error instanceof EngineError)) throw error;
  process.stderr.write(`tickshard: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
