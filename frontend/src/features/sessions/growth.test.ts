import { expect, test } from 'vitest';
import type { LogEntry } from '../../lib/api/types.gen';
import { context, places, spent } from './growth';

const entry = (prompt: number, cached: number, completion: number, cost: number | null) =>
  ({ cost, token_usage: { prompt_tokens: prompt, cached_read_tokens: cached, completion_tokens: completion } }) as LogEntry;
const entries = [entry(100, 0, 10, 0.5), { cost: null, token_usage: null } as LogEntry, entry(120, 90, 5, null), entry(150, 120, 7, 0.25)];

test('the context grows by what is new', () => {
  expect(places(entries)).toEqual([1, 2, 3]);
  expect(context(entries).map((l) => l.values)).toEqual([
    [0, 90, 120],
    [100, 30, 30],
    [10, 5, 7],
  ]);
});

test('the cost adds up', () => expect(spent(entries)[0]!.values).toEqual([0.5, 0.5, 0.75]));
