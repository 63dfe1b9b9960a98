import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { ErrorCode } from '../backend/bindings/ErrorCode';
import { words } from './errors';
import { overwriteGetLocale } from '../messages/runtime.js';
import german from '../../messages/de.json';
import english from '../../messages/en.json';

const de = german as Record<string, unknown>;
const en = english as Record<string, unknown>;
const values = (message: unknown) => [...new Set(JSON.stringify(message).match(/\{\w+\}/g) ?? [])].sort();

test('German and English have the same messages', () => {
  expect(Object.keys(en).sort()).toEqual(Object.keys(de).sort());
});

test('each message mentions the same values in both languages, and says something', () => {
  for (const key of Object.keys(de)) {
    expect(values(en[key]), key).toEqual(values(de[key]));
    expect(JSON.stringify(de[key]).length, key).toBeGreaterThan(2);
    expect(JSON.stringify(en[key]).length, key).toBeGreaterThan(2);
  }
});

test('every message is used somewhere', () => {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(svelte|ts)$/.test(name) && !name.includes('messages') && !name.endsWith('.test.ts'))
    .map((name) => readFileSync(`src/${name}`, 'utf8'))
    .join('\n');
  const unused = Object.keys(de).filter((key) => !key.startsWith('$') && !key.startsWith('error_') && !sources.includes(`m.${key}`));
  expect(unused).toEqual([]);
});

test('every error code has three sentences in both languages and no gap where a value is missing', () => {
  const codes = [...readFileSync('src/backend/bindings/ErrorCode.ts', 'utf8').matchAll(/"(\w+)"/g)].map(([, code]) => code as ErrorCode);
  expect(codes.length).toBeGreaterThan(20);
  for (const locale of ['de', 'en'] as const) {
    overwriteGetLocale(() => locale);
    for (const code of codes) {
      for (const sentence of Object.values(words({ code, params: {}, retry: false }))) {
        expect(sentence, code).not.toMatch(/undefined|^$/);
      }
    }
  }
});

test('an error says the value it was given', () => {
  overwriteGetLocale(() => 'de');
  expect(words({ code: 'hostSilent', params: { host: 'raum.example' }, retry: true }).what).toBe('raum.example antwortet nicht.');
});
