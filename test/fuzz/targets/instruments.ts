import { readMaster } from '../../../src/broker/angel/scrip-master.js';
import { readMasterFile } from '../../../src/broker/angel/scrip-cache.js';
import { seededRandom, type Random } from '../../../src/random.js';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { option, pieces, row } from '../../broker/angel/scrip-rows.js';
import { chance, mutated, pick, randomBytes, size, uglyJson, uglyVersion } from '../bytes.js';
import { refusedAs, type Target } from '../target.js';

const NAMES = ['token', 'symbol', 'name', 'exch_seg', 'instrumenttype', 'tick_size', 'expiry'];
const rows = [
  row('RELIANCE-EQ', '2885'),
  row('M&M-EQ', '2031', { tick_size: '5.000000' }),
  row('SBIN-BL', '9999'),
  option(1),
  row('RELIANCE26NOVFUT', '50000', { instrumenttype: 'FUTSTK', exch_seg: 'NFO' }),
];
const samples = [rows, rows.slice(0, 1), []].map((list) => Buffer.from(JSON.stringify(list)));

/** Small files that need much memory. */
const greedy = (random: Random): string => {
  const times = size(random, 1_500_000);
  return pick(random, [
    () => `[${'['.repeat(times)}`,
    () => `[${'{"a":'.repeat(times)}`,
    () => `[{"token":"${'9'.repeat(times)}`,
    () => `[{"symbol":"${'\\u0041'.repeat(times)}-EQ"}]`,
    () => `[${'1,'.repeat(times)}1]`,
    () => `[{${Array.from({ length: Math.min(times, 100_000) }, (_, index) => `"k${index}":""`).join(',')}}]`,
    () =>
      `[${Array.from({ length: Math.min(times, 20_000) }, (_, index) => JSON.stringify(row(`S${index}-EQ`, String(index + 1)))).join(',')}]`,
    () => `[${' '.repeat(times)}`,
    () => `[-${'0'.repeat(times)}`,
  ])();
};

function input(random: Random): Buffer {
  if (chance(random, 0.1)) return randomBytes(random, size(random, 10_000) - 1);
  if (chance(random, 0.05)) return Buffer.from(greedy(random));
  if (chance(random, 0.2)) return Buffer.from(uglyJson(random, NAMES));
  if (chance(random, 0.5)) return Buffer.from(uglyVersion(random, rows, NAMES, 0.1 * random()));
  return mutated(random, samples);
}

export const instruments: Target = {
  name: 'instruments',
  description: "the broker's instrument file, in pieces of any size and from disk",
  files: true,
  mostMb: 160,
  input,
  async run(bytes, folder) {
    try {
      const sizes = seededRandom(bytes.length);
      const small = bytes.length < 5000 && sizes() < 0.9;
      const path = join(folder, 'master.json');
      if (!small) await writeFile(path, bytes);
      const master = small
        ? await readMaster(pieces(bytes, Math.ceil(sizes() * 200)), 'the file')
        : await readMasterFile(path);
      for (const [symbol, listing] of master.listings) {
        if (
          symbol !== listing.symbol ||
          !/^[1-9]\d{0,14}$/.test(listing.token) ||
          !(listing.tickSizeRupees > 0) ||
          !Number.isFinite(listing.tickSizeRupees)
        )
          throw new Error(`a listing ${JSON.stringify(listing).slice(0, 200)}`);
      }
      return 'accepted';
    } catch (error) {
      return refusedAs(error, 'INSTRUMENT');
    }
  },
};
