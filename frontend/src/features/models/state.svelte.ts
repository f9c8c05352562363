import type { ModelLimit, ModelPrices, OwnerRef, PriceOverride } from '../../lib/api/types.gen';
import { Changes } from '../../lib/changes.svelte';
import type { Refusal } from '../../lib/refusal';
import { Resource } from '../../lib/resource.svelte';
import { router } from '../../lib/router.svelte';
import { api } from '../../lib/state/session.svelte';
import type { overrideDraft } from './prices';

/** size is how many models a page of the catalogue has. */
export const size = 100;

/** Models are what models cost, and what may be spent on them. */
class Models extends Changes {
  readonly prices = new Resource<ModelPrices>(() => api.prices(this.query()));
  readonly overrides = new Resource(async () => (await api.priceOverrides()).pricing_overrides);
  readonly limits = new Resource(async () => (await api.modelLimits()).model_configs);
  readonly keys = new Resource<OwnerRef[]>(async () => (await api.virtualKeys({ limit: 100 })).virtual_keys);

  private query(): Record<string, string | number> {
    const query: Record<string, string | number> = { limit: size, offset: Number(router.params.get('from') ?? 0) || 0 };
    for (const name of ['query', 'provider']) {
      const value = router.params.get(name);
      if (value) query[name] = value;
    }
    return query;
  }

  keyName(id: string | undefined): string {
    return this.keys.value?.find((k) => k.id === id)?.name ?? '';
  }

  saveOverride(from: PriceOverride | undefined, draft: ReturnType<typeof overrideDraft>): Promise<Refusal> {
    return this.change(() => (from ? api.updatePriceOverride(from.id, draft) : api.addPriceOverride(draft)), 'The prices are saved.');
  }

  removeOverride(from: PriceOverride): Promise<Refusal> {
    return this.change(() => api.deletePriceOverride(from.id), `The prices of ${from.name} are the catalogue’s again.`);
  }

  saveLimit(from: ModelLimit | undefined, draft: object): Promise<Refusal> {
    return this.change(() => (from ? api.updateModelLimit(from.id, draft) : api.addModelLimit(draft)), 'The limit is saved.');
  }

  removeLimit(from: ModelLimit): Promise<Refusal> {
    return this.change(() => api.deleteModelLimit(from.id), 'The limit is deleted.');
  }

  protected reload(): Promise<unknown> {
    return Promise.all([this.prices.load(), this.overrides.load(), this.limits.load()]);
  }
}

export const models = new Models();
