/** All symbols: a strip of states, and a table to search and sort. A click opens the chart. */
import type { DashboardState, SymbolView } from '../dashboard/state.js';
import { STATE_MEANINGS, SYMBOL_STATES, type SymbolState } from '../gates/symbol-state.js';
import { sparkline } from './svg.js';
import { h, mark, s, say } from './dom.js';
import { age, change, count, NONE, rate, rupees } from './format.js';
import type { Changed } from './state.js';
import { monoMs } from './time.js';

const SPARK = { width: 72, height: 18 };
/** Real ms between two sortings by a column that changes. */
const SORT_MS = 1000;

/** The most urgent first, for sorting and the summary. */
const STATE_RANK: Readonly<Record<SymbolState, number>> = {
  stale: 0,
  silent: 1,
  quiet: 2,
  ticking: 3,
  shut: 4,
};
const STATES_BY_RANK = [...SYMBOL_STATES].sort((a, b) => STATE_RANK[a] - STATE_RANK[b]);

interface SymbolRow {
  readonly index: number;
  readonly symbol: string;
  readonly shard: number;
  readonly root: HTMLTableRowElement;
  readonly button: HTMLButtonElement;
  readonly cells: Readonly<Record<'last' | 'change' | 'rate' | 'age' | 'state', HTMLElement>>;
  readonly spark: SVGPolylineElement;
  readonly tile: HTMLElement;
}

type Column = 'symbol' | 'last' | 'change' | 'rate' | 'age' | 'shard' | 'state';

const COLUMNS: readonly (readonly [id: Column | 'spark', title: string, hint: string])[] = [
  ['symbol', 'Symbol', ''],
  ['last', 'Last', 'last price, rupees'],
  ['change', 'Change', "since the day's open, or in LTP mode since the run's first price"],
  ['spark', 'Trend', 'prices of the last minute'],
  ['rate', 'Ticks/s', 'ticks a second of the last seconds'],
  ['age', 'Age', 'market time since the last tick'],
  ['shard', 'Shard', 'worker thread'],
  [
    'state',
    'State',
    Object.entries(STATE_MEANINGS)
      .map(([state, meaning]) => `${state}: ${meaning}`)
      .join('; '),
  ],
];

const moved = (view: SymbolView): number =>
  view.last === null || view.open === null || view.open === 0
    ? Number.NEGATIVE_INFINITY
    : (view.last - view.open) / view.open;

export class Grid {
  readonly root = h('div', { class: 'grid' });
  readonly #onOpen: (index: number) => void;
  readonly #search = h('input', {
    type: 'search',
    placeholder: 'Search a symbol  ( / )',
    'aria-label': 'Search symbols',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  readonly #tally = h('span', { class: 'tally' });
  readonly #strip = h('div', { class: 'strip', 'aria-hidden': 'true' });
  readonly #body = h('tbody');
  readonly #heads = new Map<Column, HTMLElement>();
  readonly #none = h('p', { class: 'none', hidden: true }, 'No symbol of that name.');
  #rows: SymbolRow[] = [];
  #state: DashboardState | undefined;
  #sort: { column: Column; down: boolean } = { column: 'symbol', down: false };
  #sortedAtMs = 0;
  #selected: number | undefined;

