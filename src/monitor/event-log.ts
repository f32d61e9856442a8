/** A bounded list of a run's events, from the differences between successive facts. */
import { inOrder } from '../candles/candle.js';
import type { CounterName } from '../memory/counters.js';
import type { Facts } from '../gates/facts.js';
import { count } from '../text/count.js';
import { secondsText } from '../text/duration.js';
import { MAX_EVENTS, type EventKind, type EventLevel, type RunEvent } from './event.js';
import type { GateTransition } from './gate-transitions.js';

/** Updates without a rise after which a counter's next rise is a new event. */
const MAX_QUIET_UPDATES = 50;

/** Why a received packet was not used, for people, by counter. */
export const UNUSED_REASONS: readonly (readonly [
  name: CounterName,
  kind: 'refused' | 'unused',
  reason: string,
])[] = [
  ['refusedLength', 'refused', 'of a length that no frame of its mode has'],
  ['refusedMode', 'refused', 'of an unknown mode'],
  ['unadmittedExchange', 'unused', 'of an exchange type that does not exist'],
  ['unadmittedToken', 'unused', 'of a token that was not asked for'],
  ['unadmittedMode', 'unused', 'of another mode than was asked for'],
  ['unadmittedPrice', 'unused', 'with an impossible price'],
  ['unadmittedTime', 'unused', 'with an impossible time'],
  ['unadmittedSequence', 'unused', 'with an impossible sequence number'],
];

/** Continues while its counter rises. */
interface Ongoing {
  readonly id: number;
  /** The counter before the event. */
  readonly from: number;
  /** Update in which the counter last rose. */
  update: number;
}

export class EventLog {
  readonly #events: RunEvent[] = [];
  readonly #ongoing = new Map<CounterName, Ongoing>();
  #nextId = 1;
  #updates = 0;
  /** Lengths at the last update; the lists of Facts grow in place. */
  #reported = { connections: 0, disconnects: 0, errors: 0, evaluations: 0, gaps: 0 };
  #counters: Facts['counters'] | undefined;
  /** Ids new or changed since takeChanged(). */
  readonly #changed = new Set<number>();

  /** The newest, in order. */
  get events(): readonly RunEvent[] {
    return this.#events;
  }

  /** Events new or changed since the last call. */
  takeChanged(): RunEvent[] {
    const changed = this.#events.filter(({ id }) => this.#changed.has(id));
    this.#changed.clear();
    return changed;
  }

  /** Returns the new events. `marketMs` is used before the first packet. */
  update(facts: Facts, transitions: readonly GateTransition[], marketMs: number): readonly RunEvent[] {
    this.#updates++;
    const from = this.#nextId;
    const atMs = facts.market.timeMs ?? marketMs;
    this.#connections(facts, atMs);
    this.#gaps(facts);
    for (const [name, kind, reason] of UNUSED_REASONS)
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
    for (const { code, message } of facts.feed.errors.slice(this.#reported.errors))
      this.#add(atMs, 'broker', 'bad', `the broker answered ${code}: ${message}`);
    for (const { gate, before } of transitions) {
      this.#add(
        atMs,
        'gate',
        gate.status === 'fail' ? 'bad' : gate.status === 'warn' ? 'warn' : 'info',
        `gate ${gate.id}: ${before} to ${gate.status} (${gate.observed})${gate.status === 'pass' || gate.remedy === undefined ? '' : ` ${gate.remedy}`}`,
      );
    }
    for (const { symbol, signals, timestampMs } of inOrder(
      facts.momentum.evaluations.slice(this.#reported.evaluations),
    )) {
      for (const { reason } of signals)
        this.#add(timestampMs, 'signal', 'info', `${symbol}: the rule would signal (dry run). ${reason}`);
    }
    const { feed, momentum, unseen } = facts;
    this.#reported = {
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
    for (const { connection, sentence, atMs: endedMs } of feed.disconnects.slice(this.#reported.disconnects))
      this.#add(endedMs, 'disconnected', 'bad', `connection ${connection} ended: ${sentence}`);
    if (feed.connections > this.#reported.connections)
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
    for (const { fromMs } of gaps.slice(this.#reported.gaps)) this.#add(fromMs, 'gap', 'warn', '');
    // Only the newest gap can be open; its end is then the time of the facts.
    for (const { fromMs, toMs } of gaps.slice(Math.max(0, this.#reported.gaps - 1))) {
      const event = this.#events.find(({ kind, atMs }) => kind === 'gap' && atMs === fromMs);
      const text = `nothing was seen for ${secondsText(toMs - fromMs)} of market time`;
      if (event !== undefined && event.text !== text) this.#change(event.id, text);
    }
  }

  /** A counter that keeps rising is one event. */
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
    const ongoing = this.#ongoing.get(name);
    if (ongoing !== undefined && this.#updates - ongoing.update <= MAX_QUIET_UPDATES) {
      ongoing.update = this.#updates;
      this.#change(ongoing.id, textOf(counters[name] - ongoing.from));
      return;
    }
    this.#ongoing.set(name, {
      id: this.#add(atMs, kind, 'warn', textOf(more)),
      from: before,
      update: this.#updates,
    });
  }

  #change(id: number, text: string): void {
    const at = this.#events.findIndex((event) => event.id === id);
    if (at < 0) return;
    this.#events[at] = { ...this.#events[at], text };
    this.#changed.add(id);
  }

  #add(atMs: number, kind: EventKind, level: EventLevel, text: string): number {
    const id = this.#nextId++;
    this.#events.push({ id, atMs, kind, level, text });
    this.#changed.add(id);
    if (this.#events.length > MAX_EVENTS) this.#changed.delete(this.#events.shift()!.id);
    return id;
  }
}
