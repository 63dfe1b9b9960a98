import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import App from '../App.svelte';
import type { Home } from '../backend/bindings/Home';
import type { Page } from '../backend/bindings/Page';
import { windowWith } from '../test-backend';

function open(page: Page) {
  const opened = windowWith({ slice: 'page', value: page });
  render(App, { store: opened.store });
  return { ...opened, user: userEvent.setup() };
}

const home = (more: Partial<Home> = {}): Page => ({ place: 'home', defaultHost: 'meet.jit.si', recents: null, interfaces: [{ id: 'w', name: 'wlan0', address: '10.0.0.5' }], contacts: [], hosted: null, responsible: '', ...more });
const prejoin = (more: object = {}): Page => ({
  place: 'prejoin', room: 'Lesekreis', host: 'raum.example', link: 'l', controllerId: 'unknown-operator-of:raum.example', controllerName: '', fingerprint: null, hostedHere: false, name: '', joining: false, ...more,
});

test('a pasted link is opened without the spaces around it', async () => {
  const { asked, user } = open(home());
  await user.type(screen.getByLabelText('Link oder Raumname'), '  Lesekreis {Enter}');
  expect(asked).toEqual([['openLink', 'Lesekreis']]);
});

test('an empty field opens nothing', async () => {
  const { asked, user } = open(home());
  await user.type(screen.getByLabelText('Link oder Raumname'), '{Enter}');
  expect(asked).toEqual([]);
});

test('a refused link says what, why and what to do, and the typed text stays', async () => {
  const { refuseWith, user } = open(home());
  refuseWith({ code: 'linkUnreadable', params: { text: 'x y' }, retry: false });
  await user.type(screen.getByLabelText('Link oder Raumname'), 'x y{Enter}');
  const alert = await screen.findByRole('alert');
  expect(alert.querySelectorAll('p').length).toBe(3);
  expect(alert.textContent).toContain('»x y« ist kein Link');
  expect((screen.getByLabelText('Link oder Raumname') as HTMLInputElement).value).toBe('x y');
});

test('a room on this device is for this computer only, unless an interface is chosen', async () => {
  const { asked, user } = open(home());
  await user.click(screen.getByRole('button', { name: 'Raum auf diesem Gerät öffnen' }));
  await user.click(screen.getByRole('radio', { name: /10\.0\.0\.5/ }));
  await user.click(screen.getByRole('button', { name: 'Raum auf diesem Gerät öffnen' }));
  expect(asked).toEqual([['hostRoom', { room: null, interface: null, password: null, lobby: false }], ['hostRoom', { room: null, interface: 'w', password: null, lobby: false }]]);
});

test('without the consent the list says why it is empty; with it, rooms open and can be forgotten', async () => {
  open(home());
  expect(screen.getByText(/weil Runde sich keine Räume merkt/)).toBeTruthy();
});

test('a remembered room opens and can be forgotten', async () => {
  const { asked, user } = open(home({ recents: [{ link: 'https://a/b', room: 'b', host: 'a', lastUsed: 1 }] }));
  await user.click(screen.getByRole('button', { name: /^b a/ }));
  await user.click(screen.getByRole('button', { name: 'b vergessen' }));
  expect(asked).toEqual([['openLink', 'https://a/b'], ['forgetRecent', 'https://a/b']]);
});

test('the footer names whom the app has contacted', () => {
  open(home({ contacts: ['raum.example'] }));
  expect(screen.getByText('Kontakte seit dem Start: raum.example')).toBeTruthy();
});

test('prejoin starts with everything off and joins like that', async () => {
  const { asked, user } = open(prejoin());
  expect(screen.getAllByRole('switch').map((one) => one.getAttribute('aria-checked'))).toEqual(['false', 'false']);
  await user.type(screen.getByLabelText('Ihr Name'), 'Lea');
  await user.click(screen.getByRole('button', { name: 'Beitreten' }));
  expect(asked).toEqual([['join', 'Lea', false, false]]);
});

