/**
 * A scripted meeting, so that the window runs in a plain browser: `?fake` from the first launch on, `?fake=home`,
 * `?fake=meeting` and so on straight to a page; `&look=dark`, `&lang=en`. It keeps the promises of the real backend
 * (slices replace, commands answer) and none of its work. Never part of a production bundle.
 */
import type { Backend, Outcome } from './backend';
import type { DeskPage } from './bindings/DeskPage';
import type { DeviceKind } from './bindings/DeviceKind';
import type { Devices } from './bindings/Devices';
import type { ErrorCode } from './bindings/ErrorCode';
import type { HostedRoom } from './bindings/HostedRoom';
import type { Hosting } from './bindings/Hosting';
import type { Knocker } from './bindings/Knocker';
import type { Language } from './bindings/Language';
import type { Look } from './bindings/Look';
import type { Meeting } from './bindings/Meeting';
import type { Moderation } from './bindings/Moderation';
import type { Notice } from './bindings/Notice';
import type { NoticeChange } from './bindings/NoticeChange';
import type { NoticeReason } from './bindings/NoticeReason';
import type { NoticeText } from './bindings/NoticeText';
import type { Page } from './bindings/Page';
import type { Person } from './bindings/Person';
import type { PrivacyDesk } from './bindings/PrivacyDesk';
import type { Purpose } from './bindings/Purpose';
import type { Settings } from './bindings/Settings';
import type { Slice } from './bindings/Slice';
import type { Tile } from './bindings/Tile';
import type { Wants } from './bindings/Wants';
import type { Wish } from './bindings/Wish';
import german from '../../../crates/privacy/notices/meet-jit-si.de.md?raw';
import english from '../../../crates/privacy/notices/meet-jit-si.en.md?raw';
import { contacts, desk, letter, paper, roomLog } from './fake-desk';
import { CAPTURED, NO_EXTRAS, OFFERED, wished } from './fake-extras';
import { batch, scene } from './scene';

const OK: Outcome = { ok: true };
const LINK = 'https://192.168.178.24:8443/Lesekreis#fp=3f9ac10277be41d8e0a95c6bd17f0e233f9ac10277be41d8e0a95c6bd17f0e23&rn=9d41c7c2b8a3f0e65f2b4d0c71a96e38d25b7f4410c9e3a86b1f57d2c4e8a093';
const refuse = (code: ErrorCode, params: Record<string, string> = {}): Outcome => ({ ok: false, error: { code, params, retry: true } });
const now = () => Math.floor(Date.now() / 1000);

function read(lang: 'de' | 'en', source: string): NoticeText {
  const sections = source.split(/^## /m).slice(1).map((part) => {
    const [head = '', ...lines] = part.trim().split('\n');
    const [, title = head, id = head] = head.match(/^(.*) \[([\w-]+)\]$/) ?? [];
    return { id, title, points: lines.filter((line) => line.startsWith('- ')).map((line) => line.replace(/^- \[[^\]]*\] /, '')) };
  });
  const of = (id: string) => sections.find((section) => section.id === id)?.points ?? [];
  return {
    lang, title: source.split('\n')[0]?.replace(/^# /, '') ?? '', summary: of('summary'), gaps: of('gaps'),
    sections: sections.filter(({ id }) => id !== 'summary' && id !== 'gaps').map(({ id, title, points }) => ({ id, title, text: points.join('\n\n') })),
    sha256: '9d41c7c2b8a3f0e65f2b4d0c71a96e38d25b7f4410c9e3a86b1f57d2c4e8a093', changes: [],
  };
}

const CHANGES: NoticeChange[] = [
  { section: 'Wie lange', kind: 'reworded', pieces: [{ wording: 'same', text: 'Die Protokolle werden ' }, { wording: 'old', text: 'zwei' }, { wording: 'new', text: 'acht' }, { wording: 'same', text: ' Wochen aufbewahrt und dann gelöscht.' }] },
  { section: 'Wer verantwortlich ist', kind: 'added', pieces: [{ wording: 'new', text: 'Fragen beantwortet auch das Telefon.' }] },
  { section: 'Ihre Rechte', kind: 'removed', pieces: [{ wording: 'old', text: 'Anträge nimmt nur die Post entgegen.' }] },
];

