/** All symbols: a strip of their states to be seen at a glance, and a table that can be searched and sorted. A click opens the chart. */
import type { DashboardState, SymbolView } from '../dashboard/state.js';
import { sparkline } from './svg.js';
import { h, mark, s, say } from './dom.js';
import { age, change, count, NONE, rate, rupees } from './format.js';
import type { Changed } from './state.js';
import { monoMs } from './time.js';

const SPARK = { width: 72, height: 18 };
/** Real ms between two sortings by something that moves. */
const SORT_MS = 1000;

const STATE_ORDER: readonly SymbolView['state'][] = ['stale', 'silent', 'quiet', 'ticking', 'shut'];

interface Line {
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
  ['change', 'Change', "since the day's open, or where no packet tells it since the run's first price"],
  ['spark', 'Trend', 'prices of the last minute'],
  ['rate', 'Ticks/s', 'ticks a second of late'],
  ['age', 'Age', 'market time since the last tick'],
  ['shard', 'Shard', 'worker thread'],
  [
    'state',
    'State',
    'ticking: a tick within 5 s; quiet: within 15 s; stale: older; silent: never; shut: trading is not continuous',
  ],
];

const moved = (row: SymbolView): number =>
  row.last === null || row.open === null || row.open === 0
    ? Number.NEGATIVE_INFINITY
    : (row.last - row.open) / row.open;

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
  #lines: Line[] = [];
  #picture: DashboardState | undefined;
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

  /** Puts the cursor into the search field. */
  focusSearch(): void {
    this.#search.focus();
    this.#search.select();
  }

  /** Back to the line of a symbol. */
  focus(index: number): void {
    this.#lines.find((line) => line.index === index)?.button.focus();
  }

  show(picture: DashboardState): void {
    this.#picture = picture;
    this.#lines = picture.run.symbols.map(({ symbol, shard }, index) => this.#line(symbol, shard, index));
    this.#strip.replaceChildren(...this.#lines.map(({ tile }) => tile));
    this.#body.replaceChildren(...this.#lines.map(({ root }) => root));
    for (const line of this.#lines) this.#fill(line, picture);
    this.#trails(picture);
    this.#count(picture);
    this.#order();
    this.#filter();
  }

  update(picture: DashboardState, changed: Changed): void {
    this.#picture = picture;
    for (const line of this.#lines) {
      if (changed.rows.has(line.index)) this.#fill(line, picture);
      else this.#age(line, picture);
    }
    if (changed.trails) this.#trails(picture);
    if (changed.rows.size > 0) this.#count(picture);
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
    for (const line of this.#lines) {
      line.root.classList.toggle('selected', line.index === index);
      line.tile.classList.toggle('selected', line.index === index);
      mark(line.button, 'aria-pressed', String(line.index === index));
    }
  }

  #line(symbol: string, shard: number, index: number): Line {
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

  #fill(line: Line, picture: DashboardState): void {
    const row = picture.rows[line.index];
    const rose = moved(row);
    say(line.cells.last, rupees(row.last));
    say(line.cells.change, change(row.last, row.open));
    mark(
      line.cells.change,
      'data-way',
      rose > 0 ? 'up' : rose < 0 && Number.isFinite(rose) ? 'down' : 'none',
    );
    say(line.cells.rate, rate(row.rate));
    say(line.cells.state, row.state);
    mark(line.root, 'data-state', row.state);
    mark(line.tile, 'data-state', row.state);
    mark(line.tile, 'title', `${line.symbol}: ${row.state}`);
    this.#age(line, picture);
  }

  #age(line: Line, { rows, now }: DashboardState): void {
    const { lastTickMs } = rows[line.index];
    say(line.cells.age, lastTickMs === null || now.marketMs === null ? NONE : age(now.marketMs - lastTickMs));
  }

  #trails({ trails }: DashboardState): void {
    for (const line of this.#lines) {
      const trail = trails[line.index] ?? [];
      mark(line.spark, 'points', sparkline(trail, SPARK));
      mark(line.spark, 'data-way', (trail.at(-1) ?? 0) >= (trail[0] ?? 0) ? 'up' : 'down');
    }
  }

  #count({ rows }: DashboardState): void {
    const parts = STATE_ORDER.map(
      (state) => [state, rows.filter((row) => row.state === state).length] as const,
    ).filter(([, number]) => number > 0);
    say(
      this.#tally,
      `${count(rows.length, 'symbol')}: ${parts.map(([state, number]) => `${number} ${state}`).join(', ')}`,
    );
  }

  #filter(): void {
    const wanted = this.#search.value.trim().toUpperCase();
    for (const line of this.#lines) line.root.hidden = !line.symbol.toUpperCase().includes(wanted);
    this.#none.hidden = this.#lines.some(({ root }) => !root.hidden);
  }

  #visible(): Line[] {
    const order = [...this.#body.children];
    return this.#lines
      .filter(({ root }) => !root.hidden)
      .sort((a, b) => order.indexOf(a.root) - order.indexOf(b.root));
  }

  #move(event: KeyboardEvent): void {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const lines = this.#visible();
    const next = lines[lines.findIndex(({ button }) => button === document.activeElement) + step];
    next?.button.focus();
    // With a chart open the arrows walk through the charts.
    if (next !== undefined && this.#selected !== undefined) this.#onOpen(next.index);
  }

  #sortBy(column: Column): void {
    // What is looked for stands first: the greatest number, the worst state.
    const first = column === 'symbol' || column === 'shard' || column === 'state' ? false : true;
    this.#sort = { column, down: this.#sort.column === column ? !this.#sort.down : first };
    this.#order();
  }

  #order(): void {
    const { column, down } = this.#sort;
    for (const [id, head] of this.#heads)
      mark(head, 'aria-sort', id !== column ? 'none' : down ? 'descending' : 'ascending');
    const picture = this.#picture!;
    const row = (line: Line): SymbolView => picture.rows[line.index];
    const keys: Readonly<Record<Column, (line: Line) => number | string>> = {
      symbol: (line) => line.symbol,
      last: (line) => row(line).last ?? -1,
      change: (line) => moved(row(line)),
      rate: (line) => row(line).rate,
      age: (line) => (picture.now.marketMs ?? 0) - (row(line).lastTickMs ?? 0),
      shard: (line) => line.shard,
      state: (line) => STATE_ORDER.indexOf(row(line).state),
    };
    const key = keys[column];
    const sorted = [...this.#lines].sort((a, b) => {
      const [left, right] = [key(a), key(b)];
      const order = left < right ? -1 : left > right ? 1 : 0;
      return order === 0 ? a.symbol.localeCompare(b.symbol) : down ? -order : order;
    });
    this.#sortedAtMs = monoMs();
    if (sorted.every((line, index) => this.#body.children[index] === line.root)) return;
    // Moving a line takes the cursor off it.
    const focused = document.activeElement;
    this.#body.replaceChildren(...sorted.map(({ root }) => root));
    if (focused instanceof HTMLElement && this.#body.contains(focused)) focused.focus();
  }
}
