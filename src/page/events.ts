/** What happened, the newest first. */
import type { DashboardState } from '../dashboard/state.js';
import { h } from './dom.js';
import { second } from './format.js';

/** Events that are shown of those that are kept, live. */
const SHOWN = 200;

export class Events {
  readonly root = h('ol', { class: 'events', role: 'log', tabindex: '0', 'aria-label': 'Events' });
  readonly #empty = h('p', { class: 'dim' }, 'Nothing happened yet.');
  readonly whole = h('div', {}, this.#empty, this.root);

  /** `all`: in a report, all of them, in order. */
  show({ events }: DashboardState, all = false): void {
    const shown = all ? events : [...events].slice(-SHOWN).reverse();
    this.#empty.hidden = shown.length > 0;
    this.root.replaceChildren(
      ...shown.map(({ atMs, level, kind, text }) =>
        h(
          'li',
          { 'data-level': level, 'data-kind': kind },
          h('time', {}, second(atMs)),
          h('span', { class: 'kind' }, kind),
          h('span', { class: 'text' }, text),
        ),
      ),
    );
  }
}