const notice = (reason: NoticeReason): Notice => ({
  noticeId: 'meet.jit.si', version: '1', host: 'meet.jit.si', reason,
  controller: { id: '8x8-inc', name: '8×8, Inc.', address: ['675 Creekside Way', 'Campbell, California 95008', 'USA'], contact: [] },
  texts: [read('de', german), read('en', english)].map((text) => ({ ...text, changes: reason === 'changed' ? CHANGES : [] })),
  foreword: null,
});

const HOSTING: Hosting = {
  allowed: true,
  kept: { name: 'Volkshochschule Musterstadt', address: 'Marktplatz 3\n12345 Musterstadt', contact: 'info@vhs.example', officer: 'none', basis: 'public-task', retentionDays: '14', authority: 'he' },
  draft: { version: '2', validFrom: '2026-11-25', kept: true, texts: [read('de', german), read('en', english)] },
};

const purposes = (granted: Record<string, boolean> = {}): Purpose[] => [
  { id: 'recent-rooms', granted: granted['recent-rooms'] ?? false, texts: [
    { lang: 'de', title: 'Zuletzt benutzte Räume merken', purpose: '', storage: 'Raumname und Server bleiben 30 Tage auf diesem Gerät, damit Sie sie wieder anklicken können.' },
    { lang: 'en', title: 'Remember recent rooms', purpose: '', storage: 'Room name and server stay on this device for 30 days so that you can click them again.' }] },
  { id: 'display-name', granted: granted['display-name'] ?? false, texts: [
    { lang: 'de', title: 'Anzeigenamen merken', purpose: '', storage: 'Ihr Anzeigename bleibt auf diesem Gerät, bis Sie das ausschalten.' },
    { lang: 'en', title: 'Remember my display name', purpose: '', storage: 'Your display name stays on this device until you switch this off.' }] },
  { id: 'peer-to-peer', granted: granted['peer-to-peer'] ?? false, texts: [
    { lang: 'de', title: 'Direkte Verbindung zu zweit', purpose: '', storage: 'Sind Sie nur zu zweit, gehen Ton und Bild ohne den Videoserver von Rechner zu Rechner. Die andere Person erfährt dabei Ihre IP-Adresse.' },
    { lang: 'en', title: 'Direct connection when there are two', purpose: '', storage: 'While there are only two of you, sound and picture go from computer to computer without the video server. The other person learns your IP address.' }] },
];

const person = (endpoint: string, name: string, more: Partial<Person> = {}): Person =>
  ({ endpoint, name, isMe: false, muted: false, camera: null, screen: null, hand: false, moderator: false, away: false, ...more });

const OTHERS: Person[] = [
  person('a81f', 'Amal Haddad', { camera: 'a81f-v0' }),
  person('b20c', 'Jonas Weber', { muted: true, camera: 'b20c-v0' }),
  person('c7d3', 'Małgorzata Świątek-Hohenberger', { hand: true }),
];

const KNOCKERS: Knocker[] = [{ endpoint: 'd4e1', name: 'Elif Yıldız' }, { endpoint: 'e5f2', name: 'Pawel' }];
const NO_RIGHTS = { subject: '', moderator: false, locked: false, lobby: false, knockers: [], extras: NO_EXTRAS };

function device(choices: [string, string][]) {
  return { on: false, state: 'ready' as const, chosen: null, choices: choices.map(([id, name]) => ({ id, name })) };
}

class Script {
  private out: (slice: Slice) => void = () => {};
  private granted: Record<string, boolean> = {};
  private people: Person[] = [];
  private chat: { id: number; name: string; mine: boolean; text: string; at: number }[] = [];
  private tiles: Tile[] = [];
  private seq = 0;
  private hosted: HostedRoom | null = null;
  private meeting: Meeting | null = null;
  private noted = false;
  private shownDesk: PrivacyDesk | null = null;
  private shown: Page = { place: 'notice' };
  private devices: Devices = {
    microphone: device([['mic-1', 'Eingebautes Mikrofon'], ['mic-2', 'USB Audio']]),
    camera: device([['cam-1', 'Integrierte Kamera']]),
    speaker: device([['spk-1', 'Lautsprecher'], ['spk-2', 'USB Audio']]),
  };
  private settings: Settings = {
    language: 'system', look: 'system', name: '', processing: { echo: true, noise: true, gain: true }, purposes: purposes(),
    ledgerState: 'intact', profilePath: '/home/amal/.local/share/runde', relayOnly: false, version: '0.1.0', defaultServer: 'meet.jit.si', port: 8443,
    schemes: [{ scheme: 'runde', ours: false }, { scheme: 'jitsi-meet', ours: false }], autostart: { on: false, other: '' }, locked: [], organisation: '',
  };

