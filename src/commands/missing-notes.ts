/** What a journal that was made of a recording cannot tell. */
import type { RunMeta } from '../journal/meta.js';

/** Sentences; none for the journal of a run. */
export function missingNotes({ recording, mode }: RunMeta): string[] {
  if (recording === undefined) return [];
  const { received, missing } = recording;
  return [
    ...(received
      ? []
      : [
          'The recording has no receive times: lag and latency are not judged, and the stamps of the exchange tell the time.',
        ]),
    ...(mode === 'ltp'
      ? ['The recording has no volume: volume is the number of ticks (volume_kind tick).']
      : []),
    ...(missing.length > 0
      ? [`The recording lacks ${missing.join(', ')}: the journal has 0 there, which says nothing.`]
      : []),
  ];
}
