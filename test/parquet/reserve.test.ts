/** Room that is kept for candles is real, has no name, and is given and taken back by the byte. */
import { fstatSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { giveRoom, Reserve, takeRoomBack } from '../../src/parquet/reserve.js';
import { inFolder } from './candles.js';

const MIB = 1024 * 1024;

/** Bytes on the disk of this process's open files below `folder`, as the system counts their blocks. */
const heldBlocks = (folder: string): number =>
  readdirSync('/proc/self/fd')
    .filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
      } catch {
        return false; // That of the listing itself.
      }
    })
    .reduce((sum, fd) => sum + fstatSync(Number(fd)).blocks * 512, 0);

describe('a reserve', () => {
  it.skipIf(process.platform !== 'linux')(
    'holds blocks of the disk without a name, until it is released',
    () =>
      inFolder((folder) => {
        const reserve = new Reserve();
        expect(heldBlocks(folder)).toBe(0);
        expect(reserve.make(folder, 64 * MIB)).toBeUndefined();
        expect(readdirSync(folder)).toEqual([]);
        expect([reserve.held, reserve.isWhole]).toEqual([64 * MIB, true]);
        expect(heldBlocks(folder)).toBeGreaterThanOrEqual(64 * MIB);
        reserve.keep(MIB);
        expect([reserve.held, reserve.isWhole]).toEqual([MIB, true]);
        expect(heldBlocks(folder)).toBeLessThan(2 * MIB);
        reserve.release();
        reserve.release();
        expect(heldBlocks(folder)).toBe(0);
        return Promise.resolve();
      }),
  );

  it('returns why the system does not hold it, and holds nothing then', () =>
    inFolder((folder) => {
      const reserve = new Reserve();
      expect(reserve.make(join(folder, 'nowhere'), 1)).toMatchObject({ code: 'ENOENT' });
      expect([reserve.held, giveRoom(reserve.token, 1)]).toEqual([0, false]);
      takeRoomBack(reserve.token);
      return Promise.resolve();
    }));

  it('gives the blocks of a file, all that is left at most, and is whole again when it has taken them back', () =>
    inFolder((folder) => {
      const reserve = new Reserve();
      expect(giveRoom(reserve.token, 1)).toBe(false);
      reserve.make(folder, 20_000);
      expect(giveRoom(reserve.token, 5000)).toBe(true);
      expect([reserve.held, reserve.isWhole]).toEqual([20_000 - 8192, false]);
      expect(giveRoom(reserve.token, 1e6)).toBe(true);
      expect(reserve.held).toBe(0);
      expect(giveRoom(reserve.token, 1)).toBe(false);
      takeRoomBack(reserve.token);
      expect([reserve.held, reserve.isWhole]).toEqual([20_000, true]);
      reserve.release();
      return Promise.resolve();
    }));
});
