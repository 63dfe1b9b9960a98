/** The privacy desk of the scripted backend: a profile with a little of everything. */
import type { ContactLedger } from './bindings/ContactLedger';
import type { LedgerEntry } from './bindings/LedgerEntry';
import type { Contacted } from './bindings/Contacted';
import type { LetterRequest } from './bindings/LetterRequest';
import type { PackRequest } from './bindings/PackRequest';
import type { PrivacyDesk } from './bindings/PrivacyDesk';
import type { RoomLog } from './bindings/RoomLog';
import type { StoredFile } from './bindings/StoredFile';

const HASH = '9d41c7c2b8a3f0e65f2b4d0c71a96e38d25b7f4410c9e3a86b1f57d2c4e8a093';
const AT = 1_795_424_400;

const entry = (item: string, kind: LedgerEntry['kind'], subject: string, more: Partial<LedgerEntry> = {}): LedgerEntry => ({
  item, seq: Number(item.split('/')[1]), kind, at: kind === 'erased' ? 0 : AT + Number(item.split('/')[1]) * 3600, subject, version: item.startsWith('ack') ? '1' : '',
  sha256: kind === 'erased' ? '' : HASH, lang: 'de', byButton: true, readable: kind === 'noted', ...more,
});

const NEEDED = { de: 'Notwendig für den gewünschten Dienst (§ 25 Abs. 2 Nr. 2 TDDDG)', en: 'Necessary for the service you asked for (§ 25(2) no. 2 TDDDG)' };
const UNTIL = { de: 'bis Sie es löschen', en: 'until you erase it' };

const stored: StoredFile[] = [
  {
    path: '/home/amal/.local/share/runde/acknowledgements.ledger', name: 'acknowledgements.ledger', bytes: 2411, changed: AT, item: 'acknowledgements',
    reasons: { purpose: { de: 'Nachweis, welche Datenschutzhinweise zur Kenntnis genommen wurden', en: 'Proof of which privacy notices were noted' }, basis: NEEDED, retention: UNTIL },
    records: [{ item: 'acknowledgements/1', values: [
      { path: 'payload.host', value: 'meet.jit.si', says: { de: 'Server', en: 'server' }, item: null },
      { path: 'payload.notice_sha256', value: HASH, says: { de: 'Prüfsumme seines Textes', en: 'hash of its text' }, item: null }] }],
  },
  {
    path: '/home/amal/.config/runde/settings.json', name: 'settings.json', bytes: 412, changed: AT, item: 'settings',
    reasons: { purpose: { de: 'Ihre Einstellungen', en: 'Your settings' }, basis: NEEDED, retention: UNTIL },
    records: [{ item: null, values: [
      { path: 'display_name', value: 'Lea', says: { de: 'Anzeigename; nur mit Ihrer Einwilligung', en: 'display name; only with your consent' }, item: 'display-name' },
      { path: 'microphone', value: 'null', says: { de: 'gewähltes Mikrofon', en: 'chosen microphone' }, item: null }] }],
  },
  {
    path: '/home/amal/.local/share/runde/ledger.key', name: 'ledger.key', bytes: 171, changed: AT, item: null,
    reasons: { purpose: { de: 'Schlüssel, der die Protokolle gegen Fälschung schützt', en: 'Key that protects the ledgers against forgery' }, basis: NEEDED, retention: UNTIL },
    records: [{ item: null, values: [{ path: 'chain_key', value: null, says: { de: 'Schlüssel der Protokolle', en: 'key of the ledgers' }, item: null }] }],
  },
  { path: '/home/amal/.local/share/runde/notiz.txt', name: 'notiz.txt', bytes: 12, changed: AT, item: null, reasons: null, records: [] },
];

const SCHOOL = { name: 'Gymnasium Musterstadt', address: 'Schulstraße 1\n12345 Musterstadt', contact: '', officer: 'none', basis: 'public-task', retentionDays: '14', authority: 'he' };

