import { untrack } from 'svelte';
import { messageOf } from '../../lib/api/client';
import type { LogEntry, LogSession, LogSessions } from '../../lib/api/types.gen';
import { Resource } from '../../lib/resource.svelte';
import { router } from '../../lib/router.svelte';
import { live } from '../../lib/state/live.svelte';
import { api } from '../../lib/state/session.svelte';
import { toasts } from '../../lib/ui/toasts.svelte';

export const pageSize = 50;
const pace = 3000;
const longest = 500;

/** Sessions are the runs of requests that belong together, and one of them with all its requests. */
class Sessions {
  readonly list = new Resource<LogSessions>(() => api.sessions({ limit: pageSize, offset: this.from }));
  readonly one = new Resource<LogEntry[]>(async () => (this.opened ? await this.read(this.opened) : []));
  saving = $state(false);

  get from(): number {
    return Number(router.params.get('from') ?? 0) || 0;
  }

  get opened(): string {
    return router.params.get('id') ?? '';
  }

  /** session is what the list says of the opened one; undefined where it is not on this page of it. */
  get session(): LogSession | undefined {
    return this.list.value?.sessions.find((s) => s.session_id === this.opened);
  }

  private async read(id: string): Promise<LogEntry[]> {
    const { logs } = await api.sessionLogs(id, { limit: longest });
    return logs;
  }

  /** watch reads now, when the address changes, and while requests end. */
  watch(): () => void {
    let due: ReturnType<typeof setTimeout> | undefined;
    const again = () => {
      due = undefined;
      void this.list.load();
      if (this.opened) void this.one.load();
    };
    const soon = () => {
      due ??= setTimeout(again, pace);
    };
    void this.from;
    void this.opened;
    untrack(again);
    const stop = live.listen({ changed: soon, resync: soon });
    return () => {
      stop();
      clearTimeout(due);
    };
  }

  /** saveCassette keeps the session as a folder that can be played back. */
  async saveCassette(id: string): Promise<void> {
    this.saving = true;
    try {
      const saved = await api.saveCassette({ name: this.session?.title || 'session', session_id: id });
      toasts.ok(`Saved ${saved.entries} requests in ${saved.dir}`);
      if (saved.skipped.length > 0) toasts.info(`${saved.skipped.length} requests are not in it: the log no longer has what was said.`);
    } catch (error) {
      toasts.bad(messageOf(error));
    } finally {
      this.saving = false;
    }
  }
}

export const sessions = new Sessions();
