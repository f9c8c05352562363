import type { Owner, Saved } from '../../lib/api/types.gen';
import { fine, refusalOf, type Refusal } from '../../lib/refusal';
import { Resource } from '../../lib/resource.svelte';
import { api } from '../../lib/state/session.svelte';
import { toasts } from '../../lib/ui/toasts.svelte';

/** Kind is what an owner is. */
export type Kind = 'team' | 'customer';

/** OwnerDraft is what a form says of an owner. */
export interface OwnerDraft {
  name: string;
  customer_id?: string | null;
  [limit: string]: unknown;
}

/** Owners are the teams and customers that virtual keys belong to. */
class Owners {
  readonly team = new Resource(async () => (await api.teams()).teams);
  readonly customer = new Resource(async () => (await api.customers()).customers);
  busy = $state(false);

  async load(): Promise<void> {
    await Promise.all([this.team.load(), this.customer.load()]);
  }

  save(kind: Kind, owner: Owner | undefined, draft: OwnerDraft): Promise<Refusal> {
    return this.change(async () => {
      if (kind === 'team') await (owner ? api.updateTeam(owner.id, draft) : api.addTeam(draft));
      else await (owner ? api.updateCustomer(owner.id, draft) : api.addCustomer(draft));
      return `${draft.name} is saved.`;
    });
  }

  remove(kind: Kind, owner: Owner): Promise<Refusal> {
    return this.change(async () => {
      const saved: Saved = await (kind === 'team' ? api.deleteTeam(owner.id) : api.deleteCustomer(owner.id));
      return saved.message || `${owner.name} is deleted.`;
    });
  }

  private async change(what: () => Promise<string>): Promise<Refusal> {
    this.busy = true;
    try {
      const done = await what();
      await this.load();
      toasts.ok(done);
      return fine;
    } catch (error) {
      return refusalOf(error);
    } finally {
      this.busy = false;
    }
  }
}

export const owners = new Owners();
