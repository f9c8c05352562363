import type { Config, Kind, LogEntry, Provider } from '../api/types.gen';
import { Resource } from '../resource.svelte';
import { api } from './session.svelte';

/** Catalog is what several pages show: the kinds of provider there are, the providers there are, and the settings. */
class Catalog {
  readonly kinds = new Resource(async () => (await api.kinds()).kinds);
  readonly providers = new Resource(async () => (await api.providers()).providers);
  readonly config = new Resource<Config>(() => api.config());

  async load(): Promise<void> {
    await Promise.all([this.kinds.load(), this.providers.load(), this.config.load()]);
  }

  /** kindOf finds the kind of a provider; a provider that is gone may still be named like its kind. */
  kindOf(provider: string): Kind | undefined {
    const kind = this.provider(provider)?.kind ?? provider;
    return this.kinds.value?.find((k) => k.name === kind);
  }

  /**
   * placeOf is where a request goes. While it runs, only the name that the client wrote may be known: provider/model.
   * Prefix tells providers of the same icon apart.
   */
  placeOf(entry: LogEntry): { provider: string; prefix: string; model: string; icon: string | undefined } {
    let { provider } = entry;
    let model = entry.model || entry.alias || 'unknown model';
    const slash = model.indexOf('/');
    if (!provider && slash > 0 && this.provider(model.slice(0, slash))) {
      provider = model.slice(0, slash);
      model = model.slice(slash + 1);
    }
    const kind = this.kindOf(provider);
    return { provider, prefix: kind?.custom ? `${provider}/` : '', model, icon: kind?.icon };
  }

  provider(name: string): Provider | undefined {
    return this.providers.value?.find((p) => p.name === name);
  }
}

export const catalog = new Catalog();
