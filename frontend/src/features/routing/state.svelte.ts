import type { Complexity, OwnerRef, Rule, Simulated, Simulation } from '../../lib/api/types.gen';
import { Changes } from '../../lib/changes.svelte';
import { refusalOf, type Refusal } from '../../lib/refusal';
import { Resource } from '../../lib/resource.svelte';
import { api } from '../../lib/state/session.svelte';
import type { ruleDraft } from './rule';

type Draft = ReturnType<typeof ruleDraft>;

/** Routing holds the rules, how requests are graded, and what would happen to one. */
class Routing extends Changes {
  readonly rules = new Resource(async () => (await api.rules()).rules);
  /** owners are whom a rule can be for, by its scope. */
  readonly owners = new Resource<Record<string, OwnerRef[]>>(async () => {
    const [keys, teams, customers] = await Promise.all([api.virtualKeys({ limit: 100 }), api.teams(), api.customers()]);
    return { virtual_key: keys.virtual_keys, team: teams.teams, customer: customers.customers };
  });
  readonly complexity = new Resource(() => api.complexity());
  outcome = $state.raw<Simulated | undefined>();
  failed = $state('');

  async load(): Promise<void> {
    await Promise.all([this.rules.load(), this.owners.load(), this.complexity.load()]);
  }

  ownerName(scope: string, id: string | undefined): string {
    return this.owners.value?.[scope]?.find((o) => o.id === id)?.name ?? '';
  }

  save(rule: Rule | undefined, draft: Partial<Draft>): Promise<Refusal> {
    return this.change(() => (rule ? api.updateRule(rule.id, draft) : api.addRule(draft)), 'The rule is saved.');
  }

  remove(rule: Rule): Promise<Refusal> {
    return this.change(() => api.deleteRule(rule.id), `${rule.name} is deleted.`);
  }

  saveComplexity(draft: Complexity): Promise<Refusal> {
    return this.change(() => api.updateComplexity(draft), 'Saved. The next request is graded by it.');
  }

  resetComplexity(): Promise<Refusal> {
    return this.change(() => api.resetComplexity(), 'The built-in settings count again.');
  }

  /** simulate asks what would happen to a request. */
  async simulate(request: Partial<Simulation>): Promise<void> {
    this.busy = true;
    try {
      this.outcome = await api.simulate(request);
      this.failed = '';
    } catch (error) {
      this.outcome = undefined;
      this.failed = refusalOf(error).message;
    } finally {
      this.busy = false;
    }
  }

  protected reload(): Promise<unknown> {
    return Promise.all([this.rules.load(), this.complexity.load()]);
  }
}

export const routing = new Routing();
