/** SVG drawings: sparklines, candles, ticks over time, latency. Sizes are in each drawing's own units. */
import { CANDLE, type DashboardState, type DashboardCandle } from '../dashboard/state.js';
import { s } from './dom.js';
import { micros, minute, number } from './format.js';

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Stretched to its element. */
function drawing({ width, height }: Size, label: string, ...children: readonly SVGElement[]): SVGSVGElement {
  return s(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': label },
    ...children,
  );
}

const at = (value: number): string => value.toFixed(1);

/** Points of a line through `prices`; empty for fewer than two. */
export function sparkline(prices: readonly number[], { width, height }: Size): string {
  if (prices.length < 2) return '';
  const [low, high] = [Math.min(...prices), Math.max(...prices)];
  const span = high - low || 1;
  return prices
    .map(
      (price, index) =>
        `${at((index / (prices.length - 1)) * width)},${at(height - 1.5 - ((price - low) / span) * (height - 3))}`,
    )
    .join(' ');
}

const MULTIPLE: Size = { width: 240, height: 96 };

/**
 * One symbol's candles and VWAP. Rising, falling and partial candles are one path each, to keep a long report small.
 */
export function candleDrawing(
  symbol: string,
  list: readonly DashboardCandle[],
  firstMs: number,
  lastMs: number,
): SVGSVGElement {
  const { width, height } = MULTIPLE;
  const minutes = Math.max(1, Math.round((lastMs - firstMs) / 60_000) + 1);
  const low = Math.min(...list.map((candle) => candle[3]));
  const high = Math.max(...list.map((candle) => candle[2]));
  const span = high - low || 1;
  const y = (price: number): number => 2 + ((high - price) / span) * (height - 4);
  const step = width / minutes;
  const x = (ms: number): number => ((ms - firstMs) / 60_000 + 0.5) * step;
  const body = Math.max(0.6, Math.min(9, step * 0.68));
  const paths = { up: '', down: '', partial: '' };
  for (const [ms, open, top, bottom, close, , flags] of list) {
    const kind = (flags & CANDLE.partial) > 0 ? 'partial' : close >= open ? 'up' : 'down';
    const [from, to] = [y(Math.max(open, close)), y(Math.min(open, close))];
    paths[kind] +=
      `M${at(x(ms))} ${at(y(top))}V${at(y(bottom))}M${at(x(ms) - body / 2)} ${at(from)}h${at(body)}v${at(Math.max(0.8, to - from))}h${at(-body)}z`;
  }
  const vwap = list
    .flatMap((candle) =>
      candle[7] === null || candle[7] < low || candle[7] > high
        ? []
        : [`${at(x(candle[0]))},${at(y(candle[7]))}`],
    )
    .join(' ');
  return drawing(
    MULTIPLE,
    `${symbol}, ${list.length} candles`,
    ...Object.entries(paths).map(([kind, d]) =>
      s('path', { d, class: kind, 'vector-effect': 'non-scaling-stroke' }),
    ),
    s('polyline', { points: vwap, class: 'vwap', 'vector-effect': 'non-scaling-stroke' }),
  );
}

const CURVE: Size = { width: 600, height: 130 };
const BASE = 112;

function axisText(x: number, text: string, anchor = 'middle'): SVGTextElement {
  return s('text', { x: at(x), y: CURVE.height - 4, 'text-anchor': anchor, class: 'axis' }, text);
}

