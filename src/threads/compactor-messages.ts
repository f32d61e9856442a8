/** Messages between the main thread and the compactor's. */
import type { MessagePort } from 'node:worker_threads';
import type { CompactedSegment } from '../journal/compact.js';

export interface CompactorTask {
  readonly port: MessagePort;
  /** The run's own folder. */
  readonly folder: string;
  readonly ledger: SharedArrayBuffer;
}

/** One segment at a time; `hurry`: rest no more. */
export type ToCompactor = { readonly kind: 'compact'; readonly number: number } | { readonly kind: 'hurry' };

export type FromCompactor =
  | { readonly kind: 'compacted'; readonly segment: CompactedSegment }
  /** The segment stays raw; `why`: the end of a sentence. */
  | { readonly kind: 'kept'; readonly why: string }
  /** The system refused, a sentence. */
  | { readonly kind: 'failed'; readonly sentence: string };
