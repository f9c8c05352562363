import { expect, test } from 'vitest';
import type { FilterNode, LogEntry } from '../../lib/api/types.gen';
import { and, isFiltered, matches, none, parseFilters, printFilters, quoted, toQuery } from './filters';

const some = { filter: 'status:error model:"a b"', range: '1h' as const };

test('parse is the inverse of print', () => {
  expect(parseFilters(printFilters(some))).toEqual(some);
  expect(parseFilters(printFilters(none))).toEqual(none);
  expect(isFiltered(none)).toBe(false);
  expect(isFiltered(parseFilters(new URLSearchParams('range=nonsense')))).toBe(false);
});

test('the API is asked for the same', () => {
  expect(toQuery(some, 7_200_000)).toEqual({ filter: some.filter, start_time: new Date(3_600_000).toISOString() });
});

test('a live entry is judged like a stored one', () => {
  const e = { id: '1', status: 'error', timestamp: new Date(5000).toISOString() } as LogEntry;
  const term = (text: string): FilterNode => ({ kind: 'term', field: 'status', op: ':', type: 'status', values: [{ text, number: 0 }] });
  expect(matches(none, null, e, 6000)).toBe(true);
  expect(matches(none, term('error'), e, 6000)).toBe(true);
  expect(matches(none, term('success'), e, 6000)).toBe(false);
  expect(matches({ filter: '', range: '15m' }, null, e, 5000 + 900_001)).toBe(false);
});

test('terms are added without changing what was there', () => {
  expect(and('', 'id=1')).toBe('id=1');
  expect(and('a:b', 'id=1')).toBe('a:b id=1');
  expect(and('a:b or c:d', 'id=1')).toBe('(a:b or c:d) id=1');
  expect([quoted('gpt-4o/x'), quoted('a "b"')]).toEqual(['gpt-4o/x', '"a \\"b\\""']);
});
