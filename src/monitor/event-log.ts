/** What happened in a run, as a bounded list of sentences in order, made of the differences between one look at the facts and the next. */
import type { CounterName } from '../memory/counters.js';
import type { Facts } from '../gates/facts.js';
import { count } from '../text/count.js';
import { secondsText } from '../text/duration.js';
import { EVENTS_KEPT, type EventKind, type RunEvent } from './event.js';
import type { GateTransition } from './gate-transitions.js';

/** Looks that may pass without news before what goes on, such as refused frames, counts as something new. */
const PAUSE_LOOKS = 50;

/** Why a packet was received and not used, for people: by counter. */
export const UNUSED: readonly (readonly [name: CounterName, kind: 'refused' | 'unused', reason: string])[] = [
  ['refusedLength', 'refused', 'of a length that no frame of its mode has'],
  ['refusedMode', 'refused', 'of an unknown mode'],
  ['unadmittedExchange', 'unused', 'of an exchange type that does not exist'],
  ['unadmittedToken', 'unused', 'of a token that was not asked for'],
  ['unadmittedMode', 'unused', 'of another mode than was asked for'],
  ['unadmittedPrice', 'unused', 'with a price that is none'],
  ['unadmittedTime', 'unused', 'with an impossible time'],
];

interface GoingOn {
  readonly id: number;
  from: number;
  look: number;
}

export class EventLog {
  readonly #events: RunEvent[] = [];
  readonly #goingOn = new Map<CounterName, GoingOn>();
  #nextId = 1;
  #looks = 0;
  /** What the last look saw: the lists of Facts grow in place, so that their lengths are kept. */
  #seen = { connections: 0, disconnects: 0, errors: 0, evaluations: 0, gaps: 0 };
  #counters: Facts['counters'] | undefined;
  /** Ids of events that are new or went on since they were last taken. */
  #touched = new Set<number>();

  /** The newest events, in order. */
  get events(): readonly RunEvent[] {
    return this.#events;
  }

  /** Events that are new, or went on, since the last call. */
  news(): RunEvent[] {
    const news = this.#events.filter(({ id }) => this.#touched.has(id));
    this.#touched.clear();
    return news;
  }

  /** Notes what is other than at the last look. Returns what is new. */
  look(facts: Facts, turns: readonly GateTransition[], marketMs: number): readonly RunEvent[] {
    this.#looks++;
    const from = this.#nextId;
    const atMs = facts.market.timeMs ?? marketMs;
    this.#connections(facts, atMs);
    this.#gaps(facts);
    for (const [name, kind, reason] of UNUSED)
      this.#continued(
        facts,
        atMs,
        name,
        kind,
        (packets) => `${count(packets, 'packet')} ${kind === 'refused' ? 'refused' : 'not used'}: ${reason}`,
      );
    this.#continued(
      facts,
      atMs,
      'pauses',
      'paused',
      (pauses) => `the socket was paused ${count(pauses, 'time')}: a ring or the journal was full`,
    );
    this.#continued(
      facts,
      atMs,
      'workerDeaths',
      'worker',
      (deaths) => `${count(deaths, 'worker thread')} died and ${deaths === 1 ? 'was' : 'were'} replaced`,
    );
    for (const { code, message } of facts.feed.errors.slice(this.#seen.errors))
      this.#add(atMs, 'broker', 'bad', `the broker answered ${code}: ${message}`);
    for (const { gate, before } of turns) {
      this.#add(
        atMs,
        'gate',
        gate.status === 'fail' ? 'bad' : gate.status === 'warn' ? 'warn' : 'info',
        `gate ${gate.id}: ${before} to ${gate.status} (${gate.observed})${gate.status === 'pass' || gate.remedy === undefined ? '' : ` ${gate.remedy}`}`,
      );
    }
    for (const { symbol, signals, timestampMs } of facts.momentum.evaluations.slice(this.#seen.evaluations)) {
      for (const { reason } of signals)
        this.#add(timestampMs, 'signal', 'info', `${symbol}: the rule would signal (dry run). ${reason}`);
    }
    const { feed, momentum, unseen } = facts;
    this.#seen = {
      connections: feed.connections,
      disconnects: feed.disconnects.length,
      errors: feed.errors.length,
      evaluations: momentum.evaluations.length,
      gaps: unseen.gaps.length,
    };
    this.#counters = facts.counters;
    return this.#events.filter(({ id }) => id >= from);
  }

  #connections({ feed }: Facts, atMs: number): void {
    for (const { connection, sentence, atMs: endedMs } of feed.disconnects.slice(this.#seen.disconnects))
      this.#add(endedMs, 'disconnected', 'bad', `connection ${connection} ended: ${sentence}`);
    if (feed.connections > this.#seen.connections)
      this.#add(
        atMs,
        'connected',
        'info',
        feed.connections === 1
          ? 'connected and subscribed'
          : `connected again and subscribed, connection ${feed.connections}`,
      );
  }

  #gaps({ unseen }: Facts): void {
    const { gaps } = unseen;
    for (const { fromMs } of gaps.slice(this.#seen.gaps)) this.#add(fromMs, 'gap', 'warn', '');
    // Only the newest can still be open; it ends at the time of the look.
    for (const { fromMs, toMs } of gaps.slice(Math.max(0, this.#seen.gaps - 1))) {
      const event = this.#events.find(({ kind, atMs }) => kind === 'gap' && atMs === fromMs);
      const text = `nothing was seen for ${secondsText(toMs - fromMs)} of market time`;
      if (event !== undefined && event.text !== text) this.#change(event.id, text);
    }
  }

  /** A count that rises is one event while it goes on rising. */
  #continued(
    { counters }: Facts,
    atMs: number,
    name: CounterName,
    kind: EventKind,
    textOf: (more: number) => string,
  ): void {
    const before = this.#counters?.[name] ?? 0;
    const more = counters[name] - before;
    if (more === 0) return;
    const going = this.#goingOn.get(name);
    if (going !== undefined && this.#looks - going.look <= PAUSE_LOOKS) {
      going.look = this.#looks;
      this.#change(going.id, textOf(counters[name] - going.from));
      return;
    }
    this.#goingOn.set(name, {
      id: this.#add(atMs, kind, 'warn', textOf(more)),
      from: before,
      look: this.#looks,
    });
  }

  #change(id: number, text: string): void {
    const at = this.#events.findIndex((event) => event.id === id);
    if (at < 0) return;
    this.#events[at] = { ...this.#events[at], text };
    this.#touched.add(id);
  }

  #add(atMs: number, kind: EventKind, level: RunEvent['level'], text: string): number {
    const id = this.#nextId++;
    this.#events.push({ id, atMs, kind, level, text });
    this.#touched.add(id);
    if (this.#events.length > EVENTS_KEPT) this.#touched.delete(this.#events.shift()!.id);
    return id;
  }
}
