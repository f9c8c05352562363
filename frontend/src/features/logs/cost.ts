import type { CostDetails, LogEntry } from '../../lib/api/types.gen';
import { money } from '../../lib/format';

/** costWords is what a request cost; – where there is nothing to pay for, or not yet. */
export function costWords(e: Pick<LogEntry, 'cost' | 'token_usage'>): string {
  return e.cost === null && !e.token_usage ? '–' : money(e.cost);
}

/** costRows say what a cost was for. What cost nothing is left out. */
export function costRows(c: CostDetails): [string, string][] {
  const classes: [string, number][] = [
    ['Prompt', c.input],
    ['Read from cache', c.cache_read],
    ['Written to cache', c.cache_write],
    ['Completion', c.output],
    ['Reasoning', c.reasoning],
    ['For the call itself', c.request],
  ];
  return [...classes.filter(([, usd]) => usd > 0).map(([name, usd]) => [name, money(usd)] as [string, string]), ['Total', money(c.total)]];
}
