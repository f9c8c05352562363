import type { LogEntry } from '../../lib/api/types.gen';
import type { Line } from '../../lib/chart/series';

/** context is how the prompt grew from request to request, in tokens, and how much of it came from the provider's cache. */
export function context(entries: LogEntry[]): Line[] {
  const known = entries.filter((e) => e.token_usage);
  return [
    { label: 'Read from cache', color: 'chart-rest', values: known.map((e) => e.token_usage!.cached_read_tokens) },
    { label: 'New in the prompt', color: 'chart-2', values: known.map((e) => Math.max(0, e.token_usage!.prompt_tokens - e.token_usage!.cached_read_tokens)) },
    { label: 'Answer', color: 'chart-1', values: known.map((e) => e.token_usage!.completion_tokens) },
  ];
}

/** spent is what the session had cost after each request, in US dollars. Requests without a price add nothing. */
export function spent(entries: LogEntry[]): Line[] {
  let sum = 0;
  return [{ label: 'Cost so far', color: 'chart-1', values: entries.filter((e) => e.token_usage).map((e) => (sum += e.cost ?? 0)) }];
}

/** places numbers the requests that have a usage, from 1. */
export function places(entries: LogEntry[]): number[] {
  return entries.filter((e) => e.token_usage).map((_, i) => i + 1);
}
