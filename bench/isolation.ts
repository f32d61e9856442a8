/**
 * Whether ticks wait for the thread that writes Parquet and evaluates the rule when that thread is slow.
 *
 *   schedule (12,000/s) ─► main: Intake ─► Router ══ ring ══► shard's thread            histogram of due-to-applied
 *                          writer's thread: writes and evaluates, a hundred times slower: it computes, or it blocks
 */
import { sleep } from '../src/clock.js';
import { rowOf, type Bench } from './row.js';
import type { SealTask, Slowness } from './seal-writer.js';
import { besideWriter, EDGE_MS } from './ticking.js';

const SYMBOLS = 50;
const TIMES_SLOWER = 100;
const WATCHED_MS = 1500;
/** As in bench `seal`. */
const MAX_TIMES = 1.5;
const KINDS: readonly Slowness['kind'][] = ['computes', 'stands still'];

interface Waits {
  readonly quietP99: number;
  readonly slowP99: number;
}

function waits(kind: Slowness['kind'], watchedMs: number): Promise<Waits> {
  return besideWriter(SYMBOLS, 'parquetjs', async ({ market, writer, task }) => {
    const over = (elapsedMs: number): boolean => elapsedMs >= watchedMs;
    // Once at its usual speed: its code is loaded, and the files are there.
    await writer.run({ ...task, places: task.places.slice(0, 5) } satisfies SealTask);
    const quietP99 = await market.run(EDGE_MS - 55_000, over);
    let ended = false;
    const writing = (
      writer.run({ ...task, slowness: { kind, times: TIMES_SLOWER } } satisfies SealTask) as Promise<unknown>
    )
      .catch(() => undefined)
      .finally(() => (ended = true));
    await sleep(watchedMs / 10);
    const slowP99 = await market.run(EDGE_MS - 30_000, over);
    if (ended) throw new Error('isolation: the writer was not slow');
    await writer.destroy();
    await writing;
    return { quietP99, slowP99 };
  });
}

export const isolation: Bench = {
  name: 'isolation',
  topology:
    'schedule (12,000/s) -> main -> Router == ring ==> shard thread, while the writer thread writes and evaluates a hundred times slower; compared with a writer at rest',
  async run({ smoke }) {
    const found = new Map<Slowness['kind'], Waits[]>(KINDS.map((kind) => [kind, []]));
    for (let round = 0; round < (smoke ? 1 : 3); round++)
      for (const kind of KINDS) found.get(kind)!.push(await waits(kind, smoke ? 100 : WATCHED_MS));
    return KINDS.map((kind) => {
      const values = found.get(kind)!;
      const sample = {
        unit: 'us',
        values: values.map(({ slowP99 }) => slowP99),
        baseline: values.map(({ quietP99 }) => quietP99),
      };
      return rowOf({
        name: `isolation, writer ${TIMES_SLOWER}x slower (${kind}), p99 to applied`,
        ...sample,
        ...(smoke ? {} : { target: 1 / MAX_TIMES }),
      });
    });
  },
};
