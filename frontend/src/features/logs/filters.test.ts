import { expect, test } from 'vitest';
import type { LogEntry } from '../../lib/api/types.gen';
import { isFiltered, matches, none, parseFilters, printFilters, toggled, toQuery, type Filters } from './filters';
import { suggest } from './suggestions';

const some: Filters = { providers: ['p1', 'p 2'], models: ['a/b,c'], status: ['error'], request: 'id-1', range: '1h' };

test('parse is the inverse of print', () => {
  expect(parseFilters(printFilters(some))).toEqual(some);
  expect(parseFilters(printFilters(none))).toEqual(none);
  expect(isFiltered(none)).toBe(false);
  expect(isFiltered(parseFilters(new URLSearchParams('range=nonsense')))).toBe(false);
});

test('the API is asked for the same', () => {
  expect(toQuery({ ...some, models: ['m'] }, 7_200_000)).toEqual({
    providers: 'p1,p 2',
    models: 'm',
    status: 'error',
    request_id: 'id-1',
    start_time: new Date(3_600_000).toISOString(),
  });
});

test('a live entry is judged like a stored one', () => {
  const e = { id: '1', provider: 'p', model: 'm', alias: 'p/m', status: 'success', timestamp: new Date(5000).toISOString() } as LogEntry;
  const yes = (f: Partial<Filters>) => matches({ ...none, ...f }, e, 6000);
  expect([yes({}), yes({ providers: ['p', 'q'] }), yes({ models: ['p/m'] }), yes({ models: ['m'] }), yes({ status: ['success'] }), yes({ request: '1' })]).not.toContain(false);
  expect([yes({ providers: ['q'] }), yes({ models: ['x'] }), yes({ status: ['error'] }), yes({ request: '2' })]).not.toContain(true);
  expect(matches({ ...none, range: '15m' }, e, 5000 + 900_001)).toBe(false);
});

test('toggled adds and takes away', () => {
  expect(toggled(toggled(none, 'status', 'error'), 'status', 'error')).toEqual(none);
});

test('suggestions contain the text and leave out what is on', () => {
  const known = { providers: ['alpha', 'beta'], models: ['alpha-1', 'gamma'] };
  const labels = (text: string, f = none) => suggest(text, f, known).map((s) => `${s.kind} ${s.label}`);
  expect(labels('alph')).toEqual(['Provider alpha', 'Model alpha-1', 'Model alph', 'Request alph']);
  expect(labels('', { ...none, providers: ['alpha'] })).not.toContain('Provider alpha');
  expect(suggest('gamma', none, known)[0]!.to(none).models).toEqual(['gamma']);
});
