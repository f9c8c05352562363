import type { LogEntry } from '../../lib/api/types.gen';

export type Range = '' | '15m' | '1h' | '24h' | '7d';

/** ranges are the spans of time to look at, in milliseconds. */
export const ranges: { value: Range; label: string; span: number }[] = [
  { value: '', label: 'Any time', span: 0 },
  { value: '15m', label: 'Last 15 minutes', span: 900_000 },
  { value: '1h', label: 'Last hour', span: 3_600_000 },
  { value: '24h', label: 'Last 24 hours', span: 86_400_000 },
  { value: '7d', label: 'Last 7 days', span: 604_800_000 },
];

/** Filters say which requests are listed. Values of one list are alternatives; empty selects all. */
export interface Filters {
  providers: string[];
  models: string[];
  status: string[];
  request: string;
  range: Range;
}

export type ListName = 'providers' | 'models' | 'status';

export const none: Filters = { providers: [], models: [], status: [], request: '', range: '' };

const names = { providers: 'provider', models: 'model', status: 'status' } as const;

/** parseFilters reads the address; unknown ranges are dropped. */
export function parseFilters(params: URLSearchParams): Filters {
  const range = ranges.find((r) => r.value === params.get('range'))?.value ?? '';
  return {
    providers: params.getAll(names.providers),
    models: params.getAll(names.models),
    status: params.getAll(names.status),
    request: params.get('request') ?? '',
    range,
  };
}

/** printFilters is the inverse of parseFilters. */
export function printFilters(f: Filters): URLSearchParams {
  const out = new URLSearchParams();
  for (const [list, name] of Object.entries(names)) {
    for (const value of f[list as ListName]) out.append(name, value);
  }
  if (f.request) out.set('request', f.request);
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
  for (const list of ['providers', 'models', 'status'] as const) {
    if (f[list].length > 0) query[list] = f[list].join(',');
  }
  if (f.request) query.request_id = f.request;
  const start = startOf(f, now);
  if (start) query.start_time = new Date(start).toISOString();
  return query;
}

/** matches decides for a live entry what the API decides for stored ones. */
export function matches(f: Filters, e: LogEntry, now: number): boolean {
  if (f.providers.length > 0 && !f.providers.includes(e.provider)) return false;
  if (f.models.length > 0 && !f.models.includes(e.model) && !f.models.includes(e.alias)) return false;
  if (f.status.length > 0 && !f.status.includes(e.status)) return false;
  if (f.request && e.id !== f.request) return false;
  return Date.parse(e.timestamp) >= startOf(f, now);
}

function startOf(f: Filters, now: number): number {
  const span = ranges.find((r) => r.value === f.range)!.span;
  return span ? now - span : 0;
}

/** toggled adds a value to a list, or takes it away. */
export function toggled(f: Filters, list: ListName, value: string): Filters {
  const values = f[list].includes(value) ? f[list].filter((v) => v !== value) : [...f[list], value];
  return { ...f, [list]: values };
}
