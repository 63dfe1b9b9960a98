import { render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import App from '../App.svelte';
import type { Settings } from '../backend/bindings/Settings';
import { windowWith } from '../test-backend';

async function open(more: Partial<Settings> = {}) {
  const opened = windowWith({ slice: 'page', value: { place: 'home', defaultHost: 'm', recents: null, interfaces: [], contacts: [], hosted: null, responsible: '' } });
  opened.store.apply({
    slice: 'settings',
    value: {
      ...opened.store.settings, ...more, profilePath: '/profil', version: '0.1.0', defaultServer: 'meet.jit.si', port: 8443, schemes: [{ scheme: 'runde', ours: false }, { scheme: 'jitsi-meet', ours: false }],
      purposes: [{ id: 'recent-rooms', granted: true, texts: [{ lang: 'de', title: 'Räume merken', purpose: '', storage: '30 Tage' }] }],
    },
  });
  render(App, { store: opened.store });
  const user = userEvent.setup();
  await user.click(screen.getByRole('button', { name: 'Einstellungen' }));
  return { ...opened, user };
}

test('a consent is withdrawn with the same single click that grants it', async () => {
  const { asked, user } = await open();
  await user.click(screen.getByRole('switch', { name: 'Räume merken' }));
  expect(asked).toEqual([['setConsent', 'recent-rooms', false, 'de']]);
});

test('sound switches send their key and name their default', async () => {
  const { asked, user } = await open();
  expect(screen.getAllByText(/Voreinstellung: an/).length).toBe(3);
  await user.click(screen.getByRole('switch', { name: 'Echo unterdrücken' }));
  expect(asked).toEqual([['setSetting', { key: 'echo', value: false }]]);
});

test('a port takes effect when the field is left, and a refused one stays with its sentence', async () => {
  const { asked, refuseWith, user } = await open();
  const field = screen.getByLabelText('Anschluss für Räume auf diesem Gerät');
  await user.clear(field);
  await user.type(field, '9443{Enter}');
  expect(asked).toEqual([['setSetting', { key: 'port', value: '9443' }]]);
  refuseWith({ code: 'portUnreadable', params: { text: '80' }, retry: false });
  await user.clear(field);
  await user.type(field, '80{Enter}');
  expect((await screen.findByRole('alert')).textContent).toContain('»80« ist kein Anschluss');
  expect((field as HTMLInputElement).value).toBe('80');
});

test('links of each kind are taken over by a choice of their own', async () => {
  const { asked, user } = await open();
  await user.click(screen.getByRole('switch', { name: 'Links mit runde:// in Runde öffnen' }));
  expect(asked).toEqual([['setScheme', 'runde', true]]);
  expect(screen.getByText(/Eine andere Jitsi-App öffnet sie dann nicht mehr/)).toBeTruthy();
});

test('the privacy desk opens from the settings', async () => {
  const { asked, user } = await open();
  await user.click(screen.getByRole('button', { name: 'Protokolle und Rechte öffnen' }));
  expect(asked).toEqual([['openDesk', 'ledger']]);
});

test('searching leaves what matches, and says when nothing does', async () => {
  const { user } = await open();
  await user.type(screen.getByLabelText('Einstellungen durchsuchen'), 'echo');
  expect(within(screen.getByRole('dialog')).getAllByRole('switch').length).toBe(1);
  await user.type(screen.getByLabelText('Einstellungen durchsuchen'), 'xyz');
  expect(screen.getByText('Keine Einstellung passt zu »echoxyz«.')).toBeTruthy();
});

test('a new page closes the settings, so that a notice is never hidden', async () => {
  const { store } = await open();
  expect(store.settingsOpen).toBe(true);
  store.apply({ slice: 'page', value: { place: 'notice' } });
  expect(store.settingsOpen).toBe(false);
});

test('what the organisation fixed is shown with its name and cannot be changed', async () => {
  await open({ locked: ['default_server', 'theme'], organisation: 'Musterverein e. V.' });
  expect((screen.getByLabelText('Server für Raumnamen ohne Link') as HTMLInputElement).disabled).toBe(true);
  expect((screen.getByLabelText('Anschluss für Räume auf diesem Gerät') as HTMLInputElement).disabled).toBe(false);
  expect(screen.getAllByText(/wer diesen Rechner verwaltet: Musterverein e. V./).length).toBe(2);
});

test('the start with the session is off until chosen, names another version, and is not there where there is none', async () => {
  const { asked, store, user } = await open({ autostart: { on: false, other: '' } });
  const turn = screen.getByRole('switch', { name: 'Mit der Anmeldung am Rechner starten' });
  expect(turn.getAttribute('aria-checked')).toBe('false');
  await user.click(turn);
  expect(asked).toEqual([['setSetting', { key: 'autostart', value: true }]]);
  store.apply({ slice: 'settings', value: { ...store.settings, autostart: { on: true, other: '/opt/runde' } } });
  expect(await screen.findByText(/ein anderes Runde: \/opt\/runde/)).toBeTruthy();
  store.apply({ slice: 'settings', value: { ...store.settings, autostart: { on: true, other: '' }, locked: ['autostart'] } });
  await vi.waitFor(() => expect(turn.hasAttribute('disabled')).toBe(true));
  store.apply({ slice: 'settings', value: { ...store.settings, autostart: null } });
  await vi.waitFor(() => expect(screen.queryByRole('switch', { name: 'Mit der Anmeldung am Rechner starten' })).toBeNull());
});

test('the relay switch is off, says what it hides and costs, and sends its key', async () => {
  const { asked, user } = await open();
  const relay = screen.getByRole('switch', { name: 'Ton und Bild nur über eine Zwischenstation' });
  expect(relay.getAttribute('aria-checked')).toBe('false');
  expect(screen.getByText(/erfährt die Adresse dieses Geräts dann nicht.*etwas Verzögerung/)).toBeTruthy();
  await user.click(relay);
  expect(asked).toEqual([['setSetting', { key: 'relayOnly', value: true }]]);
});
