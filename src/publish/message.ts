/**
 * A candle as a message: subject, headers and text. The headers say which candle the text holds, so that a publisher
 * learns what a server has without reading the texts.
 */
import { createHash } from 'node:crypto';
import type { FileIdentity } from '../candles/candle.js';
import type { CandleRevised, CandleSealed } from '../candles/events.js';

/** What is published: the two events that hold a candle. */
export type PublishedCandle = CandleSealed | CandleRevised;

/** The run that published: of one subject one run publishes. */
export const RUN_HEADER = 'Tickshard-Run';
/** Start (epoch ms), revision and digest of the candle. */
export const CANDLE_HEADER = 'Tickshard-Candle';

/** The candles' origin, a FileIdentity as JSON. */
export const ORIGIN_HEADER = 'Tickshard-Origin';

/** The origin that a message names; undefined if it names none. */
export function originIn(header: string): FileIdentity | undefined {
  try {
    const origin = JSON.parse(header) as Partial<FileIdentity> | null;
    if (typeof origin?.feed !== 'string' || typeof origin.mode !== 'string') return undefined;
    if (typeof origin.rules !== 'number' || !['tick', 'traded'].includes(origin.volumeKind ?? ''))
      return undefined;
    return origin as FileIdentity;
  } catch {
    return undefined; // Of another program.
  }
}

/** Which candle a message holds, and in which state. */
export interface CandleState {
  readonly startMs: number;
  readonly revision: number;
  /** 48 bits of a hash of candle and quality. */
  readonly digest: number;
}

/** A message as it is stored. */
export interface StoredMessage extends CandleState {
  /** Of the stream, from 1. */
  readonly sequence: number;
  readonly run: string;
}

/** Characters that separate or select subjects. */
const NOT_IN_SUBJECTS = /[\s.*>]/g;

/** `candle.NSE.2885.1m`. */
export function subjectOf({
  instrument,
  timeframe,
}: Pick<PublishedCandle, 'instrument' | 'timeframe'>): string {
  const name = (text: string): string => text.replace(NOT_IN_SUBJECTS, '_');
  return `candle.${name(instrument.exchange)}.${name(instrument.token)}.${timeframe}`;
}

/** The subject on which the run that publishes `subject` answers with its name. Not stored. */
export function ownerSubjectOf(subject: string): string {
  return `publisher.${subject}`;
}

export function stateOf({ candle, quality, revision }: PublishedCandle): CandleState {
  const hash = createHash('sha256')
    .update(JSON.stringify([candle, quality]))
    .digest();
  return { startMs: candle.timestampMs, revision, digest: hash.readUIntBE(0, 6) };
}

export function headerOf({ startMs, revision, digest }: CandleState): string {
  return `${startMs} ${revision} ${digest.toString(16)}`;
}

/** Undefined if the message is not one of ours. */
export function stateIn(header: string): CandleState | undefined {
  const [, start, revision, digest] = /^(\d{1,16}) (\d{1,9}) ([\da-f]{1,12})$/.exec(header) ?? [];
  if (start === undefined) return undefined;
  return { startMs: Number(start), revision: Number(revision), digest: parseInt(digest, 16) };
}