  constructor(onOpen: (index: number) => void) {
    this.#onOpen = onOpen;
    this.#search.addEventListener('input', () => this.#filter());
    this.#search.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') {
        this.#search.value = '';
        this.#filter();
      }
      if (event.key === 'Enter' || event.key === 'ArrowDown') this.#visible()[0]?.button.focus();
    });
    const heads = COLUMNS.map(([id, title, hint]) => {
      if (id === 'spark') return h('th', { scope: 'col', class: 'spark', title: hint }, title);
      const head = h(
        'th',
        { scope: 'col', class: id, 'aria-sort': 'none' },
        h(
          'button',
          { type: 'button', title: hint === '' ? 'sort' : hint, click: () => this.#sortBy(id) },
          title,
        ),
      );
      this.#heads.set(id, head);
      return head;
    });
    this.#body.addEventListener('keydown', (event) => this.#move(event));
    this.root.append(
      h('div', { class: 'tools' }, this.#search, this.#tally),
      this.#strip,
      h(
        'div',
        { class: 'scroll' },
        h('table', {}, h('thead', {}, h('tr', {}, ...heads)), this.#body),
        this.#none,
      ),
    );
  }

  focusSearch(): void {
    this.#search.focus();
    this.#search.select();
  }

  /** Moves the focus to a symbol's row. */
  focus(index: number): void {
    this.#rows.find((row) => row.index === index)?.button.focus();
  }

  show(state: DashboardState): void {
    this.#state = state;
    this.#rows = state.run.symbols.map(({ symbol, shard }, index) => this.#makeRow(symbol, shard, index));
    this.#strip.replaceChildren(...this.#rows.map(({ tile }) => tile));
    this.#body.replaceChildren(...this.#rows.map(({ root }) => root));
    for (const row of this.#rows) this.#fill(row, state);
    this.#trails(state);
    this.#count(state);
    this.#order();
    this.#filter();
  }

  update(state: DashboardState, changed: Changed): void {
    this.#state = state;
    for (const row of this.#rows) {
      if (changed.rows.has(row.index)) this.#fill(row, state);
      else this.#age(row, state);
    }
    if (changed.trails) this.#trails(state);
    if (changed.rows.size > 0) this.#count(state);
    if (
      this.#sort.column !== 'symbol' &&
      this.#sort.column !== 'shard' &&
      monoMs() - this.#sortedAtMs > SORT_MS
    )
      this.#order();
  }

  /** Marks the symbol whose chart is open. */
  select(index: number | undefined): void {
    this.#selected = index;
    for (const row of this.#rows) {
      row.root.classList.toggle('selected', row.index === index);
      row.tile.classList.toggle('selected', row.index === index);
      mark(row.button, 'aria-pressed', String(row.index === index));
    }
  }

  #makeRow(symbol: string, shard: number, index: number): SymbolRow {
    const open = (): void => this.#onOpen(index);
    const button = h('button', { type: 'button', class: 'name', 'aria-pressed': 'false' }, symbol);
    const cells = {
      last: h('td', { class: 'last' }),
      change: h('td', { class: 'change' }),
      rate: h('td', { class: 'rate' }),
      age: h('td', { class: 'age' }),
      state: h('td', { class: 'state' }),
    };
    const spark = s('polyline', { class: 'line', 'vector-effect': 'non-scaling-stroke' });
    const sparkCell = h(
      'td',
      { class: 'spark' },
      s(
        'svg',
        { viewBox: `0 0 ${SPARK.width} ${SPARK.height}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
        spark,
      ),
    );
    const root = h(
      'tr',
      { click: open, 'data-symbol': symbol },
      h('th', { scope: 'row' }, button),
      cells.last,
      cells.change,
      sparkCell,
      cells.rate,
      cells.age,
      h('td', { class: 'shard' }, String(shard)),
      cells.state,
    );
    return { index, symbol, shard, root, button, cells, spark, tile: h('i', { title: symbol, click: open }) };
  }

  #fill(row: SymbolRow, state: DashboardState): void {
    const view = state.rows[row.index];
    const rose = moved(view);
    say(row.cells.last, rupees(view.last));
    say(row.cells.change, change(view.last, view.open));
    mark(row.cells.change, 'data-way', rose > 0 ? 'up' : rose < 0 && Number.isFinite(rose) ? 'down' : 'none');
    say(row.cells.rate, rate(view.rate));
    say(row.cells.state, view.state);
    mark(row.root, 'data-state', view.state);
    mark(row.tile, 'data-state', view.state);
    mark(row.tile, 'title', `${row.symbol}: ${view.state}`);
    this.#age(row, state);
  }

  #age(row: SymbolRow, { rows, now }: DashboardState): void {
    const { lastTickMs } = rows[row.index];
    say(row.cells.age, lastTickMs === null || now.marketMs === null ? NONE : age(now.marketMs - lastTickMs));
  }

  #trails({ trails }: DashboardState): void {
    for (const row of this.#rows) {
      const trail = trails[row.index] ?? [];
      mark(row.spark, 'points', sparkline(trail, SPARK));
      mark(row.spark, 'data-way', (trail.at(-1) ?? 0) >= (trail[0] ?? 0) ? 'up' : 'down');
    }
  }

  #count({ rows }: DashboardState): void {
    const parts = STATES_BY_RANK.map(
      (state) => [state, rows.filter((view) => view.state === state).length] as const,
    ).filter(([, number]) => number > 0);
    say(
      this.#tally,
      `${count(rows.length, 'symbol')}: ${parts.map(([state, number]) => `${number} ${state}`).join(', ')}`,
    );
  }

  #filter(): void {
    const wanted = this.#search.value.trim().toUpperCase();
    for (const row of this.#rows) row.root.hidden = !row.symbol.toUpperCase().includes(wanted);
    this.#none.hidden = this.#rows.some(({ root }) => !root.hidden);
  }

  #visible(): SymbolRow[] {
    const order = [...this.#body.children];
    return this.#rows
      .filter(({ root }) => !root.hidden)
      .sort((a, b) => order.indexOf(a.root) - order.indexOf(b.root));
  }

  #move(event: KeyboardEvent): void {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const rows = this.#visible();
    const next = rows[rows.findIndex(({ button }) => button === document.activeElement) + step];
    next?.button.focus();
    // With a chart open, arrows move from chart to chart.
    if (next !== undefined && this.#selected !== undefined) this.#onOpen(next.index);
  }

  #sortBy(column: Column): void {
    // What is usually looked for: names ascending, numbers descending, urgent states first.
    const first = column === 'symbol' || column === 'shard' || column === 'state' ? false : true;
    this.#sort = { column, down: this.#sort.column === column ? !this.#sort.down : first };
    this.#order();
  }

  #order(): void {
    const { column, down } = this.#sort;
    for (const [id, head] of this.#heads)
      mark(head, 'aria-sort', id !== column ? 'none' : down ? 'descending' : 'ascending');
    const state = this.#state!;
    const view = (row: SymbolRow): SymbolView => state.rows[row.index];
    const keys: Readonly<Record<Column, (row: SymbolRow) => number | string>> = {
      symbol: (row) => row.symbol,
      last: (row) => view(row).last ?? -1,
      change: (row) => moved(view(row)),
      rate: (row) => view(row).rate,
      age: (row) => (state.now.marketMs ?? 0) - (view(row).lastTickMs ?? 0),
      shard: (row) => row.shard,
      state: (row) => STATE_RANK[view(row).state],
    };
    const key = keys[column];
    const sorted = [...this.#rows].sort((a, b) => {
      const [left, right] = [key(a), key(b)];
      const order = left < right ? -1 : left > right ? 1 : 0;
      return order === 0 ? a.symbol.localeCompare(b.symbol) : down ? -order : order;
    });
    this.#sortedAtMs = monoMs();
    if (sorted.every((row, index) => this.#body.children[index] === row.root)) return;
    // Moving a row loses the focus.
    const focused = document.activeElement;
    this.#body.replaceChildren(...sorted.map(({ root }) => root));
    if (focused instanceof HTMLElement && this.#body.contains(focused)) focused.focus();
  }
}
