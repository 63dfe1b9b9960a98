import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import App from '../App.svelte';
import type { Notice } from '../backend/bindings/Notice';
import type { NoticeReason } from '../backend/bindings/NoticeReason';
import { windowWith } from '../test-backend';

const text = (lang: 'de' | 'en') => ({
  lang, title: lang === 'de' ? 'Hinweis' : 'Notes', summary: ['eins', 'zwei', 'drei', 'vier'], gaps: ['Name: nicht genannt'],
  sections: [{ id: 'scope', title: lang === 'de' ? 'Wofür' : 'What for', text: 'Ein Absatz.\n\n<img src=x onerror=alert(1)>' }], sha256: 'ab'.repeat(32), changes: [],
});
const notice = (reason: NoticeReason): Notice => ({
  noticeId: 'meet.jit.si', version: '1', host: 'meet.jit.si', reason, texts: [text('de'), text('en')],
  controller: { id: '8x8-inc', name: '8×8, Inc.', address: ['Campbell'], contact: [] },
  foreword: null,
});

function open(reason: NoticeReason = 'firstContact') {
  const opened = windowWith({ slice: 'notice', value: notice(reason) }, { slice: 'page', value: { place: 'notice' } });
  render(App, { store: opened.store });
  return opened;
}

test('the notice cannot be skipped: no other way leads on, and no key answers it', async () => {
  const { asked, store } = open();
  const user = userEvent.setup();
  await user.keyboard('{Enter}{Escape} {Control>}d{/Control}');
  expect(asked).toEqual([]);
  expect(store.settingsOpen).toBe(false);
  expect(screen.queryByRole('button', { name: 'Einstellungen' })).toBeNull();
  expect(screen.queryAllByRole('link')).toEqual([]);
  expect(screen.queryAllByRole('switch')).toEqual([]);
});

test('both answers are there, look the same, and neither has the focus', () => {
  open();
  const [noted, offline] = [screen.getByRole('button', { name: 'Zur Kenntnis genommen' }), screen.getByRole('button', { name: 'Ohne Verbindung fortfahren' })];
  expect(noted.className).toBe(offline.className);
  expect([noted, offline]).not.toContain(document.activeElement);
  expect(document.activeElement).toBe(screen.getByRole('heading', { level: 1 }));
});

test('noting sends the language that was read', async () => {
  const { asked } = open();
  const user = userEvent.setup();
  await user.click(screen.getByRole('radio', { name: 'English' }));
  expect(screen.getByRole('heading', { level: 1 }).textContent).toBe('Notes');
  await user.click(screen.getByRole('button', { name: 'Noted' }));
  expect(asked).toEqual([['decideNotice', 'noted', 'en', false]]);
});

test('going on without a connection is one click, too', async () => {
  const { asked } = open();
  await userEvent.setup().click(screen.getByRole('button', { name: 'Ohne Verbindung fortfahren' }));
  expect(asked).toEqual([['decideNotice', 'offline', 'de', false]]);
});

test('the whole text is on the page, with letterhead, four lines, gaps and hash, and stays text', () => {
  open();
  expect(screen.getByText('8×8, Inc.')).toBeTruthy();
  expect(screen.getByText('vier')).toBeTruthy();
  expect(screen.getByText('Name: nicht genannt')).toBeTruthy();
  expect(screen.getByText('ab'.repeat(32))).toBeTruthy();
  expect(screen.getByText('<img src=x onerror=alert(1)>')).toBeTruthy();
  expect(document.querySelector('img')).toBeNull();
});

test('a refused record keeps the notice and says why', async () => {
  const { refuseWith } = open();
  refuseWith({ code: 'diskFull', params: { path: '/profil' }, retry: true });
  await userEvent.setup().click(screen.getByRole('button', { name: 'Zur Kenntnis genommen' }));
  expect((await screen.findAllByText(/konnte nicht gespeichert werden/)).length).toBeGreaterThan(0);
  expect(screen.getByRole('button', { name: 'Zur Kenntnis genommen' })).toBeTruthy();
});

test('a notice that is only read again asks nothing', () => {
  open('reading');
  expect(screen.queryByRole('button', { name: 'Zur Kenntnis genommen' })).toBeNull();
  expect(screen.getByRole('button', { name: 'Zurück' })).toBeTruthy();
});

test('a changed text says so', () => {
  open('changed');
  expect(screen.getByText(/hat sich geändert/)).toBeTruthy();
});

test('the words of the organisation stand before the notice as plain text, with its name and whom to ask', async () => {
  const foreword = { organisation: 'Musterverein', de: 'Bitte leise.\n<b>Danke</b>', en: 'Please be quiet.', contact: 'it@verein.example' };
  const opened = windowWith({ slice: 'notice', value: { ...notice('firstContact'), foreword } }, { slice: 'page', value: { place: 'notice' } });
  render(App, { store: opened.store });
  const said = screen.getByRole('complementary', { name: 'Musterverein schreibt zu diesem Server' });
  expect(said.textContent).toContain('<b>Danke</b>');
  expect(said.textContent).toContain('Fragen dazu: it@verein.example');
  expect(said.compareDocumentPosition(screen.getByRole('heading', { level: 1 })) & Node.DOCUMENT_POSITION_FOLLOWING).toBeTruthy();
});

test('a changed notice shows which words went and which came, in the language that is read', async () => {
  const changed = notice('changed');
  const [german] = changed.texts;
  if (german) german.changes = [{ section: 'Was verarbeitet wird', kind: 'reworded', pieces: [{ wording: 'same', text: 'Zeilen bleiben ' }, { wording: 'old', text: '14 Tage' }, { wording: 'new', text: '28 Tage' }] }];
  const opened = windowWith({ slice: 'notice', value: changed }, { slice: 'page', value: { place: 'notice' } });
  const { container } = render(App, { store: opened.store });
  expect(screen.getByRole('heading', { name: 'Was sich geändert hat' })).toBeTruthy();
  expect([container.querySelector('del')?.textContent, container.querySelector('ins')?.textContent]).toEqual(['14 Tage', '28 Tage']);
  await userEvent.setup().click(screen.getByRole('radio', { name: 'English' }));
  expect(container.querySelector('del')).toBeNull();
});

test('plain German is a language of its own, and noting it names it', async () => {
  const simple = notice('firstContact');
  simple.texts.push({ ...text('de'), lang: 'de-simple', title: 'Leicht gesagt', summary: [], sha256: 'cd'.repeat(32) });
  const opened = windowWith({ slice: 'notice', value: simple }, { slice: 'page', value: { place: 'notice' } });
  render(App, { store: opened.store });
  const user = userEvent.setup();
  await user.click(screen.getByRole('radio', { name: 'Einfache Sprache' }));
  expect(screen.getByRole('heading', { name: 'Leicht gesagt' })).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Zur Kenntnis genommen' }));
  expect(opened.asked).toEqual([['decideNotice', 'noted', 'de-simple', false]]);
});
