import { messageOf } from '../../lib/api/client';
import type { FilterNode, LogEntry } from '../../lib/api/types.gen';
import { Quiet } from '../../lib/entry';
import { router } from '../../lib/router.svelte';
import { live, type LogChange } from '../../lib/state/live.svelte';
import { api } from '../../lib/state/session.svelte';
import { toasts } from '../../lib/ui/toasts.svelte';
import { FilterField } from './filter.svelte';
import { matches, parseFilters, printFilters, toQuery, type Filters } from './filters';
import { pageSize, Rows } from './rows.svelte';

const manyFresh = 2000;

/** LogsState is what the log page shows: filters, rows, the chosen row, and the opened one. Its view is in the address. */
class LogsState {
  filters = $state.raw<Filters>(parseFilters(new URLSearchParams()));
  /** chosen is the row with the cursor, opened the one whose details are shown; "" = none. */
  chosen = $state('');
  opened = $state('');
  error = $state('');
  loaded = $state(false);
  scrolled = $state(false);
  /** marked are the rows that are to be compared, two at most; comparing says that they are. */
  marked = $state.raw<string[]>([]);
  comparing = $state(false);
  readonly field = new FilterField((filter, check) => {
    this.expression = { filter, node: check.expression };
    if (filter !== this.filters.filter) this.filter({ ...this.filters, filter });
  });
  private expression: { filter: string; node: FilterNode | null } = { filter: '', node: null };
  private stale = false;
  private readonly quiet = new Quiet(() => {
    this.rows.recount().catch(() => undefined); // the next change asks again
  });
  readonly rows = new Rows(async (offset, until) => {
    const query = { ...toQuery(this.filters, Date.now()), end_time: until, limit: pageSize, offset, sort_by: 'timestamp', order: 'desc' };
    const { logs, pagination, stats, has_logs } = await api.logs(query);
    return { rows: logs, total: pagination.total_count, stats, any: has_logs };
  });

  /** watch follows the log until the function that it gives is called. */
  watch(): () => void {
    const stop = live.listen({ changed: (c) => this.changed(c), resync: () => void this.reload() });
    return () => {
      stop();
      this.quiet.stop();
      this.stale = true;
    };
  }

  /** visit takes over what the address says. */
  visit(params: URLSearchParams): void {
    const filters = parseFilters(params);
    const opened = params.get('id') ?? '';
    if (opened !== this.opened) {
      this.opened = opened;
      if (opened) this.chosen = opened;
    }
    if (this.loaded && !this.stale && printFilters(filters).toString() === printFilters(this.filters).toString()) return;
    this.filters = filters;
    this.field.show(filters.filter);
    void this.reload();
  }

  /** filter shows other rows, from the top. */
  filter(filters: Filters): void {
    this.filters = filters;
    this.chosen = '';
    this.opened = '';
    this.field.show(filters.filter);
    this.show();
    void this.reload();
  }

  async reload(): Promise<void> {
    this.stale = false;
    try {
      await this.understand();
      await this.rows.restart(live.inflight.filter((e) => this.fits(e, Date.now())));
      this.error = '';
    } catch (error) {
      this.error = messageOf(error);
    } finally {
      this.loaded = true;
    }
  }

  /** understand asks what the filter means, unless that is known. */
  private async understand(): Promise<void> {
    const { filter } = this.filters;
    if (filter === this.expression.filter) return;
    const check = await api.checkFilter(filter, filter.length);
    this.expression = { filter, node: check.expression };
  }

  private fits(e: LogEntry, now: number): boolean {
    return matches(this.filters, this.expression.filter === this.filters.filter ? this.expression.node : null, e, now);
  }

  /** mark chooses a row for a comparison, or lets go of it; a third takes the place of the older one. */
  mark(id: string): void {
    this.marked = this.marked.includes(id) ? this.marked.filter((m) => m !== id) : [...this.marked, id].slice(-2);
  }

  /** compare shows two requests side by side. */
  compare(first: string, second: string): void {
    this.marked = [first, second];
    this.comparing = true;
  }

  need(from: number, to: number): void {
    this.rows.need(from, to).catch((error) => toasts.bad(messageOf(error)));
  }

  choose(id: string): void {
    this.chosen = id;
    this.freeze();
  }

  open(id: string): void {
    this.choose(id);
    this.opened = id;
    this.show();
  }

  close(): void {
    this.opened = '';
    this.show();
  }

  /** scroll hears whether the newest row is in sight. */
  scroll(scrolled: boolean): void {
    this.scrolled = scrolled;
    this.freeze();
  }

  /** resume goes back to the newest row, live; an opened request stays open. */
  resume(): void {
    this.scrolled = false;
    this.chosen = '';
    this.freeze();
    this.rows.thaw();
  }

  async remove(id: string): Promise<void> {
    try {
      await api.deleteLogs([id]);
      this.chosen = '';
      this.close();
      this.freeze();
      await this.reload();
      toasts.ok('The request is gone from the log.');
    } catch (error) {
      toasts.bad(messageOf(error));
    }
  }

  private freeze(): void {
    this.rows.frozen = this.scrolled || this.chosen !== '';
    if (!this.rows.frozen) this.rows.thaw();
  }

  private changed(changes: LogChange[]): void {
    const now = Date.now();
    const matching: LogEntry[] = [];
    const gone = new Set<string>();
    for (const { entry } of changes) {
      if (this.fits(entry, now)) matching.push(entry);
      else gone.add(entry.id);
    }
    this.rows.apply(matching, gone);
    this.quiet.stir();
    if (!this.rows.frozen && this.rows.fresh.length > manyFresh) void this.reload();
  }

  /** show keeps the view in the address. */
  private show(): void {
    const params = printFilters(this.filters);
    if (this.opened) params.set('id', this.opened);
    router.replace('logs', params);
  }
}

export const logs = new LogsState();
