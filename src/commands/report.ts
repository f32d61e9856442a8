/** `tickshard report`: writes a run's page again from its report. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { defineCommand } from '../cli/command.js';
import type { ValuesOf } from '../cli/options/table.js';
import { EngineError, EXIT, sentenceOf } from '../errors.js';
import { reportPage } from '../dashboard/page.js';
import { writeText } from '../gates/report.js';
import { displayPath } from '../run/output-folders.js';

type ReportOptions = ValuesOf<'report'>;

/** Throws EngineError REPORT if the file is not JSON or cannot be read. */
function readReport(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new EngineError(
      'REPORT',
      `${file} cannot be read (${sentenceOf(error)}); the reports of runs are in data/test/reports.`,
      { cause: error },
    );
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new EngineError(
      'REPORT',
      `${file} is not JSON (${sentenceOf(error)}); name the .json file of a run.`,
      { cause: error },
    );
  }
}

/** Returns the exit code. Throws EngineError REPORT or OUTPUT. */
function rebuild({ file, html }: ReportOptions, print: (text: string) => void): number {
  const report = readReport(file);
  const page = resolve(html ?? `${file.replace(/\.json$/i, '')}.html`);
  if (page === resolve(file))
    throw new EngineError('USAGE', `--html ${html!} is the report itself; name another file.`);
  let text: string;
  try {
    text = reportPage(report);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError('REPORT', `${file}: ${error.message}`, { cause: error });
  }
  writeText(page, text, 'page');
  print(`Page ${displayPath(page)}`);
  return EXIT.pass;
}

export const command = defineCommand<'report', ReportOptions>({
  about:
    'A run leaves its page next to its report. This command writes the page again from the report alone. The page loads nothing from elsewhere.',
  exitCodes: { 0: 'it is written', 2: 'usage, or a file that is no report' },
  example: 'tickshard report data/test/reports/latest.json',
  check: (values) => values,
  run: (options) => rebuild(options, (text) => void process.stdout.write(`${text}\n`)),
});
