/** Period is a span of time up to now. */
export type Period = '1h' | '24h' | '7d' | '30d';

export const periods: { value: Period; label: string }[] = [
  { value: '1h', label: '1 hour' },
  { value: '24h', label: '24 hours' },
  { value: '7d', label: '7 days' },
  { value: '30d', label: '30 days' },
];

/** asPeriod reads the address. */
export function asPeriod(text: string | null): Period {
  return periods.find((p) => p.value === text)?.value ?? '24h';
}

/** change says how much more or less there is than in the time before: +12%, −3%; "" where there was nothing before. */
export function change(now: number, before: number | undefined): string {
  if (!before) return '';
  const by = (100 * (now - before)) / before;
  if (Math.abs(by) < 0.5) return '±0%';
  return `${by > 0 ? '+' : '−'}${Math.abs(by) >= 1000 ? '>1000' : Math.round(Math.abs(by))}%`;
}
