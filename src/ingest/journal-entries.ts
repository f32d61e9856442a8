/** Entries of a journal that are JSON. Any bytes give a value or an EngineError JOURNAL; `where`: the folder. */
import type { FeedText } from '../broker/broker.js';
import { EngineError, printable } from '../errors.js';
import type { ConnectionEnd } from '../feed/disconnects.js';

function parsed(bytes: Buffer, where: string): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new EngineError(
      'JOURNAL',
      `${where} holds an entry that is no JSON; name the journal of another run.`,
      { cause: error },
    );
  }
}

/** A text message as the classifier made it; else `other`. */
export function textOf(bytes: Buffer, where: string): FeedText {
  const text = parsed(bytes, where) as Partial<Extract<FeedText, { kind: 'error' }>> | null;
  if (text?.kind === 'error' && typeof text.code === 'string' && typeof text.message === 'string')
    return {
      ...(text as Extract<FeedText, { kind: 'error' }>),
      code: printable(text.code),
      message: printable(text.message),
    };
  return (text as { kind?: unknown } | null)?.kind === 'pong' ? { kind: 'pong' } : { kind: 'other' };
}

/** Why a connection ended. */
export function endOf(bytes: Buffer, where: string): ConnectionEnd {
  const end = parsed(bytes, where) as Partial<ConnectionEnd> | null;
  const usable =
    typeof end?.cause === 'string' &&
    typeof end.reason === 'string' &&
    typeof end.sentence === 'string' &&
    typeof end.connection === 'number' &&
    typeof end.livedMs === 'number';
  if (!usable)
    throw new EngineError(
      'JOURNAL',
      `${where} says of a connection's end nothing usable; name the journal of another run.`,
    );
  return { ...(end as ConnectionEnd), reason: printable(end.reason), sentence: printable(end.sentence) };
}

/** Hashes of the run's rows, and its verdict. */
export function sumOf(bytes: Buffer, where: string): Record<string, string> {
  const sum = parsed(bytes, where);
  if (
    typeof sum !== 'object' ||
    sum === null ||
    !Object.values(sum).every((hash) => typeof hash === 'string')
  )
    throw new EngineError('JOURNAL', `${where} holds no usable sum; name the journal of another run.`);
  return sum as Record<string, string>;
}
