import { render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import App from '../App.svelte';
import type { Extras } from '../backend/bindings/Extras';
import type { Meeting } from '../backend/bindings/Meeting';
import type { Person } from '../backend/bindings/Person';
import { NO_EXTRAS, OFFERED } from '../backend/fake-extras';
import { windowWith } from '../test-backend';

const person = (endpoint: string, name: string, more: Partial<Person> = {}): Person =>
  ({ endpoint, name, isMe: false, muted: false, camera: null, screen: null, hand: false, moderator: false, away: false, ...more });

function open(extras: Partial<Extras> = {}, more: Partial<Meeting> = {}, others: Person[] = [person('b', 'Amal')]) {
  const meeting: Meeting = {
    phase: 'joined', room: 'Lesekreis', host: 'a', link: 'l', operator: '', hostedHere: false, joinedAt: 0, network: 'good', direct: false, dominant: null, fingerprint: null,
    subject: '', moderator: false, locked: false, lobby: false, knockers: [], extras: { ...NO_EXTRAS, ...extras }, ...more,
  };
  const people = [person('me', 'Lea', { isMe: true, moderator: meeting.moderator }), ...others];
  const opened = windowWith({ slice: 'meeting', value: meeting }, { slice: 'people', value: people }, { slice: 'page', value: { place: 'meeting' } });
  render(App, { store: opened.store });
  return { ...opened, user: userEvent.setup(), meeting };
}

test('somebody’s screen is a tile of its own, named as theirs, beside their camera', () => {
  open({}, {}, [person('b', 'Amal', { camera: 'b-v0', screen: 'b-v1' })]);
  const screens = screen.getByRole('list', { name: 'Geteilte Bildschirme' });
  expect(within(screens).getByRole('group', { name: 'Bildschirm von Amal' })).toBeTruthy();
  expect(screen.getByRole('group', { name: /^Amal: .*Kamera an/ })).toBeTruthy();
});

test('a recording is an alert with a sentence, and nothing stays of it afterwards', async () => {
  const { store, meeting } = open({ captures: ['recording'] });
  const alert = screen.getAllByRole('alert').find((one) => one.textContent?.includes('Wird aufgezeichnet'));
  expect(alert?.textContent).toContain('zeichnet Ton und Bild');
  store.apply({ slice: 'meeting', value: { ...meeting, extras: NO_EXTRAS } });
  await Promise.resolve();
  expect(screen.queryByText('Wird aufgezeichnet')).toBeNull();
});

test('who needs permission asks by raising a hand', async () => {
  const { asked, user, store, meeting } = open({ needed: ['microphone'], mustAsk: ['microphone'] });
  expect(screen.getByText(/Mikrofon braucht hier eine Freigabe/)).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Um Freigabe bitten' }));
  expect(asked).toEqual([['setHand', true]]);
  store.apply({ slice: 'people', value: [person('me', 'Lea', { isMe: true, hand: true }), person('b', 'Amal')] });
  expect(await screen.findByText(/Ihre Hand ist gehoben/)).toBeTruthy();
  store.apply({ slice: 'meeting', value: { ...meeting, extras: { ...NO_EXTRAS, needed: ['microphone'] } } });
  await Promise.resolve();
  expect(screen.queryByText(/braucht hier eine Freigabe/)).toBeNull();
});

test('a moderator makes microphones need permission and gives it to one, and takes it back', async () => {
  const { asked, user, store, meeting } = open({ canPermit: true }, { moderator: true });
  await user.click(screen.getByRole('button', { name: /Personen/ }));
  await user.click(screen.getByRole('switch', { name: 'Mikrofone brauchen eine Freigabe' }));
  store.apply({ slice: 'meeting', value: { ...meeting, extras: { ...meeting.extras, needed: ['microphone'] } } });
  await user.click(screen.getByRole('button', { name: 'Mehr zu Amal' }));
  await user.click(await screen.findByRole('button', { name: 'Mikrofon freigeben' }));
  store.apply({ slice: 'meeting', value: { ...meeting, extras: { ...meeting.extras, needed: ['microphone'], allowances: [{ endpoint: 'b', media: 'microphone' }] } } });
  await user.click(await screen.findByRole('button', { name: 'Freigabe des Mikrofons zurücknehmen' }));
  const allow = (allowed: boolean) => ['wish', { wish: 'allow', endpoint: 'b', media: 'microphone', allowed }];
  expect(asked).toEqual([['wish', { wish: 'needPermission', media: 'microphone', needed: true }], allow(true), allow(false)]);
});

test('reactions are sent by name and shown on the tile of who sent them', async () => {
  const { asked, user, store, meeting } = open();
  await user.click(screen.getByRole('button', { name: 'Reaktion' }));
  await user.click(screen.getByRole('button', { name: 'Applaus' }));
  expect(asked).toEqual([['wish', { wish: 'react', reaction: 'clap' }]]);
  expect(screen.queryByRole('group', { name: 'Reaktion zeigen' })).toBeNull();
  const signs = [{ id: 1, endpoint: 'b', reaction: 'laugh' as const, at: Math.floor(Date.now() / 1000) }];
  store.apply({ slice: 'meeting', value: { ...meeting, extras: { ...NO_EXTRAS, signs } } });
  expect(await screen.findByRole('img', { name: 'Amal: Lachen' })).toBeTruthy();
});

test('a poll is answered, its counts are seen, and one is asked', async () => {
  const { asked, user } = open(OFFERED);
  await user.click(screen.getByRole('button', { name: 'Mehr' }));
  const second = screen.getByText('Welches Kapitel als Nächstes?').closest('form')!;
  await user.click(within(second).getByRole('checkbox', { name: 'Kapitel 9' }));
  await user.click(within(second).getByRole('button', { name: 'Abstimmen' }));
  await user.click(screen.getByRole('button', { name: 'Umfrage stellen' }));
  expect((screen.getByRole('button', { name: 'Allen stellen' }) as HTMLButtonElement).disabled).toBe(true);
  await user.type(screen.getByLabelText('Frage'), 'Tee?');
  await user.type(screen.getByLabelText('Antwort 1'), 'ja');
  await user.type(screen.getByLabelText('Antwort 2'), 'nein');
  await user.click(screen.getByRole('button', { name: 'Allen stellen' }));
  expect(asked).toEqual([
    ['wish', { wish: 'vote', poll: 'p2', answers: [false, true, false] }],
    ['wish', { wish: 'ask', question: 'Tee?', answers: ['ja', 'nein'] }],
  ]);
});

test('rooms say who is where and lead there; only moderators make and close them', async () => {
  const { asked, user } = open(OFFERED);
  await user.click(screen.getByRole('button', { name: 'Mehr' }));
  expect(screen.getByText('Sie sind hier')).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Auflösen' })).toBeNull();
  await user.click(screen.getByRole('button', { name: 'Hierhin wechseln: Gruppe 1' }));
  expect(asked).toEqual([['wish', { wish: 'goTo', room: 'g1@breakout.meet.example' }]]);
});
