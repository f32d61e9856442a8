/**
 * A replayed journal gives the same candles, quality rows and momentum, for any number of shards and any events in its
 * run. Broken on purpose and caught: a replay without clock ticks (a seal is missing), one without the resets of the
 * silence, one with the frames of a block in another order, one that ignores that the run was resumed.
 */
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { crc32 } from '../../src/journal/crc32.js';
import { unpackedByDocument } from '../journal/unpacked-by-document.js';
import { duckdb, inFolder } from '../parquet/candles.js';
import { longAfter, usual } from '../tier.js';
import { everythingIn, JOURNALED, run, served, simulated, start } from './command.js';
import { setRules } from './older-rules.js';
import { ltpFrame, startServer } from './server.js';

const stage = (...more: string[]): string[] => simulated(2, 3, '--subset', '8', ...JOURNALED, ...more);

interface Replayed {
  readonly same: boolean | null;
  readonly problems: readonly string[];
  readonly notes: readonly string[];
  readonly hashes: Record<string, string>;
  readonly journal: {
    readonly broken: string | null;
    readonly tornBytes: number;
    readonly frames: number;
    readonly ended: boolean;
  };
}

const runOf = (folder: string): string => join('journal', readdirSync(join(folder, 'journal'))[0]);

async function replayed(folder: string, ...more: string[]): Promise<Replayed & { code: number | null }> {
  const { code, stdout, stderr } = await run(['replay', runOf(folder), '--json', ...more], folder);
  expect(stderr).toBe('');
  return { ...(JSON.parse(stdout) as Replayed), code };
}

/** All rows of a symbol's two files, read by another library. */
const rows = (out: string): Promise<Record<string, unknown>[]> =>
  duckdb(`SELECT * FROM read_parquet('${out}/*_test.parquet') ORDER BY symbol, timestamp`).then(
    async (candles) => [
      ...candles,
      ...(await duckdb(
        `SELECT filename[-40:] AS file, * EXCLUDE filename FROM read_parquet('${out}/quality/*.parquet', filename = true) ORDER BY filename, timestamp`,
      )),
    ],
  );

/** A run in LTP mode, for all tests that change nothing of it, or a copy. */
let kept: string;
beforeAll(async () => {
  kept = mkdtempSync(join(tmpdir(), 'tickshard-replay-'));
  const { code } = await run(stage('--mode', 'ltp', '--shards', '3'), kept);
  expect([0, 1]).toContain(code);
});
afterAll(() => rmSync(kept, { recursive: true, force: true }));

const copied = (body: (folder: string) => Promise<void>): Promise<void> =>
  inFolder((folder) => {
    cpSync(kept, folder, { recursive: true });
    return body(folder);
  });

