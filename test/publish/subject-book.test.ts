/** What to send next, by what is known of a server. */
import { describe, expect, it } from 'vitest';
import type { CandleState, StoredMessage } from '../../src/publish/message.js';
import { SubjectBook } from '../../src/publish/subject-book.js';

const state = (startMs: number, revision = 0, digest = 1): CandleState => ({ startMs, revision, digest });
const stored = (sequence: number, of: CandleState, run = 'ours'): StoredMessage => ({ ...of, sequence, run });

function bookOf(...messages: readonly StoredMessage[]): SubjectBook {
  const book = new SubjectBook('candle.NSE.2885.1m', 'ours');
  book.learn(messages, messages.at(-1), 0);
  return book;
}

describe('a subject', () => {
  it('gives each candle once, the oldest first, and names what it follows', () => {
    const book = bookOf();
    book.note(60_000, 1, 10);
    book.note(120_000, 2, 11);
    book.note(60_000, 1, 12);
    expect([book.waiting, book.waitingSinceMs, book.expected]).toEqual([2, 10, 0]);
    expect(book.take()).toEqual({ startMs: 60_000, position: 1, sinceMs: 10 });
    expect(book.decide(state(60_000), false)).toBe('send');
    book.stored(stored(7, state(60_000)));
    expect(book.expected).toBe(7);
    expect(book.take()).toEqual({ startMs: 120_000, position: 2, sinceMs: 11 });
    expect(book.take()).toBeUndefined();
    book.again(120_000, 11);
    expect([book.waiting, book.waitingSinceMs]).toEqual([1, 11]);
  });

  it.each([
    ['not stored', [], state(1), 'send'],
    ['stored as it is', [stored(1, state(1))], state(1), 'present'],
    ['stored before it changed', [stored(1, state(1))], state(1, 1, 2), 'send'],
    ['changed without a new revision', [stored(1, state(1))], state(1, 0, 2), 'send'],
    ['stored in a later state', [stored(1, state(1, 2, 3))], state(1, 1, 2), 'held'],
    ['stored by another run', [stored(1, state(1), 'theirs')], state(1, 1, 2), 'held'],
    ['stored as it is by another run', [stored(1, state(1), 'theirs')], state(1), 'present'],
    ['stored twice, of which it is the first', [stored(1, state(1)), stored(2, state(1, 0, 2))], state(1), 'held'],
  ] as const)('decides on a candle that is %s', (_what, messages, now, decision) => {
    const book = bookOf(...messages);
    expect(book.decide(now, false)).toBe(decision);
    expect(book.disputed.size).toBe(decision === 'held' ? 1 : 0);
  }); // prettier-ignore

  it('sends an earlier state after all when it is the last one', () => {
    const book = bookOf(stored(1, state(1)), stored(2, state(1, 0, 2)));
    book.note(1, 5, 0);
    book.take();
    expect(book.decide(state(1), false)).toBe('held');
    book.settle(3);
    expect(book.take()).toEqual({ startMs: 1, position: 5, sinceMs: 3 });
    expect(book.decide(state(1), true)).toBe('send');
  });

  it('knows whether the server has what was seen stored', () => {
    const book = bookOf();
    expect(book.isUpTo(undefined)).toBe(true);
    book.stored(stored(3, state(1)));
    expect(book.isUpTo(stored(3, state(1)))).toBe(true);
    for (const last of [
      undefined,
      stored(2, state(1)),
      stored(3, state(2)),
      stored(3, state(1, 1)),
      stored(3, state(1, 0, 2)),
      stored(3, state(1), 'theirs'),
    ])
      expect(book.isUpTo(last)).toBe(false);
  });

  it('sends all again that a server has lost', () => {
    const book = bookOf();
    for (const startMs of [1, 2, 3]) {
      book.note(startMs, startMs, 0);
      book.take();
      book.stored(stored(startMs, state(startMs)));
    }
    expect(book.waiting).toBe(0);
    book.learn([stored(1, state(1))], stored(1, state(1)), 9);
    const decisions = [1, 2, 3].map(() => book.decide(state(book.take()!.startMs), false));
    expect(decisions).toEqual(['present', 'send', 'send']);
    expect(book.expected).toBe(1);
  });
});
