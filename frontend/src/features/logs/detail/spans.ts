import type { Span } from '../../../lib/api/types.gen';

/** Bar is one line of the timeline: a stretch of time, as a part of the whole from 0 to 1. */
export interface Bar {
  name: string;
  depth: number;
  from: number;
  width: number;
  ms: number;
  startMS: number;
  tone: 'own' | 'provider' | 'stream';
}

const names: Record<string, string> = {
  read: 'Read the request',
  identify: 'Who calls',
  admit: 'Budget and limits',
  plugins: 'Plugins',
  mcp: 'Tools',
  cache: 'Cache',
  route: 'Where it goes',
  queue: 'Waiting for a place',
  attempt: 'Call',
  dns: 'Look up the name',
  connect: 'Connect',
  tls: 'Secure the connection',
  wait: 'Waiting for the first byte',
  stream: 'Receiving the answer',
  settle: 'Count and price',
};

const provider = new Set(['attempt', 'dns', 'connect', 'tls', 'wait']);

/** bars are the spans in the order in which they began, those of a call below it. */
export function bars(spans: Span[], total: number): Bar[] {
  if (total <= 0) return [];
  const calls = spans.filter((s) => s.phase === 'attempt').length;
  const sorted = [...spans].sort((a, b) => a.start_ms - b.start_ms || order(a) - order(b));
  return sorted.map((s) => ({
    name: s.phase === 'attempt' && calls > 1 ? `Call ${s.attempt}` : (names[s.phase] ?? s.phase),
    depth: s.attempt > 0 && s.phase !== 'attempt' && s.phase !== 'stream' && s.phase !== 'queue' && s.phase !== 'admit' ? 1 : 0,
    from: Math.min(1, Math.max(0, s.start_ms / total)),
    width: Math.min(1, Math.max(0, s.length_ms / total)),
    ms: s.length_ms,
    startMS: s.start_ms,
    tone: s.phase === 'stream' ? 'stream' : provider.has(s.phase) ? 'provider' : 'own',
  }));
}

const order = (s: Span) => (s.phase === 'attempt' ? 0 : 1);

/** ticks are round times for the scale of the timeline, about four of them. */
export function ticks(total: number): number[] {
  const rough = total / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough) ?? rough;
  const out: number[] = [];
  for (let t = step; t < total; t += step) out.push(t);
  return out;
}
