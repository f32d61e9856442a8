/** A case of a gate: good facts, one change, and what the gate must say of them. */
import type { Facts, SymbolFacts } from '../../src/gates/facts.js';
import type { Status } from '../../src/gates/gate.js';
import type { GateId } from '../../src/gates/gates.js';

export type Change = (facts: Facts) => Facts;

/** `says`: a word of what the gate observes or of its remedy. */
export type GateCase = readonly [what: string, gate: GateId, status: Status, change: Change, says: RegExp];

/** Changes the first symbol. */
export const firstSymbol =
  (change: (symbol: SymbolFacts) => SymbolFacts): Change =>
  (facts) => ({
    ...facts,
    symbols: facts.symbols.map((symbol, index) => (index === 0 ? change(symbol) : symbol)),
  });
/** Changes the first symbol's figures. */
export const figures = (change: Partial<SymbolFacts['figures']>): Change =>
  firstSymbol((symbol) => ({ ...symbol, figures: { ...symbol.figures, ...change } }));
/** Changes one part of the facts. */
export const part =
  <Name extends keyof Facts>(name: Name, change: Partial<Facts[Name]>): Change =>
  (facts) => ({ ...facts, [name]: { ...(facts[name] as object), ...change } });
