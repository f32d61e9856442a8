/** One symbol's chart: candles, VWAP, high of day, volume, and the rule's evaluation of the newest minute. */
import {
  CandlestickSeries,
  ColorType,
  createChart,
  createSeriesMarkers,
  CrosshairMode,
  HistogramSeries,
  LineSeries,
  LineStyle,
  LineType,
  type AutoscaleInfo,
  type CandlestickData,
  type CandlestickSeriesPartialOptions,
  type ChartOptions,
  type DeepPartial,
  type HistogramData,
  type IChartApi,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  type LineData,
  type SeriesMarker,
  type Time,
  type UTCTimestamp,
} from 'lightweight-charts';
import { IST_OFFSET_MS } from '../market/session.js';
import { CANDLE, type DashboardState, type DashboardCandle } from '../dashboard/state.js';
import { h, say } from './dom.js';
import { change, count, minute, number, rupees } from './format.js';

/** The chart has no time zones, so it gets Indian time as if it were UTC. */
const IST_S = IST_OFFSET_MS / 1000;

const timeOf = (ms: number): UTCTimestamp => (Math.round(ms / 1000) + IST_S) as UTCTimestamp;

/** A colour of the style sheet, by its name without the dashes. */
type Palette = (name: string) => string;

/** Of the current theme. */
function palette(): Palette {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(`--${name}`).trim();
}

function chartOptions(colour: Palette): DeepPartial<ChartOptions> {
  return {
    autoSize: true,
    layout: {
      background: { type: ColorType.Solid, color: colour('panel') },
      textColor: colour('dim'),
      fontFamily: getComputedStyle(document.body).fontFamily,
      fontSize: 11,
      attributionLogo: false,
    },
    grid: { vertLines: { color: colour('rule') }, horzLines: { color: colour('rule') } },
    crosshair: { mode: CrosshairMode.Magnet },
    rightPriceScale: { borderColor: colour('rule') },
    timeScale: {
      borderColor: colour('rule'),
      timeVisible: true,
      secondsVisible: false,
      rightOffset: 2,
      maxBarSpacing: 26,
    },
    localization: { locale: 'en-IN' },
  };
}

function candleOptions(colour: Palette): CandlestickSeriesPartialOptions {
  return {
    upColor: colour('up'),
    downColor: colour('down'),
    wickUpColor: colour('up'),
    wickDownColor: colour('down'),
    borderVisible: true,
    borderUpColor: colour('up'),
    borderDownColor: colour('down'),
    priceFormat: { type: 'price', precision: 2, minMove: 0.01 },
  };
}

/** For the line of a candle's figures. */
function remarks(flags: number): string {
  const words: readonly (readonly [number, string])[] = [
    [CANDLE.open, 'not sealed yet'],
    [CANDLE.partial, 'partial: not seen whole'],
    [CANDLE.revised, 'revised after its seal'],
    [CANDLE.auction, 'closing auction'],
    [CANDLE.repaired, "high or low from the day's own"],
    [CANDLE.tail, 'with trades told after the end of trading'],
    [CANDLE.polled, "polled: the broker's, a gap touched the minute"],
  ];
  return words
    .filter(([flag]) => (flags & flag) > 0)
    .map(([, word]) => word)
    .join(', ');
}

