import { describe, expect, test } from 'vitest';
import type { Notice } from '../backend/bindings/Notice';
import type { Person } from '../backend/bindings/Person';
import { blocks, clock, grid, hue, initials, isAlone, localeOf, matches, noticeText, speaking, spot, themeOf } from './select';

describe('language and look', () => {
  test('the setting wins over the system, and anything but German reads English', () => {
    expect(localeOf('en', 'de-DE')).toBe('en');
    expect(localeOf('system', 'de-AT')).toBe('de');
    expect(localeOf('system', 'fr-FR')).toBe('en');
  });
  test('a wish for more contrast wins over light and dark, but not over a choice', () => {
    expect(themeOf('system', true, true)).toBe('contrast');
    expect(themeOf('system', true, false)).toBe('dark');
    expect(themeOf('light', true, true)).toBe('light');
  });
});

describe('a notice', () => {
  const notice = { texts: [{ lang: 'de', title: 'D' }, { lang: 'en', title: 'E' }] } as unknown as Notice;
  test('is shown in the wanted language, else in the master', () => {
    expect(noticeText(notice, 'en')?.title).toBe('E');
    expect(noticeText({ ...notice, texts: notice.texts.slice(0, 1) }, 'en')?.title).toBe('D');
  });
  test('falls into paragraphs and lists, and nothing else is mark-up', () => {
    expect(blocks('Eins\nzwei.\n\n- a\n- b\n  weiter\n\n<b>drei</b>')).toEqual([
      { kind: 'paragraph', text: 'Eins zwei.' },
      { kind: 'list', entries: ['a', 'b weiter'] },
      { kind: 'paragraph', text: '<b>drei</b>' },
    ]);
  });
  test('keeps the words before a list that follows without an empty line', () => {
    expect(blocks('Fünf Angaben:\n- Zeit\n- Menge')).toEqual([
      { kind: 'paragraph', text: 'Fünf Angaben:' },
      { kind: 'list', entries: ['Zeit', 'Menge'] },
    ]);
  });
});

describe('people', () => {
  const guest = (isMe: boolean): Person => ({ endpoint: isMe ? 'me' : 'x', name: '', isMe, muted: true, camera: null, screen: null, hand: false, moderator: false, away: false });
  test('one is alone with oneself, and before anybody is there', () => {
    expect(isAlone([guest(true)])).toBe(true);
    expect(isAlone([])).toBe(true);
    expect(isAlone([guest(true), guest(false)])).toBe(false);
  });
  test('initials survive odd names', () => {
    expect(initials('Małgorzata Świątek')).toBe('MŚ');
    expect(initials('ß')).toBe('SS');
    expect(initials('  (amal)  ')).toBe('A');
    expect(initials('🙂 🙂')).toBe('·');
    expect(initials('')).toBe('·');
  });
  test('a hue stays with its endpoint', () => {
    expect(hue('a81f')).toBe(hue('a81f'));
    expect(hue('a81f')).not.toBe(hue('b20c'));
    expect(hue('')).toBeGreaterThanOrEqual(0);
  });
  test('room noise is not speech', () => {
    expect([speaking(undefined), speaking(0.05), speaking(0.3)]).toEqual([false, false, true]);
  });
});

describe('a clock', () => {
  test('counts minutes, then hours, and never backwards', () => {
    expect([clock(5), clock(754), clock(3723), clock(-4)]).toEqual(['0:05', '12:34', '1:02:03', '0:00']);
  });
});

describe('the grid', () => {
  test('gives four people two rows of two and keeps 16:9', () => {
    const shape = grid(4, 1280, 720, 12);
    expect([shape.columns, shape.rows]).toEqual([2, 2]);
    expect(shape.width / shape.height).toBeCloseTo(16 / 9, 1);
  });
  test('stacks people in a narrow window', () => {
    expect(grid(3, 400, 900, 12).columns).toBe(1);
  });
  test.each([1, 2, 3, 5, 7, 12, 25, 49])('never lets %i tiles leave the stage or touch', (count) => {
    const [width, height, gap] = [1100, 640, 12];
    const shape = grid(count, width, height, gap);
    const places = Array.from({ length: count }, (_, at) => spot(at, count, shape, width, height, gap));
    for (const [at, one] of places.entries()) {
      expect(one.left).toBeGreaterThanOrEqual(0);
      expect(one.top).toBeGreaterThanOrEqual(0);
      expect(one.left + shape.width).toBeLessThanOrEqual(width + 1);
      expect(one.top + shape.height).toBeLessThanOrEqual(height + 1);
      for (const other of places.slice(at + 1)) {
        const apart = Math.abs(one.left - other.left) >= shape.width || Math.abs(one.top - other.top) >= shape.height;
        expect(apart).toBe(true);
      }
    }
  });
  test('survives a stage without size', () => {
    expect(grid(3, 0, 0, 12).width).toBe(0);
  });
  test('centres a last row that is not full', () => {
    const shape = grid(3, 1280, 720, 12);
    expect(shape.columns).toBe(2);
    expect(spot(2, 3, shape, 1280, 720, 12).left).toBe(Math.round((1280 - shape.width) / 2));
  });
});

test('the settings search ignores case and surrounding space', () => {
  expect(matches(' TON ', 'Ton')).toBe(true);
  expect(matches('', 'Ton')).toBe(true);
  expect(matches('Bild', 'Ton')).toBe(false);
});
