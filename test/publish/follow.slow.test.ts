/** `tickshard follow`: published candles as lines and as files. */
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { PublishedCandle } from '../../src/publish/message.js';
import { inFolder } from '../parquet/candles.js';
import { rowsOnDisk } from '../parquet/rows.js';
import { run, start } from '../program/command.js';
import { heldOf, Nats, natsServer } from './nats.js';
import { PublishedRun } from './trial.js';

const servers: Nats[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function published(): Promise<{ readonly server: Nats; readonly candles: PublishedRun }> {
  const server = await Nats.start();
  servers.push(server);
  const candles = new PublishedRun().minutes(7).end();
  const host = candles.publisher(server.url);
  host.start();
  await host.finish();
  return { server, candles };
}

const eventsIn = (stdout: string): PublishedCandle[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as PublishedCandle);

describe.skipIf(natsServer === undefined)('follow', () => {
  it('prints what is stored, all or some of it', () =>
    inFolder(async (folder) => {
      const { server, candles } = await published();
      const all = await run(['follow', server.url, '--once'], folder);
      expect([all.code, all.stderr]).toEqual([0, '']);
      expect(heldOf(eventsIn(all.stdout))).toEqual(heldOf(candles.events));
      const some = await run(
        ['follow', server.url, '--once', '--symbols', 'NSE:INFY', '--timeframes', '1m'],
        folder,
      );
      const ofInfy = candles.events.filter(
        ({ instrument, timeframe }) => instrument.symbol === 'INFY' && timeframe === '1m',
      );
      expect(heldOf(eventsIn(some.stdout))).toEqual(heldOf(ofInfy));
    }));

  it('keeps files as a run does', () =>
    inFolder(async (folder) => {
      const { server, candles } = await published();
      const { code, stderr } = await run(
        ['follow', server.url, '--once', '--timeframes', '1m', '--out', 'out'],
        folder,
      );
      expect(code, stderr).toBe(0);
      const minutes = heldOf(candles.events.filter(({ timeframe }) => timeframe === '1m'));
      expect((await rowsOnDisk(join(folder, 'out'))).length).toBe(minutes.size);
    }));

  it('continues when a server comes back, and ends in order', () =>
    inFolder(async (folder) => {
      const { server, candles } = await published();
      const following = start(['follow', server.url], folder);
      await following.saw(/"type":"candle"/);
      await server.kill();
      await following.saw(/It is tried again/);
      await server.start();
      const later = new PublishedRun().minutes(9).end();
      const host = later.publisher(server.url);
      host.start();
      await host.finish();
      const newest = Math.max(...later.events.map(({ candle }) => candle.timestampMs));
      await following.saw(new RegExp(`"timestampMs":${newest}`));
      following.child.kill('SIGINT');
      const { code, stdout } = await following.ended;
      expect(code).toBe(130);
      expect(heldOf(eventsIn(stdout)).size).toBeGreaterThan(heldOf(candles.events).size);
    }));

  it('says that no server is there', () =>
    inFolder(async (folder) => {
      const server = await Nats.later();
      servers.push(server);
      const { code, stdout, stderr } = await run(['follow', server.url, '--once'], folder);
      expect([code, stdout]).toEqual([3, '']);
      expect(stderr).toContain('connection refused');
    }));
});