  constructor(private readonly wish: URLSearchParams) {
    this.settings.look = (wish.get('look') as Look | null) ?? 'system';
    this.settings.language = (wish.get('lang') as Language | null) ?? 'de';
  }

  subscribe(out: (slice: Slice) => void): void {
    this.out = out;
    this.sendSettings();
    this.sendDevices();
    this.open(this.wish.get('fake') || 'notice');
    setInterval(() => this.levels(), 100);
  }

  private open(place: string): void {
    if (place !== 'notice') this.note();
    if (place === 'notice') this.ask('firstContact');
    else if (place === 'reading' || place === 'changed') this.ask(place);
    else if (place === 'fetching') this.page({ place: 'fetching', room: 'Lesekreis', host: 'treffen.example.org' });
    else if (place === 'consents') this.page({ place: 'consents', purposes: purposes() });
    else if (place === 'prejoin') this.prejoin(false);
    else if (place === 'prejoin-camera') {
      this.turn('microphone', true);
      this.turn('camera', true);
      this.prejoin(true);
    } else if (place === 'meeting' || place === 'chat') this.enter(true);
    else if (place === 'sharing') {
      this.enter(true);
      this.people = this.people.map((one) => (one.endpoint === 'b20c' ? { ...one, screen: 'b20c-v1' } : one));
      this.know({ extras: { ...NO_EXTRAS, signs: [{ id: 1, endpoint: 'a81f', reaction: 'clap', at: now() }] } });
    } else if (place === 'captured') {
      this.enter(true);
      this.know({ extras: CAPTURED });
    } else if (place === 'extras') {
      this.enter(true);
      this.know({ moderator: true, extras: OFFERED });
    } else if (place === 'moderating') {
      this.enter(true);
      this.know({ moderator: true, locked: true, lobby: true, subject: 'Kapitel 7', knockers: KNOCKERS });
    } else if (place.startsWith('threshold-')) this.stand(place.slice('threshold-'.length) as Wants);
    else if (place === 'alone') this.enter(false);
    else if (place === 'reconnecting') this.enter(true, 'reconnecting');
    else if (place === 'after') this.leave();
    else if (place === 'declined') this.page({ place: 'declined', host: 'meet.jit.si', controllerId: '8x8-inc', controllerName: '8×8, Inc.' });
    else if (place === 'broken') this.broken();
    else if (place.startsWith('desk-')) {
      this.home();
      this.openDesk(place.slice(5) as DeskPage);
      if (place === 'desk-letters') this.send({ slice: 'reminders', value: [{ article: '15', to: 'meet.jit.si', writtenOn: '2026-10-20', remindOn: '2026-11-20', due: true }] });
    } else {
      if (place === 'hosted') this.hosted = { room: 'bado-kilu-mena', link: LINK, inUse: true };
      if (place === 'recents') this.granted = { 'recent-rooms': true };
      this.home();
      if (place === 'toast') this.toast();
    }
  }

  private send(slice: Slice): void {
    this.out(slice);
  }

  private page(page: Page): void {
    this.shown = page;
    this.send({ slice: 'page', value: page });
  }

  private ask(reason: NoticeReason): void {
    this.send({ slice: 'notice', value: notice(reason) });
    this.page({ place: 'notice' });
  }

  private sendSettings(): void {
    this.settings = { ...this.settings, purposes: purposes(this.granted) };
    this.send({ slice: 'settings', value: this.settings });
  }

  private sendDevices(): void {
    this.send({ slice: 'devices', value: this.devices });
  }