export class Chart {
  readonly root = h('div', { class: 'chart', hidden: true });
  readonly #canvas = h('div', { class: 'canvas' });
  readonly #title = h('h3');
  /** A button a timeframe, if there are several. */
  readonly #timeframes = h('div', {
    class: 'timeframes',
    role: 'group',
    'aria-label': 'Length of the candles',
  });
  readonly #figures = h('p', { class: 'figures' });
  readonly #vwapKey = h('span', { class: 'vwap' });
  readonly #hodKey = h('span', { class: 'hod' });
  readonly #rule = h('div', { class: 'rule' });
  readonly #close: HTMLButtonElement;
  #chart: IChartApi | undefined;
  #candles: ISeriesApi<'Candlestick'> | undefined;
  #vwap: ISeriesApi<'Line'> | undefined;
  #hod: ISeriesApi<'Line'> | undefined;
  #volume: ISeriesApi<'Histogram'> | undefined;
  #markers: ISeriesMarkersPluginApi<Time> | undefined;
  /** Price range of the candles. */
  #low = 0;
  #high = 0;
  #index: number | undefined;
  /** Place of the timeframe that is shown among the longer ones; -1: a minute. */
  #longer = -1;
  #state: DashboardState | undefined;
  /** Minute under the pointer, epoch ms; if undefined, the last candle's figures are shown. */
  #pointed: number | undefined;

  constructor(onClose: () => void) {
    this.#close = h(
      'button',
      { type: 'button', class: 'close', 'aria-label': 'Close the chart', click: onClose },
      '×',
    );
    const key = h(
      'p',
      { class: 'key' },
      this.#vwapKey,
      this.#hodKey,
      h('span', { class: 'partial' }, 'p: partial'),
      h('span', { class: 'revised' }, 'r: revised'),
    );
    this.root.append(
      h('header', {}, this.#title, this.#timeframes, this.#close),
      this.#figures,
      this.#canvas,
      key,
      this.#rule,
    );
  }

  get index(): number | undefined {
    return this.#index;
  }

  open(state: DashboardState, index: number): void {
    this.#index = index;
    this.#pointed = undefined;
    this.root.hidden = false;
    if (this.#chart === undefined) this.#make();
    this.#choices(state);
    this.#data(state);
    // Once now, and again after the browser has laid it out.
    const fit = (): void => this.#chart?.timeScale().fitContent();
    fit();
    requestAnimationFrame(() => requestAnimationFrame(fit));
  }

  /** The open symbol's candles of the chosen timeframe. */
  #list({ candles, longer }: DashboardState): readonly DashboardCandle[] {
    const all = this.#longer < 0 ? candles : (longer[this.#longer]?.candles ?? []);
    return all[this.#index!] ?? [];
  }

  #choices({ longer }: DashboardState): void {
    if (this.#longer >= longer.length) this.#longer = -1;
    const names = ['1m', ...longer.map(({ timeframe }) => timeframe)];
    const button = (name: string, at: number): HTMLButtonElement =>
      h(
        'button',
        {
          type: 'button',
          'aria-pressed': String(at - 1 === this.#longer),
          click: () => {
            this.#longer = at - 1;
            if (this.#state !== undefined) this.open(this.#state, this.#index!);
          },
        },
        name,
      );
    this.#timeframes.replaceChildren(...(names.length === 1 ? [] : names.map(button)));
  }

  close(): void {
    this.#index = undefined;
    this.root.hidden = true;
    this.#chart?.remove();
    this.#chart = undefined;
  }

  /** Redraws the open symbol. `changedCandles` are indexes of symbols; undefined means all. */
  update(state: DashboardState, changedCandles: ReadonlySet<number> | undefined): void {
    if (this.#index === undefined) return;
    if (changedCandles === undefined || changedCandles.has(this.#index)) this.#data(state);
    else this.#texts(state);
  }

  recolour(): void {
    if (this.#chart === undefined || this.#state === undefined || this.#index === undefined) return;
    const [state, index] = [this.#state, this.#index];
    this.close();
    this.open(state, index);
  }

  #make(): void {
    const colour = palette();
    const chart = createChart(this.#canvas, chartOptions(colour));
    this.#chart = chart;
    this.#volume = chart.addSeries(HistogramSeries, {
      priceScaleId: 'volume',
      priceFormat: { type: 'volume' },
      lastValueVisible: false,
      priceLineVisible: false,
    });
    chart.priceScale('volume').applyOptions({ scaleMargins: { top: 0.8, bottom: 0 } });
    this.#candles = chart.addSeries(CandlestickSeries, candleOptions(colour));
    chart.priceScale('right').applyOptions({ scaleMargins: { top: 0.1, bottom: 0.24 } });
    this.#lines(chart, colour);
    this.#markers = createSeriesMarkers(this.#candles, []);
    chart.subscribeCrosshairMove(({ time }) => {
      this.#pointed = typeof time === 'number' ? (time - IST_S) * 1000 : undefined;
      if (this.#state !== undefined) this.#texts(this.#state);
    });
  }

  /** VWAP and high of day. */
  #lines(chart: IChartApi, colour: Palette): void {
    // A line far from the candles would leave them no height, so it does not widen the scale; its value is in the key
    // below.
    const near = (original: () => AutoscaleInfo | null): AutoscaleInfo | null => {
      const info = original();
      const reach = this.#high - this.#low;
      const range = info?.priceRange;
      return range === null ||
        range === undefined ||
        range.minValue < this.#low - reach ||
        range.maxValue > this.#high + reach
        ? null
        : info;
    };
    const line = {
      autoscaleInfoProvider: near,
      lineWidth: 2,
      lastValueVisible: false,
      priceLineVisible: false,
      crosshairMarkerVisible: false,
    } as const;
    this.#vwap = chart.addSeries(LineSeries, { ...line, color: colour('vwap') });
    this.#hod = chart.addSeries(LineSeries, {
      ...line,
      lineWidth: 1,
      color: colour('hod'),
      lineStyle: LineStyle.Dashed,
      lineType: LineType.WithSteps,
    });
  }

  #data(state: DashboardState): void {
    const colour = palette();
    const list = this.#list(state);
    this.#low = Math.min(...list.map((candle) => candle[3]));
    this.#high = Math.max(...list.map((candle) => candle[2]));
    const partial = (flags: number): boolean => (flags & CANDLE.partial) > 0;
    this.#candles!.setData(
      list.map(([ms, open, high, low, close, , flags]): CandlestickData => {
        const grey = partial(flags)
          ? { color: colour('panel'), borderColor: colour('partial'), wickColor: colour('partial') }
          : {};
        return { time: timeOf(ms), open, high, low, close, ...grey };
      }),
    );
    this.#volume!.setData(
      list.map(([ms, open, , , close, volume, flags]): HistogramData => ({
        time: timeOf(ms),
        value: volume,
        color: colour(partial(flags) ? 'volume-partial' : close >= open ? 'volume-up' : 'volume-down'),
      })),
    );
    const line = (at: 7 | 8): LineData[] =>
      list.flatMap((candle) => (candle[at] === null ? [] : [{ time: timeOf(candle[0]), value: candle[at] }]));
    this.#vwap!.setData(line(7));
    this.#hod!.setData(line(8));
    this.#markers!.setMarkers(list.flatMap((candle) => this.#mark(candle, colour)));
    this.#texts(state);
  }

  #mark([ms, , , , , , flags]: DashboardCandle, colour: Palette): SeriesMarker<Time>[] {
    if ((flags & CANDLE.revised) > 0)
      return [
        {
          time: timeOf(ms),
          position: 'aboveBar',
          shape: 'circle',
          color: colour('revised'),
          size: 0.5,
          text: 'r',
        },
      ];
    if ((flags & CANDLE.partial) > 0)
      return [
        {
          time: timeOf(ms),
          position: 'belowBar',
          shape: 'circle',
          color: colour('partial'),
          size: 0.3,
          text: 'p',
        },
      ];
    return [];
  }

  #texts(state: DashboardState): void {
    this.#state = state;
    const index = this.#index!;
    const { symbol, token, shard } = state.run.symbols[index];
    const row = state.rows[index];
    say(this.#title, `${symbol}  ${rupees(row.last)}  ${change(row.last, row.open)}`);
    const list = this.#list(state);
    const candle = list.find(([ms]) => ms === this.#pointed) ?? list.at(-1);
    const volume = state.run.volumeKind === 'tick' ? 'ticks' : 'volume';
    const words =
      candle === undefined
        ? 'no candle yet'
        : `${minute(candle[0])}  O ${rupees(candle[1])}  H ${rupees(candle[2])}  L ${rupees(candle[3])}  C ${rupees(candle[4])}  ${volume} ${number(candle[5])}${remarks(candle[6]) === '' ? '' : `  (${remarks(candle[6])})`}`;
    const interest = row.openInterest === null ? '' : `  open interest ${number(row.openInterest)}`;
    say(this.#figures, `${words}${interest}`);
    const lined = list.findLast((one) => one[8] !== null && (candle === undefined || one[0] <= candle[0]));
    say(this.#vwapKey, `VWAP ${rupees(lined?.[7] ?? null)}`);
    say(this.#hodKey, `high of day ${rupees(lined?.[8] ?? null)}`);
    this.#figures.title = `token ${token}, shard ${shard}, ${count(row.ticks, 'tick')}, ${row.whole} whole and ${row.partial} partial candles, ${row.late} late ticks`;
    this.#rules(state.rules[index] ?? null);
  }

  #rules(rule: DashboardState['rules'][number]): void {
    if (rule === null) {
      this.#rule.replaceChildren(
        h('h4', {}, 'Momentum rule (dry run)'),
        h('p', { class: 'dim' }, 'No minute has been sealed yet.'),
      );
      return;
    }
    const { conditions, why, minuteMs, signal, signals } = rule;
    const met = conditions.filter((one) => one.met).length;
    const head =
      why ??
      (signal === null
        ? `${met} of ${conditions.length} conditions met: no signal`
        : 'all conditions met: a signal');
    const lines = conditions.map((one) =>
      h(
        'li',
        { 'data-met': String(one.met) },
        h('b', {}, one.met ? '✓' : '✗'),
        h('span', {}, one.name),
        h('span', { class: 'value' }, one.value),
      ),
    );
    this.#rule.replaceChildren(
      h('h4', {}, `Momentum rule (dry run), ${minute(minuteMs)}`),
      h('p', { class: 'dim' }, `${head}. ${count(signals, 'signal')} in this run.`),
      h('ul', {}, ...lines),
    );
  }
}
