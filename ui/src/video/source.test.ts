import { afterEach, expect, test, vi } from 'vitest';
import { batch, scene } from '../backend/scene';
import { Newest, parseBatch, planeBytes, pull, type Picture } from './source';

const picture = (source: string, seq: number, width = 4, height = 2): Picture => ({ source, seq, width, height, planes: new Uint8Array(planeBytes(width, height)).fill(seq) });

afterEach(() => void vi.useRealTimers());

test('a batch comes back as it was written, odd sizes and names included', () => {
  const sent = [picture('self', 7), picture('amal-ö', 9, 5, 3), { ...picture('x', 12, 32, 18), planes: scene('x', 12, 32, 18) }];
  expect(parseBatch(batch(sent))).toEqual(sent);
  expect(parseBatch(batch([]))).toEqual([]);
});

test('the planes of an odd size round their halves up', () => {
  expect(planeBytes(5, 3)).toBe(15 + 2 * 6);
});

test('a batch cut anywhere is refused, never read past its end', () => {
  const whole = batch([picture('self', 7), picture('b', 8)]);
  for (let cut = 0; cut < whole.byteLength; cut++) expect(() => parseBatch(whole.slice(0, cut))).toThrow();
});

test('impossible claims are refused', () => {
  const many = batch([]);
  new DataView(many).setUint32(0, 65, true);
  expect(() => parseBatch(many)).toThrow('more tiles');
  const huge = batch([picture('a', 1)]);
  new DataView(huge).setUint32(7, 100_000, true);
  expect(() => parseBatch(huge)).toThrow('impossible size');
});

test('a picture that was overtaken is dropped, each tile counting for itself', () => {
  const newest = new Newest();
  expect(newest.take([picture('a', 5), picture('b', 3)]).length).toBe(2);
  expect(newest.take([picture('a', 4), picture('b', 4)]).map(({ source }) => source)).toEqual(['b']);
  expect(newest.take([picture('a', 5)])).toEqual([]);
  expect(newest.after).toBe(5);
});

test('pulling asks after the newest picture, survives a failure with a pause, and ends on request', async () => {
  vi.useFakeTimers();
  const stop = new AbortController();
  const asked: number[] = [];
  const seen: number[] = [];
  const answers = [async () => batch([picture('a', 3)]), async () => Promise.reject(new Error('gone')), async () => batch([picture('a', 8)])];
  const next = (after: number) => {
    asked.push(after);
    const answer = answers.shift();
    if (answer) return answer();
    stop.abort();
    return Promise.reject(new Error('over'));
  };
  const running = pull(next, (pictures) => seen.push(...pictures.map(({ seq }) => seq)), stop.signal);
  await vi.advanceTimersByTimeAsync(100);
  expect(asked).toEqual([0, 3]);
  await vi.advanceTimersByTimeAsync(1000);
  await running;
  expect(asked).toEqual([0, 3, 3, 8]);
  expect(seen).toEqual([3, 8]);
});
