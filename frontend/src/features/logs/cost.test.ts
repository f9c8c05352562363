import { expect, test } from 'vitest';
import type { CostDetails, TokenUsage } from '../../lib/api/types.gen';
import { costRows, costWords } from './cost';

test.each([
  [0.0012, {} as TokenUsage, '$0.0012'],
  [0, {} as TokenUsage, '$0'],
  [null, {} as TokenUsage, 'unknown'],
  [null, null, '–'],
  [0.01, null, '$0.01'],
])('costWords(%s, %s) = %s', (cost, token_usage, words) => expect(costWords({ cost, token_usage })).toBe(words));

test('a cost is told by what it was for', () => {
  const cost = { input: 0.01, cache_read: 0, cache_write: 0.002, output: 0.1, reasoning: 0, request: 0, total: 0.112 } as CostDetails;
  expect(costRows(cost)).toEqual([
    ['Prompt', '$0.01'],
    ['Written to cache', '$0.002'],
    ['Completion', '$0.10'],
    ['Total', '$0.11'],
  ]);
  expect(costRows({ input: 0, cache_read: 0, cache_write: 0, output: 0, reasoning: 0, request: 0, total: 0 })).toEqual([['Total', '$0']]);
});
