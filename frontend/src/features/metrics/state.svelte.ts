import { untrack } from 'svelte';
import type { LogDashboard } from '../../lib/api/types.gen';
import { Resource } from '../../lib/resource.svelte';
import { router } from '../../lib/router.svelte';
import { live } from '../../lib/state/live.svelte';
import { api } from '../../lib/state/session.svelte';
import { asPeriod } from './periods';

/** How often the figures are read again while requests come in. */
const pace = 5000;

/** Metrics are the figures of a period, read again while things happen. */
class Metrics {
  readonly dashboard = new Resource<LogDashboard>(() => {
    const query: Record<string, string> = { period: this.period };
    if (this.filter) query.filter = this.filter;
    return api.dashboard(query);
  });

  get period() {
    return asPeriod(router.params.get('period'));
  }

  get filter(): string {
    return router.params.get('filter') ?? '';
  }

  /** watch reads now, when the period changes, and while requests end. */
  watch(): () => void {
    let due: ReturnType<typeof setTimeout> | undefined;
    const soon = () => {
      due ??= setTimeout(() => {
        due = undefined;
        void this.dashboard.load();
      }, pace);
    };
    void this.period;
    void this.filter;
    untrack(() => void this.dashboard.load());
    const stop = live.listen({ changed: soon, resync: soon });
    return () => {
      stop();
      clearTimeout(due);
    };
  }

  ask(change: Record<string, string>): void {
    const params = new URLSearchParams(router.params);
    for (const [name, value] of Object.entries(change)) {
      if (value) params.set(name, value);
      else params.delete(name);
    }
    router.replace('metrics', params);
  }
}

export const metrics = new Metrics();
