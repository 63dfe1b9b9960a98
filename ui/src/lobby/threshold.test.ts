import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import App from '../App.svelte';
import type { Threshold } from '../backend/bindings/Threshold';
import type { Wants } from '../backend/bindings/Wants';
import { windowWith } from '../test-backend';

const page = (wants: Wants, more: Partial<Threshold> = {}) =>
  ({ place: 'threshold' as const, room: 'Lesekreis', host: 'meet.example', wants, trying: false, name: '', loginPage: null, ...more });

function open(wants: Wants, more: Partial<Threshold> = {}) {
  const opened = windowWith({ slice: 'page', value: page(wants, more) });
  render(App, { store: opened.store });
  return { ...opened, user: userEvent.setup() };
}

test('a room with a password asks for it, hides what is typed and sends it once', async () => {
  const { asked, user } = open('password');
  expect(screen.getByRole('heading', { level: 1 }).textContent).toBe('Der Raum »Lesekreis« hat ein Passwort');
  const field = screen.getByLabelText('Passwort') as HTMLInputElement;
  expect(field.type).toBe('password');
  expect(field.autocomplete).toBe('off');
  await user.type(field, 'sesam öffne{Enter}');
  expect(asked).toEqual([['givePassword', 'sesam öffne']]);
  expect(field.value).toBe('');
});

test('an empty password is not sent', async () => {
  const { asked, user } = open('password');
  await user.type(screen.getByLabelText('Passwort'), '{Enter}');
  expect(asked).toEqual([]);
});

test('a wrong password is said calmly, the field is there again, and one can give up', async () => {
  const { asked, store, user } = open('password');
  await user.type(screen.getByLabelText('Passwort'), 'falsch{Enter}');
  store.apply({ slice: 'page', value: page('password', { trying: true }) });
  expect(await screen.findByRole('button', { name: 'Wird geprüft …' })).toBeTruthy();
  store.apply({ slice: 'page', value: page('otherPassword') });
  expect(await screen.findByText(/nicht das richtige Passwort/)).toBeTruthy();
  expect(screen.queryByRole('alert')).toBeNull();
  await user.type(screen.getByLabelText('Passwort'), 'richtig{Enter}');
  await user.click(screen.getByRole('button', { name: 'Nicht beitreten' }));
  expect(asked).toEqual([['givePassword', 'falsch'], ['givePassword', 'richtig'], ['goHome']]);
});

test('the characters can be looked at', async () => {
  const { user } = open('password');
  await user.click(screen.getByRole('button', { name: 'Zeichen anzeigen' }));
  expect((screen.getByLabelText('Passwort') as HTMLInputElement).type).toBe('text');
});

test('a login needs account and password, and says where they go', async () => {
  const { asked, user } = open('login');
  expect(screen.getByText(/gehen nur dorthin und werden nicht gespeichert/)).toBeTruthy();
  expect((screen.getByRole('button', { name: 'Anmelden' }) as HTMLButtonElement).disabled).toBe(true);
  await user.type(screen.getByLabelText('Konto'), ' ada ');
  await user.type(screen.getByLabelText('Passwort'), 'geheim{Enter}');
  expect(asked).toEqual([['giveLogin', 'ada', 'geheim']]);
});

test('a page for logging in is named and opened only by the button', async () => {
  const { asked, user } = open('login', { loginPage: 'https://login.example/room' });
  expect(screen.getByText(/https:\/\/login\.example\/room/)).toBeTruthy();
  expect(asked).toEqual([]);
  await user.click(screen.getByRole('button', { name: 'Seite im Browser öffnen' }));
  expect(asked).toEqual([['openLoginPage']]);
  expect(screen.getByText('Die Seite ist im Browser offen.')).toBeTruthy();
});

test('a browser that does not open is told', async () => {
  const { refuseWith, user } = open('otherToken', { loginPage: 'https://login.example/room' });
  refuseWith({ code: 'browserSilent', params: {}, retry: false });
  await user.click(screen.getByRole('button', { name: 'Seite im Browser öffnen' }));
  expect(await screen.findByText('Der Browser ließ sich nicht öffnen.')).toBeTruthy();
  expect(screen.queryByText('Die Seite ist im Browser offen.')).toBeNull();
});

test('in the lobby one waits, knows what for, and may go', async () => {
  const { asked, user } = open('moderator', { name: 'Lea', trying: true });
  expect(screen.getByRole('heading', { level: 1 }).textContent).toBe('Sie warten vor »Lesekreis«');
  expect(screen.getByText('Dort steht Ihr Name: Lea')).toBeTruthy();
  expect(screen.getByText('Wartet …').closest('[role=status]')).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Nicht beitreten' }));
  expect(asked).toEqual([['goHome']]);
});

test('before its host comes the room says that nothing has to be done', () => {
  open('host');
  expect(screen.getByText(/noch nicht da/)).toBeTruthy();
});

test('a lobby that wants a name gets one', async () => {
  const { asked, user } = open('name');
  await user.type(screen.getByLabelText('Ihr Name'), 'Lea{Enter}');
  expect(asked).toEqual([['giveName', 'Lea']]);
});

test.each([
  ['turnedAway', false, 'Sie wurden nicht in »Lesekreis« eingelassen.'],
  ['membersOnly', true, 'Sie kommen nicht in den Raum »Lesekreis«.'],
  ['lobbyClosed', true, 'Der Warteraum von »Lesekreis« wurde geschlossen.'],
  ['banned', false, 'Sie sind vom Raum »Lesekreis« ausgeschlossen.'],
  ['visitorsOnly', true, 'Im Raum »Lesekreis« können Sie nur zusehen.'],
  ['roomFull', true, 'Der Raum »Lesekreis« ist voll.'],
  ['kicked', false, 'Sie wurden aus »Lesekreis« entfernt.'],
  ['roomEnded', false, 'Der Raum »Lesekreis« ist geschlossen.'],
] as const)('%s is a page with what, why and what to do', (code, retry, what) => {
  const { store } = windowWith({ slice: 'page', value: { place: 'broken', room: 'Lesekreis', link: 'l', home: true, error: { code, params: { room: 'Lesekreis', host: 'h' }, retry } } });
  render(App, { store });
  expect(screen.getByRole('heading', { level: 1 }).textContent).toBe(what);
  expect(screen.getAllByText(/\.$/).length).toBeGreaterThanOrEqual(3);
  expect(screen.queryByRole('button', { name: 'Erneut versuchen' }) !== null).toBe(retry);
});

test('a room on this device can begin with a password and a lobby', async () => {
  const { asked, store } = windowWith({ slice: 'page', value: { place: 'home', defaultHost: 'meet.jit.si', recents: null, interfaces: [], contacts: [], hosted: null, responsible: '' } });
  render(App, { store });
  const user = userEvent.setup();
  await user.type(screen.getByLabelText('Passwort für den Raum'), 'sesam');
  await user.click(screen.getByRole('switch', { name: 'Warteraum' }));
  await user.click(screen.getByRole('button', { name: 'Raum auf diesem Gerät öffnen' }));
  expect(asked).toEqual([['hostRoom', { room: null, interface: null, password: 'sesam', lobby: true }]]);
  expect((screen.getByLabelText('Passwort für den Raum') as HTMLInputElement).value).toBe('');
});
