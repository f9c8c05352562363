import type { LogDetail } from '../../../lib/api/types.gen';

/** Phase is a stretch of a request's time. */
export interface Phase {
  name: string;
  ms: number;
}

/** phases splits a request's time into waiting for the first token, receiving the rest, and Heimdall's own part. */
export function phases(d: Pick<LogDetail, 'latency' | 'ttft' | 'upstream_latency'>): Phase[] {
  if (!d.latency) return [];
  const upstream = Math.min(d.upstream_latency ?? d.latency, d.latency);
  const first = d.ttft === null ? upstream : Math.min(d.ttft, upstream);
  const all = [
    { name: d.ttft === null ? 'At the provider' : 'Until the first token', ms: first },
    { name: 'Receiving', ms: upstream - first },
    { name: 'Heimdall', ms: d.latency - upstream },
  ];
  return all.filter((p) => p.ms > 0);
}
