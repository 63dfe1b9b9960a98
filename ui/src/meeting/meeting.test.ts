import { render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import App from '../App.svelte';
import type { Meeting } from '../backend/bindings/Meeting';
import type { Person } from '../backend/bindings/Person';
import { NO_EXTRAS } from '../backend/fake-extras';
import { windowWith } from '../test-backend';
import { shortcut } from './keys';

const person = (endpoint: string, more: Partial<Person> = {}): Person => ({ endpoint, name: '', isMe: false, muted: true, camera: null, screen: null, hand: false, moderator: false, away: false, ...more });
const me = person('me', { isMe: true, name: 'Lea' });

function open(people: Person[], more: Partial<Meeting> = {}) {
  const meeting: Meeting = { phase: 'joined', room: 'Lesekreis', host: 'a', link: 'https://a/Lesekreis#fp=1', operator: '', hostedHere: true, joinedAt: 0, network: 'good', direct: false, dominant: null, fingerprint: null, subject: '', moderator: false, locked: false, lobby: false, knockers: [], extras: NO_EXTRAS, ...more };
  const opened = windowWith({ slice: 'meeting', value: meeting }, { slice: 'people', value: people }, { slice: 'page', value: { place: 'meeting' } });
  render(App, { store: opened.store });
  return { ...opened, user: userEvent.setup() };
}

test('the buttons send their commands, and the state comes from the slices alone', async () => {
  const { asked, store, user } = open([me, person('b')]);
  const microphone = screen.getByRole('button', { name: 'Mikrofon' });
  await user.click(microphone);
  expect(microphone.getAttribute('aria-pressed')).toBe('false');
  store.apply({ slice: 'devices', value: { ...store.devices, microphone: { ...store.devices.microphone, on: true } } });
  await user.click(microphone);
  await user.click(screen.getByRole('button', { name: 'Kamera' }));
  await user.click(screen.getByRole('button', { name: 'Hand' }));
  await user.click(screen.getByRole('button', { name: 'Verlassen' }));
  expect(asked).toEqual([['setMicrophone', true], ['setMicrophone', false], ['setCamera', true], ['setHand', true], ['leave']]);
});

test('the top line says when two talk directly, and only then', async () => {
  const { store } = open([me, person('b')], { direct: true });
  expect(screen.getByText('Direkt verbunden')).toBeTruthy();
  expect(screen.getByText('Ton und Bild verschlüsselt bis zur anderen Person')).toBeTruthy();
  store.apply({ slice: 'meeting', value: { ...store.meeting!, direct: false } });
  await vi.waitFor(() => expect(screen.queryByText('Direkt verbunden')).toBeNull());
  expect(screen.queryByText('Ton und Bild verschlüsselt bis zur anderen Person')).toBeNull();
});

test('shortcuts do the same, also while typing', async () => {
  const { asked, user } = open([me, person('b')]);
  await user.keyboard('{Control>}d{/Control}{Control>}{Shift>}M{/Shift}{/Control}');
  await user.type(screen.getByLabelText('Nachricht an alle'), 'dee');
  await user.keyboard('{Control>}e{/Control}');
  expect(asked).toEqual([['setMicrophone', true], ['setCamera', true]]);
});

test('no shortcut works without a modifier or when held down', () => {
  const key = { key: 'd', ctrlKey: true, metaKey: false, shiftKey: false, altKey: false, repeat: false };
  expect(shortcut(key)).toBe('microphone');
  expect(shortcut({ ...key, ctrlKey: false, metaKey: true })).toBe('microphone');
  expect(shortcut({ ...key, ctrlKey: false })).toBeNull();
  expect(shortcut({ ...key, altKey: true })).toBeNull();
  expect(shortcut({ ...key, repeat: true })).toBeNull();
  expect(shortcut({ ...key, shiftKey: true })).toBeNull();
});

test('alone, the link is there to pass on', () => {
  open([me]);
  expect(screen.getByText('Sie sind allein im Raum')).toBeTruthy();
  expect(screen.getByText('https://a/Lesekreis#fp=1')).toBeTruthy();
  expect(screen.getByRole('img', { name: 'QR-Code des Links' })).toBeTruthy();
  expect(screen.getByRole('button', { name: 'Link kopieren' })).toBeTruthy();
});

test('a tile says who it is and what is off', () => {
  open([me, person('b', { name: 'Amal', muted: false, camera: 'b-v0', hand: true })]);
  expect(screen.getByRole('group', { name: 'Lea (Sie): Mikrofon aus, Kamera aus' })).toBeTruthy();
  expect(screen.getByRole('group', { name: 'Amal: Mikrofon an, Kamera an, hebt die Hand' })).toBeTruthy();
});

test('a tile of somebody from whom nothing comes says so', () => {
  open([me, person('b', { name: 'Amal', camera: 'b-v0', away: true })]);
  expect(screen.getByText('Verbindung unterbrochen')).toBeTruthy();
  expect(screen.getByRole('group', { name: 'Amal: Mikrofon aus, Kamera an, Verbindung unterbrochen' })).toBeTruthy();
});

test('the ring follows the level, and a muted person never has one', () => {
  const { store } = open([me, person('b', { name: 'Amal', muted: false }), person('c', { name: 'Jonas' })]);
  store.apply({ slice: 'levels', value: { microphone: 0, people: { b: 0.5, c: 0.5 } } });
  const ring = (name: RegExp) => screen.getByRole('group', { name }).querySelector<HTMLElement>('.ring');
  return Promise.resolve().then(() => {
    expect(Number(ring(/^Amal/)?.style.opacity)).toBeGreaterThan(0.5);
    expect(ring(/^Jonas/)?.style.opacity).toBe('0');
  });
});

test('a chat line goes out with Enter, and what comes in stays text', async () => {
  const { asked, store, user } = open([me, person('b')]);
  store.apply({ slice: 'chat', value: [{ id: 1, name: '<i>x</i>', mine: false, text: '<img src=x>', at: 0 }] });
  await user.click(await screen.findByRole('button', { name: /Chat/ }));
  const log = screen.getByRole('log');
  expect(within(log).getByText('<img src=x>').tagName).toBe('BDI');
  expect(within(log).getByText('<i>x</i>').tagName).toBe('BDI');
  await user.type(screen.getByLabelText('Nachricht an alle'), 'Guten Abend{Shift>}{Enter}{/Shift}allerseits{Enter}');
  expect(asked).toEqual([['sendChat', 'Guten Abend\nallerseits']]);
  expect((screen.getByLabelText('Nachricht an alle') as HTMLTextAreaElement).value).toBe('');
});

test('a refused line stays in the field', async () => {
  const { refuseWith, user } = open([me, person('b')]);
  refuseWith({ code: 'textTooLong', params: { limit: '1000' }, retry: false });
  await user.click(screen.getByRole('button', { name: /Chat/ }));
  await user.type(screen.getByLabelText('Nachricht an alle'), 'lang{Enter}');
  expect(screen.getByText('Der Text ist zu lang.')).toBeTruthy();
  expect((screen.getByLabelText('Nachricht an alle') as HTMLTextAreaElement).value).toBe('lang');
});

test('new lines are counted until the chat is opened', async () => {
  const { store, user } = open([me, person('b')]);
  store.apply({ slice: 'chat', value: [{ id: 1, name: 'A', mine: false, text: 'x', at: 0 }, { id: 2, name: '', mine: true, text: 'y', at: 0 }] });
  expect(await screen.findByText('1 neue Nachricht')).toBeTruthy();
  await user.click(screen.getByRole('button', { name: /Chat/ }));
  expect(screen.queryByText('1 neue Nachricht')).toBeNull();
});

test('reconnecting says what still works', () => {
  open([me, person('b')], { phase: 'reconnecting', network: 'poor' });
  expect(screen.getByText(/Runde verbindet neu/)).toBeTruthy();
  expect(screen.getByText('Netz sehr schwach')).toBeTruthy();
});

test('an unplugged microphone is told beside the meeting and can be dismissed', async () => {
  const { asked, store, user } = open([me, person('b')]);
  store.apply({ slice: 'toasts', value: [{ id: 4, error: { code: 'microphoneReplaced', params: { device: 'USB', next: 'Eingebaut' }, retry: false } }] });
  expect(await screen.findByText('Runde nimmt jetzt »Eingebaut«.')).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Schließen' }));
  expect(asked).toEqual([['dismissToast', 4]]);
});
