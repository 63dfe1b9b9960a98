import { expect, test } from 'vitest';
import { fit } from './painter';
import { toRgba } from './plain';
import { planeBytes } from './source';

const whole = { x: 0, y: 0, width: 1, height: 1 };

test('a picture of the tile’s shape fills it untouched', () => {
  expect(fit(16 / 9, 16 / 9)).toEqual({ part: whole, into: whole });
});

test('a slightly different shape is cropped evenly', () => {
  const { part, into } = fit(4 / 3, 16 / 9);
  expect(into).toEqual(whole);
  expect(part.height).toBeCloseTo(0.75);
  expect(part.y).toBeCloseTo(0.125);
});

test('a portrait telephone keeps its edges and gets bars', () => {
  const { part, into } = fit(9 / 16, 16 / 9);
  expect(part).toEqual(whole);
  expect(into.width).toBeCloseTo((9 / 16) ** 2);
  expect(into.x + into.width / 2).toBeCloseTo(0.5);
});

test('limited-range BT.601 becomes black, white, red and green', () => {
  const pixel = (y: number, u: number, v: number) => {
    const planes = new Uint8Array(planeBytes(2, 2)).fill(y, 0, 4).fill(u, 4, 5).fill(v, 5, 6);
    const rgba = new Uint8ClampedArray(16);
    toRgba({ source: '', seq: 1, width: 2, height: 2, planes }, rgba);
    return [...rgba.slice(0, 4)];
  };
  expect(pixel(16, 128, 128)).toEqual([0, 0, 0, 255]);
  expect(pixel(235, 128, 128)).toEqual([254, 254, 254, 255]);
  const [red = 0, green = 255, blue = 255] = pixel(81, 90, 240);
  expect(red).toBeGreaterThan(250);
  expect(green).toBeLessThan(4);
  expect(blue).toBeLessThan(4);
  // Where BT.709 would show a green of 216.
  expect(pixel(145, 54, 34)).toEqual([0, 255, 1, 255]);
});

test('of a screen nothing is cut off', () => {
  const { part, into } = fit(4 / 3, 16 / 9, true);
  expect(part).toEqual({ x: 0, y: 0, width: 1, height: 1 });
  expect(into.width).toBeCloseTo(0.75);
});
