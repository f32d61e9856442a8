/** A journal of a known run, for the tests of this room. */
import type { BlockStamp } from '../../src/journal/format.js';
import { KIND } from '../../src/journal/format.js';
import type { RunMeta } from '../../src/journal/meta.js';
import type { Instrument } from '../../src/market/instrument.js';
import type { ModeName } from '../../src/market/packet.js';
import { writerIn } from '../journal/made.js';
import { frameOf } from './frames.js';

const DATE = '2026-11-23';
const at = (time: string): number => Date.parse(`${DATE}T${time}+05:30`);
const OPEN_MS = at('09:15:00');
const MODES = { ltp: 1, quote: 2, snapquote: 3 } as const;

/** The currency's prices are in 1e-7 rupees. */
export const INSTRUMENTS: readonly Instrument[] = [
  { symbol: 'TCS', exchange: 'NSE', exchangeType: 1, token: '11536' },
  { symbol: 'M&M', exchange: 'NSE', exchangeType: 1, token: '2031' },
  { symbol: 'USDINR', exchange: 'CDS', exchangeType: 13, token: '11536' },
  { symbol: 'SILENT', exchange: 'NSE', exchangeType: 1, token: '7' },
].map((one, index) => ({ ...one, index, tickSizeRupees: 0.05, derivatives: true }));

function metaOf(mode: ModeName): RunMeta {
  const session = { date: DATE, openMs: OPEN_MS, closeMs: at('15:30:00'), auction: undefined };
  return {
    ...{ version: '0.2.0', runId: 'run-1', processId: 1, processStart: null, stage: 2, durationMin: null },
    ...{ shadow: false, mode, feed: 'sim:1', volumeKind: mode === 'ltp' ? 'tick' : 'traded', rules: 3 },
    ...{ speed: 1, stepped: true, graceMs: 3000, silenceMs: 3000, marketDateMs: OPEN_MS, wallMs: OPEN_MS },
    ...{ marketMs: OPEN_MS, opensMs: null, out: '', history: null, given: null },
    instruments: INSTRUMENTS,
    sessions: INSTRUMENTS.map(() => session),
  };
}

/** A message as it was put into the journal. `arrival`: its number, from 1. */
export interface Put {
  readonly bytes: Buffer;
  readonly stamp: BlockStamp;
  readonly arrival: number;
  readonly subscribedMs: number;
}

/**
 * A journal of `packets` messages on two connections, in blocks of one to four. Among them are ones that are no packet,
 * of another instrument, and of another mode.
 */
export async function journalIn(folder: string, mode: ModeName, packets: number): Promise<Put[]> {
  const writer = writerIn(folder);
  await writer.start({ taken: () => undefined, written: () => undefined });
  const puts: Put[] = [];
  let stamp: BlockStamp = { connection: 0, monoMs: 1, wallMs: OPEN_MS + 7000, marketMs: OPEN_MS };
  let subscribedMs = 0;
  const open = (more: Partial<BlockStamp>): void => {
    stamp = { ...stamp, ...more };
    writer.open(stamp);
  };
  const connect = (connection: number): void => {
    open({ connection });
    writer.put(KIND.subscribed, Buffer.alloc(0));
    subscribedMs = stamp.marketMs;
  };
  open({});
  writer.put(KIND.meta, Buffer.from(JSON.stringify(metaOf(mode))));
  connect(1);
  for (let k = 0; k < packets; k++) {
    if (k === Math.floor(packets / 2)) connect(2);
    const ms = OPEN_MS + 250 * k;
    if (k % 4 !== 3) open({ monoMs: ms, marketMs: ms + 0.5, wallMs: ms + 7000.25 });
    // Some instruments have more than others.
    const { exchangeType: exchange, token } = INSTRUMENTS[[0, 1, 0, 2, 0][k % 5]];
    const packet = { mode: MODES[mode], exchange, token, k, exchangeMs: 1000 * Math.floor(ms / 1000) };
    const bytes =
      k % 50 === 17
        ? Buffer.from('no packet')
        : k % 50 === 27
          ? frameOf({ ...packet, token: '99' })
          : k % 50 === 37
            ? frameOf({ ...packet, mode: mode === 'ltp' ? 2 : 1 })
            : frameOf(packet);
    writer.frame(bytes);
    puts.push({ bytes, stamp, arrival: k + 1, subscribedMs });
    if (k % 100 === 99) await writer.flush();
  }
  await writer.stop();
  return puts;
}
