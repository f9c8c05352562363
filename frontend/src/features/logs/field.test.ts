import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { FilterCheck } from '../../lib/api/types.gen';
import { FilterField } from './filter.svelte';

type Ask = (text: string, cursor: number) => Promise<FilterCheck>;

const ask = vi.hoisted(() => vi.fn<Ask>());
vi.mock('../../lib/state/session.svelte', () => ({ api: { checkFilter: ask } }));

/** check is what the gateway says of a text: it is fine, and its last word can become a field. */
function check(text: string): FilterCheck {
  const from = text.lastIndexOf(' ') + 1;
  return { normal: text, sentence: '', error: null, expr: null, completions: [{ label: 'status:', insert: 'status:', from, to: text.length }] } as unknown as FilterCheck;
}

const use = vi.fn();
let field: FilterField;

beforeEach(() => {
  vi.useFakeTimers();
  vi.clearAllMocks();
  ask.mockImplementation(async (text) => check(text));
  field = new FilterField(use);
});

afterEach(() => void vi.useRealTimers());

test('a filter is used once the typing rests', async () => {
  field.type('mod', 3);
  await vi.advanceTimersByTimeAsync(100);
  field.type('model:x', 7);
  await vi.advanceTimersByTimeAsync(400);
  expect(use).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(400);
  expect(use).toHaveBeenCalledExactlyOnceWith('model:x', expect.anything());
});

test('who leaves the page is not called back', async () => {
  field.type('model:x', 7);
  field.leave();
  await vi.advanceTimersByTimeAsync(2000);
  expect(use).not.toHaveBeenCalled();
});

test('nor is who leaves while the answer is on its way', async () => {
  let reply = (_: FilterCheck) => {};
  ask.mockImplementation(() => new Promise((r) => (reply = r)));
  field.type('model:x', 7);
  await vi.advanceTimersByTimeAsync(2000);
  field.leave();
  reply(check('model:x'));
  await vi.advanceTimersByTimeAsync(2000);
  expect(use).not.toHaveBeenCalled();
});

test('what is typed while a completion is on its way stays behind it', async () => {
  let reply = () => {};
  ask.mockImplementation((text) => new Promise((r) => (reply = () => r(check(text)))));
  field.text = 'stat';
  const taken = field.take(0, 4);
  field.type('staterr', 7);
  reply();
  expect(await taken).toBe('status:err'.length);
  expect(field.text).toBe('status:err');
});

test('a completion of a text that has become another is not put in', async () => {
  let reply = () => {};
  ask.mockImplementation((text) => new Promise((r) => (reply = () => r(check(text)))));
  field.text = 'stat';
  const taken = field.take(0, 4);
  field.type('other', 5);
  reply();
  await taken;
  expect(field.text).toBe('other');
});
