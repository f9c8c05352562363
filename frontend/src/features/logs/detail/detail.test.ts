import { expect, test } from 'vitest';
import type { Attempt } from '../../../lib/api/types.gen';
import { grouped } from './attempts';
import { framesOf, gistOf, parsed } from './frames';
import { phases } from './phases';
import { piecesOf, pretty } from './turns';

test('a logged stream is shown as frames, also without its end', () => {
  expect(framesOf('event: delta\ndata: {"a":1}\n\ndata: [DONE]')).toEqual([
    { event: 'delta', data: '{"a":1}' },
    { event: '', data: '[DONE]' },
  ]);
  expect(framesOf('{"error":"no stream"}')).toEqual([]);
});

test('a frame is told by what it adds', () => {
  expect(gistOf({ choices: [{ delta: { content: 'Hel' } }], model: 'm' })).toBe('Hel');
  expect(gistOf({ type: 'x', delta: { type: 'text_delta', text: 'lo' } })).toBe('lo');
  expect(gistOf({ choices: [], usage: { prompt_tokens: 3 } })).toBe('');
});

test('only objects and lists are laid out', () => {
  expect(parsed('[1]')!.value).toEqual([1]);
  expect(parsed('12')).toBeUndefined();
  expect(parsed('{"cut":')).toBeUndefined();
  expect(pretty('{"a":1}')).toBe('{\n  "a": 1\n}');
  expect(pretty('{"a":')).toBe('{"a":');
});

test('a turn has its pieces in reading order', () => {
  expect(
    piecesOf({
      role: 'assistant',
      reasoning_details: [{ type: 'reasoning.text', text: 'hm' }],
      content: [{ type: 'text', text: 'see' }, { type: 'image_url', image_url: { url: 'data:image/png;base64,x' } }, { type: 'odd' }],
      tool_calls: [{ id: 'c1', function: { name: 'f', arguments: '{}' } }],
    }).map((p) => p.kind),
  ).toEqual(['reasoning', 'text', 'image', 'note', 'call']);
  expect(piecesOf({ role: 'tool', tool_call_id: 'c1', content: '42' })).toEqual([{ kind: 'result', id: 'c1', text: '42' }]);
  expect(piecesOf({ role: 'assistant', content: null, refusal: 'no' })).toEqual([{ kind: 'refusal', text: 'no' }]);
});

test('attempts stand together by what they were for', () => {
  const attempt = (fallback: number, status: number) => ({ provider: 'p', model: 'm', status, fallback, latency_ms: 1 }) as Attempt;
  const groups = grouped([attempt(0, 500), attempt(0, 429), attempt(2, 200)]);
  expect(groups.map((g) => [g.fallback, g.attempts.map((a) => a.status)])).toEqual([
    [0, [500, 429]],
    [2, [200]],
  ]);
  expect(grouped([])).toEqual([]);
});

test('phases add up to the whole', () => {
  const p = phases({ latency: 100, ttft: 30, upstream_latency: 95 });
  expect(p.map((x) => x.ms)).toEqual([30, 65, 5]);
  expect(phases({ latency: 100, ttft: null, upstream_latency: null })).toEqual([{ name: 'At the provider', ms: 100 }]);
  expect(phases({ latency: null, ttft: null, upstream_latency: null })).toEqual([]);
});
