import type { Attempt } from '../../../lib/api/types.gen';

/** Group is the calls that were made for the primary, fallback 0, or for one of the fallbacks. */
export interface Group {
  fallback: number;
  attempts: Attempt[];
}

/** grouped puts the attempts in a row for the same fallback together. */
export function grouped(trail: Attempt[]): Group[] {
  const groups: Group[] = [];
  for (const a of trail) {
    if (groups.at(-1)?.fallback === a.fallback) groups.at(-1)!.attempts.push(a);
    else groups.push({ fallback: a.fallback, attempts: [a] });
  }
  return groups;
}
