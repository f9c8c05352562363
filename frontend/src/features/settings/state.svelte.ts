import { ApiError, messageOf } from '../../lib/api/client';
import type { Config } from '../../lib/api/types.gen';
import { catalog } from '../../lib/state/catalog.svelte';
import { api, session } from '../../lib/state/session.svelte';
import { theme, type Theme } from '../../lib/state/theme.svelte';
import { toasts } from '../../lib/ui/toasts.svelte';
import { changes, draftOf, type Draft } from './draft';

/** Settings holds the draft of the settings, and what the API says against it. */
class Settings {
  draft = $state<Draft | undefined>();
  message = $state('');
  param = $state('');
  busy = $state(false);
  private base: Config | undefined;

  /** show takes settings that were read; a draft with changes is kept. */
  show(config: Config): void {
    if (this.draft && this.base && this.dirty) return;
    this.base = config;
    this.draft = draftOf(config);
  }

  get dirty(): boolean {
    return !!this.base && !!this.draft && Object.keys(changes(this.base, this.draft)).length > 0;
  }

  /** wrong is what the API says against a field; its path ends with the name. */
  wrong(name: string): string {
    return this.param.replace(/\[\d+\]$/, '').endsWith(name) ? this.message : '';
  }

  discard(): void {
    this.clear();
    if (this.base) this.draft = draftOf(this.base);
  }

  async save(): Promise<void> {
    const wanted = changes(this.base!, $state.snapshot(this.draft!) as Draft);
    this.clear();
    this.busy = true;
    try {
      const { warnings } = await api.saveConfig(wanted);
      this.draft = undefined;
      await session.refresh();
      if (!session.needed) await catalog.config.load();
      if (catalog.config.value) this.show(catalog.config.value);
      toasts.ok('Saved.');
      for (const w of warnings ?? []) toasts.info(w);
    } catch (error) {
      this.message = messageOf(error);
      this.param = error instanceof ApiError ? error.param : '';
    } finally {
      this.busy = false;
    }
  }

  /** setTheme holds at once, and is kept. */
  async setTheme(value: Theme): Promise<void> {
    theme.apply(value);
    await this.act(async () => {
      await api.saveConfig({ settings: { theme: value } });
      await catalog.config.load();
    });
  }

  async openAppFolder(): Promise<void> {
    await this.act(() => api.openFromShell('app_dir'));
  }

  private async act(what: () => Promise<unknown>): Promise<void> {
    try {
      await what();
    } catch (error) {
      toasts.bad(messageOf(error));
    }
  }

  private clear(): void {
    this.message = '';
    this.param = '';
  }
}

export const settings = new Settings();
