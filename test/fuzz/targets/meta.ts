import { parseMeta, type RunMeta } from '../../../src/journal/meta.js';
import { tailMsOf } from '../../../src/market/session.js';
import type { Random } from '../../../src/random.js';
import { chance, mutated, pick, randomBytes, size, uglyJson, uglyString, uglyVersion } from '../bytes.js';
import { refusedAs, type Target } from '../target.js';

const OPEN_MS = Date.parse('2026-11-23T09:15:00+05:30');
const session = {
  date: '2026-11-23',
  openMs: OPEN_MS,
  closeMs: OPEN_MS + 360 * 60_000,
  auction: { fromMs: OPEN_MS + 373 * 60_000, toMs: OPEN_MS + 380 * 60_000, labelMs: OPEN_MS + 374 * 60_000 },
  tailMs: 2000,
};
const instrument = {
  index: 0,
  symbol: 'RELIANCE',
  token: '2885',
  exchange: 'NSE',
  exchangeType: 1,
  tickSizeRupees: 0.1,
  derivatives: true,
} as const;
export const metaSample: RunMeta = {
  version: '0.1.0',
  runId: 'run-1',
  processId: 1,
  processStart: null,
  stage: 2,
  durationMin: 15,
  mode: 'ltp',
  feed: 'sim:1',
  volumeKind: 'tick',
  speed: 60,
  graceMs: 2000,
  silenceMs: 15_000,
  marketDateMs: OPEN_MS,
  wallMs: OPEN_MS,
  marketMs: OPEN_MS,
  opensMs: null,
  out: 'data/test',
  history: { folder: 'data', rows: { RELIANCE: 'abc' } },
  given: 'tick',
  instruments: [instrument, { ...instrument, index: 1, symbol: 'M&M', token: '2031' }],
  sessions: [session, { ...session, auction: undefined }],
};
const NAMES = [...Object.keys(metaSample), ...Object.keys(session), ...Object.keys(instrument)];
const samples = [Buffer.from(JSON.stringify(metaSample))];

function input(random: Random): Buffer {
  if (chance(random, 0.1)) return randomBytes(random, size(random, 10_000) - 1);
  if (chance(random, 0.1)) return Buffer.from(uglyJson(random, NAMES));
  // The maximum number of elements in a block.
  if (chance(random, 0.01)) {
    const list = Array.from({ length: size(random, 300_000) }, () => 0);
    return Buffer.from(
      JSON.stringify({
        ...metaSample,
        [chance(random, 0.5) ? 'sessions' : 'instruments']: chance(random, 0.5)
          ? list
          : list.map((openMs) => ({ openMs })),
      }),
    );
  }
  // Valid except for one member at any depth.
  if (chance(random, 0.5)) {
    const copy = JSON.parse(samples[0].toString()) as object;
    const places: { within: Record<string, unknown>; name: string }[] = [];
    const collect = (within: object): void => {
      for (const [name, member] of Object.entries(within)) {
        places.push({ within: within as Record<string, unknown>, name });
        if (typeof member === 'object' && member !== null) collect(member as object);
      }
    };
    collect(copy);
    const { within, name } = pick(random, places);
    within[name] = chance(random, 0.5)
      ? uglyString(random)
      : pick(random, [null, true, -1, 0.5, 1e300, 2 ** 53, [], {}]);
    return Buffer.from(JSON.stringify(copy));
  }
  if (chance(random, 0.6))
    return Buffer.from(uglyVersion(random, JSON.parse(samples[0].toString()), NAMES, 0.03 * random()));
  return mutated(random, samples);
}

export const journalMeta: Target = {
  name: 'meta',
  description: 'what a journal says of its run, JSON',
  mostMb: 128,
  input,
  run(bytes) {
    try {
      const read = parseMeta(Buffer.from(bytes), 'the journal');
      if (read.instruments.length !== read.sessions.length || read.instruments.length > 1000)
        throw new Error(`${read.instruments.length} instruments and ${read.sessions.length} sessions`);
      // A symbol becomes a part of a path.
      for (const { symbol, exchange } of read.instruments)
        if (/[^A-Za-z0-9&_-]/.test(symbol + exchange))
          throw new Error(`an instrument ${JSON.stringify(symbol)} of ${JSON.stringify(exchange)}`);
      const firstMs = Math.min(...read.sessions.map(({ openMs }) => openMs));
      for (const one of read.sessions) {
        const { openMs, closeMs } = one;
        if (!((closeMs - firstMs) / 60_000 <= 1440 && openMs < closeMs))
          throw new Error(`a session from ${openMs} to ${closeMs}`);
        const tailMs = tailMsOf(one);
        if (!(tailMs >= 0 && tailMs <= 10_000)) throw new Error(`a tail of ${tailMs} ms`);
      }
      return 'accepted';
    } catch (error) {
      return refusedAs(error, 'JOURNAL');
    }
  },
};
