import type { FilterNode, LogEntry } from '../../lib/api/types.gen';
import { match } from '../../lib/filter/match';

export type Range = '' | '15m' | '1h' | '24h' | '7d';

/** ranges are the spans of time to look at, in milliseconds. */
export const ranges: { value: Range; label: string; span: number }[] = [
  { value: '', label: 'Any time', span: 0 },
  { value: '15m', label: 'Last 15 minutes', span: 900_000 },
  { value: '1h', label: 'Last hour', span: 3_600_000 },
  { value: '24h', label: 'Last 24 hours', span: 86_400_000 },
  { value: '7d', label: 'Last 7 days', span: 604_800_000 },
];

/** Filters say which requests are listed: those that the expression selects within the range. */
export interface Filters {
  filter: string;
  range: Range;
}

export const none: Filters = { filter: '', range: '' };

/** parseFilters reads the address; unknown ranges are dropped. */
export function parseFilters(params: URLSearchParams): Filters {
  return { filter: params.get('filter') ?? '', range: ranges.find((r) => r.value === params.get('range'))?.value ?? '' };
}

/** printFilters is the inverse of parseFilters. */
export function printFilters(f: Filters): URLSearchParams {
  const out = new URLSearchParams();
  if (f.filter) out.set('filter', f.filter);
  if (f.range) out.set('range', f.range);
  return out;
}

/** isFiltered reports whether anything is left out. */
export function isFiltered(f: Filters): boolean {
  return printFilters(f).size > 0;
}

/** toQuery is what the API is asked. */
export function toQuery(f: Filters, now: number): Record<string, string> {
  const query: Record<string, string> = {};
  if (f.filter) query.filter = f.filter;
  const start = startOf(f, now);
  if (start) query.start_time = new Date(start).toISOString();
  return query;
}

/**
 * matches decides for a live entry what the API decides for stored ones. expression is the filter as the API understands
 * it. What a row does not tell, such as its text, is not known here: such an entry comes with the next reading.
 */
export function matches(f: Filters, expression: FilterNode | null, e: LogEntry, now: number): boolean {
  if (Date.parse(e.timestamp) < startOf(f, now)) return false;
  return !expression || match(expression, e) === 'yes';
}

function startOf(f: Filters, now: number): number {
  const span = ranges.find((r) => r.value === f.range)!.span;
  return span ? now - span : 0;
}

/** quoted is a value as an expression has it. */
export function quoted(value: string): string {
  return /^[\w./-]+$/.test(value) ? value : `"${value.replace(/[\\"]/g, '\\$&')}"`;
}

/** and adds a term to a filter. */
export function and(filter: string, term: string): string {
  if (!filter) return term;
  return /\bOR\b/i.test(filter) ? `(${filter}) ${term}` : `${filter} ${term}`;
}
