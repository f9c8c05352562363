import type { Customers, Teams, VirtualKey } from '../../lib/api/types.gen';
import { Changes } from '../../lib/changes.svelte';
import type { Refusal } from '../../lib/refusal';
import { Resource } from '../../lib/resource.svelte';
import { router } from '../../lib/router.svelte';
import { api } from '../../lib/state/session.svelte';
import type { keyDraft } from './form';

type Draft = ReturnType<typeof keyDraft>;

/** VirtualKeys are the keys that clients of the gateway use. */
class VirtualKeys extends Changes {
  readonly list = new Resource(async () => (await api.virtualKeys(this.query())).virtual_keys);
  readonly teams = new Resource<Teams['teams']>(async () => (await api.teams()).teams);
  readonly customers = new Resource<Customers['customers']>(async () => (await api.customers()).customers);
  /** fresh is a key whose value can be seen now, and never again. */
  fresh = $state.raw<VirtualKey | undefined>();

  async load(): Promise<void> {
    await Promise.all([this.list.load(), this.teams.load(), this.customers.load()]);
  }

  /** query is what the address of the page asks for. */
  private query(): Record<string, string | number> {
    const query: Record<string, string | number> = { limit: 100 };
    for (const name of ['search', 'team_id', 'customer_id']) {
      const value = router.params.get(name);
      if (value) query[name] = value;
    }
    return query;
  }

  find(id: string): VirtualKey | undefined {
    return this.list.value?.find((k) => k.id === id);
  }

  add(draft: Draft): Promise<Refusal> {
    return this.change(async () => {
      this.fresh = (await api.addVirtualKey(draft)).virtual_key;
    }, '');
  }

  save(key: VirtualKey, draft: Partial<Draft>): Promise<Refusal> {
    return this.change(() => api.updateVirtualKey(key.id, draft), `${draft.name ?? key.name} is saved.`);
  }

  /** rotate gives a key a new value; the old one works for as long as grace says: 1h, 0s. */
  rotate(key: VirtualKey, grace: string): Promise<Refusal> {
    return this.change(async () => {
      this.fresh = (await api.rotateVirtualKey(key.id, grace)).virtual_key;
    }, '');
  }

  remove(key: VirtualKey): Promise<Refusal> {
    return this.change(async () => {
      await api.deleteVirtualKey(key.id);
      router.go('virtual-keys');
    }, `${key.name} is deleted.`);
  }

  protected reload(): Promise<unknown> {
    return this.list.load();
  }
}

export const virtualKeys = new VirtualKeys();
