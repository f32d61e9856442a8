/**
 * `npm run bench [-- NAME...] [-- --smoke]`: runs benches, prints their tables, and writes bench/results/latest.json.
 */
import { fileURLToPath } from 'node:url';
import { SystemClock } from '../src/clock.js';
import { packageRoot } from '../src/paths.js';
import { capacity } from './capacity.js';
import { cost } from './cost.js';
import { decodeBench } from './decode.js';
import { events } from './events.js';
import { isolation } from './isolation.js';
import { latency } from './latency.js';
import { line } from './line.js';
import { page } from './page.js';
import { rate } from './rate.js';
import { replay } from './replay.js';
import { ring } from './ring.js';
import { placeOf, rowsTable, writeRows, type Bench, type Row } from './row.js';
import { seal } from './seal.js';
import { soak } from './soak.js';
import { socket } from './socket.js';
import { storm } from './storm.js';
import { waking } from './waking.js';

export const BENCHES: readonly Bench[] = [
  line,
  decodeBench,
  ring,
  storm,
  socket,
  rate,
  latency,
  waking,
  seal,
  capacity,
  events,
  isolation,
  soak,
  cost,
  page,
  replay,
];

/** Runs the named benches, or all. Returns the exit code: 1 when a target is missed, 2 for an unknown name. */
export async function runBenches(words: readonly string[], say: (text: string) => void): Promise<number> {
  const smoke = words.includes('--smoke');
  const names = words.filter((word) => word !== '--smoke');
  const strange = names.find((name) => !BENCHES.some((bench) => bench.name === name));
  if (strange !== undefined) {
    say(`There is no bench \`${strange}\`: ${BENCHES.map(({ name }) => name).join(', ')}.`);
    return 2;
  }
  const root = fileURLToPath(packageRoot);
  const place = placeOf(root);
  say(
    `${place.cpu}, ${place.cores} cores, Node ${place.node}, commit ${place.commit}${smoke ? '; smoke: answers are checked, figures say nothing' : ''}`,
  );
  const rows: Row[] = [];
  const clock = new SystemClock();
  for (const bench of BENCHES.filter(({ name }) => names.length === 0 || names.includes(name))) {
    say(`\n${bench.name}: ${bench.topology}`);
    const beganMs = clock.monoMs();
    const found = await bench.run({ smoke, say });
    rows.push(...found);
    say(`${rowsTable(found)}\n${bench.name} took ${Math.round((clock.monoMs() - beganMs) / 1000)} s`);
  }
  if (smoke) return 0;
  say(`\nWritten to ${writeRows(root, rows, place, new Date(clock.wallMs()).toISOString())}`);
  const missed = rows.filter(({ met }) => met === false).map(({ name }) => name);
  if (missed.length > 0) say(`Targets missed: ${missed.join('; ')}`);
  return missed.length > 0 ? 1 : 0;
}

if (process.argv[1] !== undefined && fileURLToPath(import.meta.url) === process.argv[1])
  process.exitCode = await runBenches(
    process.argv.slice(2),
    (text) => void process.stdout.write(`${text}\n`),
  );
