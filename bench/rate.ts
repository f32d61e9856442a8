/**
 * CPU at the feed's ceiling: 12,000 messages a second in bursts of 5 ms, each mode, with a journal; compared with a
 * bare `ws` client that receives the same and discards it.
 *
 *   sender's process ─► TCP ─► whole engine of bench `socket`: all threads of the process      us of CPU a message
 *                    └─► TCP ─► ws ─► discarded
 */
import { join } from 'node:path';
import { inFolder } from '../test/parquet/candles.js';
import { framesOf, MODES } from './market.js';
import { rowOf, type Bench, type Row } from './row.js';
import { bareClient, startSender, STEP_MS, wholeEngine } from './wire.js';

const PER_SECOND = 12_000;
const SECONDS = 4;
const ROUNDS = 1;
/** The engine may take this many times the CPU of the bare client. */
const TIMES_BARE = 3;

export const rate: Bench = {
  name: 'rate',
  topology:
    "sender's process, 12,000 messages a second in bursts of 5 ms -> the engine of `socket` with a journal, or a bare ws client: CPU of the process",
  async run({ smoke }) {
    const rows: Row[] = [];
    for (const mode of MODES) {
      const all = framesOf(mode, PER_SECOND * (smoke ? 1 : SECONDS), STEP_MS);
      const { child, port } = await startSender(all, PER_SECOND);
      const us = { bare: [] as number[], engine: [] as number[] };
      try {
        for (let round = 0; round < (smoke ? 1 : ROUNDS); round++) {
          us.bare.push((await bareClient(port, all)).cpuUs);
          const taken = await inFolder((folder) => wholeEngine(port, all, join(folder, 'journal')));
          us.engine.push(taken.cpuUs);
        }
      } finally {
        child.disconnect();
      }
      rows.push(
        rowOf({
          name: `rate ${mode}, CPU`,
          unit: 'us/message',
          values: us.engine,
          baseline: us.bare,
          target: 1 / TIMES_BARE,
        }),
      );
    }
    return rows;
  },
};
