/** What the metrics tell a run's operator, beyond its gates. Pure. */
import type { RunCondition } from '../dashboard/metrics/condition-metrics.js';
import type { Facts } from '../gates/facts.js';
import { inContinuous } from '../market/session.js';
import type { Plan } from './plan.js';

/** `marketMs`: the market's clock, epoch ms. */
export function conditionOf(
  { instruments, sessionOf, calendarEndMs }: Pick<Plan, 'instruments' | 'sessionOf' | 'calendarEndMs'>,
  { output, journal, lag }: Pick<Facts, 'output' | 'journal' | 'lag'>,
  marketMs: number,
): RunCondition {
  return {
    trading: instruments.some((instrument) => inContinuous(sessionOf(instrument), marketMs)),
    refusing: output.refusing,
    storedRows: output.files.reduce((sum, { rows }) => sum + rows, 0),
    journalMissing: journal?.missing,
    leastLagMs: lag?.p1Ms,
    calendarEndMs,
  };
}
