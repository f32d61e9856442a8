/** The page: live it follows a run, as a report it shows the embedded state. */
import { clockText } from '../text/duration.js';
import type { DashboardState, DashboardChange } from '../dashboard/state.js';
import { Chart } from './chart.js';
import { Checklist } from './checklist.js';
import { h, mark, say, section } from './dom.js';
import { Events } from './events.js';
import { EventStream } from './event-stream.js';
import { Figures } from './figures.js';
import { count, second } from './format.js';
import { Grid } from './grid.js';
import { multiples, options, refusals, unseen, versions } from './report.js';
import { applyChange } from './state.js';
import { themeButton } from './theme.js';
import { wallClock } from './time.js';

const app = document.querySelector<HTMLElement>('#app')!;
const announcer = h('p', { class: 'visually-hidden', role: 'status' });
const announce = (text: string): void => say(announcer, text);

const badge = h('strong', { class: 'badge' });
const headline = h('span', { class: 'headline' });
const about = h('span', { class: 'about' });
const clock = h('span', { class: 'clock' });
const progress = h('progress', { max: '1', 'aria-label': 'share of the run that has passed' });
const link = h('span', { class: 'link' });
const banner = h('p', { class: 'banner', role: 'alert', hidden: true });

const checklist = new Checklist(announce);
const figures = new Figures();
const events = new Events();
const chart: Chart = new Chart(() => close());
const grid = new Grid((index) => open(index));
const chartPanel = section(
  'chart',
  'Chart',
  h('p', { class: 'dim hint' }, 'Choose a symbol to see its candles.'),
  chart.root,
);

let current: DashboardState | undefined;

function open(index: number): void {
  if (current === undefined) return;
  // First, because a chart is laid out for its element's size.
  chartPanel.classList.add('open');
  chart.open(current, index);
  grid.select(index);
}

function close(): void {
  const closed = chart.index;
  chart.close();
  grid.select(undefined);
  chartPanel.classList.remove('open');
  if (closed !== undefined) grid.focus(closed);
}

function verdictLine({ gates, now }: DashboardState): string {
  const of = (wanted: string): typeof gates => gates.filter(({ status }) => status === wanted);
  const named = (list: typeof gates): string => list.map(({ title }) => title).join(', ');
  const [failed, warned, running] = [of('fail'), of('warn'), now.verdict === null];
  if (failed.length > 0)
    return `${count(failed.length, 'gate')} of ${gates.length} ${running ? 'not passed now' : 'failed'}: ${named(failed)}`;
  const passed = `${of('pass').length} of ${gates.length} gates ${running ? 'pass so far' : 'passed'}`;
  return `${passed}${warned.length > 0 ? `, with a warning: ${named(warned)}` : ''}`;
}

function head(shown: DashboardState): void {
  const { run, now } = shown;
  const failing = shown.gates.some(({ status }) => status === 'fail');
  say(badge, now.verdict === null ? 'RUNNING' : now.verdict.toUpperCase());
  mark(badge, 'data-verdict', now.verdict ?? (failing ? 'failing' : 'running'));
  say(headline, verdictLine(shown));
  say(
    about,
    `${run.title}, ${run.mode}, feed ${run.feed}${run.speed === 1 ? '' : ` at speed ${run.speed}`}, run ${run.runId}`,
  );
  say(
    clock,
    `market ${second(now.marketMs)} · ${now.verdict === null ? `${clockText(now.askedMin - now.ranMin)} left` : `${clockText(now.ranMin)} of ${clockText(now.askedMin)} minutes`}`,
  );
  progress.value = now.askedMin > 0 ? Math.min(1, now.ranMin / now.askedMin) : 0;
  const alive = shown.rows.filter(({ state }) => state === 'ticking').length;
  document.title =
    now.verdict === null
      ? `${failing ? '✗ ' : ''}${clockText(now.askedMin - now.ranMin)} · ${alive}/${shown.rows.length} · tickshard`
      : `${now.verdict.toUpperCase()} · tickshard ${run.runId}`;
}

