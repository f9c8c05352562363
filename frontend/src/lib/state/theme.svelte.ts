export type Theme = 'system' | 'light' | 'dark';

const stored = 'heimdall.theme';

/** asTheme reads a setting. */
export function asTheme(text: string | null | undefined): Theme {
  return text === 'light' || text === 'dark' ? text : 'system';
}

/** ThemeState shows a theme and keeps it for the next start, where public/theme.js reads it before the first paint. */
class ThemeState {
  current = $state<Theme>(asTheme(localStorage.getItem(stored)));

  apply(theme: Theme): void {
    this.current = theme;
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    localStorage.setItem(stored, theme);
  }
}

export const theme = new ThemeState();