describe('a replay', () => {
  it.each(
    longAfter(2, [
      ['ltp', ['1', '8']],
      ['snapquote', ['4', '1']],
      ['quote', ['2']],
    ] as const),
  )('of a run in %s mode with 3 shards gives the same with %j', async (mode, counts) => {
    await inFolder(async (folder) => {
      if (mode === 'ltp') cpSync(kept, folder, { recursive: true });
      else expect([0, 1]).toContain((await run(stage('--mode', mode, '--shards', '3'), folder)).code);
      const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as {
        output: { hashes: Record<string, string> };
        journal: { frames: number; missing: number };
        counters: { binary: number };
      };
      expect(report.journal).toMatchObject({ frames: report.counters.binary, missing: 0 });
      const files = await rows(join(folder, 'out'));
      for (const shards of counts) {
        const result = await replayed(folder, '--shards', shards, '--out', `again-${shards}`);
        expect(result).toMatchObject({
          code: 0,
          same: true,
          problems: [],
          hashes: report.output.hashes,
          journal: { broken: null, frames: report.counters.binary, ended: true },
        });
        expect((await rows(join(folder, `again-${shards}`))).map((row) => ({ ...row, file: null }))).toEqual(
          files.map((row) => ({ ...row, file: null })),
        );
      }
    });
  });

  // In real time: the server is of the test's own. Nothing depends on when exactly a frame is sent.
  usual(
    'of a run with a broken connection, silence, unknown tokens and a late frame gives the same',
    async () => {
      const originMs = Date.UTC(2026, 10, 23, 5, 30);
      const server = await startServer({
        onSubscribe(socket, connection) {
          const began = performance.now();
          let sequence = connection * 10_000;
          let lateMinute = -1;
          const timer = setInterval(() => {
            const second = Math.floor(((performance.now() - began) * 30) / 1000) + (connection - 1) * 45;
            // Silence, so that the clock seals; then a frame of a sealed minute.
            if (second % 60 > 20 && second % 60 < 40) return;
            const isLate = second % 60 >= 45 && lateMinute !== Math.floor(second / 60);
            if (isLate) lateMinute = Math.floor(second / 60);
            const late = isLate ? 120_000 : 0;
            socket.send(
              ltpFrame({
                token: '2885',
                sequence: ++sequence,
                timeMs: originMs + second * 1000 - late,
                pricePaise: 140_000 + (sequence % 97),
              }),
            );
            if (sequence % 5 === 0) socket.send(Buffer.from('garbage'));
            if (sequence % 7 === 0)
              socket.send(ltpFrame({ token: '999', sequence, timeMs: originMs, pricePaise: 1 }));
            if (sequence % 11 === 0) socket.send(JSON.stringify({ errorCode: 'E1002', errorMessage: 'no' }));
            if (connection === 1 && second > 80) socket.terminate();
          }, 10);
          socket.on('close', () => clearInterval(timer));
        },
      });
      try {
        await inFolder(async (folder) => {
          await run(served(server.url, '2026-11-23T11:00@30', 1, 4, ...JOURNALED), folder);
          const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as {
            output: { hashes: Record<string, string> };
            counters: Record<string, unknown>;
            unseen: { gaps: unknown[] };
          };
          expect(report.unseen.gaps.length).toBeGreaterThan(0);
          expect(report.counters).toMatchObject({ refused: { length: 0 }, unadmitted: { exchange: 0 } });
          expect(report.counters.late).toBeGreaterThan(0);
          for (const shards of ['1', '4'])
            expect(await replayed(folder, '--shards', shards, '--out', `again-${shards}`)).toMatchObject({
              code: 0,
              same: true,
              hashes: report.output.hashes,
            });
        });
      } finally {
        await server.close();
      }
    },
  );

  usual('reports a changed frame with a valid checksum, and a torn or damaged journal', async () => {
    await copied(async (folder) => {
      const segment = join(folder, runOf(folder), '000001.journal');
      const packed = segment.replace('.journal', '.packed');
      writeFileSync(segment, unpackedByDocument(readFileSync(packed)));
      rmSync(packed);
      const whole = readFileSync(segment);
      cpSync(join(folder, 'journal'), join(folder, 'kept'), { recursive: true });

      // The price of one frame in the middle, with a new checksum, as a forger would make it.
      const forged = Buffer.from(whole);
      let at = 64;
      for (let last = at; at < whole.length * 0.6; at += whole.readUInt32LE(last)) last = at;
      while (forged[at + 40] !== 5) at += forged.readUInt32LE(at);
      forged.writeBigInt64LE(forged.readBigInt64LE(at + 48 + 43) + 50_000n, at + 48 + 43);
      forged.writeUInt32LE(crc32(forged, at + 8, at + forged.readUInt32LE(at)), at + 4);
      writeFileSync(segment, forged);
      expect(await replayed(folder)).toMatchObject({
        code: 1,
        same: false,
        problems: expect.arrayContaining([
          expect.stringMatching(/^The candles are not the run's/),
        ]) as string[],
      });

      // Other rules make other candles, and that is no failure.
      for (const [rules, sentence] of [
        [1, /follows rules 1, here are rules \d: since rules 2 a price that comes before its volume counts,/],
        [9, /follows rules 9, which this version does not know/],
      ] as const) {
        setRules(segment, rules);
        const { code, same, problems, notes } = await replayed(folder, '--out', `rules${rules}`);
        expect([code, same, problems]).toEqual([0, null, []]);
        expect(notes).toContainEqual(expect.stringMatching(sentence));
        writeFileSync(segment, forged);
      }

      writeFileSync(segment, whole);
      truncateSync(segment, whole.length - 5);
      expect(await replayed(folder)).toMatchObject({
        code: 0,
        same: null,
        journal: { broken: 'torn' },
        notes: [
          expect.stringMatching(/^The last write was cut off: \d+ bytes/),
          expect.stringMatching(/left no hashes/),
        ],
      });

      whole[Math.floor(whole.length / 2)] ^= 1;
      writeFileSync(segment, whole);
      expect(await replayed(folder)).toMatchObject({
        code: 1,
        journal: { broken: 'damaged' },
        problems: [
          expect.stringMatching(
            /^The journal is damaged in segment 1 at byte \d+: \d+ bytes there, and all that follows/,
          ),
        ],
      });
      appendFileSync(segment, 'x');
      expect(statSync(segment).size).toBe(whole.length + 1);
    });
  });

  usual('refuses what is not a journal in one sentence, and names the existing runs', async () => {
    await copied(async (folder) => {
      expect(await run(['replay', 'nowhere'], folder)).toMatchObject({
        code: 2,
        stdout: '',
        stderr:
          'tickshard: nowhere holds no journal: a run leaves one below data/test/journal, or where --journal says.\n',
      });
      expect(await run(['replay', 'journal'], folder)).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(
          /^tickshard: journal holds the journals of 1 run: name one, the newest is journal\/\d{8}T\d{6}Z-\d+\.\n$/,
        ) as string,
      });
      writeFileSync(join(folder, '000001.journal'), 'PAR1');
      expect(await run(['replay', '.'], folder)).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(
          /^tickshard: .*000001\.journal is no journal of tickshard; name the journal of another run\.\n$/,
        ) as string,
      });
    });
  });

  // A replay has real time.
  usual('runs at the given speed, and ends at once at Ctrl-C', async () => {
    await copied(async (folder) => {
      const beganMs = performance.now();
      await replayed(folder, '--speed', '100');
      const tookMs = performance.now() - beganMs;
      // Three minutes at a hundred times real time.
      expect(tookMs).toBeGreaterThan(1800);
      // The first minute is sealed after six seconds, the last after 18.
      const slow = start(['replay', runOf(folder), '--speed', '10', '--out', 'slow'], folder);
      const files = (): string[] => everythingIn(folder).filter((name) => /^slow.*parquet$/.test(name));
      await vi.waitFor(() => expect(files()).not.toEqual([]), { timeout: 200_000, interval: 50 });
      slow.child.kill('SIGINT');
      expect(await slow.ended).toMatchObject({ code: 130 });
    });
  });
});
