import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import App from '../App.svelte';
import { desk } from '../backend/fake-desk';
import type { Hosting } from '../backend/bindings/Hosting';
import { windowWith } from '../test-backend';

const HOME = { place: 'home' as const, defaultHost: 'm', recents: null, interfaces: [], contacts: [], hosted: null, responsible: '' };
const KEPT = { name: 'Schule', address: 'Weg 1', contact: '', officer: 'none', basis: '', retentionDays: '14', authority: '' };

function open(hosting: Hosting = { allowed: true, kept: null, draft: null }) {
  const opened = windowWith({ slice: 'page', value: HOME }, { slice: 'desk', value: { ...desk('hosting'), hosting } });
  render(App, { store: opened.store });
  return { ...opened, user: userEvent.setup() };
}

test('what was typed is looked at first and kept only when somebody says so', async () => {
  const { asked, user } = open();
  await user.type(screen.getByLabelText('Name'), 'Schule');
  await user.type(screen.getByLabelText('Anschrift'), 'Weg 1');
  await user.click(screen.getByRole('switch', { name: 'Es gibt keine' }));
  await user.type(screen.getByLabelText('Zugriffsprotokoll, in Tagen'), '14');
  await user.click(screen.getByRole('button', { name: 'Hinweis ansehen' }));
  expect(asked).toEqual([['draftHosting', KEPT]]);
  await user.click(screen.getByRole('button', { name: 'Speichern' }));
  expect(asked.at(-1)).toEqual(['keepHosting', KEPT]);
});

test('a refusal stands at the field that it is about, which is where one types next', async () => {
  const { refuseWith, user } = open();
  refuseWith({ code: 'operatorRetentionUnusable', params: { text: '57' }, retry: false });
  await user.click(screen.getByRole('button', { name: 'Speichern' }));
  const field = screen.getByLabelText('Zugriffsprotokoll, in Tagen');
  expect((await screen.findByRole('alert')).textContent).toContain('»57« ist keine Zahl von Tagen');
  expect(field.closest('.field')?.contains(screen.getByRole('alert'))).toBe(true);
  expect([document.activeElement, field.getAttribute('aria-invalid')]).toEqual([field, 'true']);
});

test('what is kept fills the page and is removed only after a question', async () => {
  const { asked, user } = open({ allowed: true, kept: KEPT, draft: null });
  expect(screen.getByText('Räume auf diesem Gerät öffnen unter dem Hinweis von: Schule.')).toBeTruthy();
  expect((screen.getByLabelText('Zugriffsprotokoll, in Tagen') as HTMLInputElement).value).toBe('14');
  await user.click(screen.getByRole('button', { name: 'Angaben entfernen' }));
  expect(asked).toEqual([]);
  await user.click(screen.getByRole('button', { name: 'Entfernen' }));
  expect(asked).toEqual([['forgetHosting']]);
});

test('where the policy took hosting away there is nothing to fill in', () => {
  open({ allowed: false, kept: null, draft: null });
  expect(screen.getByText(/auf diesem Computer ausgeschaltet/)).toBeTruthy();
  expect(screen.queryByLabelText('Anschrift')).toBeNull();
});
