/** The checklist: one line for each gate. */
import type { DashboardState, DashboardGate } from '../dashboard/state.js';
import { h, mark, say } from './dom.js';

interface Item {
  readonly root: HTMLLIElement;
  readonly pill: HTMLElement;
  readonly observed: HTMLElement;
  readonly expected: HTMLElement;
  readonly remedy: HTMLElement;
  status: string;
}

export class Checklist {
  readonly root = h('ol', { class: 'checklist' });
  readonly #items = new Map<string, Item>();
  readonly #announce: (text: string) => void;

  /** `announce` gets a sentence for each gate whose status changes. */
  constructor(announce: (text: string) => void) {
    this.#announce = announce;
  }

  show({ gates }: Pick<DashboardState, 'gates'>): void {
    this.root.replaceChildren();
    this.#items.clear();
    for (const gate of gates) {
      const item: Item = {
        root: h('li'),
        pill: h('span', { class: 'pill' }),
        observed: h('span', { class: 'observed' }),
        expected: h('span', { class: 'expected' }),
        remedy: h('span', { class: 'remedy' }),
        status: '',
      };
      item.root.append(
        item.pill,
        h('span', { class: 'what' }, h('b', {}, gate.title), item.observed, item.expected, item.remedy),
      );
      this.#items.set(gate.id, item);
      this.root.append(item.root);
      this.#fill(item, gate);
    }
  }

  update(gates: readonly DashboardGate[]): void {
    for (const gate of gates) {
      const item = this.#items.get(gate.id);
      if (item === undefined) continue;
      const transition = item.status !== gate.status && gate.status !== 'skip';
      this.#fill(item, gate);
      if (!transition) continue;
      // Removed and added again, so that the animation runs for a second transition too.
      item.root.classList.remove('changed');
      requestAnimationFrame(() => item.root.classList.add('changed'));
      this.#announce(`Gate ${gate.id}: ${gate.status}`);
    }
  }

  #fill(item: Item, gate: DashboardGate): void {
    item.status = gate.status;
    mark(item.root, 'data-status', gate.status);
    mark(item.root, 'data-gate', gate.id);
    say(item.pill, gate.status);
    say(item.observed, gate.observed);
    say(item.expected, `Expected: ${gate.expected}`);
    say(item.remedy, gate.status === 'pass' || gate.remedy === null ? '' : gate.remedy);
  }
}
