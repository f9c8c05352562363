import type { Bucket, LogDashboard, Series } from '../../lib/api/types.gen';
import { palette, type Line } from '../../lib/chart/series';

const of = (label: string, color: Line['color'], buckets: Bucket[], value: (b: Bucket) => number | null): Line => ({ label, color, values: buckets.map(value) });

/** times are the beginnings of the buckets in seconds. */
export function times(d: LogDashboard): number[] {
  return d.buckets.map((b) => Date.parse(b.timestamp) / 1000);
}

export function requests({ buckets }: LogDashboard): Line[] {
  return [
    of('Succeeded', 'ok-mark', buckets, (b) => b.succeeded),
    of('Failed', 'bad-fill', buckets, (b) => b.failed),
    of('Cancelled', 'edge', buckets, (b) => b.cancelled),
  ];
}

export function tokens({ buckets }: LogDashboard): Line[] {
  return [
    of('Prompt', 'chart-2', buckets, (b) => b.prompt_tokens - b.cached_tokens),
    of('Read from cache', 'chart-rest', buckets, (b) => b.cached_tokens),
    of('Completion', 'chart-1', buckets, (b) => b.completion_tokens),
  ];
}

export function latency({ buckets }: LogDashboard): Line[] {
  return [
    of('p50', 'chart-2', buckets, (b) => b.p50),
    of('p95', 'chart-1', buckets, (b) => b.p95),
    of('p99', 'chart-3', buckets, (b) => b.p99),
  ];
}

export function speed({ buckets }: LogDashboard): Line[] {
  return [of('Tokens a second', 'chart-4', buckets, (b) => b.tokens_per_second)];
}

export function first({ buckets }: LogDashboard): Line[] {
  return [of('Time to first token', 'chart-5', buckets, (b) => b.ttft)];
}

/** divided are the lines of a dimension; what has no name is all others. */
export function divided(series: Series[]): Line[] {
  return series.map((s, i) => ({ label: s.id === '' ? 'All others' : s.name || s.id, color: s.id === '' ? 'chart-rest' : palette[i % palette.length]!, values: s.values }));
}
