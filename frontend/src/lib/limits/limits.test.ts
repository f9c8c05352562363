import { expect, test } from 'vitest';
import type { Budget, RateLimit } from '../api/types.gen';
import { bars, limitsDraft, limitsForm, periodWords } from './limits';

const budget = (more: Partial<Budget>) => ({ id: 'b', max_limit: 10, reset_duration: '1M', current_usage: 2, held: 1, effective_max_limit: 15, ...more }) as Budget;
const rate = (more: Partial<RateLimit>) =>
  ({ id: 'r', token_max_limit: null, token_reset_duration: null, token_current_usage: 0, token_held: 0, request_max_limit: null, request_reset_duration: null, request_current_usage: 0, ...more }) as RateLimit;

test('a form gives back what it began with', () => {
  const from = { budgets: [budget({}), budget({ max_limit: 1, reset_duration: '1d' })], rate_limit: rate({ request_max_limit: 5, request_reset_duration: '1h' }), calendar_aligned: true };
  expect(limitsDraft(limitsForm(from))).toEqual({
    budgets: [
      { max_limit: 10, reset_duration: '1M' },
      { max_limit: 1, reset_duration: '1d' },
    ],
    rate_limit: { request_max_limit: 5, request_reset_duration: '1h' },
    calendar_aligned: true,
  });
});

test('what was emptied goes, and nought stays', () => {
  const form = limitsForm({ budgets: [budget({})], rate_limit: rate({ token_max_limit: 5, token_reset_duration: '1m' }) });
  form.budgets[0]!.amount = null as unknown as undefined;
  form.tokens = undefined;
  form.requests = 0;
  expect(limitsDraft(form)).toEqual({ budgets: [], rate_limit: { request_max_limit: 0, request_reset_duration: '1h' }, calendar_aligned: false });
  expect(limitsDraft(limitsForm())).toEqual({ budgets: [], rate_limit: null, calendar_aligned: false });
});

test.each([
  ['1M', 'month'],
  ['1m', 'minute'],
  ['6h', '6 hours'],
  ['1Q', 'quarter'],
])('periodWords(%s) = %s', (period, words) => expect(periodWords(period)).toBe(words));

test('each limit has its bar', () => {
  const list = bars({ budgets: [budget({})], rate_limit: rate({ token_max_limit: 100, token_reset_duration: '1h', token_current_usage: 7, token_held: 3, request_max_limit: 2, request_reset_duration: '1d', request_current_usage: 1 }) });
  expect(list.map((b) => [b.label, b.used, b.held, b.limit, b.money])).toEqual([
    ['a month', 2, 1, 15, true],
    ['tokens an hour', 7, 3, 100, false],
    ['requests a day', 1, 0, 2, false],
  ]);
  expect(bars({ budgets: [], rate_limit: rate({ request_max_limit: 1, request_reset_duration: '1h' }) })[0]!.label).toBe('request an hour');
});
