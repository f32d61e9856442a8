/**
 * All gates (docs/gates.md, "What each asks"), each computed from the facts; any can fail the run. To add one, add an
 * entry with its judge to the list in the file of its subject.
 */
import { CANDLE_GATES } from './candle-gates.js';
import type { Facts } from './facts.js';
import { FEED_GATES } from './feed-gates.js';
import type { Gate, Judgement, RunVerdict } from './gate.js';
import { RUN_GATES } from './run-gates.js';

/** In the order of the report, the checklist and the page. */
export const GATES = [...FEED_GATES, ...CANDLE_GATES, ...RUN_GATES] as const;

export type GateId = (typeof GATES)[number]['id'];

export interface GateResult extends Judgement {
  readonly id: GateId;
}

const byId: ReadonlyMap<string, Gate> = new Map(GATES.map((gate) => [gate.id, gate]));

/** The title; `id` itself if this version has no such gate, as in another version's report. */
export function titleOf(id: string, symbols: number): string {
  return byId.get(id)?.title(symbols) ?? id;
}

/** True if it is judged during the run. */
export function isLive(id: GateId): boolean {
  return byId.get(id)!.live;
}

export function judgeGates(facts: Facts): GateResult[] {
  return GATES.map(({ id, judge }) => ({ id, ...judge(facts) }));
}

/** `interrupted` even if gates fail: they would judge what the run did not reach. */
export function verdictOf(facts: Facts, results: readonly GateResult[]): RunVerdict {
  if (facts.interrupted) return 'interrupted';
  return results.some(({ status }) => status === 'fail') ? 'fail' : 'pass';
}
