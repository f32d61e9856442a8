import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/paths.js';
import { GATES, judgeGates, verdictOf } from '../../src/gates/gates.js';
import { CANDLE_CASES } from './candle-cases.js';
import { goodFacts } from './facts.js';
import { FEED_CASES } from './feed-cases.js';
import { RUN_CASES } from './run-cases.js';

const CASES = [...FEED_CASES, ...CANDLE_CASES, ...RUN_CASES];

describe('gates', () => {
  it('all pass when all is well, and so does the run', () => {
    const facts = goodFacts();
    const all = judgeGates(facts);
    expect(all.map(({ id, status }) => `${id} ${status}`)).toEqual(
      [
        'connected',
        'subscribed',
        'ticking',
        'fresh',
        'lag',
        'candles',
        'schema',
        'momentum',
        'no-rest',
        'output',
        'published',
        'lossless',
        'performance',
        'duration',
      ].map((id) => `${id} pass`),
    );
    expect(verdictOf(facts, all)).toBe('pass');
  });

  it.each(CASES)('%s: %s is %s', (_what, id, status, change, word) => {
    const facts = change(goodFacts());
    const all = judgeGates(facts);
    const gate = all.find((candidate) => candidate.id === id)!;
    expect(`${gate.status}: ${gate.observed} ${gate.remedy ?? ''}`).toMatch(new RegExp(`^${status}: `));
    expect(`${gate.observed} ${gate.remedy ?? ''}`).toMatch(word);
    if (status === 'fail' || status === 'warn') expect(gate.remedy).toBeTruthy();
    expect(verdictOf(facts, all) === 'fail').toBe(all.some((candidate) => candidate.status === 'fail'));
    if (status === 'fail') expect(verdictOf(facts, all)).toBe('fail');
  });

  it('each gate has a case that makes it fail', () => {
    const failing = new Set(CASES.filter(([, , status]) => status === 'fail').map(([, id]) => id));
    expect([...failing].sort()).toEqual(
      judgeGates(goodFacts())
        .map(({ id }) => id)
        .sort(),
    );
  });

  it('each gate is described in docs/gates.md, "What each asks"', () => {
    const page = readFileSync(new URL('docs/gates.md', packageRoot), 'utf8');
    const section = page.slice(page.indexOf('\n## What each asks\n')).split('\n## ')[1];
    expect(GATES.map(({ id }) => id).filter((id) => !section.includes(`\`${id}\``))).toEqual([]);
  });

  it('no two gates share an id', () => {
    expect(new Set(GATES.map(({ id }) => id)).size).toBe(GATES.length);
  });

  it('an interrupted run is neither passed nor failed', () => {
    const facts = { ...goodFacts(), interrupted: true };
    expect(verdictOf(facts, judgeGates(facts))).toBe('interrupted');
  });
});