test('prejoin says where it goes, whose notice applies, and shows the words of the server', async () => {
  const { asked, user } = open(prejoin({ fingerprint: { words: ['Apfel', 'Wolke'], hex: 'AB' } }));
  expect(screen.getByText('raum.example')).toBeTruthy();
  expect(screen.getByText('Apfel · Wolke')).toBeTruthy();
  expect(screen.getByText('Verantwortlich: Unbekannter Betreiber von raum.example.')).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Datenschutzhinweis lesen' }));
  expect(asked).toEqual([['showNotice', 'unknown-operator-of:raum.example']]);
});

test('while joining, the button waits', () => {
  open(prejoin({ joining: true }));
  expect((screen.getByRole('button', { name: 'Tritt bei …' }) as HTMLButtonElement).disabled).toBe(true);
});

test('a broken meeting says what, why, what to do, and leads back in', async () => {
  const { asked, user } = open({ place: 'broken', room: 'Lesekreis', link: 'https://a/b', home: true, error: { code: 'connectionLost', params: { host: 'a' }, retry: true } });
  expect(screen.getByRole('heading', { level: 1 }).textContent).toBe('Die Verbindung zu a ist abgerissen.');
  await user.click(screen.getByRole('button', { name: 'Erneut versuchen' }));
  await user.click(screen.getByRole('button', { name: 'Zur Startseite' }));
  expect(asked).toEqual([['retry'], ['goHome']]);
});

test('what cannot work again is not offered again', () => {
  open({ place: 'broken', room: 'Lesekreis', link: 'l', home: true, error: { code: 'kicked', params: { room: 'Lesekreis' }, retry: false } });
  expect(screen.queryByRole('button', { name: 'Erneut versuchen' })).toBeNull();
});

test('without a profile one can try again and nothing else', async () => {
  const { asked, user } = open({ place: 'broken', room: '', link: '', home: false, error: { code: 'keyringSilent', params: {}, retry: true } });
  expect(screen.queryByRole('button', { name: 'Zur Startseite' })).toBeNull();
  await user.click(screen.getByRole('button', { name: 'Erneut versuchen' }));
  expect(asked).toEqual([['retry']]);
});

test('a room that is open on this device can be entered and closed from the first page', async () => {
  const { asked, user } = open(home({ hosted: { room: 'bado-kilu', link: 'https://10.0.0.5:8443/bado-kilu#fp=ab', inUse: false } }));
  expect(screen.getByText('Gerade läuft darin kein Gespräch.')).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Eintreten' }));
  await user.click(screen.getByRole('button', { name: 'Raum schließen' }));
  expect(asked).toEqual([['openLink', 'https://10.0.0.5:8443/bado-kilu#fp=ab'], ['closeRoom']]);
});

test('closing a room with somebody in it says that it ends for everybody', async () => {
  const { asked, user } = open(home({ hosted: { room: 'r', link: 'l', inUse: true } }));
  expect(screen.getByText('Es läuft ein Gespräch darin.')).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Für alle beenden' }));
  expect(asked).toEqual([['closeRoom']]);
});

test('a declined notice leaves the app usable and can be read again', async () => {
  const { asked, user } = open({ place: 'declined', host: 'meet.jit.si', controllerId: '8x8-inc', controllerName: '8×8, Inc.' });
  expect(screen.getByText(/hat dort nichts gesendet/)).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Hinweis noch einmal lesen' }));
  expect(asked).toEqual([['showNotice', '8x8-inc']]);
});

test('afterwards the page says what was stored', () => {
  open({ place: 'after', room: 'Lesekreis', link: 'l', durationS: 754, network: 'weak', peopleAtMost: 3, stored: [] });
  expect(screen.getByText('12:34')).toBeTruthy();
  expect(screen.getByText('Nichts.')).toBeTruthy();
});
