/** Dark or light: the system's, until somebody chooses; the choice is kept in this browser. */
import { h } from './dom.js';

const KEY = 'tickshard-theme';

/** Storage that a browser may refuse, as for a page opened from disk. */
function kept(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function keep(theme: string): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Then it is chosen again next time.
  }
}

/** A button that turns from dark to light and back; `onTurn` is told. */
export function themeButton(onTurn: () => void): HTMLButtonElement {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const root = document.documentElement;
  const theme = (): string => root.dataset['theme'] ?? (dark.matches ? 'dark' : 'light');
  const chosen = kept();
  if (chosen === 'dark' || chosen === 'light') root.dataset['theme'] = chosen;
  dark.addEventListener('change', onTurn);
  return h(
    'button',
    {
      type: 'button',
      class: 'theme',
      'aria-label': 'Dark or light',
      title: 'Dark or light',
      click: () => {
        root.dataset['theme'] = theme() === 'dark' ? 'light' : 'dark';
        keep(root.dataset['theme']);
        onTurn();
      },
    },
    '◐',
  );
}
