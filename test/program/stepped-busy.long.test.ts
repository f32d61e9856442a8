/** One seed is one run on a busy machine, too. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busy, expectSame, stepped, type Outcome } from './stepped.js';

describe('while two processes use all of the machine', () => {
  let quiet: Outcome;
  const args = stepped('--duration', '3', '--mode', 'snapquote', '--fault', 'drop:at=80');
  let calm = (): void => undefined;

  beforeAll(async () => {
    quiet = await expectSame(args, ['1']);
    calm = busy();
  });
  afterAll(() => calm());

  it('a run is the same for 2 and 4 shards', async () => {
    expect(await expectSame(args, ['2', '4'])).toEqual(quiet);
  });
});
