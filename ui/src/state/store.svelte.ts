/**
 * The slices as they last arrived, and the little that belongs to this window alone (is the settings sheet open?).
 *
 * There is no reducer here: a slice replaces the one before it. Pure selections live in `select.ts`.
 */
import type { Backend, Outcome } from '../backend/backend';
import type { ChatLine } from '../backend/bindings/ChatLine';
import type { ContactLedger } from '../backend/bindings/ContactLedger';
import type { Devices } from '../backend/bindings/Devices';
import type { Levels } from '../backend/bindings/Levels';
import type { Meeting } from '../backend/bindings/Meeting';
import type { Notice } from '../backend/bindings/Notice';
import type { Page } from '../backend/bindings/Page';
import type { Person } from '../backend/bindings/Person';
import type { PrivacyDesk } from '../backend/bindings/PrivacyDesk';
import type { Reminder } from '../backend/bindings/Reminder';
import type { Settings } from '../backend/bindings/Settings';
import type { Slice } from '../backend/bindings/Slice';
import type { Toast } from '../backend/bindings/Toast';
import type { UiError } from '../backend/bindings/UiError';
import { overwriteGetLocale } from '../messages/runtime.js';
import { localeOf, themeOf, type Theme } from './select';

const NO_DEVICE = { on: false, state: 'unknown', chosen: null, choices: [] } as const;

const FIRST_SETTINGS: Settings = {
  language: 'system',
  look: 'system',
  name: '',
  processing: { echo: true, noise: true, gain: true },
  purposes: [],
  ledgerState: 'intact',
  profilePath: '',
  relayOnly: false,
  defaultServer: '',
  port: 0,
  schemes: [],
  autostart: null,
  locked: [],
  organisation: '',
  version: '',
};

export class Store {
  notice = $state.raw<Notice | null>(null);
  page = $state.raw<Page>({ place: 'starting' });
  meeting = $state.raw<Meeting | null>(null);
  people = $state.raw<Person[]>([]);
  chat = $state.raw<ChatLine[]>([]);
  devices = $state.raw<Devices>({
    microphone: { ...NO_DEVICE, choices: [] },
    camera: { ...NO_DEVICE, choices: [] },
    speaker: { ...NO_DEVICE, choices: [] },
  });
  settings = $state.raw<Settings>(FIRST_SETTINGS);
  levels = $state.raw<Levels>({ microphone: 0, people: {} });
  toasts = $state.raw<Toast[]>([]);
  reminders = $state.raw<Reminder[]>([]);
  desk = $state.raw<PrivacyDesk | null>(null);
  contacts = $state.raw<ContactLedger | null>(null);

  settingsOpen = $state(false);
  /** The last refused command that no page showed itself. */
  refused = $state.raw<UiError | null>(null);
  systemDark = $state(false);
  systemContrast = $state(false);

  readonly locale = $derived(localeOf(this.settings.language, navigator.language));
  readonly theme: Theme = $derived(themeOf(this.settings.look, this.systemDark, this.systemContrast));

  constructor(readonly backend: Backend) {
    // Messages read the locale through this, so every text on screen follows the setting at once.
    overwriteGetLocale(() => this.locale);
    this.watchSystem();
  }

  async start(): Promise<void> {
    await this.act(this.backend.subscribe((slice) => this.apply(slice)));
  }

  apply(slice: Slice): void {
    switch (slice.slice) {
      case 'notice': this.notice = slice.value; break;
      case 'page': this.turnTo(slice.value); break;
      case 'meeting': this.meeting = slice.value; break;
      case 'people': this.people = slice.value; break;
      case 'chat': this.chat = slice.value; break;
      case 'devices': this.devices = slice.value; break;
      case 'settings': this.settings = slice.value; break;
      case 'levels': this.levels = slice.value; break;
      case 'toasts': this.toasts = slice.value; break;
      case 'reminders': this.reminders = slice.value; break;
      case 'desk': this.open(slice.value); break;
      case 'contacts': this.contacts = slice.value; break;
    }
  }

  /** Runs a command; a refusal that the caller does not show itself appears among the toasts. */
  async act(command: Promise<Outcome>): Promise<Outcome> {
    const outcome = await command;
    this.refused = outcome.ok ? null : outcome.error;
    return outcome;
  }

  private open(desk: PrivacyDesk | null): void {
    // The desk lies over the page, and so do the settings; the newer one is wanted.
    if (desk && !this.desk) this.settingsOpen = false;
    this.desk = desk;
  }

  private turnTo(page: Page): void {
    // A notice and the settings ask for the whole window; both at once would hide the question.
    if (page.place !== this.page.place) this.settingsOpen = false;
    this.page = page;
  }

  private watchSystem(): void {
    const dark = window.matchMedia?.('(prefers-color-scheme: dark)');
    const contrast = window.matchMedia?.('(prefers-contrast: more)');
    const read = () => {
      this.systemDark = dark?.matches ?? false;
      this.systemContrast = contrast?.matches ?? false;
    };
    dark?.addEventListener('change', read);
    contrast?.addEventListener('change', read);
    read();
  }
}

export const STORE = Symbol('store');
