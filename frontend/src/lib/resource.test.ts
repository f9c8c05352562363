import { expect, test } from 'vitest';
import { Resource } from './resource.svelte';

test('a later load wins, and an earlier one ends with its value', async () => {
  const answers: ((n: number) => void)[] = [];
  const r = new Resource(() => new Promise<number>((resolve) => answers.push(resolve)));
  let seen: number | undefined;
  const first = r.load().then(() => (seen = r.value));
  const second = r.load();
  answers[0]!(1);
  await Promise.resolve();
  answers[1]!(2);
  await Promise.all([first, second]);
  expect([seen, r.value, r.loading]).toEqual([2, 2, false]);
});

test('a failure keeps the value, and the next success clears it', async () => {
  let fail = false;
  const r = new Resource(() => (fail ? Promise.reject(new Error('gone away')) : Promise.resolve('v')));
  await r.load();
  fail = true;
  await r.load();
  expect([r.value, r.error, r.loading]).toEqual(['v', 'Gone away', false]);
  fail = false;
  await r.load();
  expect(r.error).toBe('');
});
