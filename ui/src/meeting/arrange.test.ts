import { describe, expect, it } from 'vitest';
import { arrange, type Box } from './arrange';

const area = (box: Box) => box.width * box.height;
const overlap = (a: Box, b: Box) =>
  a.left < b.left + b.width && b.left < a.left + a.width && a.top < b.top + b.height && b.top < a.top + a.height;

describe('the places of screens and people', () => {
  it('are equal tiles over all while nobody shares', () => {
    const { screens, people } = arrange(0, 4, 1600, 900, 12);
    expect(screens).toEqual([]);
    expect(new Set(people.map(area)).size).toBe(1);
    expect(people[0]?.width).toBeGreaterThan(700);
  });

  it.each([[1600, 900], [700, 1200], [400, 300]])('never overlap, stay inside and leave the screen by far the largest (%i by %i)', (width, height) => {
    const { screens, people } = arrange(1, 5, width, height, 12);
    const all = [...screens, ...people];
    expect(all).toHaveLength(6);
    all.forEach((box, at) => {
      expect(box.left >= -1 && box.top >= -1 && box.left + box.width <= width + 1 && box.top + box.height <= height + 1).toBe(true);
      all.slice(at + 1).forEach((other) => expect(overlap(box, other)).toBe(false));
    });
    people.forEach((person) => expect(area(screens[0]!)).toBeGreaterThan(4 * area(person)));
  });

  it('share the large part among several screens', () => {
    const { screens } = arrange(2, 3, 1600, 900, 12);
    expect(area(screens[0]!)).toBe(area(screens[1]!));
    expect(overlap(screens[0]!, screens[1]!)).toBe(false);
  });
});
