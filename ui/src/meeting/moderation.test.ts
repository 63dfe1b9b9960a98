import { render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import App from '../App.svelte';
import type { Meeting } from '../backend/bindings/Meeting';
import type { Person } from '../backend/bindings/Person';
import { NO_EXTRAS } from '../backend/fake-extras';
import { windowWith } from '../test-backend';

const person = (endpoint: string, name: string, more: Partial<Person> = {}): Person =>
  ({ endpoint, name, isMe: false, muted: false, camera: `${endpoint}-v0`, screen: null, hand: false, moderator: false, away: false, ...more });

async function open(more: Partial<Meeting> = {}, panel = true) {
  const meeting: Meeting = {
    phase: 'joined', room: 'Lesekreis', host: 'a', link: 'l', operator: '', hostedHere: false, joinedAt: 0, network: 'good', direct: false, dominant: null, fingerprint: null,
    subject: '', moderator: true, locked: false, lobby: false, knockers: [], extras: NO_EXTRAS, ...more,
  };
  const people = [person('me', 'Lea', { isMe: true, moderator: meeting.moderator }), person('b', 'Amal')];
  const opened = windowWith({ slice: 'meeting', value: meeting }, { slice: 'people', value: people }, { slice: 'page', value: { place: 'meeting' } });
  render(App, { store: opened.store });
  const user = userEvent.setup();
  if (panel) await user.click(screen.getByRole('button', { name: /Personen/ }));
  return { ...opened, user, meeting };
}

test('whoever is no moderator is offered nothing that only moderators may do', async () => {
  await open({ moderator: false });
  expect(screen.queryByRole('button', { name: /Mehr zu/ })).toBeNull();
  expect(screen.queryByRole('switch', { name: 'Warteraum' })).toBeNull();
  expect(screen.queryByRole('button', { name: 'Passwort setzen' })).toBeNull();
});

test('a moderator mutes, stops a camera and shares the rights, by buttons with names', async () => {
  const { asked, user } = await open();
  await user.click(screen.getByRole('button', { name: 'Mehr zu Amal' }));
  const powers = screen.getByRole('group', { name: 'Mehr zu Amal' });
  await user.click(within(powers).getByRole('button', { name: 'Stummschalten' }));
  await user.click(within(powers).getByRole('button', { name: 'Kamera aus' }));
  await user.click(within(powers).getByRole('button', { name: 'Zur Moderation machen' }));
  expect(asked).toEqual([
    ['moderate', { act: 'mute', endpoint: 'b' }], ['moderate', { act: 'stopCamera', endpoint: 'b' }], ['moderate', { act: 'grant', endpoint: 'b' }],
  ]);
});

test('nobody has powers over themselves, and what is off already cannot be switched off', async () => {
  const { store, user } = await open();
  expect(screen.queryByRole('button', { name: 'Mehr zu Lea' })).toBeNull();
  store.apply({ slice: 'people', value: [person('me', 'Lea', { isMe: true }), person('b', 'Amal', { muted: true, camera: null, moderator: true })] });
  await user.click(await screen.findByRole('button', { name: 'Mehr zu Amal' }));
  expect((screen.getByRole('button', { name: 'Stummschalten' }) as HTMLButtonElement).disabled).toBe(true);
  expect(screen.queryByRole('button', { name: 'Zur Moderation machen' })).toBeNull();
  expect(screen.getByText('moderiert')).toBeTruthy();
});

test('removing somebody is asked once more', async () => {
  const { asked, user } = await open();
  await user.click(screen.getByRole('button', { name: 'Mehr zu Amal' }));
  await user.click(screen.getByRole('button', { name: 'Entfernen' }));
  expect(screen.getByText('Amal aus dem Raum entfernen?')).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Nein' }));
  expect(asked).toEqual([]);
  await user.click(screen.getByRole('button', { name: 'Entfernen' }));
  await user.click(screen.getByRole('button', { name: 'Ja, entfernen' }));
  expect(asked).toEqual([['moderate', { act: 'kick', endpoint: 'b' }]]);
});

test('somebody who knocks is told calmly beside the meeting, with both answers', async () => {
  const { asked, store, user, meeting } = await open({ lobby: true }, false);
  expect(screen.queryByText(/möchte eintreten/)).toBeNull();
  const knockers = [{ endpoint: 'c', name: 'Elif' }, { endpoint: 'd', name: '' }];
  store.apply({ slice: 'meeting', value: { ...meeting, knockers } });
  const card = (await screen.findByText('Elif möchte eintreten')).closest('[role=status]') as HTMLElement;
  expect(within(card).getByText('und 1 weitere Person')).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Elif einlassen' }));
  store.apply({ slice: 'meeting', value: { ...meeting, knockers: [knockers[1]!] } });
  await user.click(await screen.findByRole('button', { name: 'Gast abweisen' }));
  expect(asked).toEqual([['moderate', { act: 'letIn', endpoint: 'c' }], ['moderate', { act: 'turnAway', endpoint: 'd' }]]);
});

test('a guest is not told who knocks', async () => {
  await open({ moderator: false, knockers: [{ endpoint: 'c', name: 'Elif' }] }, false);
  expect(screen.queryByText(/möchte eintreten/)).toBeNull();
});

test('in the panel everybody who waits is listed', async () => {
  const { asked, user } = await open({ lobby: true, knockers: [{ endpoint: 'c', name: 'Elif' }, { endpoint: 'd', name: 'Pawel' }] });
  await user.click(screen.getByRole('button', { name: 'Pawel einlassen' }));
  expect(asked).toEqual([['moderate', { act: 'letIn', endpoint: 'd' }]]);
});

test('lobby, password and subject are decided in the panel', async () => {
  const { asked, store, user, meeting } = await open();
  await user.click(screen.getByRole('switch', { name: 'Warteraum' }));
  expect(screen.getByText('Der Raum hat kein Passwort.')).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Passwort setzen' }));
  await user.type(screen.getByLabelText('Passwort'), 'sesam{Enter}');
  store.apply({ slice: 'meeting', value: { ...meeting, locked: true } });
  await user.click(await screen.findByRole('button', { name: 'Passwort aufheben' }));
  await user.type(screen.getByLabelText('Thema'), 'Kapitel 7{Enter}');
  expect(asked).toEqual([
    ['moderate', { act: 'lobby', on: true }], ['moderate', { act: 'password', password: 'sesam' }],
    ['moderate', { act: 'password', password: null }], ['moderate', { act: 'subject', text: 'Kapitel 7' }],
  ]);
});

test('everybody reads the subject above the meeting', async () => {
  await open({ moderator: false, subject: 'Kapitel 7' }, false);
  expect(screen.getByText('Kapitel 7')).toBeTruthy();
});

test('whoever was silenced reads by whom', async () => {
  const { store } = await open({ moderator: false }, false);
  store.apply({ slice: 'toasts', value: [{ id: 1, error: { code: 'mutedByModerator', params: { name: 'Amal' }, retry: false } }, { id: 2, error: { code: 'cameraStoppedByModerator', params: {}, retry: false } }] });
  expect(await screen.findByText('Amal hat das veranlasst.')).toBeTruthy();
  expect(screen.getByText('Eine Person mit Moderationsrecht hat das veranlasst.')).toBeTruthy();
});

test('the own name can be changed in the room', async () => {
  const { asked, user } = await open({ moderator: false });
  await user.clear(screen.getByLabelText('Ihr Name im Raum'));
  await user.type(screen.getByLabelText('Ihr Name im Raum'), 'Lea M.{Enter}');
  expect(asked).toEqual([['setName', 'Lea M.']]);
});
