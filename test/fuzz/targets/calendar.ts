import { readFileSync } from 'node:fs';
import { Calendar, tailMsOf } from '../../../src/market/session.js';
import { shipped } from '../../../src/paths.js';
import type { Random } from '../../../src/random.js';
import { chance, mutated, randomBytes, size, uglyJson, uglyVersion } from '../bytes.js';
import { checkSentence, refusedAs, type Target } from '../target.js';

const text = readFileSync(shipped('data/sessions/nse-sessions.json'));
const value: unknown = JSON.parse(text.toString());
const NAMES = [
  'regular',
  'holidays',
  'special',
  'coveredUntil',
  'from',
  'to',
  'appliesTo',
  'continuous',
  'auction',
  'window',
  'label',
];
const DATES = [
  '2026-11-23',
  '2026-11-24',
  '2026-11-08',
  '2026-08-01',
  '2009-01-01',
  '2031-01-06',
  '1970-01-01',
  '2099-12-31',
];

function input(random: Random): Buffer {
  if (chance(random, 0.1)) return randomBytes(random, size(random, 10_000) - 1);
  if (chance(random, 0.1)) return Buffer.from(uglyJson(random, NAMES));
  if (chance(random, 0.6)) return Buffer.from(uglyVersion(random, value, NAMES, 0.03 * random()));
  return mutated(random, [text]);
}

export const calendar: Target = {
  name: 'calendar',
  description: 'the file of sessions, and then every question that can be asked of it',
  mostMb: 128,
  input,
  run(bytes) {
    try {
      const one = Calendar.parse(Buffer.from(bytes).toString('utf8'));
      for (const derivatives of [true, false]) {
        for (const date of DATES) {
          const day = one.day(date, derivatives);
          if (day.kind !== 'open') checkSentence(day.reason);
          if (day.kind === 'shut') continue;
          const { openMs, closeMs, auction } = day.session;
          if (
            !(openMs < closeMs) ||
            (auction !== undefined && !(auction.fromMs < auction.toMs && Number.isFinite(auction.labelMs)))
          )
            throw new Error(`a session ${JSON.stringify(day.session)}`);
          const endMs = closeMs + tailMsOf(day.session);
          if (!(endMs >= closeMs && endMs <= (auction?.fromMs ?? closeMs + 10_000)))
            throw new Error(`a tail of ${endMs - closeMs} ms in ${JSON.stringify(day.session)}`);
        }
        const next = one.nextOpenMs(Date.parse('2026-11-23T18:00:00+05:30'), derivatives);
        if (next !== undefined && !Number.isFinite(next)) throw new Error(`opens at ${next}`);
      }
      return 'accepted';
    } catch (error) {
      return refusedAs(error, 'CONFIG');
    }
  },
};
