import { messageOf, type KeyDraft, type ProviderDraft } from '../../lib/api/client';
import type { Key, TestResult } from '../../lib/api/types.gen';
import { Changes } from '../../lib/changes.svelte';
import type { Refusal } from '../../lib/refusal';
import { router } from '../../lib/router.svelte';
import { catalog } from '../../lib/state/catalog.svelte';
import { api } from '../../lib/state/session.svelte';

/** Providers changes the providers; each change gives `fine` or what is wrong with it. */
class Providers extends Changes {
  tests = $state.raw<Record<string, TestResult | 'running'>>({});

  add(draft: ProviderDraft): Promise<Refusal> {
    return this.change(() => api.addProvider(draft), `${draft.provider} is added.`);
  }

  update(name: string, draft: ProviderDraft): Promise<Refusal> {
    return this.change(() => api.updateProvider(name, draft), 'Saved.');
  }

  remove(name: string): Promise<Refusal> {
    return this.change(async () => {
      await api.deleteProvider(name);
      router.go('providers');
    }, `${name} is deleted.`);
  }

  saveKey(provider: string, key: Key | undefined, draft: KeyDraft): Promise<Refusal> {
    return this.change(() => (key ? api.updateKey(provider, key.id, draft) : api.addKey(provider, draft)), key ? 'The key is saved.' : 'The key is added.');
  }

  removeKey(provider: string, key: Key): Promise<Refusal> {
    return this.change(() => api.deleteKey(provider, key.id), `The key ${key.name} is deleted.`);
  }

  /** test makes one small real call. */
  async test(provider: string, model: string, key: string): Promise<void> {
    this.tests = { ...this.tests, [provider]: 'running' };
    let result: TestResult;
    try {
      result = await api.testProvider(provider, { model, key_id: key });
    } catch (error) {
      result = { ok: false, model, status: 0, latency_ms: 0, message: messageOf(error) };
    }
    this.tests = { ...this.tests, [provider]: result };
    await catalog.providers.load();
  }

  protected reload(): Promise<unknown> {
    return catalog.providers.load();
  }
}

export const providers = new Providers();
