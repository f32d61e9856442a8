/** A run from its plan to its end: waits for the market first if asked, or resumes a run that was killed. */
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
import { shippedCalendar } from '../run/universe.js';
import { warmUpMs } from '../run/warm-up.js';

/** Runs a stage and returns the exit code. Throws EngineError when it could not begin. */
export async function runStage(config: StageConfig, preset: EnginePreset = {}): Promise<number> {
  const clock = new SystemClock();
  if (config.resume) return resumed(config, preset, clock);
  for (;;) {
    const plan = await preflight(config, shippedCalendar(), clock.wallMs());
    const { opensMs } = plan;
    if (opensMs === undefined || plan.marketClock || clock.wallMs() >= connectMs(opensMs) - warmUpMs(plan))
      return new StageRun(plan, preset).run();
    // The wait may last hours, so errors are found before it. The plan is made again after it, because a machine that
    // slept may wake on another day.
    (await prepareSource(plan)).stop();
    if (!(await waitedFor(plan, opensMs, clock))) return EXIT.interrupted;
  }
}

/** Resumes the run that was killed. */
async function resumed(config: StageConfig, preset: EnginePreset, clock: Clock): Promise<number> {
  const about = await findKilled(config, clock.wallMs());
  const plan = await preflight(
    resumedConfig(config, about, { wallMs: clock.wallMs(), monoMs: clock.monoMs() }),
    shippedCalendar(),
    clock.wallMs(),
  );
  checkSymbols(about, plan);
  return new StageRun({ ...plan, ...filesOf(about.meta.runId, config) }, preset, about).run();
}

/** Waits by this machine's clock with nothing open, connected or written. False if it was interrupted. */
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
