/** Events: live the newest first, in a report all in order. */
import type { DashboardState } from '../dashboard/state.js';
import { h } from './dom.js';
import { second } from './format.js';

/** On the live page. */
const MAX_SHOWN = 200;

export class Events {
  readonly root = h('ol', { class: 'events', role: 'log', tabindex: '0', 'aria-label': 'Events' });
  readonly #empty = h('p', { class: 'dim' }, 'Nothing happened yet.');
  readonly panel = h('div', {}, this.#empty, this.root);

  /** `all`: all events in order, as in a report. */
  show({ events }: DashboardState, all = false): void {
    const shown = all ? events : [...events].slice(-MAX_SHOWN).reverse();
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
