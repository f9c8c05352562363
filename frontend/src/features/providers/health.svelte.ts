import type { Breaker, ProviderHealth } from '../../lib/api/types.gen';
import { Resource } from '../../lib/resource.svelte';
import { api } from '../../lib/state/session.svelte';

const every = 3000;

/** HealthState is how providers and their keys do, read again and again while something watches. */
class HealthState {
  private readonly read = new Resource(async () => (await api.healthState()).providers);

  /** watch reads until the function that it gives is called. */
  watch(): () => void {
    const look = () => void (document.hidden || this.read.loading || this.read.load());
    look();
    const timer = setInterval(look, every);
    return () => clearInterval(timer);
  }

  of(provider: string): ProviderHealth | undefined {
    return this.read.value?.find((p) => p.provider === provider);
  }

  ofKey(provider: string, key: string): Breaker | undefined {
    return this.of(provider)?.keys.find((k) => k.key_id === key)?.breaker;
  }
}

export const health = new HealthState();
