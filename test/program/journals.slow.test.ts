/**
 * `tickshard journals` lists what runs left, `--compact` compacts it; a run removes what `--keep-gb` and `--keep-days`
 * say. A disk without room leaves the raw segments as they are.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { shipped } from '../../src/paths.js';
import { unpackedByDocument } from '../journal/unpacked-by-document.js';
import { inFolder } from '../parquet/candles.js';
import { JOURNALED, run, simulated } from './command.js';

const ARGS = simulated(2, 2, '--symbols', 'RELIANCE,TCS,INFY', '--mode', 'snapquote', ...JOURNALED);
const canMount = spawnSync('unshare', ['-rm', 'true']).status === 0;

interface Listing {
  readonly compacted: { readonly segments: number; readonly failed: readonly string[] } | null;
  readonly journals: readonly {
    readonly runId: string;
    readonly rawBytes: number;
    readonly compactedBytes: number;
    readonly packets: number | null;
  }[];
}

const listing = async (folder: string, ...more: string[]): Promise<Listing> =>
  JSON.parse((await run(['journals', 'journal', '--json', ...more], folder)).stdout) as Listing;

/** A finished run whose journal is raw, as a run leaves it that could not compact it. */
async function rawRun(folder: string): Promise<string> {
  expect([0, 1]).toContain((await run(ARGS, folder)).code);
  const [runId] = readdirSync(join(folder, 'journal'));
  const packed = join(folder, 'journal', runId, '000001.packed');
  writeFileSync(packed.replace('.packed', '.journal'), unpackedByDocument(readFileSync(packed)));
  rmSync(packed);
  return runId;
}

describe('tickshard journals', () => {
  it('lists, compacts, and leaves to a run what to keep', () =>
    inFolder(async (folder) => {
      const runId = await rawRun(folder);
      mkdirSync(join(folder, 'journal', 'notes'));
      const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as {
        journal: { frames: number };
      };
      const { journals } = await listing(folder);
      expect(journals).toEqual([
        expect.objectContaining({
          runId,
          mode: 'snapquote',
          instruments: 3,
          packets: report.journal.frames,
          compactedBytes: 0,
          state: 'whole',
        }),
      ]);
      const before = await run(['replay', join('journal', runId), '--out', 'raw'], folder);
      const after = await listing(folder, '--compact');
      expect(after.compacted).toMatchObject({ segments: 1, failed: [] });
      expect(after.journals[0]).toMatchObject({ rawBytes: 0, packets: journals[0].packets });
      expect(after.journals[0].compactedBytes).toBeLessThan(journals[0].rawBytes / 3);
      const again = await run(['replay', join('journal', runId), '--out', 'packed'], folder);
      expect(again.stdout.replaceAll('/packed', '/raw')).toBe(before.stdout);
      const text = await run(['journals', 'journal'], folder);
      expect(text.stdout).toMatch(
        new RegExp(`^run .*state\\n${runId} .* whole\\n1 journal in journal, \\d\\.\\d MB\\n$`),
      );
      expect(await run(['journals', 'nowhere'], folder)).toMatchObject({ code: 2 });

      const next = await run([...ARGS, '--keep-days', '0'], folder);
      expect(next.stdout).toMatch(
        new RegExp(`Removed the 1 oldest journal, 0\\.00 GB \\(--keep-gb 8 --keep-days 0\\): ${runId}\\.`),
      );
      expect(readdirSync(join(folder, 'journal'))).toHaveLength(2);
      expect(readdirSync(join(folder, 'journal'))).not.toContain(runId);
    }));

  it.skipIf(!canMount)('on a disk without room says so, and the journal stays whole', () =>
    inFolder(async (folder) => {
      const runId = await rawRun(folder);
      const { rawBytes } = (await listing(folder)).journals[0];
      const program = `${process.execPath} ${fileURLToPath(shipped('dist/src/main.js'))}`;
      const kib = Math.ceil(rawBytes / 1024) + 8;
      const script = `mkdir disk; mount -t tmpfs -o size=${kib}k none disk && cp -a journal disk/ || exit 99
        cd disk; ${program} journals journal --compact; code=$?; cp -a journal ../kept; exit $code`;
      const ended = spawnSync('unshare', ['-rm', 'sh', '-c', script], { cwd: folder, encoding: 'utf8' });
      expect([ended.status, ended.stderr]).toEqual([1, '']);
      expect(ended.stdout).toMatch(/000001\.journal stays raw: ENOSPC/);
      const kept = join(folder, 'kept', runId);
      expect(readdirSync(kept)).toEqual(['000001.journal']);
      cpSync(join(folder, 'kept'), join(folder, 'journal'), { recursive: true });
      expect((await listing(folder, '--compact')).compacted).toMatchObject({ segments: 1, failed: [] });
    }),
  );
});
