/**
 * A process that only runs the simulator, with a channel as the child of a run: `node simulate-entry.js
 * '{"port":0,"speed":60,"at":"11:00","symbols":["TCS"]}'`.
 */
import { EngineError } from '../../src/errors.js';
import { parseFault } from '../../src/sim/faults/fault.js';
import { DENSE } from '../dense.js';
import { simulate } from '../../src/commands/simulate.js';
import { serveParent } from '../../src/sim/parent.js';
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
  const options = {
    seed: 7,
    speed: wanted.speed,
    atMs: at(wanted.at),
    calendar: CALENDAR,
    habits: DENSE,
    faults: (wanted.faults ?? []).map(parseFault),
    tape: undefined,
  };
  process.exitCode =
    process.send === undefined
      ? await simulate({ ...options, port: wanted.port, listings: listed(...wanted.symbols) })
      : await serveParent(options);
} catch (error) {
  if (!(error instanceof EngineError)) throw error;
  process.stderr.write(`${error.code}: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
