#!/usr/bin/env node
/** Entry of the command line. */
import './memory/io-ledger.js';
import { parse } from './cli/parse.js';
import { guardStandardStreams } from './cli/stdio.js';
import { COMMANDS } from './commands/registry.js';
import { EngineError } from './errors.js';
import { programVersion } from './paths.js';

/** True if the command only prints, so that it can end when no one reads its output. */
let printsOnly = true;

guardStandardStreams((exitCode) => {
  if (printsOnly) process.exit(exitCode);
});

try {
  const asked = await parse(process.argv.slice(2), COMMANDS, {
    version: programVersion(),
    columns: Math.min(process.stdout.columns || 120, 160),
  });
  if (asked.kind === 'text') process.stdout.write(`${asked.text}\n`);
  else {
    if (asked.notice !== undefined) process.stderr.write(`${asked.notice}\n`);
    printsOnly = asked.printsOnly;
    process.exitCode = await asked.run();
  }
} catch (error) {
  if (!(error instanceof EngineError)) throw error;
  process.stderr.write(`tickshard: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
