/**
 * A process that only runs the simulator: `node simulate-entry.js
 * '{"port":0,"speed":60,"at":"11:00","symbols":["TCS"]}'`.
 */
import { EngineError } from '../../src/errors.js';
import { parseFault } from '../../src/sim/faults/fault.js';
import { simulate } from '../../src/commands/simulate.js';
import { at, CALENDAR, listed } from './world.js';

interface Wanted {
  readonly port: number;
  readonly speed: number;
  readonly at: string;
  readonly symbols: readonly string[];
  readonly faults?: readonly string[];
}

const wanted = JSON.parse(process.argv[2]) as Wanted;
try {
  process.exitCode = await simulate({
    port: wanted.port,
    seed: 7,
    speed: wanted.speed,
    atMs: at(wanted.at),
    listings: listed(...wanted.symbols),
    calendar: CALENDAR,
    ...(wanted.faults && { faults: wanted.faults.map(parseFault) }),
  });
} catch (error) {
  if (!(error instanceof EngineError)) throw error;
  process.stderr.write(`${error.code}: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
