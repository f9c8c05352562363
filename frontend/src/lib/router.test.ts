import { expect, test } from 'vitest';
import { hrefOf, parseRoute, router } from './router.svelte';

test('an address is read back as it was written', () => {
  const href = hrefOf('logs', { model: 'a/b c', status: 'error' });
  const { page, params } = parseRoute(href);
  expect(page).toBe('logs');
  expect(Object.fromEntries(params)).toEqual({ model: 'a/b c', status: 'error' });
});

test('what is unknown is the overview', () => {
  for (const hash of ['', '#', '#/nowhere?x=1', '#c=secret']) {
    expect(parseRoute(hash).page).toBe('overview');
    expect(parseRoute(hash).params.size).toBe(0);
  }
});

test('view state that comes late does not call back who leaves', () => {
  location.hash = '#/logs';
  router.replace('logs', new URLSearchParams({ filter: 'model:x' }));
  expect(location.hash).toBe('#/logs?filter=model%3Ax');
  location.hash = '#/sessions';
  router.replace('logs', new URLSearchParams({ filter: 'model:y' }));
  expect(location.hash).toBe('#/sessions');
});
