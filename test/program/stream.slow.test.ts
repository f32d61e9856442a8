/** `--stream`: the events of a run and of its replay on standard output, and readers that stop or go away. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { eventOf, lasting, type TextEvent } from '../candles/event-schema.js';
import { readEvents } from '../../src/library/journal.js';
import { inFolder } from '../parquet/candles.js';
import { longAfter, usual } from '../tier.js';
import { EARLY, JOURNALED, run, simulated, start } from './command.js';
import { stepped } from './stepped.js';

const eventsOf = (stdout: string): TextEvent[] => stdout.trimEnd().split('\n').map(eventOf);
const some = (events: readonly TextEvent[], type: string): TextEvent[] =>
  events.filter((event) => event.type === type);

describe('--stream', () => {
  it.each(longAfter(1, ['snapquote', 'ltp']))('tells the same of a run, of its replay, and of its journal in the library (%s)', (mode) =>
    inFolder(async (folder) => {
      const faults = ['drop:at=70', 'mute-symbol:symbol=TCS,at=90,for=60', 'late:at=150,for=20'];
      const args = stepped('--duration', '4', '--mode', mode, ...faults.flatMap((fault) => ['--fault', fault]));
      const { code, stdout, stderr } = await run([...args, '--stream'], folder);
      expect(code, stderr).toBe(0);
      expect(stderr).toContain('Verdict: PASS');
      const events = eventsOf(stdout);
      expect(events.at(-1)).toMatchObject({ type: 'end', verdict: 'pass' });
      expect(some(events, 'connection').map(({ state }) => state)).toEqual(['opened', 'ended', 'waiting', 'opened']);
      expect(some(events, 'gap').map(({ cause }) => cause)).toEqual(['start', 'start', 'connection', 'connection', 'end']);
      expect(some(events, 'stale').map(({ instrument }) => instrument!.symbol)).toEqual(['TCS']);
      expect(some(events, 'live').map(({ instrument }) => instrument!.symbol)).toEqual(['TCS']);
      const journal = join(folder, 'journal', readdirSync(join(folder, 'journal'))[0]);
      const again = await run(['replay', journal, '--stream', '--out', 'again', '--shards', '2'], folder);
      expect(again.code, again.stderr).toBe(0);
      const replayed = eventsOf(again.stdout);
      expect(lasting(replayed)).toEqual(lasting(events));
      expect(['stale', 'live', 'connection'].flatMap((type) => some(replayed, type))).toEqual([]);
      // The library reads the same of the journal, and a program may stop early.
      const read: TextEvent[] = [];
      for await (const event of readEvents(journal)) read.push(eventOf(JSON.stringify(event)));
      expect(lasting(read)).toEqual(lasting(events));
      for await (const event of readEvents(journal)) if (event.type === 'candle') break;
    })); // prettier-ignore

  usual('is refused together with --json', () =>
    inFolder(async (folder) => {
      const { code, stderr, stdout } = await run([...simulated(1, 3), '--stream', '--json'], folder);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(/^tickshard: --\w+ and --\w+ exclude each other\.\n$/);
    }),
  );

  usual('holds up nothing while it is not read, and is whole when it is', () =>
    inFolder(async (folder) => {
      const { child, ended } = start([...simulated(2, 5, ...JOURNALED, ...EARLY), '--stream'], folder);
      child.stdout!.pause();
      const report = await vi.waitFor(() => readFileSync(join(folder, 'report.json'), 'utf8'), {
        timeout: 120_000,
        interval: 50,
      });
      expect(JSON.parse(report)).toMatchObject({ verdict: 'pass' });
      child.stdout!.resume();
      const { code, stdout } = await ended;
      expect(code).toBe(0);
      const events = eventsOf(stdout);
      expect(events.at(-1)!.type).toBe('end');
      // More than a pipe and its ends hold.
      expect(stdout.length).toBeGreaterThan(150_000);
      expect(new Set(some(events, 'candle').map(({ sequence }) => sequence)).size).toBe(
        some(events, 'candle').length,
      );
    }),
  );

  usual('ends alone when its reader goes away', () =>
    inFolder(async (folder) => {
      const { child, ended } = start([...simulated(2, 1, ...JOURNALED, ...EARLY), '--stream'], folder);
      child.stdout!.once('data', () => child.stdout!.destroy());
      const { code, stderr } = await ended;
      expect(stderr).toContain('The stream of events ended: its reader has gone. The run is not affected.');
      expect(stderr).toContain('Verdict: PASS');
      expect(code).toBe(0);
    }),
  );
});
