/** A replay's result: differences from the run, and their text. */
import { RULES, rulesDifference } from '../../candles/rules.js';
import type { Hashes } from '../../gates/facts.js';
import { rulesOf, timeframesOf, type RunMeta } from '../../journal/meta.js';
import type { Timeframe } from '../../market/timeframe.js';
import { progressOf, shortfallOf, type PublishFigures } from '../../publish/figures.js';
import { count } from '../../text/count.js';
import type { JournalSummary } from '../../ingest/journal-source.js';
import { istStamp } from '../../market/session.js';
import { COUNTER } from '../../memory/counters.js';
import { missingNotes } from '../missing-notes.js';

export interface Outcome {
  readonly about: JournalSummary;
  readonly out: string;
  readonly shards: number;
  readonly timeframes: readonly Timeframe[];
  readonly hashes: Hashes;
  readonly candles: number;
  readonly files: number;
  readonly counters: Float64Array;
  /** Undefined without `--publish`. */
  readonly published: PublishFigures | undefined;
  /** Differences from the run. */
  readonly problems: readonly string[];
  readonly notes: readonly string[];
}

const hasOurRules = ({ meta }: JournalSummary): boolean => rulesOf(meta) === RULES;

/** The run's hashes, if its rules are ours: else they say nothing. */
const comparable = (about: JournalSummary): JournalSummary['sum'] =>
  hasOurRules(about) ? about.sum : undefined;

/**
 * What differs from a run of our rules, and damage to the journal; sentences. Longer candles are compared if they are
 * of the same `timeframes`.
 */
export function problemsOf(
  about: JournalSummary,
  {
    hashes,
    timeframes,
    difference,
  }: Pick<Outcome, 'hashes' | 'timeframes'> & { readonly difference: string | undefined },
): string[] {
  // A recording decided nothing.
  const decided = hasOurRules(about) && about.meta.recording === undefined;
  const problems = difference === undefined || !decided ? [] : [difference];
  const sum = comparable(about);
  for (const [name, what] of [
    ['candles', 'candles are'],
    ['quality', 'quality rows are'],
    ['longer', 'longer candles are'],
    ['momentum', 'momentum is'],
    ['polled', 'polled candles are'],
  ] as const) {
    const said = sum?.[name];
    const ours = hashes[name];
    const isOther = name === 'longer' && timeframes.join() !== timeframesOf(about.meta).join();
    if (said !== undefined && ours !== undefined && !isOther && said !== ours)
      problems.push(
        `The ${what} not the run's: ${ours.slice(0, 12)} where the run had ${said.slice(0, 12)}.`,
      );
  }
  const { broken, segment, offset, tornBytes } = about.extent;
  if (broken === 'damaged')
    problems.push(
      `The journal is damaged in segment ${segment} at byte ${offset}: ${count(tornBytes, 'byte')} there, and all that follows, could not be used.`,
    );
  return problems;
}

/** What the servers do not have, sentences. */
export function publishProblems(published: PublishFigures | undefined): string[] {
  const shortfall = published && shortfallOf(published);
  return shortfall === undefined ? [] : [shortfall];
}

/** What the run's rules were, if they were others, and how the journal ends; sentences. */
export function notesOf(about: JournalSummary): string[] {
  const { extent, resumes, sum, ended, meta, lacks } = about;
  const rules = rulesDifference(rulesOf(meta));
  const notes: string[] = rules === undefined ? [] : [`The candles need not be the run's. ${rules}`];
  notes.push(...missingNotes(meta));
  if (extent.broken === 'torn')
    notes.push(
      `The last write was cut off: ${count(extent.tornBytes, 'byte')} after the last whole block were left out.`,
    );
  for (const { after, resumed } of lacks)
    notes.push(
      `The journal has nothing after ${istStamp(after.marketMs)}${resumed === undefined ? '' : ` until ${istStamp(resumed.marketMs)}, when the run was resumed`}: the disk refused it, or it came to its limit. The run saw more.`,
    );
  if (resumes > 0) notes.push(`The run was resumed ${count(resumes, 'time')}.`);
  if (about.over) notes.push('The run came to its end without its journal.');
  else if (ended === undefined) notes.push('The run did not come to its end; its open minutes are partial.');
  else if (sum === undefined && meta.recording === undefined)
    notes.push('The run left no hashes of its rows to compare with.');
  return notes;
}

/** What a journal is of, a phrase. */
const kindOf = ({ recording, shadow, stage }: RunMeta): string =>
  recording === undefined ? (shadow === true ? 'shadow' : `stage ${stage}`) : `recording ${recording.file}`;

/** For a person. */
export function outcomeText({
  about,
  out,
  shards,
  hashes,
  candles,
  files,
  counters,
  published,
  problems,
  notes,
}: Outcome): string {
  const { meta, frames, extent, first, last } = about;
  const sum = comparable(about);
  const same = sum !== undefined && problems.length === 0;
  return [
    `Run ${meta.runId}: ${kindOf(meta)}, ${count(meta.instruments.length, 'symbol')}, mode ${meta.mode}, feed ${meta.feed}`,
    `${count(frames, 'frame')} in ${count(extent.blocks, 'block')} and ${count(extent.segments, 'segment')}, market time ${istStamp(first.marketMs)} to ${istStamp(last.marketMs)}`,
    `${counters[COUNTER.routed]} of them routed to ${count(shards, 'shard')}; ${candles} candles in ${count(files, 'file')} in ${out}`,
    `candles   ${hashes.candles}`,
    `quality   ${hashes.quality}`,
    ...(hashes.longer === undefined ? [] : [`longer    ${hashes.longer}`]),
    `momentum  ${hashes.momentum}`,
    ...(about.polled === 0 ? [] : [`polled    ${hashes.polled}`]),
    ...(published === undefined ? [] : [`published ${progressOf(published)}`]),
    ...notes.map((note) => `Note: ${note}`),
    ...problems.map((problem) => `Problem: ${problem}`),
    same
      ? "Same candles, quality rows and momentum as the run's."
      : problems.length > 0
        ? 'Not the same as the run.'
        : 'There is nothing to compare with; the candles are written.',
  ].join('\n');
}

export function outcomeJson({
  about,
  out,
  shards,
  timeframes,
  hashes,
  candles,
  files,
  published,
  problems,
  notes,
}: Outcome): string {
  const { meta, frames, extent, ended, resumes, sum } = about;
  const compared = comparable(about);
  const { blocks, segments, broken, tornBytes } = extent;
  const journal = {
    folder: about.folder,
    frames,
    blocks,
    segments,
    broken: broken ?? null,
    tornBytes,
    ended: ended !== undefined,
    lacks: about.lacks.map(({ after, resumed }) => ({
      after: istStamp(after.marketMs),
      until: resumed === undefined ? null : istStamp(resumed.marketMs),
    })),
    resumes,
  };
  return JSON.stringify(
    {
      runId: meta.runId,
      feed: meta.feed,
      recording: meta.recording ?? null,
      journal,
      out,
      shards,
      timeframes,
      candles,
      files,
      published: published ?? null,
      hashes,
      runHashes: sum ?? null,
      rules: RULES,
      runRules: rulesOf(meta),
      same: compared === undefined ? null : problems.length === 0,
      problems,
      notes,
    },
    null,
    2,
  );
}
