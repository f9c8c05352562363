import { expect, test } from 'vitest';
import type { Breaker } from '../../lib/api/types.gen';
import { fallen, lastError, troubleOf } from './breaker';

const now = Date.parse('2026-01-02T10:00:00Z');
const breaker = (state: string, more: Partial<Breaker> = {}): Breaker => ({ state, share: 1, failures: 0, ...more });

test.each([
  [breaker('closed'), undefined],
  [breaker('open', { retry_at: '2026-01-02T10:00:12Z' }), { tone: 'bad', words: 'Left out, tried again in 12 s' }],
  [breaker('open', { retry_at: '2026-01-02T09:59:59Z' }), { tone: 'bad', words: 'Left out until the next call tries it' }],
  [breaker('half_open'), { tone: 'warn', words: 'On trial: one call decides' }],
  [breaker('ramping', { share: 0.25 }), { tone: 'warn', words: 'Recovering, 25% of its traffic' }],
])('%o', (b, trouble) => expect(troubleOf(b, now)).toEqual(trouble));

test('of a provider that nothing is known about nothing is said', () => {
  expect(troubleOf(undefined, now)).toBeUndefined();
  expect(lastError(undefined, now)).toBe('');
  expect(fallen(undefined)).toEqual([]);
});

test('the last error is told with its time, until calls work again', () => {
  const more = { last_error: 'status 500', last_error_at: '2026-01-02T09:56:00Z' };
  expect(lastError(breaker('open', { ...more, failures: 5 }), now)).toBe('Status 500 (5 failures in a row, the last 4 min ago)');
  expect(lastError(breaker('closed', { ...more, failures: 1 }), now)).toBe('Status 500 (4 min ago)');
  expect(lastError(breaker('ramping', more), now)).toBe('Status 500 (4 min ago)');
  expect(lastError(breaker('closed', more), now)).toBe('');
});

test('keys that get less than their share are found', () => {
  const key = (key_id: string, state: string) => ({ key_id, name: key_id, breaker: breaker(state) });
  expect(fallen({ provider: 'p', breaker: breaker('closed'), keys: [key('a', 'closed'), key('b', 'ramping')] }).map((k) => k.key_id)).toEqual(['b']);
});
