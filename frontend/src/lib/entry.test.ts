import { expect, test } from 'vitest';
import type { LogEntry } from './api/types.gen';
import { addToStats, newestFirst, noStats } from './entry';

const entry = (id: string, second: number, more: Partial<LogEntry> = {}) =>
  ({ id, timestamp: new Date(second * 1000).toISOString(), status: 'success', latency: 100, token_usage: null, ...more }) as LogEntry;

test('newestFirst replaces, adds, orders and cuts', () => {
  const list = newestFirst([entry('b', 2), entry('a', 1)], [entry('c', 3), entry('a', 1, { status: 'error' })], 2);
  expect(list.map((e) => e.id)).toEqual(['c', 'b']);
  expect(newestFirst([entry('a', 1)], [entry('a', 1, { status: 'error' })], 5)[0]!.status).toBe('error');
});

test('addToStats counts what the API would count', () => {
  let s = noStats;
  s = addToStats(s, 1, [entry('a', 1, { status: 'processing', latency: null })]);
  expect(s.total_requests).toBe(1);
  s = addToStats(s, 0, [entry('a', 1, { token_usage: { total_tokens: 7 } as LogEntry['token_usage'] })]);
  s = addToStats(s, 1, [entry('b', 2, { status: 'error', latency: 300 })]);
  expect(s).toEqual({ ...noStats, total_requests: 2, success_rate: 50, average_latency: 200, total_tokens: 7 });
});
