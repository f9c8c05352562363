import type { LogEntry, LogStats } from '../../lib/api/types.gen';
import { addToStats } from '../../lib/entry';

export const pageSize = 100;

/** A page of stored rows, or that it is being read. */
type Page = LogEntry[] | 'reading';

/** Source reads a page of the rows that were stored before `until`, newest first. */
export type Source = (offset: number, until: string) => Promise<{ rows: LogEntry[]; total: number; stats: LogStats; any: boolean }>;

const keptPages = 40;

/**
 * Rows is the list that the table shows, newest first: what came live since `until`, then the stored rows before it, of
 * which only the pages in use are held. While it is frozen nothing moves: new rows wait.
 */
export class Rows {
  /** fresh are the live rows, waiting those that came while frozen; both newest first. */
  fresh = $state.raw<LogEntry[]>([]);
  waiting = $state.raw<LogEntry[]>([]);
  stats = $state.raw<LogStats | undefined>();
  stored = $state(0);
  /** any is false where the log holds nothing at all. */
  any = $state(true);
  frozen = false;
  private pages = $state.raw(new Map<number, Page>());
  private until = '';
  private turn = 0;

  constructor(private readonly source: Source) {}

  get length(): number {
    return this.fresh.length + this.stored;
  }

  /** at gives a row; undefined where its page is not there (yet). */
  at(index: number): LogEntry | undefined {
    if (index < this.fresh.length) return this.fresh[index];
    const j = index - this.fresh.length;
    const page = this.pages.get(Math.floor(j / pageSize));
    return Array.isArray(page) ? page[j % pageSize] : undefined;
  }

  /** indexOf finds a row among those that are held; -1 where it is not. */
  indexOf(id: string): number {
    const i = this.fresh.findIndex((e) => e.id === id);
    if (i >= 0) return i;
    for (const [n, page] of this.pages) {
      const j = Array.isArray(page) ? page.findIndex((e) => e.id === id) : -1;
      if (j >= 0) return this.fresh.length + n * pageSize + j;
    }
    return -1;
  }

  /** restart reads from the top. Rows in flight are put before what is stored. */
  async restart(inflight: LogEntry[]): Promise<void> {
    const turn = ++this.turn;
    const until = new Date(Date.now() + 1000).toISOString();
    const first = await this.source(0, until);
    if (turn !== this.turn) return;
    const known = new Set(first.rows.map((e) => e.id));
    this.until = until;
    this.pages = new Map([[0, first.rows]]);
    this.stored = first.total;
    this.stats = first.stats;
    this.any = first.any || inflight.length > 0;
    this.fresh = inflight.filter((e) => !known.has(e.id));
    this.waiting = [];
  }

  /** recount asks for the sums again. */
  async recount(): Promise<void> {
    const turn = this.turn;
    const { stats } = await this.source(0, new Date(Date.now() + 1000).toISOString());
    if (turn === this.turn) this.stats = stats;
  }

  /** need reads the pages of a range of rows, where they are missing, and lets go of far ones. */
  async need(from: number, to: number): Promise<void> {
    const first = Math.max(0, Math.floor((from - this.fresh.length) / pageSize));
    const last = Math.floor((Math.min(to, this.length) - 1 - this.fresh.length) / pageSize);
    const reads: Promise<void>[] = [];
    for (let n = first; n <= last; n++) {
      if (!this.pages.has(n)) reads.push(this.read(n, first));
    }
    await Promise.all(reads);
  }

  private async read(n: number, near: number): Promise<void> {
    const turn = this.turn;
    this.put(n, 'reading');
    try {
      const { rows } = await this.source(n * pageSize, this.until);
      if (turn !== this.turn) return;
      this.put(n, rows);
      this.thin(near);
    } catch (error) {
      if (turn === this.turn) {
        const pages = new Map(this.pages);
        pages.delete(n);
        this.pages = pages;
      }
      throw error;
    }
  }

  private put(n: number, page: Page): void {
    this.pages = new Map(this.pages).set(n, page);
  }

  private thin(near: number): void {
    if (this.pages.size <= keptPages) return;
    const byDistance = [...this.pages.keys()].sort((a, b) => Math.abs(a - near) - Math.abs(b - near));
    this.pages = new Map(byDistance.slice(0, keptPages).map((n) => [n, this.pages.get(n)!]));
  }

  /**
   * apply takes changed entries that match the filters. Known rows change in place; new ones go on top, or wait while
   * frozen. `gone` are entries that no longer match.
   */
  apply(changed: LogEntry[], gone: Set<string>): void {
    const rest = new Map(changed.map((e) => [e.id, e]));
    this.fresh = this.replace(this.fresh, rest, gone);
    this.waiting = this.replace(this.waiting, rest, gone);
    this.replaceStored(rest);
    if (this.stats) this.stats = addToStats(this.stats, rest.size, changed);
    if (rest.size === 0) return;
    this.any = true;
    const added = [...rest.values()].sort((a, b) => Date.parse(b.timestamp) - Date.parse(a.timestamp));
    if (this.frozen) this.waiting = [...added, ...this.waiting];
    else this.fresh = [...added, ...this.fresh];
  }

  /** thaw lets the waiting rows in and gives how many there were. */
  thaw(): number {
    const n = this.waiting.length;
    if (n > 0) {
      this.fresh = [...this.waiting, ...this.fresh];
      this.waiting = [];
    }
    return n;
  }

  /** replace puts the changed entries into a list and takes them out of `rest`. While frozen, rows that are gone stay. */
  private replace(list: LogEntry[], rest: Map<string, LogEntry>, gone: Set<string>): LogEntry[] {
    if (!list.some((e) => rest.has(e.id) || gone.has(e.id))) return list;
    const out: LogEntry[] = [];
    for (const e of list) {
      const next = rest.get(e.id);
      rest.delete(e.id);
      if (next || this.frozen || !gone.has(e.id)) out.push(next ?? e);
    }
    return out;
  }

  private replaceStored(rest: Map<string, LogEntry>): void {
    if (rest.size === 0) return;
    for (const [n, page] of this.pages) {
      if (!Array.isArray(page) || !page.some((e) => rest.has(e.id))) continue;
      this.put(n, page.map((e) => rest.get(e.id) ?? e));
      for (const e of page) rest.delete(e.id);
    }
  }
}
