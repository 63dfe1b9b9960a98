import { render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import App from '../App.svelte';
import { contacts, desk, letter } from '../backend/fake-desk';
import type { DeskPage } from '../backend/bindings/DeskPage';
import type { PrivacyDesk } from '../backend/bindings/PrivacyDesk';
import { windowWith } from '../test-backend';

const HOME = { place: 'home' as const, defaultHost: 'm', recents: null, interfaces: [], contacts: [], hosted: null, responsible: '' };

function open(page: DeskPage, more: Partial<PrivacyDesk> = {}) {
  const opened = windowWith({ slice: 'page', value: HOME });
  opened.store.apply({
    slice: 'settings',
    value: { ...opened.store.settings, purposes: [{ id: 'recent-rooms', granted: true, texts: [{ lang: 'de', title: 'Räume merken', purpose: '', storage: '30 Tage' }] }] },
  });
  opened.store.apply({ slice: 'desk', value: { ...desk(page), ...more } });
  render(App, { store: opened.store });
  return { ...opened, user: userEvent.setup() };
}

const press = (user: ReturnType<typeof userEvent.setup>, name: string | RegExp) => user.click(screen.getByRole('button', { name }));

test('a consent is withdrawn on the page the tray leads to, with one click', async () => {
  const { asked, user } = open('voluntary');
  await user.click(screen.getByRole('switch', { name: 'Räume merken' }));
  expect(asked).toEqual([['setConsent', 'recent-rooms', false, 'de']]);
});

test('the record says in a sentence whether it is whole, and every entry names text, language and way', () => {
  open('ledger');
  expect(screen.getByText(/Die Kette ist vollständig, 3 Einträge, davon gelöscht: 1\./)).toBeTruthy();
  expect(screen.getByText(/die nur Dateirechte schützen/)).toBeTruthy();
  expect(screen.getByText('Fassung 1 · Einfache Sprache · auf der Befehlszeile')).toBeTruthy();
  expect(screen.getAllByText('9d41c7c2b8a3f0e65f2b4d0c71a96e38d25b7f4410c9e3a86b1f57d2c4e8a093').length).toBe(4);
});

test('a broken chain names the line, and a cut one says what is missing', () => {
  const { store } = open('ledger', { acknowledgements: { lines: 2, erased: 0, brokenAt: 3, cut: false, torn: false, clockBack: null, datedAhead: null } });
  expect(screen.getByText(/Die Kette bricht in Zeile 3\./)).toBeTruthy();
  expect(store.desk?.consents.cut).toBe(false);
});

test('cut and unfinished ledgers get their sentences', () => {
  open('ledger', { acknowledgements: { lines: 1, erased: 0, brokenAt: null, cut: true, torn: false, clockBack: null, datedAhead: null }, consents: { lines: 1, erased: 0, brokenAt: null, cut: false, torn: true, clockBack: 4, datedAhead: 3 } });
  expect(screen.getByText(/Eintrag 3 trägt eine Zeit, die noch nicht war/)).toBeTruthy();
  expect(screen.getByText(/Am Ende fehlen Einträge/)).toBeTruthy();
  expect(screen.getByText(/ein Eintrag\. Eine letzte Zeile wurde nie fertig/)).toBeTruthy();
});

test('each export asks for its document, and where it went is said', async () => {
  const { asked, user, store } = open('ledger');
  for (const name of ['JSON speichern …', 'JSON-LD speichern …', 'Kantara speichern …']) await press(user, name);
  expect(asked).toEqual([['saveDocument', 'ledgerJson'], ['saveDocument', 'ledgerJsonLd'], ['saveDocument', 'ledgerKantara']]);
  store.apply({ slice: 'desk', value: { ...desk('ledger'), saved: { document: 'ledgerJson', path: '/tmp/x.json' } } });
  expect((await screen.findByText('Gespeichert: /tmp/x.json')).closest('[role=status]')).toBeTruthy();
});

test('the noted text is read again, and an entry is erased only after a question', async () => {
  const { asked, user } = open('ledger');
  await press(user, 'Hinweis für meet.jit.si lesen');
  await press(user, 'Löschen: Zur Kenntnis genommen, meet.jit.si');
  expect(asked).toEqual([['showText', '9d41c7c2b8a3f0e65f2b4d0c71a96e38d25b7f4410c9e3a86b1f57d2c4e8a093']]);
  const question = screen.getByRole('alertdialog');
  expect(question.textContent).toContain('»Zur Kenntnis genommen, meet.jit.si« löschen?');
  await user.click(within(question).getByRole('button', { name: 'Löschen' }));
  expect(asked.at(-1)).toEqual(['erase', 'acknowledgements/2']);
});

test('the question is answered with no by Enter and by Escape, and the desk stays', async () => {
  const { asked, user } = open('rights');
  await press(user, 'Alles löschen');
  await expect.poll(() => document.activeElement?.textContent).toBe('Abbrechen');
  await user.keyboard('{Enter}');
  await expect.poll(() => screen.queryByRole('alertdialog')).toBeNull();
  await press(user, 'Alles löschen');
  await user.keyboard('{Escape}');
  await expect.poll(() => screen.queryByRole('alertdialog')).toBeNull();
  expect(screen.getByRole('heading', { name: 'Ihre Rechte' })).toBeTruthy();
  expect(asked).toEqual([]);
});

test('what is stored shows purpose, basis and time, hides secrets and names what is not ours', async () => {
  const { user } = open('stored');
  expect(screen.getByText('Nachweis, welche Datenschutzhinweise zur Kenntnis genommen wurden')).toBeTruthy();
  expect(screen.getByText(/Diese Datei schreibt kein Programm von Runde/)).toBeTruthy();
  const key = screen.getByRole('region', { name: 'Schlüssel der Protokolle' });
  await user.click(within(key).getByText('Inhalt zeigen, ein Eintrag'));
  expect(await within(key).findByText('geheim, wird nicht gezeigt')).toBeTruthy();
});

test('one value is erased by itself', async () => {
  const { asked, user } = open('stored');
  const settings = screen.getByRole('region', { name: 'Einstellungen' });
  await user.click(within(settings).getByText(/Inhalt zeigen/));
  await user.click(await within(settings).findByRole('button', { name: /Löschen: Anzeigename/ }));
  await user.click(within(screen.getByRole('alertdialog')).getByRole('button', { name: 'Löschen' }));
  expect(asked).toEqual([['erase', 'display-name']]);
});

test('objecting and taking it back are one click each, and a refused host gets its sentence', async () => {
  const { asked, user, refuseWith } = open('rights');
  await press(user, 'Der Verarbeitung durch meet.jit.si widersprechen');
  await press(user, 'Widerspruch gegen meet.example zurücknehmen');
  await user.type(screen.getByLabelText('Anderer Server'), 'other.example{Enter}');
  expect(asked).toEqual([['object', 'meet.jit.si', true, 'de'], ['object', 'meet.example', false, 'de'], ['object', 'other.example', true, 'de']]);
  refuseWith({ code: 'serviceUnreadable', params: { text: 'x y' }, retry: false });
  await user.type(screen.getByLabelText('Anderer Server'), 'x y{Enter}');
  expect((await screen.findByRole('alert')).textContent).toContain('»x y« ist kein Name eines Servers');
});

test('a profile is taken along at once and read in only after a question', async () => {
  const { asked, user } = open('rights');
  await press(user, 'Profil speichern …');
  await press(user, 'Profil einlesen …');
  expect(asked).toEqual([['saveDocument', 'profile']]);
  await user.click(within(screen.getByRole('alertdialog')).getByRole('button', { name: 'Datei wählen …' }));
  expect(asked.at(-1)).toEqual(['importProfile']);
});

test('a letter is composed from what was typed, saved and reminded of', async () => {
  const { asked, user, store } = open('letters');
  expect((screen.getByLabelText('Um welchen Server geht es?') as HTMLInputElement).value).toBe('meet.jit.si');
  await user.type(screen.getByLabelText('Ihr Name und Ihre Anschrift'), 'Lea\nWeg 1');
  await press(user, 'Schreiben verfassen');
  const wish = { article: '15', host: 'meet.jit.si', lang: 'de' as const, sender: 'Lea\nWeg 1', address: '', authority: null, details: '' };
  expect(asked).toEqual([['composeLetter', wish]]);
  store.apply({ slice: 'desk', value: { ...desk('letters'), letter: letter(wish) } });
  await screen.findByRole('heading', { name: 'Ihr Schreiben' });
  await press(user, 'Als PDF speichern …');
  await press(user, 'Am 25. Dezember 2026 an die Antwort erinnern');
  expect(asked.slice(1)).toEqual([['saveDocument', 'letterPdf'], ['remindOfLetter']]);
});

test('a letter without an address says what is missing', async () => {
  const { user, refuseWith } = open('letters');
  refuseWith({ code: 'addressMissing', params: { host: 'meet.example' }, retry: false });
  await press(user, 'Schreiben verfassen');
  expect((await screen.findByRole('alert')).textContent).toContain('Der Hinweis für meet.example nennt keine Postanschrift');
});

test('a due reminder stands on the first page with the way to the letters and is ticked off', async () => {
  const { store, asked, user } = open('letters');
  store.apply({ slice: 'desk', value: null });
  const due = { article: '15', to: 'meet.jit.si', writtenOn: '2026-10-20', remindOn: '2026-11-20', due: true };
  store.apply({ slice: 'reminders', value: [due, { ...due, to: 'later.example', due: false }] });
  expect(await screen.findByText(/Ihr Schreiben vom 20\. Oktober 2026 an meet\.jit\.si/)).toBeTruthy();
  expect(screen.queryByText(/later\.example/)).toBeNull();
  await press(user, 'Schreiben öffnen');
  await press(user, 'Erledigt: Schreiben an meet.jit.si');
  expect(asked).toEqual([['openDesk', 'letters'], ['forgetReminder', due]]);
});

test('a notice comes before the desk, which is there again afterwards', async () => {
  const { store } = open('rights');
  store.apply({ slice: 'page', value: { place: 'notice' } });
  await expect.poll(() => screen.queryByRole('heading', { name: 'Ihre Rechte' })).toBeNull();
  store.apply({ slice: 'page', value: HOME });
  expect(await screen.findByRole('heading', { name: 'Ihre Rechte' })).toBeTruthy();
});

test('closing tells the backend, so that a letter is forgotten', async () => {
  const { asked, user } = open('letters');
  await press(user, 'Schließen');
  expect(asked).toEqual([['closeDesk']]);
});

test('contacts name host, purpose, bytes and the notice, move by themselves, and are saved', async () => {
  const { asked, user, store } = open('contacts');
  expect(screen.getByText('Seit dem Start wurde niemand kontaktiert.')).toBeTruthy();
  store.apply({ slice: 'contacts', value: contacts });
  const host = (await screen.findByRole('heading', { name: '198.51.100.23' })).closest('li')!;
  expect(within(host).getByText('Ton und Bild')).toBeTruthy();
  expect(within(host).getByText('184,3 MB gesendet, 402,1 MB empfangen')).toBeTruthy();
  expect(within(host).getByText(/Erlaubt durch den Hinweis „meet-jit-si“/)).toBeTruthy();
  expect(screen.getByText('durch das System, nicht gezählt')).toBeTruthy();
  expect(screen.getByText('stun.l.google.com')).toBeTruthy();
  expect(screen.getByText(/^Aus einem Raum kamen/)).toBeTruthy();
  const moved = contacts.contacts.map((entry) => (entry.purpose === 'media' ? { ...entry, sent: 184_920_911 } : entry));
  store.apply({ slice: 'contacts', value: { ...contacts, contacts: moved, beyond: { times: 3, sent: 0, received: 999 }, oddRoom: false } });
  expect(await screen.findByText('184,9 MB gesendet, 402,1 MB empfangen')).toBeTruthy();
  expect(screen.getByText(/0 Byte gesendet, 999 Byte empfangen/)).toBeTruthy();
  expect(screen.queryByText(/^Aus einem Raum kamen/)).toBeNull();
  await press(user, 'JSON speichern …');
  expect(asked).toEqual([['saveDocument', 'contacts']]);
});