export const desk = (openedAt: PrivacyDesk['openedAt']): PrivacyDesk => ({
  openedAt, protection: 'fileRights',
  acknowledgements: { lines: 3, erased: 1, brokenAt: null, cut: false, torn: false, clockBack: null, datedAhead: null },
  consents: { lines: 2, erased: 0, brokenAt: null, cut: false, torn: false, clockBack: null, datedAhead: null },
  entries: [
    entry('acknowledgements/3', 'objected', 'meet.example', { readable: false }), entry('consents/2', 'refused', 'display-name'),
    entry('acknowledgements/2', 'noted', 'meet.jit.si', { lang: 'de-simple', byButton: false }), entry('consents/1', 'given', 'recent-rooms'), entry('acknowledgements/1', 'erased', ''),
  ],
  stored,
  operators: [
    { host: 'meet.example', controllerId: 'unknown-operator-of:meet.example', controllerName: '', address: [], objected: AT },
    { host: 'meet.jit.si', controllerId: '8x8-inc', controllerName: '8×8, Inc.', address: ['8×8, Inc.', '675 Creekside Way', 'Campbell, California 95008', 'USA'], objected: null },
  ],
  authorities: [
    { key: 'bund', name: 'Bundesbeauftragte für den Datenschutz und die Informationsfreiheit', site: 'www.bfdi.bund.de' },
    { key: 'he', name: 'Hessischer Beauftragter für Datenschutz', site: 'www.datenschutz.hessen.de' },
  ],
  letter: null, saved: null, hosting: { allowed: true, kept: openedAt === 'pack' ? SCHOOL : null, draft: null }, log: null,
  pack: openedAt === 'pack' ? paper({ sheet: 'record', house: 'school', lang: 'de' }) : null,
});

const contacted = (host: string, address: string, purpose: Contacted['purpose'], sent: number | null, received: number | null, noticeId = 'meet-jit-si'): Contacted =>
  ({ host, address, purpose, first: AT, last: AT + 1860, times: 1, sent, received, noticeId, sha256: HASH });

export const contacts: ContactLedger = {
  contacts: [
    contacted('meet.jit.si', '', 'nameResolution', null, null), contacted('meet.jit.si', '203.0.113.7:443', 'configuration', 1204, 84_310),
    contacted('meet.jit.si', '203.0.113.7:443', 'signalling', 61_044, 148_200), contacted('198.51.100.23', '198.51.100.23:10000', 'media', 184_320_911, 402_118_004),
    contacted('meet.jit.si', '203.0.113.7:443', 'bridgeChannel', 9_120, 22_480),
  ],
  beyond: null,
  ignored: [
    { kind: 'avatars', key: 'gravatarBaseURL', host: 'www.gravatar.com' }, { kind: 'analytics', key: 'analytics.amplitudeAPPKey', host: null },
    { kind: 'statistics', key: 'callStatsID', host: null }, { kind: 'relay', key: 'p2p.stunServers', host: 'stun.l.google.com' },
  ],
  oddRoom: true,
};

export const letter = (wish: LetterRequest): PrivacyDesk['letter'] => ({
  text: `${wish.sender || '________________'}\n\n8×8, Inc.\n675 Creekside Way\nCampbell, California 95008\nUSA\n\n25. November 2026\n\nAuskunft nach Art. ${wish.article} DSGVO über Daten bei ${wish.host}\n\nSehr geehrte Damen und Herren,\n\nbitte teilen Sie mir mit, ob Sie Daten über mich verarbeiten.\n\nMit freundlichen Grüßen\n`,
  remindOn: '25. Dezember 2026', reminded: false,
});

const line = (ago: number, bytesSent: number, client: string, os: string, ip: string) => ({ time: AT - ago, bytesSent, client, os, ip });

export const roomLog: RoomLog = {
  retentionDays: 14, folder: '/home/amal/.local/share/runde/access-log', more: true,
  days: [{ day: AT - 32_400, deletedOn: AT + 1_177_200, keptDays: 14, bytes: 4096 }, { day: AT - 118_800, deletedOn: AT + 1_090_800, keptDays: 14, bytes: 912 }],
  newest: [line(60, 184_320, 'Chromium 130', 'Linux', '192.0.2.7'), line(400, 2_048, 'Runde 0', 'unknown', '2001:db8::7'), line(900, 96, 'Firefox 132', 'Windows', '198.51.100.23')],
  holds: [
    { incident: '2026-11-flut', started: AT, lines: 212, released: null, reviewDue: AT + 2_419_200, needsReview: false, seal: 'sound', reason: 'Flut von Anfragen', person: 'Ada Beispiel' },
    { incident: '2026-10-alt', started: AT - 5_000_000, lines: null, released: AT - 2_000_000, reviewDue: null, needsReview: false, seal: 'deleted', reason: '', person: '' },
  ],
  strays: [],
};

export const paper = (wish: PackRequest): PrivacyDesk['pack'] => ({
  ...wish, objections: wish.house ? ['retention', 'officer'] : [],
  text: '# Verzeichnis von Verarbeitungstätigkeiten: Videotreffen (Art. 30 Abs. 1 DSGVO)\n\nErzeugt von Runde aus der Einstellung, mit der Räume geöffnet werden.\n\n- Verantwortlicher: Gymnasium Musterstadt, Schulstraße 1\n- Rechtsgrundlage: [eintragen]\n',
});