function showWhole(next: DashboardState): void {
  const same = current?.run.runId === next.run.runId;
  const opened = same ? chart.index : undefined;
  if (!same && chart.index !== undefined) close();
  current = next;
  document.body.dataset['phase'] = 'shown';
  head(next);
  checklist.show(next);
  figures.show(next);
  grid.show(next);
  events.show(next, document.body.dataset['kind'] === 'report');
  if (opened === undefined) return;
  grid.select(opened);
  chart.update(next, undefined);
}

function showChange(change: DashboardChange): void {
  if (current === undefined) return;
  const { state: next, changed } = applyChange(current, change);
  current = next;
  head(next);
  checklist.update(changed.gates);
  figures.update(next, changed);
  grid.update(next, changed);
  if (changed.events) events.show(next);
  chart.update(next, new Set([...changed.candles, ...changed.rules]));
}

/** The connection's state. */
function showLink(state: 'live' | 'waiting' | 'lost' | 'ended'): void {
  mark(link, 'data-link', state);
  say(link, state);
  document.body.dataset['link'] = state;
  banner.hidden = state === 'live';
  const report = current?.now.report;
  const texts = {
    live: '',
    waiting: 'The run has not connected yet; this page shows it as soon as it does.',
    lost: `The connection to the run is lost since ${wallClock()}; trying again. What is shown is old.`,
    ended: `The run has ended.${report === undefined || report === null ? '' : ` Its report: ${report}`} The next run on this port is shown here by itself.`,
  };
  say(banner, texts[state]);
}

const keys = (event: KeyboardEvent): void => {
  const typing = event.target instanceof HTMLInputElement;
  if (event.key === '/' && !typing) {
    event.preventDefault();
    grid.focusSearch();
  }
  if (event.key === 'Escape' && !typing && chart.index !== undefined) close();
};

const top = h(
  'header',
  { class: 'top' },
  badge,
  h('div', { class: 'titles' }, headline, about),
  h('div', { class: 'times' }, clock, progress),
  link,
  themeButton(() => chart.recolour()),
);
const foot = h(
  'footer',
  {},
  h(
    'p',
    {},
    'Dry run: tickshard has no order type. Charts by ',
    h(
      'a',
      { href: 'https://www.tradingview.com/', rel: 'noreferrer noopener' },
      'TradingView Lightweight Charts™',
    ),
    ' (Apache 2.0).',
  ),
);

const checks = section('checks', 'Checklist', checklist.root);
const symbols = section('symbols', 'Symbols', grid.root);
const flow = section('flow', 'Ticks over time', figures.tickRate);
const times = section('times', 'Latency', figures.latency);
const happened = section('happened', 'Events', events.panel);
const cost = section('cost', 'Flow and cost', figures.tiles);

function start(): void {
  document.addEventListener('keydown', keys);
  const frozen = document.querySelector('#state');
  if (frozen !== null) {
    document.body.dataset['kind'] = 'report';
    const shown = JSON.parse(frozen.textContent) as DashboardState;
    app.append(
      top,
      h(
        'main',
        {},
        checks,
        cost,
        multiples(shown, openAndScroll),
        chartPanel,
        times,
        flow,
        unseen(shown),
        refusals(shown),
        happened,
        symbols,
        options(shown),
        versions(shown),
      ),
      foot,
      announcer,
    );
    showWhole(shown);
    return;
  }
  document.body.dataset['kind'] = 'live';
  app.append(
    top,
    banner,
    h('main', {}, checks, cost, symbols, chartPanel, flow, times, happened),
    foot,
    announcer,
  );
  showLink('waiting');
  new EventStream({
    waiting: () => showLink('waiting'),
    whole: (next) => {
      showWhole(next);
      showLink(next.now.verdict === null ? 'live' : 'ended');
    },
    change: (change) => {
      showChange(change);
      const state = change.now.verdict === null ? 'live' : 'ended';
      if (document.body.dataset['link'] !== state) showLink(state);
    },
    lost: () => {
      if (document.body.dataset['link'] === 'ended' || document.body.dataset['link'] === 'lost') return;
      showLink('lost');
      announce('The connection to the run is lost.');
    },
  });
}

function openAndScroll(index: number): void {
  open(index);
  chartPanel.scrollIntoView({ block: 'nearest' });
}

start();
