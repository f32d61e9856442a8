/** `npm run accuracy [-- --symbols N]`: writes docs/accuracy.md and .json. Exits with 1 when a target is missed. */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { shipped } from '../../src/paths.js';
import { niftyFifty } from '../../src/run/universe.js';
import { calendarDay, DAYS } from './days.js';
import { documentOf, jsonOf, type Run } from './document.js';
import { HiddenPrices, hiddenSource } from './hidden.js';
import { Accuracy, missed } from './table.js';

const { values } = parseArgs({ options: { symbols: { type: 'string', default: '50' } } });
const count = Number(values.symbols);
const all = niftyFifty();
if (!Number.isInteger(count) || count < 1 || count > all.length) {
  console.error(`--symbols takes a whole number from 1 to ${all.length}, not \`${values.symbols}\`.`);
  process.exit(2);
}

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
  days: DAYS.map(({ seed, date }) => ({ seed, date, minutes: calendarDay(date).minutes })),
  symbols: listings.length,
  date: new Date().toISOString().slice(0, 10),
  machine: `Node ${process.versions.node}, ${availableParallelism()} cores`,
};
// With a part of the symbols no document is written.
if (listings.length === all.length) {
  writeFileSync(fileURLToPath(shipped('docs/accuracy.md')), documentOf(table, failures, run, hidden.table));
  writeFileSync(fileURLToPath(shipped('docs/accuracy.json')), jsonOf(table, failures, run));
  const source = fileURLToPath(shipped('src/reconcile/hidden-prices.ts'));
  writeFileSync(source, hiddenSource(readFileSync(source, 'utf8'), hidden.table));
} else console.log(documentOf(table, failures, run, hidden.table));
for (const failure of failures) console.error(failure);
process.exitCode = failures.length === 0 ? 0 : 1;