/** Ticks over market time, with gaps in the background. */
export function tickRateCurve(
  { spanMs, ticks }: DashboardState['tickRate'],
  gaps: DashboardState['now']['gaps'],
): SVGSVGElement {
  const { width } = CURVE;
  const first = ticks[0]?.[0] ?? 0;
  const end = (ticks.at(-1)?.[0] ?? 0) + spanMs;
  const x = (ms: number): number =>
    ((Math.min(end, Math.max(first, ms)) - first) / (end - first || 1)) * width;
  const max = Math.max(1, ...ticks.map(([, count]) => count));
  const bars = ticks
    .map(
      ([ms, count]) =>
        `M${at(x(ms) + 0.3)} ${BASE}v${at((-count / max) * (BASE - 14))}h${at(Math.max(0.6, x(ms + spanMs) - x(ms) - 0.6))}V${BASE}z`,
    )
    .join('');
  const hatched = gaps
    .filter(({ fromMs, toMs }) => toMs > first && fromMs < end)
    .map(({ fromMs, toMs }) =>
      s('rect', {
        x: at(x(fromMs)),
        y: 4,
        width: at(Math.max(1.5, x(toMs) - x(fromMs))),
        height: BASE - 4,
        class: 'gap',
      }),
    );
  return s(
    'svg',
    {
      viewBox: `0 0 ${width} ${CURVE.height}`,
      role: 'img',
      'aria-label': `Ticks over market time, at most ${max} in ${spanMs / 1000} seconds`,
    },
    ...hatched,
    s('path', { d: bars, class: 'bars' }),
    s('path', { d: `M0 ${BASE}H${width}`, class: 'base' }),
    axisText(0, minute(first), 'start'),
    axisText(width / 2, minute((first + end) / 2)),
    axisText(width, minute(end), 'end'),
    s(
      'text',
      { x: 0, y: 11, class: 'axis' },
      `${number(Math.round((max * 1000) / spanMs))} a second at most`,
    ),
  );
}

/** Bars of the histogram for each factor of ten. */
const BARS_PER_DECADE = 8;

/**
 * Receive-to-applied on a logarithmic scale. A bar's height is the root of its share of packets, so that a few slow
 * ones are visible.
 */
export function latencyHistogram(
  buckets: DashboardState['latency'],
  marks: readonly (readonly [name: string, us: number | null])[],
): SVGSVGElement {
  const { width } = CURVE;
  const barOf = (us: number): number => Math.floor(Math.log10(Math.max(1, us)) * BARS_PER_DECADE);
  const shares = new Map<number, number>();
  for (const [us, packets] of buckets) shares.set(barOf(us), (shares.get(barOf(us)) ?? 0) + packets);
  const last = Math.max(4 * BARS_PER_DECADE, ...shares.keys()) + 1;
  const max = Math.max(1, ...shares.values());
  const step = width / last;
  const bars = [...shares]
    .map(
      ([bar, packets]) =>
        `M${at(bar * step + 0.5)} ${BASE}v${at(-Math.max(1, Math.sqrt(packets / max) * (BASE - 24)))}h${at(step - 1)}V${BASE}z`,
    )
    .join('');
  const decades = Array.from({ length: Math.floor(last / BARS_PER_DECADE) + 1 }, (_, decade) =>
    axisText(decade * BARS_PER_DECADE * step, micros(10 ** decade), decade === 0 ? 'start' : 'middle'),
  );
  const lines = marks.flatMap(([name, us], index) => {
    if (us === null) return [];
    const x = Math.log10(Math.max(1, us)) * BARS_PER_DECADE * step;
    // Near the right edge the text goes to the left of the line.
    const position = x > 0.85 * width ? { x: at(x - 3), 'text-anchor': 'end' } : { x: at(x + 3) };
    return [
      s('path', { d: `M${at(x)} 4V${BASE}`, class: 'mark' }),
      s('text', { ...position, y: 12 + index * 11, class: 'axis' }, `${name} ${micros(us)}`),
    ];
  });
  return s(
    'svg',
    {
      viewBox: `0 0 ${width} ${CURVE.height}`,
      role: 'img',
      'aria-label': 'Histogram of the time from a packet received to its tick applied',
    },
    s('path', { d: bars, class: 'bars' }),
    s('path', { d: `M0 ${BASE}H${width}`, class: 'base' }),
    ...lines,
    ...decades,
  );
}
