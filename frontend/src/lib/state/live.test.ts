import { expect, test } from 'vitest';
import type { Frame, LogEntry } from '../api/types.gen';
import { live, type LogChange } from './live.svelte';

const log = (id: string, status: string): Frame => ({ type: 'log', operation: status === 'processing' ? 'create' : 'update', payload: { id, status } as LogEntry });

test('the requests in flight are known, and listeners hear of each change', () => {
  const heard: LogChange[] = [];
  const stop = live.listen({ changed: (c) => heard.push(...c), resync: () => {} });
  live.take([log('a', 'processing'), log('b', 'processing')]);
  expect(live.inflight.map((e) => e.id)).toEqual(['b', 'a']);
  live.take([log('a', 'success')]);
  expect(live.inflight.map((e) => e.id)).toEqual(['b']);
  expect(heard.map((c) => [c.entry.id, c.created])).toEqual([['a', true], ['b', true], ['a', false]]);
  stop();
  live.take([log('b', 'success')]);
  expect(heard).toHaveLength(3);
});

test('a refused page is named once and can be forgotten', () => {
  const refused = (path: string): Frame => ({ type: 'refused', refused: { origin: 'http://localhost:3000', path, time: '' } });
  live.take([refused('/one')]);
  live.take([refused('/two')]);
  expect(live.refused.map((r) => r.path)).toEqual(['/two']);
  live.forget('http://localhost:3000');
  expect(live.refused).toEqual([]);
});

test('the gateway, the configuration and losses are followed', () => {
  live.take([{ type: 'gateway', gateway: { state: 'stopped', address: 'http://127.0.0.1:8080', controllable: true } }, { type: 'config', version: 7 }, { type: 'dropped', dropped: { rows: 2, bodies: 0 } }]);
  expect(live.gateway?.state).toBe('stopped');
  expect(live.configVersion).toBe(7);
  expect(live.dropped).toEqual({ rows: 2, bodies: 0 });
});
