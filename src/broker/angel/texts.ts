/**
 * Text frames of the feed (docs/protocol.md 3 and 4).
 *
 * A text is never market data and never worth a crash: nothing throws, and a text longer than any reply is not read,
 * so the work is bounded.
 */
import type { FeedText } from '../broker.js';

/** The answer to `ping`. */
export const PONG = 'pong';

/** Bytes; longer texts are `other` unread. The longest documented reply has some 120. */
export const MAX_TEXT_BYTES = 4096;

/** Characters kept of an error reply's strings, for logs and reports. */
export const MAX_STRING = { correlationId: 64, code: 32, message: 256 } as const;

const pong: FeedText = Object.freeze({ kind: 'pong' });
const other: FeedText = Object.freeze({ kind: 'other' });
const utf8 = new TextDecoder();

/**
 * Classifies a text message's bytes. An `errorCode` marks an error reply; its strings go whole through `clean`, are
 * cut to `MAX_STRING` and lose control characters. Source: docs/protocol.md 4, "Errors after connect", and the
 * documentation's older sample, which lacks a comma.
 */
export function classifyText(bytes: Uint8Array, clean: (text: string) => string = (text) => text): FeedText {
  if (bytes.length > MAX_TEXT_BYTES) return other;
  const text = utf8.decode(bytes);
  if (text === PONG) return pong;
  const members = membersOf(text);
  const stringOf = (value: unknown, longest: number): string =>
    presented(clean(typeof value === 'string' || typeof value === 'number' ? String(value) : ''), longest);
  const code = members && stringOf(members['errorCode'], MAX_STRING.code);
  if (!code) return other;
  return {
    kind: 'error',
    correlationId: stringOf(members['correlationID'], MAX_STRING.correlationId),
    code,
    message: stringOf(members['errorMessage'], MAX_STRING.message),
  };
}

type Members = Partial<Record<string, unknown>>;

function membersOf(text: string): Members | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  const value = parsed(text);
  if (value === undefined) return looseMembers(text);
  return typeof value === 'object' && value !== null ? value : undefined;
}

/** Deep nesting is harmless: the text is short and the parser keeps its own stack. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // What is not JSON is classified below, not reported.
  }
}

// One string member; the documentation's sample lacks the comma after it. Each alternative begins with another
// character, so matching takes linear time.
const MEMBER = /\s*("(?:[^"\\]|\\.)*")\s*:\s*("(?:[^"\\]|\\.)*")\s*,?/y;

/** Members of `{"name": "text" ...}`, commas optional: flat, strings only, the whole text or nothing. */
function looseMembers(text: string): Members | undefined {
  const members: Members = Object.create(null) as Members;
  MEMBER.lastIndex = text.indexOf('{') + 1;
  let end = MEMBER.lastIndex;
  for (let found = MEMBER.exec(text); found; found = MEMBER.exec(text)) {
    const name = parsed(found[1]);
    const value = parsed(found[2]);
    if (typeof name !== 'string') return undefined;
    members[name] = value;
    end = MEMBER.lastIndex;
  }
  return text.slice(end).trim() === '}' ? members : undefined;
}

function presented(text: string, longest: number): string {
  // A server's control characters must not reach a terminal.
  return text.slice(0, longest).replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
}
