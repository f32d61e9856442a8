/** A broker's instrument file that is large: its size does not matter, up to a bound. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readMaster } from '../../../src/broker/angel/scrip-master.js';
import { shipped } from '../../../src/paths.js';
import { inFolder } from '../../parquet/candles.js';
import { option, row } from './scrip-rows.js';

/**
 * Writes the peak of the process's memory, in kB. Not by `resourceUsage().maxRSS`: Linux has a child begin with its
 * parent's peak, and the process of a test that ran others before may be larger than all that is measured here.
 */
const WRITE_PEAK = `process.stdout.write(
  /VmHWM:\\s+(\\d+) kB/.exec((await import('node:fs')).readFileSync('/proc/self/status', 'latin1'))[1])`;
const onLinux = it.skipIf(process.platform !== 'linux');

describe('a large instrument file', () => {
  it('more equities than any exchange has are refused', async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (let k = 1; ; k += 100) {
        await Promise.resolve();
        yield Buffer.from(
          (k === 1 ? '[' : ',') +
            Array.from({ length: 100 }, (_, index) =>
              JSON.stringify(row(`S${k + index}-EQ`, String(k + index))),
            ).join(','),
        );
      }
    }
    await expect(readMaster(endless(), 'the file')).rejects.toThrow(/more than 100000 equities/);
  });

  onLinux('costs a part of the memory that the whole of it would', async () => {
    await inFolder(async (folder) => {
      const path = join(folder, 'big.json');
      const file = createWriteStream(path);
      file.write('[');
      for (let k = 0; k < 250_000; k++) {
        if (!file.write(`${JSON.stringify(option(k))},\n`)) await once(file, 'drain');
      }
      file.end(`${JSON.stringify(row('RELIANCE-EQ', '2885'))}]`);
      await once(file, 'finish');
      const peakOf = async (body: string): Promise<number> => {
        const { stdout } = await promisify(execFile)(process.execPath, [
          '--input-type=module',
          '-e',
          `${body}; ${WRITE_PEAK}`,
          path,
        ]);
        return Number(stdout);
      };
      const nothing = await peakOf(`await import('${shipped('dist/src/broker/angel/scrip-cache.js').href}')`);
      const ours = await peakOf(
        `const { readMasterFile } = await import('${shipped('dist/src/broker/angel/scrip-cache.js').href}'); await readMasterFile(process.argv[1])`,
      );
      const whole = await peakOf(
        `const { readFileSync } = await import('node:fs'); globalThis.rows = JSON.parse(readFileSync(process.argv[1], 'utf8'))`,
      );
      expect(ours - nothing).toBeLessThan((whole - nothing) / 2);
    });
  });
});
