import type { Budget, RateLimit } from '../api/types.gen';

/** What the API says of an owner's limits. */
export interface Limited {
  budgets: Budget[] | null;
  rate_limit?: RateLimit | null;
  calendar_aligned?: boolean;
}

/** One budget of a form; an empty amount is none. */
export interface BudgetForm {
  amount: number | undefined;
  every: string;
}

/** The limits of a form; an empty number is no limit. */
export interface LimitsForm {
  budgets: BudgetForm[];
  tokens: number | undefined;
  tokensEvery: string;
  requests: number | undefined;
  requestsEvery: string;
  aligned: boolean;
}

/** periods are the usual windows, by how the API writes them. */
export const periods: [value: string, words: string][] = [
  ['1m', 'minute'],
  ['1h', 'hour'],
  ['1d', 'day'],
  ['1w', 'week'],
  ['1M', 'month'],
  ['1Q', 'quarter'],
  ['1Y', 'year'],
];

const units: Record<string, string> = { s: 'second', m: 'minute', h: 'hour', d: 'day', w: 'week', M: 'month', Q: 'quarter', Y: 'year' };

/** periodWords says a window: 1M → month, 6h → 6 hours. */
export function periodWords(period: string): string {
  const n = parseInt(period, 10);
  const unit = units[period.at(-1) ?? ''] ?? period;
  return n === 1 ? unit : `${n} ${unit}s`;
}

/** each says for each window: a month, an hour, 6 hours. */
export function each(period: string): string {
  const words = periodWords(period);
  if (/^\d/.test(words)) return words;
  return `${words === 'hour' ? 'an' : 'a'} ${words}`;
}

/** limitsForm begins a form with what there is. */
export function limitsForm(from?: Limited): LimitsForm {
  const rate = from?.rate_limit;
  return {
    budgets: (from?.budgets ?? []).map((b) => ({ amount: b.max_limit, every: b.reset_duration })),
    tokens: rate?.token_max_limit ?? undefined,
    tokensEvery: rate?.token_reset_duration ?? '1h',
    requests: rate?.request_max_limit ?? undefined,
    requestsEvery: rate?.request_reset_duration ?? '1h',
    aligned: !!from?.calendar_aligned,
  };
}

/** limitsDraft is what a form says to the API. What was emptied goes. */
export function limitsDraft(form: LimitsForm) {
  const rate: Record<string, unknown> = {};
  if (given(form.tokens)) Object.assign(rate, { token_max_limit: form.tokens, token_reset_duration: form.tokensEvery });
  if (given(form.requests)) Object.assign(rate, { request_max_limit: form.requests, request_reset_duration: form.requestsEvery });
  return {
    budgets: form.budgets.filter((b) => given(b.amount)).map((b) => ({ max_limit: b.amount, reset_duration: b.every })),
    rate_limit: Object.keys(rate).length > 0 ? rate : null,
    calendar_aligned: form.aligned,
  };
}

/** given reports whether a number field holds a number: an emptied one holds null. */
function given(n: number | null | undefined): n is number {
  return n !== null && n !== undefined;
}

/** Bar is one limit as it is used up: money or a count. */
export interface Bar {
  label: string;
  used: number;
  held: number;
  limit: number;
  money: boolean;
  resets: string | undefined;
}

/** bars are the limits of an owner. */
export function bars(from: Limited): Bar[] {
  const list: Bar[] = (from.budgets ?? []).map((b) => ({
    label: each(b.reset_duration),
    used: b.current_usage,
    held: b.held,
    limit: b.effective_max_limit || b.max_limit,
    money: true,
    resets: b.resets_at,
  }));
  const r = from.rate_limit;
  if (r && r.token_max_limit !== null && r.token_reset_duration) {
    list.push({ label: `tokens ${each(r.token_reset_duration)}`, used: r.token_current_usage, held: r.token_held, limit: r.token_max_limit, money: false, resets: r.token_resets_at });
  }
  if (r && r.request_max_limit !== null && r.request_reset_duration) {
    list.push({ label: `${r.request_max_limit === 1 ? 'request' : 'requests'} ${each(r.request_reset_duration)}`, used: r.request_current_usage, held: 0, limit: r.request_max_limit, money: false, resets: r.request_resets_at });
  }
  return list;
}
