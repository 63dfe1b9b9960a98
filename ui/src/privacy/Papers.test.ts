import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import App from '../App.svelte';
import { desk, paper } from '../backend/fake-desk';
import type { PackRequest } from '../backend/bindings/PackRequest';
import { windowWith } from '../test-backend';

const HOME = { place: 'home' as const, defaultHost: 'm', recents: null, interfaces: [], contacts: [], hosted: null, responsible: '' };
const KEPT = { name: 'Schule', address: 'Weg 1', contact: '', officer: 'none', basis: '', retentionDays: '14', authority: '' };
const WISH: PackRequest = { sheet: 'record', house: 'school', lang: 'de' };

function open(kept: typeof KEPT | null = KEPT, shown: PackRequest | null = null) {
  const value = { ...desk('pack'), hosting: { allowed: true, kept, draft: null }, pack: shown && paper(shown) };
  const opened = windowWith({ slice: 'page', value: HOME }, { slice: 'desk', value });
  render(App, { store: opened.store });
  return { ...opened, user: userEvent.setup() };
}

test('without somebody who is responsible it says where to write that down, and asks for nothing', () => {
  const { asked } = open(null);
  expect(screen.getByText(/Geben Sie zuerst unter »Räume öffnen« an/)).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Blatt ansehen' })).toBeNull();
  expect(asked).toEqual([]);
});

test('a sheet is chosen and looked at', async () => {
  const { asked, user } = open();
  expect((screen.getByRole('radio', { name: /Verzeichnis/ }) as HTMLInputElement).checked).toBe(true);
  await user.click(screen.getByRole('radio', { name: /Maßnahmen/ }));
  await user.click(screen.getByRole('button', { name: 'Blatt ansehen' }));
  expect(asked).toEqual([['showPack', { sheet: 'measures', house: null, lang: 'de' }]]);
});

test('the paper is read as title and points, with what the house needs besides, and saved as PDF and text', async () => {
  const { asked, user } = open(KEPT, WISH);
  expect(screen.getByRole('heading', { name: /^Verzeichnis von Verarbeitungstätigkeiten/ })).toBeTruthy();
  expect(screen.getByText('Rechtsgrundlage: [eintragen]').closest('li')).toBeTruthy();
  expect(screen.getByText('Eine datenschutzbeauftragte Person ist nicht genannt.')).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Als PDF speichern …' }));
  await user.click(screen.getByRole('button', { name: 'Als Text speichern …' }));
  expect(asked).toEqual([['saveDocument', 'packPdf'], ['saveDocument', 'packText']]);
});

test('a refusal is told in its three sentences', async () => {
  const { refuseWith, user } = open();
  refuseWith({ code: 'operatorMissing', params: {}, retry: false });
  await user.click(screen.getByRole('button', { name: 'Blatt ansehen' }));
  expect((await screen.findByRole('alert')).textContent).toContain('Niemand ist als verantwortlich angegeben.');
});
