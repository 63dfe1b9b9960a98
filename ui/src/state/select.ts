/** Pure selections: what the slices mean for the eye. No state, no clock, no document. */
import type { Lang } from '../backend/bindings/Lang';
import type { Language } from '../backend/bindings/Language';
import type { Look } from '../backend/bindings/Look';
import type { Notice } from '../backend/bindings/Notice';
import type { NoticeText } from '../backend/bindings/NoticeText';
import type { Person } from '../backend/bindings/Person';
import type { Purpose } from '../backend/bindings/Purpose';
import type { PurposeText } from '../backend/bindings/PurposeText';

export type Locale = 'de' | 'en';
export type Theme = 'light' | 'dark' | 'contrast';

export function localeOf(language: Language, system: string): Locale {
  if (language !== 'system') return language;
  return system.toLowerCase().startsWith('de') ? 'de' : 'en';
}

export function themeOf(look: Look, systemDark: boolean, systemContrast: boolean): Theme {
  if (look !== 'system') return look;
  if (systemContrast) return 'contrast';
  return systemDark ? 'dark' : 'light';
}

/** The notice in the wanted language, else in the first (German, the master). */
export function noticeText(notice: Notice, lang: Lang): NoticeText | undefined {
  return notice.texts.find((text) => text.lang === lang) ?? notice.texts[0];
}

export function purposeText(purpose: Purpose, lang: Locale): PurposeText | undefined {
  return purpose.texts.find((text) => text.lang === lang) ?? purpose.texts[0];
}

export type Block = { kind: 'paragraph'; text: string } | { kind: 'list'; entries: string[] };

/** Paragraphs parted by an empty line; lines beginning with `- ` are list entries, and nothing else is mark-up. */
export function blocks(text: string): Block[] {
  const found: Block[] = [];
  for (const chunk of text.split(/\n\s*\n/)) {
    let words: string[] = [];
    let entries: string[] = [];
    const flush = () => {
      if (words.length > 0) found.push({ kind: 'paragraph', text: words.join(' ') });
      if (entries.length > 0) found.push({ kind: 'list', entries });
      words = [];
      entries = [];
    };
    for (const line of chunk.split('\n').map((raw) => raw.trim()).filter(Boolean)) {
      if (line.startsWith('- ')) {
        if (words.length > 0) flush();
        entries.push(line.slice(2).trim());
      } else if (entries.length > 0) {
        entries.push(`${entries.pop()} ${line}`);
      } else {
        words.push(line);
      }
    }
    flush();
  }
  return found;
}

/** One or two letters for a tile without a picture. */
export function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const first = (word: string | undefined) => Array.from(word?.match(/[\p{L}\p{N}]/u)?.[0] ?? '')[0] ?? '';
  if (words.length === 0) return '·';
  const letters = words.length === 1 ? first(words[0]) : first(words[0]) + first(words[words.length - 1]);
  return letters.toLocaleUpperCase('de');
}

/** A hue that stays the same for the same endpoint (FNV-1a, spread over the circle). */
export function hue(id: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(id)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % 360;
}

export const isAlone = (people: Person[]): boolean => people.every((person) => person.isMe);

export const me = (people: Person[]): Person | undefined => people.find((person) => person.isMe);

/** Below this loudness a tile shows no ring: room noise would make it flicker. */
const SPEAKING = 0.08;

export const speaking = (level: number | undefined): boolean => (level ?? 0) > SPEAKING;

/** `1:05`, `12:00`, `1:02:03` */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

export const timeOfDay = (unix: number, locale: Locale): string =>
  new Intl.DateTimeFormat(locale, { timeStyle: 'short' }).format(unix * 1000);

export const dateAndTime = (unix: number, locale: Locale): string =>
  new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(unix * 1000);

/** A day such as `2026-12-25` in words; one that is no day stays as it is. */
export function day(iso: string, locale: Locale): string {
  const date = new Date(`${iso}T00:00:00Z`);
  return Number.isNaN(date.getTime()) ? iso : new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' }).format(date);
}

/** Bytes as people say them: exact below a thousand, then in steps of a thousand. */
export function amount(bytes: number, locale: Locale): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;
  const step = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const unit = units[step] ?? 'byte';
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: step === 0 ? 'long' : 'short', maximumFractionDigits: step === 0 ? 0 : 1 }).format(bytes / 1000 ** step);
}

export interface Grid {
  columns: number;
  rows: number;
  width: number;
  height: number;
}

const RATIO = 16 / 9;

/** The largest equal 16:9 tiles that fit `count` people into a stage of `width` by `height`. */
export function grid(count: number, width: number, height: number, gap: number): Grid {
  let best: Grid = { columns: 1, rows: Math.max(1, count), width: 0, height: 0 };
  for (let columns = 1; columns <= Math.max(1, count); columns++) {
    const rows = Math.ceil(Math.max(1, count) / columns);
    const wide = (width - gap * (columns - 1)) / columns;
    const high = (height - gap * (rows - 1)) / rows;
    const tile = Math.max(0, Math.min(wide, high * RATIO));
    if (tile > best.width) best = { columns, rows, width: Math.floor(tile), height: Math.floor(tile / RATIO) };
  }
  return best;
}

export interface Spot {
  left: number;
  top: number;
}

/** Where tile `index` lies; a last row that is not full is centred. */
export function spot(index: number, count: number, shape: Grid, width: number, height: number, gap: number): Spot {
  const row = Math.floor(index / shape.columns);
  const inRow = row === shape.rows - 1 ? count - row * shape.columns : shape.columns;
  const rowWidth = inRow * shape.width + (inRow - 1) * gap;
  const allHeight = shape.rows * shape.height + (shape.rows - 1) * gap;
  return {
    left: Math.round((width - rowWidth) / 2 + (index % shape.columns) * (shape.width + gap)),
    top: Math.round((height - allHeight) / 2 + row * (shape.height + gap)),
  };
}

/** Does a setting belong to what was typed into the search field? */
export function matches(query: string, ...texts: string[]): boolean {
  const wanted = query.trim().toLocaleLowerCase();
  return wanted === '' || texts.some((text) => text.toLocaleLowerCase().includes(wanted));
}
