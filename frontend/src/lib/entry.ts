import type { LogEntry, LogStats } from './api/types.gen';

type Shape = 'done' | 'bad' | 'busy' | 'cut';

const marks: Record<string, { shape: Shape; word: string }> = {
  success: { shape: 'done', word: 'Success' },
  error: { shape: 'bad', word: 'Error' },
  processing: { shape: 'busy', word: 'In flight' },
  cancelled: { shape: 'cut', word: 'Cancelled' },
};

/** statuses are the values of a log entry's status and how they are called. */
export const statuses = Object.entries(marks).map(([value, { word }]) => ({ value, word }));

/** markOf is how an entry's status looks and is called. */
export function markOf(entry: LogEntry): { shape: Shape; word: string } {
  return marks[entry.status] ?? { shape: 'cut', word: entry.status };
}

/** clientOf is the program that asked: the first product of its user agent. */
export function clientOf(entry: LogEntry): string {
  return entry.user_agent?.split(' ')[0] ?? '';
}

/** runningFor is how long a request in flight has been running. */
export function runningFor(entry: LogEntry, now: number): number {
  return Math.max(0, now - Date.parse(entry.timestamp));
}

/** newestFirst puts changed entries into a list: known ones in their place, new ones by time. */
export function newestFirst(list: LogEntry[], changed: LogEntry[], limit: number): LogEntry[] {
  const by = new Map(list.map((e) => [e.id, e]));
  for (const e of changed) by.set(e.id, e);
  return [...by.values()].sort((a, b) => Date.parse(b.timestamp) - Date.parse(a.timestamp)).slice(0, limit);
}

/**
 * addToStats counts new entries and adds what changed ones say, those that have finished. It comes near to what the API
 * counts, until it is asked again.
 */
export function addToStats(stats: LogStats, created: number, changed: LogEntry[]): LogStats {
  let { success_rate: rate, average_latency: average, total_tokens: tokens, total_cost: cost } = stats;
  const total = stats.total_requests + created;
  for (const e of changed) {
    if (e.status === 'processing') continue;
    if (e.status !== 'cancelled') rate += ((e.status === 'success' ? 100 : 0) - rate) / Math.max(1, total);
    if (e.latency !== null) average += (e.latency - average) / Math.max(1, total);
    tokens += e.token_usage?.total_tokens ?? 0;
    cost += e.cost ?? 0;
  }
  return { ...stats, total_requests: total, success_rate: rate, average_latency: average, total_tokens: tokens, total_cost: cost };
}

/** noStats are the sums of nothing. */
export const noStats: LogStats = {
  total_requests: 0,
  success_rate: 0,
  user_facing_success_rate: 0,
  user_facing_total_requests: 0,
  average_latency: 0,
  total_tokens: 0,
  total_cost: 0,
  unpriced: 0,
  cache_hit_rate_total_requests: 0,
  direct_cache_hits: 0,
  semantic_cache_hits: 0,
};

/** Quiet calls back when nothing has happened for a while. */
export class Quiet {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly then: () => void) {}

  stir(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(this.then, 1500);
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}