  private note(): void {
    this.noted = true;
    this.sendSettings();
  }

  home(): void {
    const recents = this.granted['recent-rooms']
      ? [{ link: 'https://meet.jit.si/Dienstagsrunde', room: 'Dienstagsrunde', host: 'meet.jit.si', lastUsed: now() - 90000 }, { link: LINK, room: 'Lesekreis', host: '192.168.178.24:8443', lastUsed: now() - 900000 }]
      : null;
    this.page({ place: 'home', defaultHost: 'meet.jit.si', recents, contacts: [], hosted: this.hosted, responsible: '', interfaces: [{ id: 'wlan0', name: 'wlan0', address: '192.168.178.24' }] });
  }

  prejoin(hostedHere: boolean): void {
    this.page({
      place: 'prejoin', room: 'Lesekreis', host: '192.168.178.24:8443', link: LINK, controllerId: 'room-opener', controllerName: '', hostedHere, name: '', joining: false,
      fingerprint: hostedHere ? null : { words: ['Apfel', 'Brücke', 'Wolke', 'Zirkus', 'Morgen', 'Kanne', 'Segel', 'Delfin'], hex: '3F:9A:C1' },
    });
  }

  decideNotice(noted: boolean): void {
    this.send({ slice: 'notice', value: null });
    if (noted) {
      this.note();
      this.page({ place: 'consents', purposes: purposes() });
    } else if (this.noted) this.home();
    else this.page({ place: 'declined', host: 'meet.jit.si', controllerId: '8x8-inc', controllerName: '8×8, Inc.' });
  }

  consent(answers: Record<string, boolean>): void {
    this.granted = { ...this.granted, ...answers };
    this.sendSettings();
  }

  turn(kind: 'microphone' | 'camera', on: boolean): void {
    this.devices = { ...this.devices, [kind]: { ...this.devices[kind], on } };
    this.sendDevices();
    this.sendPeople();
  }

  choose(kind: DeviceKind, id: string | null): void {
    this.devices = { ...this.devices, [kind]: { ...this.devices[kind], chosen: id } };
    this.sendDevices();
  }

  change(change: Parameters<Backend['setSetting']>[0]): void {
    if (change.key === 'echo' || change.key === 'noise' || change.key === 'gain') this.settings.processing = { ...this.settings.processing, [change.key]: change.value };
    else if (change.key === 'autostart') this.settings.autostart = { on: change.value, other: '' };
    else if (change.key === 'port') this.settings.port = Number(change.value);
    else this.settings = { ...this.settings, [change.key]: change.value };
    this.sendSettings();
  }

  enter(together: boolean, phase: 'joined' | 'reconnecting' = 'joined', name = 'Lea'): void {
    this.people = [person('self', name, { isMe: true }), ...(together ? OTHERS : [])];
    this.meeting = { phase, room: 'Lesekreis', host: '192.168.178.24:8443', link: LINK, operator: together ? 'Volkshochschule Musterstadt' : '', hostedHere: !together, joinedAt: now() - 754, network: phase === 'joined' ? 'good' : 'poor', direct: false, dominant: 'a81f', fingerprint: null, ...NO_RIGHTS };
    this.send({ slice: 'meeting', value: this.meeting });
    this.sendPeople();
    if (together) this.chat = [
      { id: 1, name: 'Amal Haddad', mine: false, text: 'Guten Abend zusammen!', at: now() - 700 },
      { id: 2, name: 'Jonas Weber', mine: false, text: 'Wir sind bei Kapitel 7, Seite 112. <b>Nicht</b> blättern.', at: now() - 420 },
      { id: 3, name: '', mine: true, text: 'Danke, ich habe es.', at: now() - 400 }];
    this.send({ slice: 'chat', value: this.chat });
    this.page({ place: 'meeting' });
  }

  /** What is said of the meeting from now on. */
  private know(more: Partial<Meeting>): void {
    if (!this.meeting) return;
    this.meeting = { ...this.meeting, ...more };
    this.people = this.people.map((one) => (one.isMe ? { ...one, moderator: this.meeting?.moderator ?? false } : one));
    this.send({ slice: 'meeting', value: this.meeting });
    this.sendPeople();
  }

