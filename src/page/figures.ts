/** Tiles of flow and cost, the curve of ticks, and the histogram of latency. */
import { PERFORMANCE } from '../gates/bounds.js';
import type { DashboardState, DashboardStatus } from '../dashboard/state.js';
import { latencyHistogram, tickRateCurve } from './svg.js';
import { h, mark, say } from './dom.js';
import { count, micros, millis, NONE, number, rate } from './format.js';
import type { Changed } from './state.js';

/** A ring fuller than this share is marked as bad. */
const MAX_RING_SHARE = 0.25;
const MAX_LOOP_DELAY_MS = PERFORMANCE.eventLoopDelayP99Ms;

interface Tile {
  readonly value: HTMLElement;
  readonly note: HTMLElement;
  readonly root: HTMLElement;
}

export class Figures {
  readonly tiles = h('dl', { class: 'tiles' });
  readonly tickRate = h('figure', { class: 'curve' });
  readonly latency = h('figure', { class: 'curve' });
  readonly #rings = h('div', { class: 'rings' });
  readonly #tiles = new Map<string, Tile>();

  constructor() {
    for (const [id, title] of [
      ['ticks', 'Ticks a second'],
      ['applied', 'Receive to applied'],
      ['sealed', 'Receive to sealed'],
      ['rings', 'Ring depth'],
      ['loop', 'Event-loop delay p99'],
      ['cpu', 'CPU'],
      ['memory', 'Memory'],
      ['lag', 'Feed lag'],
      ['candles', 'Candles'],
    ] as const) {
      const tile: Tile = {
        value: h('dd'),
        note: h('dd', { class: 'note' }),
        root: h('div', { id: `tile-${id}` }),
      };
      tile.root.append(h('dt', {}, title), tile.value, ...(id === 'rings' ? [this.#rings] : []), tile.note);
      this.#tiles.set(id, tile);
      this.tiles.append(tile.root);
    }
  }

  show(state: DashboardState): void {
    this.#figures(state);
    this.#curves(state);
  }

  update(state: DashboardState, changed: Changed): void {
    this.#figures(state);
    if (changed.tickRate || changed.latency) this.#curves(state);
  }

  #curves({ tickRate: ticks, now, latency: buckets }: DashboardState): void {
    const { p50, p99, p999 } = now.appliedUs;
    const empty = (text: string): HTMLElement => h('p', { class: 'dim' }, text);
    this.tickRate.replaceChildren(
      ticks.ticks.length === 0 ? empty('No tick yet.') : tickRateCurve(ticks, now.gaps),
      h(
        'figcaption',
        {},
        `Ticks of all symbols over market time${now.gaps.length === 0 ? '' : `; hatched: ${count(now.gaps.length, 'span')} in which nothing could be seen`}`,
      ),
    );
    this.latency.replaceChildren(
      buckets.length === 0
        ? empty('Nothing was measured yet.')
        : latencyHistogram(buckets, [
            ['p50', p50],
            ['p99', p99],
            ['p99.9', p999],
          ]),
      h(
        'figcaption',
        {},
        'From a packet received to its tick applied, in a worker thread (height: root of the share)',
      ),
    );
  }

  #figures({ now, rows, run }: DashboardState): void {
    const { appliedUs, sealedMs, lagMs } = now;
    this.#set(
      'ticks',
      rate(now.ticksPerSecond),
      `${number(now.ticks)} in all, ${number(now.received)} frames`,
    );
    this.#set(
      'applied',
      micros(appliedUs.p50),
      `p99 ${micros(appliedUs.p99)}, p99.9 ${micros(appliedUs.p999)}`,
    );
    this.#set('sealed', millis(sealedMs.p50), `p99 ${millis(sealedMs.p99)}`);
    this.#ringFigures(now);
    this.#set(
      'loop',
      `${now.loopP99Ms.toFixed(1)} ms`,
      `may be ${MAX_LOOP_DELAY_MS} ms`,
      now.loopP99Ms > MAX_LOOP_DELAY_MS,
    );
    this.#set('cpu', `${now.cpuPercent.toFixed(1)} %`, 'of one core');
    this.#set('memory', `${number(now.rssMb)} MB`, count(run.shards, 'shard'));
    this.#set(
      'lag',
      lagMs === null ? NONE : millis(lagMs.p50),
      lagMs === null ? 'no live packet' : `p99 ${millis(lagMs.p99)}; stamps are whole seconds`,
    );
    this.#set(
      'candles',
      number(now.whole),
      `whole, ${count(now.partial, 'partial one')}; ${rows.filter(({ ticks }) => ticks > 0).length} of ${count(rows.length, 'symbol')}`,
    );
  }

  #ringFigures({ rings }: DashboardStatus): void {
    if (rings === null) {
      this.#tiles.get('rings')!.root.hidden = true;
      return;
    }
    const deepest = Math.max(...rings.map(({ depth, slots }) => depth / slots));
    this.#set(
      'rings',
      rings.map(({ depth }) => number(depth)).join(' · '),
      `records, ${number(rings[0]?.slots ?? 0)} fit a shard's`,
      deepest > MAX_RING_SHARE,
    );
    if (this.#rings.childElementCount !== rings.length)
      this.#rings.replaceChildren(
        ...rings.map((_, shard) =>
          h('meter', { min: 0, max: 1, high: MAX_RING_SHARE, 'aria-label': `ring of shard ${shard}` }),
        ),
      );
    for (const [shard, { depth, slots }] of rings.entries())
      (this.#rings.children[shard] as HTMLMeterElement).value = depth / slots;
  }

  #set(id: string, value: string, note: string, bad = false): void {
    const tile = this.#tiles.get(id)!;
    say(tile.value, value);
    say(tile.note, note);
    mark(tile.root, 'data-bad', String(bad));
  }
}
