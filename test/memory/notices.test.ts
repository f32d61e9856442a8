import { describe, expect, it } from 'vitest';
import { Notices, type ConnectionNotice } from '../../src/memory/notices.js';

const opened = (connection: number): ConnectionNotice => ({
  state: 'opened',
  marketMs: 1000 * connection,
  connection,
});

describe('Notices', () => {
  it('gives each reader of the memory the connections that it has not seen', () => {
    const notices = new Notices(2);
    const reader = new Notices(2, notices.buffer);
    expect(reader.connectionsFrom(0)).toEqual({ notices: [], next: 0 });
    const said: ConnectionNotice[] = [
      opened(1),
      { state: 'ended', marketMs: 5, connection: 1, cause: 'pong-overdue' },
      { state: 'waiting', marketMs: 6, connection: 1, delayMs: 150 },
    ];
    for (const notice of said) notices.addConnection(notice);
    expect(reader.connectionsFrom(0)).toEqual({ notices: said, next: 3 });
    expect(reader.connectionsFrom(2)).toEqual({ notices: said.slice(2), next: 3 });
  });

  it('keeps the newest for a reader that comes late', () => {
    const notices = new Notices(1);
    for (let k = 1; k <= 1000; k++) notices.addConnection(opened(k));
    const { notices: kept, next } = notices.connectionsFrom(0);
    expect(next).toBe(1000);
    expect(kept.length).toBeGreaterThan(200);
    expect(kept.map(({ connection }) => connection)).toEqual(
      Array.from({ length: kept.length }, (_, k) => 1001 - kept.length + k),
    );
  });

  it('keeps since when an instrument is stale until it ticks, and wakes for changes only', () => {
    const notices = new Notices(2);
    const { i32, index } = notices.counter;
    notices.setStale(1, 0, 10);
    expect(i32[index]).toBe(0);
    notices.setStale(1, 1000, 20);
    notices.setStale(1, 2000, 30);
    expect(notices.staleness(1)).toEqual({ sinceMs: 1000, changedMs: 20 });
    notices.setStale(1, 0, 40);
    expect(notices.staleness(1)).toEqual({ sinceMs: 0, changedMs: 40 });
    expect(notices.staleness(0)).toEqual({ sinceMs: 0, changedMs: 0 });
    expect(i32[index]).toBe(2);
  });

  it('has no verdict, then one, or none for good', () => {
    const notices = new Notices(1);
    expect(notices.verdict).toBeUndefined();
    notices.conclude(null);
    expect(notices.verdict).toBeNull();
    notices.conclude('interrupted');
    expect(notices.verdict).toBe('interrupted');
  });
});
