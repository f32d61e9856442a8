/** Sections of a report only: every symbol's candles, refused packets, gaps, options, versions. */
import { CANDLE, type DashboardState, type DashboardCandle } from '../dashboard/state.js';
import { candleDrawing } from './svg.js';
import { h, section } from './dom.js';
import { change, count, day, minute, number, rupees, second } from './format.js';

/** From the first to the last minute that any symbol has. */
function span(all: readonly (readonly DashboardCandle[])[]): readonly [number, number] {
  let [first, last] = [Infinity, -Infinity];
  for (const list of all) {
    if (list.length === 0) continue;
    first = Math.min(first, list[0][0]);
    last = Math.max(last, list.at(-1)![0]);
  }
  return [first, last];
}

/** Every symbol's candles as small multiples; a click opens the chart. */
export function multiples(state: DashboardState, open: (index: number) => void): HTMLElement {
  const [first, last] = span(state.candles);
  const figures = state.run.symbols.map(({ symbol }, index) => {
    const list = state.candles[index] ?? [];
    const row = state.rows[index];
    const drawing =
      list.length === 0 ? h('p', { class: 'dim' }, 'no candle') : candleDrawing(symbol, list, first, last);
    const head = h('span', { class: 'head' }, h('b', {}, symbol), h('span', {}, rupees(row.last)));
    const way = row.last === null || row.open === null ? 'none' : row.last >= row.open ? 'up' : 'down';
    const foot = h(
      'span',
      { class: 'foot' },
      h('span', {}, `${row.whole} whole${row.partial === 0 ? '' : `, ${row.partial} partial`}`),
      h('span', { 'data-way': way }, change(row.last, row.open)),
    );
    return h(
      'button',
      {
        type: 'button',
        class: 'multiple',
        'data-symbol': symbol,
        title: `${symbol}: ${count(row.ticks, 'tick')}; opens its chart`,
        click: () => open(index),
      },
      head,
      drawing,
      foot,
    );
  });
  const when = Number.isFinite(first)
    ? `${day(first)}, ${minute(first)} to ${minute(last + 60_000)}`
    : 'no candle';
  return section(
    'multiples',
    `Candles, ${when}`,
    h('div', { class: 'multiples' }, ...figures),
    h(
      'p',
      { class: 'dim' },
      'One scale of time for all, a scale of prices each; the line is the VWAP; grey candles were not seen whole.',
    ),
  );
}

function pairs(rows: readonly (readonly [string, string])[]): HTMLElement {
  return h(
    'dl',
    { class: 'pairs' },
    ...rows.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]),
  );
}

/** Packets that made no tick, by reason. */
export function refusals({ now }: DashboardState): HTMLElement {
  const rows = now.refused.map(({ reason, packets }) => [number(packets), reason] as const);
  const text = `Of ${count(now.received, 'frame')} received, ${number(now.ticks)} became ticks.`;
  return section(
    'refused',
    'What made no tick, and why',
    h('p', {}, text),
    rows.length === 0 ? h('p', { class: 'dim' }, 'Nothing was refused.') : pairs(rows),
  );
}

/** Spans without a feed, and what a back-fill polled of them. */
export function unseen({ now, candles }: DashboardState): HTMLElement {
  const polled = candles.flat().filter(([, , , , , , flags]) => (flags & CANDLE.polled) > 0).length;
  const rows = now.gaps.map(
    ({ fromMs, toMs }) =>
      [
        `${second(fromMs)} to ${second(toMs)}`,
        `${((toMs - fromMs) / 1000).toFixed(1)} s of market time`,
      ] as const,
  );
  return section(
    'gaps',
    'Gaps',
    rows.length === 0 ? h('p', { class: 'dim' }, 'None between the first packet and the end.') : pairs(rows),
    ...(polled === 0
      ? []
      : [h('p', {}, `A back-fill took ${count(polled, 'minute')} that they touched from the broker.`)]),
  );
}

/** All that is needed to repeat the run. */
export function options({ run, now }: DashboardState): HTMLElement {
  return section(
    'options',
    'Run and options',
    pairs([
      ['run', run.runId],
      ['started', run.startedAt],
      ['ended', now.endedAt ?? '–'],
      ['feed', run.feed],
      ['speed', String(run.speed)],
      ['volume', run.volumeKind === 'tick' ? 'number of ticks' : 'traded quantity'],
      ...run.options,
    ]),
  );
}

export function versions({ run }: DashboardState): HTMLElement {
  return section('versions', 'Versions', pairs([['tickshard', run.version], ...run.versions]));
}
