/** The journal that a command line names. */
import { join } from 'node:path';
import { EngineError } from '../errors.js';
import { runsIn, segmentsOf } from '../journal/folder.js';
import { count } from '../text/count.js';

/** One run's journal. Throws EngineError JOURNAL that says what is there instead. */
export function runFolder(path: string): string {
  if (segmentsOf(path).length > 0) return path;
  const runs = runsIn(path);
  if (runs.length === 0)
    throw new EngineError(
      'JOURNAL',
      `${path} holds no journal: a run leaves one below data/test/journal, or where --journal says.`,
    );
  throw new EngineError(
    'JOURNAL',
    `${path} holds the journals of ${count(runs.length, 'run')}: name one, the newest is ${join(path, runs[0].runId)}.`,
  );
}
