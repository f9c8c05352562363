import type { Breaker, KeyHealth, ProviderHealth } from '../../lib/api/types.gen';
import { ago, percent, plural, sentence, until } from '../../lib/format';

/** Trouble is what is said of a circuit breaker that is not closed. */
export interface Trouble {
  tone: 'bad' | 'warn';
  words: string;
}

/** troubleOf is undefined where all is well. */
export function troubleOf(b: Breaker | undefined, now: number): Trouble | undefined {
  if (b?.state === 'open') return { tone: 'bad', words: b.retry_at && Date.parse(b.retry_at) > now ? `Left out, tried again ${until(b.retry_at, now)}` : 'Left out until the next call tries it' };
  if (b?.state === 'half_open') return { tone: 'warn', words: 'On trial: one call decides' };
  if (b?.state === 'ramping') return { tone: 'warn', words: `Recovering, ${percent(b.share * 100)} of its traffic` };
  return undefined;
}

/** lastError says what went wrong last and when; "" where nothing did, or calls work again. */
export function lastError(b: Breaker | undefined, now: number): string {
  if (!b?.last_error || (b.state === 'closed' && b.failures === 0)) return '';
  const count = b.failures > 1 ? `${plural(b.failures, 'failure')} in a row, the last ` : '';
  const when = b.last_error_at ? ` (${count}${ago(b.last_error_at, now)})` : '';
  return sentence(b.last_error) + when;
}

/** fallen are the keys that get less than their share. */
export function fallen(h: ProviderHealth | undefined): KeyHealth[] {
  return (h?.keys ?? []).filter((k) => k.breaker.state !== 'closed');
}
