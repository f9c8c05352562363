import type { Owner, Saved } from '../../lib/api/types.gen';
import { Changes } from '../../lib/changes.svelte';
import type { Refusal } from '../../lib/refusal';
import { Resource } from '../../lib/resource.svelte';
import { api } from '../../lib/state/session.svelte';

/** Kind is what an owner is. */
export type Kind = 'team' | 'customer';

/** OwnerDraft is what a form says of an owner. */
export interface OwnerDraft {
  name: string;
  customer_id?: string | null;
  [limit: string]: unknown;
}

/** Owners are the teams and customers that virtual keys belong to. */
class Owners extends Changes {
  readonly team = new Resource(async () => (await api.teams()).teams);
  readonly customer = new Resource(async () => (await api.customers()).customers);

  async load(): Promise<void> {
    await Promise.all([this.team.load(), this.customer.load()]);
  }

  save(kind: Kind, owner: Owner | undefined, draft: OwnerDraft): Promise<Refusal> {
    const team = () => (owner ? api.updateTeam(owner.id, draft) : api.addTeam(draft));
    const customer = () => (owner ? api.updateCustomer(owner.id, draft) : api.addCustomer(draft));
    return this.change<unknown>(kind === 'team' ? team : customer, `${draft.name} is saved.`);
  }

  remove(kind: Kind, owner: Owner): Promise<Refusal> {
    const gone = (): Promise<Saved> => (kind === 'team' ? api.deleteTeam(owner.id) : api.deleteCustomer(owner.id));
    return this.change(gone, (saved) => saved.message || `${owner.name} is deleted.`);
  }

  protected reload(): Promise<unknown> {
    return this.load();
  }
}

export const owners = new Owners();
