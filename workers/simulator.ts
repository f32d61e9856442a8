/**
 * Process entry of a run's simulator: only what it needs, so that a run starts sooner. A process of its own keeps its
 * CPU, memory and connections out of the run's figures.
 */
import { tradingCalendar } from '../src/market/trading-calendar.js';
import { parseFault } from '../src/sim/faults/fault.js';
import { habitsWith, parseHabit } from '../src/sim/habits/habit.js';
import type { SimulatorTask } from '../src/sim/ipc-messages.js';
import { serveParent } from '../src/sim/parent.js';

const { seed, speed, atMs, habits = [], faults, tape } = JSON.parse(process.argv[2]) as SimulatorTask;
process.exitCode = await serveParent({
  seed,
  speed,
  atMs,
  calendar: tradingCalendar(),
  habits: habitsWith(habits.map(parseHabit)),
  faults: faults.map(parseFault),
  tape,
});
