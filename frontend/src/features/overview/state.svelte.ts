import { messageOf, type ProviderDraft } from '../../lib/api/client';
import type { Kind, LogEntry, LogStats } from '../../lib/api/types.gen';
import { addToStats, newestFirst, Quiet } from '../../lib/entry';
import { catalog } from '../../lib/state/catalog.svelte';
import { live, type LogChange } from '../../lib/state/live.svelte';
import { api } from '../../lib/state/session.svelte';
import { toasts } from '../../lib/ui/toasts.svelte';

const shown = 10;
const day = 86_400_000;

/** Overview holds the last requests, live, and the sums of a day. */
class Overview {
  recent = $state.raw<LogEntry[] | undefined>();
  stats = $state.raw<LogStats | undefined>();
  error = $state('');
  busy = $state('');
  private readonly quiet = new Quiet(() => void this.load());

  /** watch reads and then follows the log until the function that it gives is called. */
  watch(): () => void {
    void this.load();
    const stop = live.listen({ changed: (changes) => this.changed(changes), resync: () => void this.load() });
    return () => {
      stop();
      this.quiet.stop();
    };
  }

  async load(): Promise<void> {
    try {
      const [last, sums] = await Promise.all([
        api.logs({ limit: shown }),
        api.logs({ limit: 1, start_time: new Date(Date.now() - day).toISOString() }),
      ]);
      this.recent = newestFirst(last.logs, live.inflight, shown);
      this.stats = sums.stats;
      this.error = '';
    } catch (error) {
      this.error = messageOf(error);
    }
  }

  private changed(changes: LogChange[]): void {
    if (!this.recent || !this.stats) return;
    this.recent = newestFirst(this.recent, changes.map((c) => c.entry), shown);
    this.stats = addToStats(this.stats, changes.filter((c) => c.created).length, changes.map((c) => c.entry));
    this.quiet.stir();
  }

  /** addKeyless adds a provider that needs nothing but its name. */
  async addKeyless(kind: Kind): Promise<void> {
    await this.act(`add ${kind.name}`, async () => {
      const draft: ProviderDraft = { provider: kind.name, keys: [] };
      await api.addProvider(draft);
      await catalog.providers.load();
      toasts.ok(`${kind.title} is ready.`);
    });
  }

  /** sendTest makes the first request for the user. */
  async sendTest(provider: string, model: string): Promise<void> {
    await this.act('test', async () => {
      const result = await api.testProvider(provider, { model });
      if (!result.ok) toasts.bad(result.message);
    });
  }

  /** allow lets a web page call models. */
  async allow(origin: string): Promise<void> {
    await this.act(`allow ${origin}`, async () => {
      const { client_config } = await api.config();
      const allowed_origins = [...new Set([...(client_config.allowed_origins ?? []), origin])];
      await api.saveConfig({ client_config: { allowed_origins } });
      live.forget(origin);
      await catalog.config.load();
      toasts.ok(`${origin} may call models now.`);
    });
  }

  private async act(name: string, what: () => Promise<void>): Promise<void> {
    this.busy = name;
    try {
      await what();
    } catch (error) {
      toasts.bad(messageOf(error));
    } finally {
      this.busy = '';
    }
  }
}

export const overview = new Overview();
