import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { coalesce, EventParser, EventStream, type StreamState } from './events';
import type { Frame, LogEntry } from './types.gen';

describe('EventParser', () => {
  const text = ': hello\r\nevent: log\r\ndata: {"a":\r\ndata: 1}\r\n\r\ndata:x\n\nevent: lonely\n\n';
  const want = [
    { event: 'log', data: '{"a":\n1}' },
    { event: 'message', data: 'x' },
  ];

  test('reads a whole text', () => expect(new EventParser().push(text)).toEqual(want));

  test('reads it cut anywhere', () => {
    for (let cut = 0; cut <= text.length; cut++) {
      const p = new EventParser();
      expect([...p.push(text.slice(0, cut)), ...p.push(text.slice(cut))]).toEqual(want);
    }
  });
});

const log = (id: string, status: string): Frame => ({ type: 'log', operation: status === 'processing' ? 'create' : 'update', payload: { id, status } as LogEntry });

test('coalesce keeps the last word on each thing', () => {
  const refused = (origin: string): Frame => ({ type: 'refused', refused: { origin, path: '/', time: '' } });
  const out = coalesce([log('a', 'processing'), log('b', 'processing'), refused('x'), log('a', 'success'), refused('y'), { type: 'config', version: 1 }, { type: 'config', version: 2 }]);
  expect(out.map((f) => f.payload?.status ?? f.refused?.origin ?? f.version)).toEqual(['success', 'processing', 'x', 'y', 2]);
});

describe('EventStream', () => {
  let body: ReadableStreamDefaultController<Uint8Array>;
  let batches: Frame[][];
  let states: StreamState[];
  let status: number;
  const fetched = vi.fn();

  beforeEach(() => {
    vi.useFakeTimers();
    batches = [];
    states = [];
    status = 200;
    fetched.mockReset();
    vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
      fetched(url, init.headers);
      return Promise.resolve(new Response(new ReadableStream({ start: (c) => (body = c) }), { status }));
    });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  const stream = () =>
    new EventStream({
      url: '/api/events',
      headers: () => ({ Authorization: 'Bearer t' }),
      onFrames: (f) => batches.push(f),
      onState: (s) => states.push(s),
    });
  const send = async (f: Frame) => {
    body.enqueue(new TextEncoder().encode(`event: ${f.type}\ndata: ${JSON.stringify(f)}\n\n`));
    await vi.advanceTimersByTimeAsync(1);
  };

  test('sends the token and hands on at most ten batches a second', async () => {
    const s = stream();
    s.start();
    await vi.advanceTimersByTimeAsync(1);
    expect(fetched).toHaveBeenCalledWith('/api/events', expect.objectContaining({ Authorization: 'Bearer t' }));
    for (let i = 0; i < 500; i++) await send(log(`id${i}`, 'success'));
    await vi.advanceTimersByTimeAsync(100);
    expect(batches.length).toBeLessThanOrEqual(7);
    expect(batches.flat()).toHaveLength(500);
    s.stop();
  });

  test('a first frame is not held back', async () => {
    const s = stream();
    s.start();
    await vi.advanceTimersByTimeAsync(1);
    await send(log('a', 'processing'));
    await vi.advanceTimersByTimeAsync(1);
    expect(batches).toHaveLength(1);
    s.stop();
  });

  test('comes back after a loss, and says so', async () => {
    const s = stream();
    s.start();
    await vi.advanceTimersByTimeAsync(1);
    body.close();
    await vi.advanceTimersByTimeAsync(1);
    expect(states).toEqual(['connecting', 'open', 'lost']);
    await vi.advanceTimersByTimeAsync(250);
    expect(states.at(-1)).toBe('open');
    s.stop();
  });

  test('stops where a login is needed', async () => {
    status = 401;
    const s = stream();
    s.start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(states).toEqual(['connecting', 'denied']);
    expect(fetched).toHaveBeenCalledTimes(1);
  });

  test('is silent after stop', async () => {
    const s = stream();
    s.start();
    await vi.advanceTimersByTimeAsync(1);
    await send(log('a', 'processing'));
    batches.length = 0;
    await send(log('b', 'processing'));
    s.stop();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(batches).toEqual([]);
    expect(fetched).toHaveBeenCalledTimes(1);
  });
});
