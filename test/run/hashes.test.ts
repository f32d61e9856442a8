/** The hash of momentum: that of earlier versions, and of two exchanges in one order. */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import type { Instrument } from '../../src/market/instrument.js';
import type { Evaluation } from '../../src/momentum/series.js';
import { hashesOf } from '../../src/run/run-end.js';
import { instrumentsOf } from '../listed.js';

const evaluation = (symbol: string, timestampMs: number): Evaluation => ({
  ...{ symbol, timestampMs, basis: 'ours', evaluated: true, insufficient: undefined },
  ...{ vwap: timestampMs, hod: 2, volMa: 3, relVol: 4, signals: [] },
});
const momentumOf = (first: readonly Evaluation[], instruments: readonly Instrument[]): string | undefined =>
  hashesOf(
    first,
    {
      ...{ unproven: [], proven: 0, kept: 0, schema: undefined, evaluations: [], notes: [] },
      hashes: { candles: '', quality: '', longer: undefined, polled: '' },
    },
    instruments,
  ).momentum;

it('has symbols without their exchange, in their order, as journals of earlier versions say', () => {
  const instruments = instrumentsOf([
    { symbol: 'RELIANCE', exchangeType: 1, token: '2885' },
    { symbol: 'GOLD', exchangeType: 5, token: '1' },
  ]);
  const first = [evaluation('RELIANCE', 1), evaluation('MCX:GOLD', 2), evaluation('MCX:GOLD', 1)];
  const before = [[evaluation('GOLD', 1), evaluation('GOLD', 2), evaluation('RELIANCE', 1)], []];
  expect(momentumOf(first, instruments)).toBe(
    createHash('sha256').update(JSON.stringify(before)).digest('hex'),
  );
});

it('does not depend on the order in which two exchanges were evaluated', () => {
  const instruments = instrumentsOf([
    { symbol: 'RELIANCE', exchangeType: 1, token: '2885' },
    { symbol: 'RELIANCE', exchangeType: 3, token: '500325' },
  ]);
  const [a, b, c] = [evaluation('RELIANCE', 1), evaluation('BSE:RELIANCE', 2), evaluation('RELIANCE', 3)];
  expect(momentumOf([a, b, c], instruments)).toBe(momentumOf([b, c, a], instruments));
  expect(momentumOf([a, b], instruments)).not.toBe(
    momentumOf([evaluation('BSE:RELIANCE', 1), evaluation('RELIANCE', 2)], instruments),
  );
});