  stand(wants: Wants): void {
    this.page({ place: 'threshold', room: 'Lesekreis', host: 'meet.example', wants, trying: false, name: '', loginPage: wants === 'login' || wants === 'otherToken' ? 'https://login.example/' : null });
  }

  want(what: Wish): void {
    if (this.meeting) this.know({ extras: wished(this.meeting.extras, what, now()) });
  }

  moderate(what: Moderation): void {
    const without = (endpoint: string) => (this.meeting?.knockers ?? []).filter((one) => one.endpoint !== endpoint);
    const change = (endpoint: string, more: Partial<Person>) => (this.people = this.people.map((one) => (one.endpoint === endpoint ? { ...one, ...more } : one)));
    switch (what.act) {
      case 'mute': change(what.endpoint, { muted: true }); break;
      case 'stopCamera': change(what.endpoint, { camera: null }); break;
      case 'kick': this.people = this.people.filter((one) => one.endpoint !== what.endpoint); break;
      case 'grant': change(what.endpoint, { moderator: true }); break;
      case 'subject': return this.know({ subject: what.text });
      case 'password': return this.know({ locked: what.password !== null });
      case 'lobby': return this.know({ lobby: what.on, knockers: [] });
      case 'letIn': case 'turnAway': return this.know({ knockers: without(what.endpoint) });
    }
    this.sendPeople();
  }

  rename(name: string): void {
    this.people = this.people.map((one) => (one.isMe ? { ...one, name } : one));
    this.sendPeople();
  }

  hand(raised: boolean): void {
    this.people = this.people.map((one) => (one.isMe ? { ...one, hand: raised } : one));
    this.sendPeople();
  }

  say(text: string): void {
    this.chat = [...this.chat, { id: this.chat.length + 1, name: '', mine: true, text, at: now() }];
    this.send({ slice: 'chat', value: this.chat });
  }

  private sendPeople(): void {
    const mine = { muted: !this.devices.microphone.on, camera: this.devices.camera.on ? 'self' : null };
    this.people = this.people.map((one) => (one.isMe ? { ...one, ...mine } : one));
    this.send({ slice: 'people', value: this.people });
  }

  leave(): void {
    this.page({ place: 'after', room: 'Lesekreis', link: LINK, durationS: 2834, network: 'good', peopleAtMost: 4, stored: [] });
    this.send({ slice: 'meeting', value: null });
    this.people = [];
  }

  private broken(): void {
    this.page({ place: 'broken', room: 'Lesekreis', link: LINK, home: true, error: { code: 'connectionLost', params: { host: '192.168.178.24:8443' }, retry: true } });
  }

  private toast(): void {
    this.send({ slice: 'toasts', value: [{ id: 1, error: { code: 'microphoneReplaced', params: { device: 'USB Audio', next: 'Eingebautes Mikrofon' }, retry: false } }] });
  }

  setScheme(scheme: string, on: boolean): void {
    this.settings.schemes = this.settings.schemes.map((one) => (one.scheme === scheme ? { scheme, ours: on } : one));
    this.sendSettings();
  }

  openDesk(page: DeskPage): void {
    this.turnDesk({ ...desk(page), hosting: HOSTING });
  }

  turnDesk(next: PrivacyDesk | null): void {
    this.shownDesk = next;
    this.send({ slice: 'desk', value: next });
    this.send({ slice: 'contacts', value: next && contacts });
  }

  changeDesk(change: Partial<PrivacyDesk>): void {
    if (this.shownDesk) this.turnDesk({ ...this.shownDesk, ...change });
  }

  object(host: string, objects: boolean): void {
    const operators = this.shownDesk?.operators ?? [];
    this.changeDesk({ operators: operators.map((one) => (one.host === host ? { ...one, objected: objects ? now() : null } : one)) });
  }

  closeRoom(): void {
    this.hosted = null;
    this.home();
  }

  dismiss(): void {
    this.send({ slice: 'toasts', value: [] });
  }

  again(): void {
    this.ask('reading');
  }

  back(): void {
    if (this.shown.place === 'notice') this.send({ slice: 'notice', value: null });
    this.turn('microphone', false);
    this.turn('camera', false);
    this.home();
  }

