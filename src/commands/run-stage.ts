/** A run from plan to end: waits for the market if asked, or resumes a killed run. */
import { EXIT } from '../errors.js';
import type { StageConfig } from '../cli/config.js';
import { SystemClock, type Clock } from '../clock.js';
import { connectMs, waitToConnect } from '../run/wait-for-open.js';
import { filesOf, type Plan } from '../run/plan.js';
import { preflight } from '../run/preflight.js';
import { Presenter } from '../run/presenter.js';
import { checkSymbols, findKilled, resumedConfig } from '../run/resume.js';
import { prepareSource } from '../run/source.js';
import type { EnginePreset } from '../run/engine-preset.js';
import { StageRun } from '../run/stage-run.js';
import { onStop } from '../run/shutdown.js';
import { tradingCalendar } from '../market/trading-calendar.js';
import { withTape } from '../run/tape.js';
import { warmUpMs } from '../run/warm-up.js';

/** Returns the exit code. Throws EngineError when the run could not begin. */
export async function runStage(given: StageConfig, preset: EnginePreset = {}): Promise<number> {
  const clock = new SystemClock();
  const config = await withTape(given);
  if (config.resume) return resumed(config, preset, clock);
  for (;;) {
    const plan = await preflight(config, tradingCalendar(), clock.wallMs());
    const { opensMs } = plan;
    if (opensMs === undefined || plan.marketClock || clock.wallMs() >= connectMs(opensMs) - warmUpMs(plan))
      return new StageRun(plan, preset).run();
    // The wait may last hours: errors are found before it. A machine that slept may wake on another day: the plan is
    // made again after it.
    (await prepareSource(plan)).stop();
    if (!(await waitedFor(plan, opensMs, clock))) return EXIT.interrupted;
  }
}

async function resumed(config: StageConfig, preset: EnginePreset, clock: Clock): Promise<number> {
  const about = await findKilled(config, clock.wallMs());
  const plan = await preflight(
    resumedConfig(config, about, { wallMs: clock.wallMs(), monoMs: clock.monoMs() }),
    tradingCalendar(),
    clock.wallMs(),
    about.meta.instruments,
  );
  checkSymbols(about, plan);
  return new StageRun({ ...plan, ...filesOf(about.meta.runId, config) }, preset, about).run();
}

/** Waits by this machine's clock with nothing open, connected or written. False if interrupted. */
async function waitedFor(plan: Plan, opensMs: number, clock: Clock): Promise<boolean> {
  const presenter = new Presenter(plan);
  let release = (): void => undefined;
  const over = new Promise<void>((resolve) => (release = onStop(resolve)));
  const came = await waitToConnect(
    opensMs,
    { now: () => clock.wallMs(), speed: 1, clock, over },
    (text) => presenter.tell(text),
    warmUpMs(plan),
  );
  release();
  if (!came) presenter.say('Interrupted before the market opened: nothing was connected, nothing written.');
  return came;
}
