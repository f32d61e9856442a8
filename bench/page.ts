/**
 * The cost of observers: the program with `--dashboard`, a reader of its events, and `--metrics`, against a run
 * without.
 *
 *   simulated broker, a process of its own ─► tickshard ─► observers' thread ─► events ─► a reader in this process
 *   CPU of a core
 */
import { get, type IncomingMessage } from 'node:http';
import { costOf, type Cost } from './cost.js';
import { rowOf, type Bench } from './row.js';

/** Percent of a core that the page may take. */
const BOUND_PERCENT = 2;
const ROUNDS = 2;

interface Watched extends Cost {
  /** Bytes of events that were read. */
  readonly bytes: number;
}

async function watched(run: Parameters<typeof costOf>[0]): Promise<Watched> {
  let [bytes, text] = [0, ''];
  let watching = false;
  const read = (response: IncomingMessage): void =>
    void response.on('data', (chunk: Buffer) => (bytes += chunk.length)).on('error', () => undefined);
  const onText = (more: string): void => {
    text += more;
    const url = /Page (http:\S+)/.exec(text)?.[1];
    if (url === undefined || watching) return;
    watching = true;
    get(`${url}events`, read).on('error', () => undefined);
  };
  return { ...(await costOf({ ...run, args: ['--dashboard', '0', '--metrics', '0'], onText })), bytes };
}

export const page: Bench = {
  name: 'page',
  topology:
    'the program watched by a page and not watched, in turn: CPU of one core by its own report, 50 symbols at speed 4',
  async run({ smoke, say }) {
    const run = { at: '2026-11-23T11:00', speed: smoke ? 60 : 4, minutes: 1 };
    const more: number[] = [];
    const without: number[] = [];
    const memory: number[] = [];
    for (let round = 0; round < (smoke ? 1 : ROUNDS); round++) {
      const plain = await costOf(run);
      const seen = await watched(run);
      if (plain.lost || seen.lost) throw new Error('page: a run lost something');
      // A smoke run lasts a second or two, in which a busy machine sends little.
      if (seen.bytes < (smoke ? 5_000 : 50_000))
        throw new Error(`page: only ${seen.bytes} bytes of events came`);
      without.push(plain.cpuPercent);
      more.push(seen.cpuPercent - plain.cpuPercent);
      memory.push(seen.rssMb - plain.rssMb);
      say(
        `not watched ${plain.cpuPercent} %, watched ${seen.cpuPercent} %, ${Math.round(seen.bytes / 1024)} KiB of events`,
      );
    }
    return [
      rowOf({ name: 'page, not watched, CPU', unit: '% of a core', values: without }),
      rowOf({ name: 'page, watched, CPU more', unit: '% of a core', values: more, bound: BOUND_PERCENT }),
      rowOf({ name: 'page, watched, RSS more', unit: 'MiB', values: memory }),
    ];
  },
};
