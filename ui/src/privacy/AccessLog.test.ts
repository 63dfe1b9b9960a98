import { render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import App from '../App.svelte';
import { desk, roomLog } from '../backend/fake-desk';
import type { RoomLog } from '../backend/bindings/RoomLog';
import { windowWith } from '../test-backend';

const HOME = { place: 'home' as const, defaultHost: 'm', recents: null, interfaces: [], contacts: [], hosted: null, responsible: '' };

function open(log: RoomLog | null = roomLog) {
  const opened = windowWith({ slice: 'page', value: HOME }, { slice: 'desk', value: { ...desk('roomLog'), log } });
  render(App, { store: opened.store });
  return { ...opened, user: userEvent.setup() };
}

test('the page asks for the log once and shows exactly five fields of each line, the retention and the days', () => {
  const { asked } = open();
  expect(asked).toEqual([['lookAtLog']]);
  const table = screen.getByRole('table');
  expect(within(table).getAllByRole('columnheader').map((head) => head.textContent)).toEqual(['Zeit', 'Gesendet', 'Programm', 'Betriebssystem', 'IP-Adresse']);
  const first = within(table).getAllByRole('row')[1];
  expect(within(first as HTMLElement).getAllByRole('cell').slice(2).map((cell) => cell.textContent)).toEqual(['Chromium 130', 'Linux', '192.0.2.7']);
  expect(screen.getByText('Räume, die Sie jetzt öffnen, behalten das Zugriffsprotokoll 14 Tage.')).toBeTruthy();
  expect(screen.getAllByText(/wird gelöscht am/).length).toBe(2);
});

test('a table that scrolls is reached by keyboard and has a name', () => {
  open();
  expect(screen.getByRole('group', { name: 'Zeilen' }).getAttribute('tabindex')).toBe('0');
});

test('without a log it says so and offers nothing to hold', () => {
  open({ ...roomLog, retentionDays: null, days: [], newest: [], holds: [], more: false });
  expect(screen.getByText('Räume, die Sie jetzt öffnen, führen kein Zugriffsprotokoll.')).toBeTruthy();
  expect(screen.getByText('Es ist nichts gespeichert.')).toBeTruthy();
  expect(screen.queryByLabelText('Kennung des Vorfalls')).toBeNull();
});

test('a hold needs its words, and a refusal stands at the field that it is about', async () => {
  const { asked, refuseWith, user } = open();
  await user.type(screen.getByLabelText('Kennung des Vorfalls'), '2026-11-flut');
  await user.type(screen.getByLabelText('Grund'), 'Flut');
  await user.type(screen.getByLabelText('Wer das entscheidet'), 'Ada');
  await user.type(screen.getByLabelText('Adresse oder Bereich'), '192.0.2.0/24');
  await user.click(screen.getByRole('button', { name: 'Sichern' }));
  expect(asked.at(-1)).toEqual(['hold', { act: 'start', lines: { incident: '2026-11-flut', reason: 'Flut', person: 'Ada', ip: '192.0.2.0/24', from: '', until: '' } }]);
  expect(await screen.findByText('Gesichert: 2026-11-flut.')).toBeTruthy();
  refuseWith({ code: 'holdAddressUnusable', params: { text: 'alle' }, retry: false });
  await user.click(screen.getByRole('button', { name: 'Sichern' }));
  const field = screen.getByLabelText('Adresse oder Bereich');
  expect((await screen.findByRole('alert')).textContent).toContain('»alle« ist keine Adresse und kein Bereich.');
  expect([document.activeElement, field.getAttribute('aria-invalid')]).toEqual([field, 'true']);
});

test('a hold says why and until when, is confirmed with one click, and released only after a question', async () => {
  const { asked, user } = open();
  expect(screen.getByText('Flut von Anfragen (entschieden von Ada Beispiel)')).toBeTruthy();
  expect(screen.getByText(/^Zeilen: 212 · Siegel unversehrt · nächste Prüfung am/)).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Sicherung 2026-11-flut ist noch nötig' }));
  expect(asked.at(-1)).toEqual(['hold', { act: 'review', incident: '2026-11-flut' }]);
  await user.click(screen.getByRole('button', { name: 'Sicherung 2026-11-flut aufheben' }));
  expect(asked.at(-1)).toEqual(['hold', { act: 'review', incident: '2026-11-flut' }]);
  await user.click(screen.getByRole('button', { name: 'Aufheben und löschen' }));
  expect(asked.at(-1)).toEqual(['hold', { act: 'release', incident: '2026-11-flut' }]);
  expect(screen.queryByRole('button', { name: 'Sicherung 2026-10-alt aufheben' })).toBeNull();
});

test('a broken seal and a file that no register knows are told', () => {
  const [first] = roomLog.holds;
  open({ ...roomLog, holds: first ? [{ ...first, seal: 'changed', needsReview: true }] : [], strays: ['fremd'] });
  expect(screen.getByText(/Siegel verletzt.*Prüfung fällig seit/)).toBeTruthy();
  expect(screen.getByText('Diese Datei steht nicht im Verzeichnis der Sicherungen.')).toBeTruthy();
});

test('the whole log is saved as a table or as lines of JSON, and where it went is said', async () => {
  const { asked, store, user } = open();
  await user.click(screen.getByRole('button', { name: 'Tabelle (CSV) speichern …' }));
  await user.click(screen.getByRole('button', { name: 'JSON Lines speichern …' }));
  expect(asked.slice(-2)).toEqual([['saveDocument', 'logCsv'], ['saveDocument', 'logJson']]);
  store.apply({ slice: 'desk', value: { ...desk('roomLog'), log: roomLog, saved: { document: 'logCsv', path: '/tmp/log.csv' } } });
  expect((await screen.findByText('Gespeichert: /tmp/log.csv')).closest('[role=status]')).toBeTruthy();
});
