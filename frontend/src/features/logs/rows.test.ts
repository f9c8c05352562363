import { beforeEach, expect, test } from 'vitest';
import type { LogEntry } from '../../lib/api/types.gen';
import { noStats } from '../../lib/entry';
import { pageSize, Rows } from './rows.svelte';

const entry = (n: number, status = 'success') => ({ id: `r${n}`, timestamp: new Date(n * 1000).toISOString(), status, latency: 10, token_usage: null }) as LogEntry;

let stored: LogEntry[];
let reads: number[];
let rows: Rows;
const ids = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => rows.at(from + i)?.id);

beforeEach(async () => {
  stored = Array.from({ length: 350 }, (_, i) => entry(1000 - i));
  reads = [];
  rows = new Rows((offset) => {
    reads.push(offset);
    const stats = { ...noStats, total_requests: stored.length, success_rate: 100, average_latency: 10 };
    return Promise.resolve({ rows: stored.slice(offset, offset + pageSize), total: stored.length, stats, any: true });
  });
  await rows.restart([entry(1001, 'processing')]);
});

test('rows in flight are on top of what is stored', () => {
  expect(rows.length).toBe(351);
  expect(ids(0, 3)).toEqual(['r1001', 'r1000', 'r999']);
});

test('pages are read when they are needed, once', async () => {
  expect(rows.at(150)).toBeUndefined();
  await Promise.all([rows.need(140, 210), rows.need(140, 210)]);
  expect(reads).toEqual([0, 100, 200]);
  expect(rows.at(150)!.id).toBe('r851');
  expect(rows.indexOf('r851')).toBe(150);
});

test('a known row changes in place, a new one goes on top', () => {
  rows.apply([entry(1001), entry(1002, 'processing')], new Set());
  expect(ids(0, 3)).toEqual(['r1002', 'r1001', 'r1000']);
  expect(rows.at(1)!.status).toBe('success');
  expect(rows.stats!.total_requests).toBe(351);
});

test('while frozen nothing moves, and nothing is lost', () => {
  rows.frozen = true;
  for (let n = 1002; n < 2002; n++) rows.apply([entry(n, 'processing')], new Set());
  rows.apply([entry(1001, 'error'), entry(1500)], new Set());
  expect(rows.length).toBe(351);
  expect(ids(0, 2)).toEqual(['r1001', 'r1000']);
  expect(rows.at(0)!.status).toBe('error');
  expect(rows.waiting).toHaveLength(1000);
  rows.frozen = false;
  expect(rows.thaw()).toBe(1000);
  expect(ids(0, 2)).toEqual(['r2001', 'r2000']);
  expect(rows.length).toBe(1351);
});

test('a row that no longer matches goes, unless somebody is reading', () => {
  rows.frozen = true;
  rows.apply([], new Set(['r1001']));
  expect(rows.at(0)!.id).toBe('r1001');
  rows.frozen = false;
  rows.apply([], new Set(['r1001']));
  expect(rows.at(0)!.id).toBe('r1000');
});

test('a stored row that is told again is not shown twice', () => {
  rows.apply([entry(990, 'error')], new Set());
  expect(rows.length).toBe(351);
  expect(rows.at(11)!.status).toBe('error');
});

test('far pages are let go', async () => {
  stored = Array.from({ length: 6000 }, (_, i) => entry(9000 - i));
  await rows.restart([]);
  for (let n = 0; n < 6000; n += pageSize) await rows.need(n, n + 40);
  expect(rows.at(5950)!.id).toBe('r3050');
  expect(rows.at(0)).toBeUndefined();
  await rows.need(0, 10);
  expect(rows.at(0)!.id).toBe('r9000');
});

test('an answer to an old question is dropped', async () => {
  const answers: ((rows: LogEntry[]) => void)[] = [];
  const stats = { ...noStats, total_requests: 1 };
  const slow = new Rows(() => new Promise((resolve) => answers.push((r) => resolve({ rows: r, total: r.length, stats, any: true }))));
  const first = slow.restart([]);
  const second = slow.restart([]);
  answers[1]!([entry(2)]);
  answers[0]!([entry(1)]);
  await Promise.all([first, second]);
  expect(slow.at(0)!.id).toBe('r2');
});
