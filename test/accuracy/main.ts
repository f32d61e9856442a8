/**
 * `npm run accuracy [-- --symbols N]`: writes docs/accuracy.md and .json. Exits with 1 when a target is missed.
 * `npm run accuracy -- --tapes DIR`: measures the tapes in DIR, and nothing else.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { sentenceOf } from '../../src/errors.js';
import { shipped } from '../../src/paths.js';
import { HIDDEN } from '../../src/reconcile/hidden-data.js';
import { niftyFifty } from '../../src/run/universe.js';
import { calendarDay, DAYS } from './days.js';
import { documentOf, jsonOf, withTapes, type Run, type Stored } from './document.js';
import { HiddenPrices, hiddenSource } from './hidden.js';
import { Accuracy, missed } from './table.js';
import { accuracyOf } from './tapes.js';

const { values } = parseArgs({
  options: { symbols: { type: 'string', default: '50' }, tapes: { type: 'string' } },
});
const count = Number(values.symbols);
const all = niftyFifty();
if (!Number.isInteger(count) || count < 1 || count > all.length) {
  console.error(`--symbols takes a whole number from 1 to ${all.length}, not \`${values.symbols}\`.`);
  process.exit(2);
}
const [page, json] = ['docs/accuracy.md', 'docs/accuracy.json'].map((path) => fileURLToPath(shipped(path)));
const date = new Date().toISOString().slice(0, 10);
const machine = `Node ${process.versions.node}, ${availableParallelism()} cores`;
const stored = JSON.parse(readFileSync(json, 'utf8')) as Stored;
if (values.tapes === undefined) measureWalk();
else await measureTapes(values.tapes);

/** The figures of tapes alone; all others stay. */
async function measureTapes(folder: string): Promise<void> {
  try {
    const written = withTapes(stored, HIDDEN, await accuracyOf(folder, date, machine));
    writeFileSync(page, written.page);
    writeFileSync(json, written.json);
  } catch (error) {
    console.error(sentenceOf(error));
    process.exitCode = 2;
  }
}

/** All other figures; those of tapes stay. */
function measureWalk(): void {
  const listings = all.slice(0, count);
  const accuracy = new Accuracy();
  const hidden = new HiddenPrices();
  for (const day of DAYS) {
    const { session, previousDate, minutes } = calendarDay(day.date);
    for (const listing of listings) {
      accuracy.add({ seed: day.seed, listing, session, previousDate });
      hidden.add({ seed: day.seed, listing, session, previousDate });
    }
    console.log(`seed ${day.seed}, ${day.date}: ${listings.length} symbols, ${minutes} minutes`);
  }
  const { table } = accuracy;
  const failures = missed(table);
  const run: Run = {
    days: DAYS.map(({ seed, date: of }) => ({ seed, date: of, minutes: calendarDay(of).minutes })),
    symbols: listings.length,
    date,
    machine,
  };
  const document = documentOf(table, failures, run, hidden.table, stored.tapes);
  // With a part of the symbols no document is written.
  if (listings.length === all.length) {
    writeFileSync(page, document);
    writeFileSync(json, jsonOf(table, failures, run, stored.tapes));
    const source = fileURLToPath(shipped('src/reconcile/hidden-data.ts'));
    writeFileSync(source, hiddenSource(readFileSync(source, 'utf8'), hidden.table));
  } else console.log(document);
  for (const failure of failures) console.error(failure);
  process.exitCode = failures.length === 0 ? 0 : 1;
}
