import { describe, expect, test } from 'vitest';
import { area } from './area';

const box = (left: number, top: number, width: number, height: number) => ({ left, top, right: left + width, bottom: top + height });
const stage = box(10, 20, 1000, 600);

describe('the canvas', () => {
  test('covers one tile and nothing beside it', () => {
    expect(area([box(110, 70, 640, 360)], stage, 1)).toEqual({ x: 100, y: 50, width: 640, height: 360 });
  });

  test('covers all tiles and what lies between them', () => {
    expect(area([box(10, 20, 300, 200), box(510, 320, 300, 200)], stage, 1)).toEqual({ x: 0, y: 0, width: 800, height: 500 });
  });

  test('is counted in device pixels, and begins and ends on whole ones', () => {
    expect(area([box(10.4, 20.4, 99.3, 50.3)], stage, 2)).toEqual({ x: 0, y: 0, width: 200, height: 102 });
  });

  test('does not grow beyond its stage, whatever a tile does while it moves', () => {
    expect(area([box(-500, -500, 4000, 4000)], stage, 1)).toEqual({ x: 0, y: 0, width: 1000, height: 600 });
    expect(area([box(5000, 5000, 10, 10)], stage, 1)).toEqual({ x: 1000, y: 600, width: 1, height: 1 });
  });

  test('stays a canvas without any tile', () => {
    expect(area([], stage, 1)).toEqual({ x: 1000, y: 600, width: 1, height: 1 });
  });
});
