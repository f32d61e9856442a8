/** All targets, in the order in which they are run. */
import type { Target } from './target.js';
import { calendar } from './targets/calendar.js';
import { decoder } from './targets/decoder.js';
import { history } from './targets/history.js';
import { instruments } from './targets/instruments.js';
import { journal } from './targets/journal.js';
import { journalMeta } from './targets/meta.js';
import { lines } from './targets/lines.js';
import { stored } from './targets/stored.js';
import { texts } from './targets/texts.js';

export const TARGETS: readonly Target[] = [
  decoder,
  texts,
  journal,
  journalMeta,
  instruments,
  calendar,
  history,
  lines,
  stored,
];
