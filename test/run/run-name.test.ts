import { expect, it } from 'vitest';
import { parse } from '../../src/cli/parse.js';
import { COMMANDS } from '../../src/commands/registry.js';
import type { StageConfig } from '../../src/cli/config.js';
import { RUN_ID } from '../../src/journal/format.js';
import { nonce } from '../../src/random.js';
import { planRun } from '../../src/run/plan.js';
import { shippedCalendar } from '../../src/market/trading-calendar.js';
import { niftyFifty } from '../../src/run/universe.js';

it('two runs of one process number that begin in one second have different names', async () => {
  const words = ['--ws-test-mode', '--stage', '1', '--duration', '1', '--feed', 'sim'];
  const { options } = (await parse(words, COMMANDS, { version: '0' })) as unknown as { options: StageConfig };
  const [first] = niftyFifty();
  const names = [1, 2].map(
    () =>
      planRun({
        config: options,
        calendar: shippedCalendar(),
        nowMs: Date.UTC(2026, 10, 23, 5, 30),
        processId: 1,
        nonce: nonce(),
        instruments: [{ ...first, index: 0 }],
        instrumentWarnings: [],
        instrumentNotes: [],
        maxInstruments: 1000,
      }).runId,
  );
  for (const name of names) expect(name).toMatch(RUN_ID);
  expect(names[0]).not.toBe(names[1]);
});