  private levels(): void {
    const wave = (period: number) => Math.max(0, Math.sin(now() * 7 + performance.now() / period)) * 0.7;
    this.send({ slice: 'levels', value: { microphone: this.devices.microphone.on ? wave(180) : 0, people: { a81f: wave(240) } } });
  }

  size(tiles: Tile[]): void {
    this.tiles = tiles;
  }

  async pictures(signal: AbortSignal): Promise<ArrayBuffer> {
    await new Promise((done) => setTimeout(done, 80));
    if (signal.aborted) throw new Error('aborted');
    return batch(this.tiles.map((tile) => ({ source: tile.source, width: 320, height: 180, seq: ++this.seq, planes: scene(tile.source, this.seq, 320, 180) })));
  }
}

export function fakeBackend(wish: URLSearchParams): Backend {
  const script = new Script(wish);
  const did = (work: () => void) => async () => {
    work();
    return OK;
  };
  return {
    subscribe: async (onSlice) => (script.subscribe(onSlice), OK),
    decideNotice: async (decision) => (script.decideNotice(decision === 'noted'), OK),
    decideConsents: async (answers) => (script.consent(answers), script.home(), OK),
    setConsent: async (purpose, granted) => (script.consent({ [purpose]: granted }), OK),
    openLink: async (text) => {
      if (/[\s<>]/.test(text)) return refuse('linkUnreadable', { text });
      script.prejoin(false);
      return OK;
    },
    hostRoom: async () => (script.prejoin(true), OK),
    closeRoom: did(() => script.closeRoom()),
    retry: did(() => script.prejoin(false)),
    join: async (name) => (script.enter(true, 'joined', name), OK),
    givePassword: async (password) => (password === 'sesam' ? script.enter(true) : script.stand('otherPassword'), OK),
    giveLogin: did(() => script.stand('otherLogin')),
    giveName: did(() => script.stand('moderator')),
    openLoginPage: async () => OK,
    moderate: async (what) => (script.moderate(what), OK),
    wish: async (what) => (script.want(what), OK),
    setName: async (name) => (script.rename(name), OK),
    leave: did(() => script.leave()),
    goHome: did(() => script.back()),
    setMicrophone: async (on) => (script.turn('microphone', on), OK),
    setCamera: async (on) => (script.turn('camera', on), OK),
    setHand: async (raised) => (script.hand(raised), OK),
    sendChat: async (text) => (script.say(text), OK),
    setTiles: async (tiles) => (script.size(tiles), OK),
    chooseDevice: async (kind, id) => (script.choose(kind, id), OK),
    setSetting: async (change) => (script.change(change), OK),
    setScheme: async (scheme, on) => (script.setScheme(scheme, on), OK),
    showNotice: did(() => script.again()),
    showText: did(() => script.again()),
    forgetRecent: did(() => script.home()),
    dismissToast: did(() => script.dismiss()),
    openDesk: async (page) => (script.openDesk(page), OK),
    closeDesk: did(() => script.turnDesk(null)),
    object: async (host, objects) => (script.object(host, objects), OK),
    erase: async () => OK,
    saveDocument: async (document) => (script.changeDesk({ saved: { document, path: '/home/amal/Dokumente/runde.json' } }), OK),
    importProfile: async () => OK,
    composeLetter: async (wish) => (script.changeDesk({ letter: letter(wish) }), OK),
    remindOfLetter: async () => OK,
    forgetReminder: async () => OK,
    draftHosting: async (details) => (details.name ? OK : refuse('operatorNameUnusable', { limit: '200' })),
    keepHosting: async (details) => (details.name ? (script.changeDesk({ hosting: HOSTING }), OK) : refuse('operatorNameUnusable', { limit: '200' })),
    lookAtLog: did(() => script.changeDesk({ log: roomLog })),
    hold: did(() => script.changeDesk({ log: roomLog })),
    showPack: async (wish) => (script.changeDesk({ pack: paper(wish) }), OK),
    forgetHosting: did(() => script.changeDesk({ hosting: { allowed: true, kept: null, draft: null } })),
    nextPictures: (_after, signal) => script.pictures(signal),
  };
}
