/** Dark or light: the system's theme until the reader chooses; the browser stores the choice. */
import { h } from './dom.js';

const KEY = 'tickshard-theme';

/** Null without one, or if the browser refuses storage, as for a page opened from disk. */
function storedTheme(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function storeTheme(theme: string): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Without storage the choice lasts until the page is closed.
  }
}

/** Switches between dark and light, then calls `onSwitch`. */
export function themeButton(onSwitch: () => void): HTMLButtonElement {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const root = document.documentElement;
  const theme = (): string => root.dataset['theme'] ?? (dark.matches ? 'dark' : 'light');
  const chosen = storedTheme();
  if (chosen === 'dark' || chosen === 'light') root.dataset['theme'] = chosen;
  dark.addEventListener('change', onSwitch);
  return h(
    'button',
    {
      type: 'button',
      class: 'theme',
      'aria-label': 'Dark or light',
      title: 'Dark or light',
      click: () => {
        root.dataset['theme'] = theme() === 'dark' ? 'light' : 'dark';
        storeTheme(root.dataset['theme']);
        onSwitch();
      },
    },
    '◐',
  );
}
