import type { ProviderLimit } from '../../lib/api/types.gen';
import { Changes } from '../../lib/changes.svelte';
import type { Refusal } from '../../lib/refusal';
import { Resource } from '../../lib/resource.svelte';
import { api } from '../../lib/state/session.svelte';

const every = 5000;

/** Limits are what may be spent at each provider, whoever asks. */
class Limits extends Changes {
  readonly all = new Resource(async () => (await api.providerLimits()).providers);

  /** watch reads what is used up, until the function that it gives is called. */
  watch(): () => void {
    void this.all.load();
    const timer = setInterval(() => document.hidden || void this.all.load(), every);
    return () => clearInterval(timer);
  }

  /** of is a provider's limit; undefined where it has none. */
  of(provider: string): ProviderLimit | undefined {
    return this.all.value?.find((l) => l.provider === provider && (l.budgets.length > 0 || l.rate_limit));
  }

  save(provider: string, draft: object): Promise<Refusal> {
    return this.change(() => api.updateProviderLimit(provider, draft), 'The limit is saved.');
  }

  remove(provider: string): Promise<Refusal> {
    return this.change(() => api.deleteProviderLimit(provider), 'The limit is deleted.');
  }

  protected reload(): Promise<unknown> {
    return this.all.load();
  }
}

export const limits = new Limits();
