import { expect, test } from 'vitest';
import type { Attempt } from '../../../lib/api/types.gen';
import { grouped } from './attempts';
import { framesOf, gistOf, parsed } from './frames';
import { compare, folded } from './changes';
import { bars, ticks } from './spans';
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

test('the timeline has what belongs to a call below it', () => {
  const span = (phase: string, attempt: number, start_ms: number, length_ms: number) => ({ phase, attempt, start_ms, length_ms });
  const lines = bars([span('wait', 1, 10, 80), span('attempt', 1, 10, 80), span('read', 0, 0, 1), span('stream', 1, 90, 110), span('attempt', 2, 95, 5)], 100);
  expect(lines.map((b) => [b.name, b.depth, b.from, b.width])).toEqual([
    ['Read the request', 0, 0, 0.01],
    ['Call 1', 0, 0.1, 0.8],
    ['Waiting for the first byte', 1, 0.1, 0.8],
    ['Receiving the answer', 0, 0.9, 1],
    ['Call 2', 0, 0.95, 0.05],
  ]);
  expect(bars([], 0)).toEqual([]);
  expect(ticks(900)).toEqual([500]);
  expect(ticks(1000)).toEqual([500]);
  expect(ticks(4)).toEqual([1, 2, 3]);
});

test('two bodies are compared line by line', () => {
  const lines = compare('a\nb\nc\nd', 'a\nc\nx\nd');
  expect(lines.map((l) => `${l.op[0]}${l.text}`)).toEqual(['sa', 'rb', 'sc', 'ax', 'sd']);
  expect(compare('same', 'same')).toEqual([{ op: 'same', text: 'same' }]);
  const long = Array.from({ length: 20 }, (_, i) => ({ op: 'same' as const, text: String(i) }));
  expect(folded([...long, { op: 'added', text: 'x' }], 2)).toEqual([{ op: 'fold', lines: 18 }, long[18], long[19], { op: 'added', text: 'x' }]);
});
