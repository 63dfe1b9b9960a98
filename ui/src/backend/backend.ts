/**
 * The boundary: what the window may ask for, and the one stream that answers.
 *
 * `tauri.ts` is the real one, `fake.ts` a scripted meeting for a plain browser and the tests. Nothing else talks
 * to the outside. The list of commands is the one at the top of `src-tauri/src/view.rs`.
 */
import type { DeskPage } from './bindings/DeskPage';
import type { DeviceKind } from './bindings/DeviceKind';
import type { Document } from './bindings/Document';
import type { HoldAct } from './bindings/HoldAct';
import type { HostOptions } from './bindings/HostOptions';
import type { Lang } from './bindings/Lang';
import type { LetterRequest } from './bindings/LetterRequest';
import type { Moderation } from './bindings/Moderation';
import type { NoticeDecision } from './bindings/NoticeDecision';
import type { PackRequest } from './bindings/PackRequest';
import type { Reminder } from './bindings/Reminder';
import type { Responsible } from './bindings/Responsible';
import type { SettingChange } from './bindings/SettingChange';
import type { Slice } from './bindings/Slice';
import type { Tile } from './bindings/Tile';
import type { UiError } from './bindings/UiError';
import type { Wish } from './bindings/Wish';

/** What a command came to. Commands never throw: a failure is a value that somebody has to look at. */
export type Outcome = { ok: true } | { ok: false; error: UiError };

export interface Backend {
  subscribe(onSlice: (slice: Slice) => void): Promise<Outcome>;
  decideNotice(decision: NoticeDecision, lang: Lang, scrolledToEnd: boolean): Promise<Outcome>;
  /** `lang` is the language in which the question was read. */
  decideConsents(answers: Record<string, boolean>, lang: Lang): Promise<Outcome>;
  setConsent(purpose: string, granted: boolean, lang: Lang): Promise<Outcome>;
  openLink(text: string): Promise<Outcome>;
  hostRoom(options: HostOptions): Promise<Outcome>;
  closeRoom(): Promise<Outcome>;
  retry(): Promise<Outcome>;
  join(name: string, microphone: boolean, camera: boolean): Promise<Outcome>;
  givePassword(password: string): Promise<Outcome>;
  giveLogin(user: string, password: string): Promise<Outcome>;
  giveName(name: string): Promise<Outcome>;
  openLoginPage(): Promise<Outcome>;
  moderate(what: Moderation): Promise<Outcome>;
  wish(what: Wish): Promise<Outcome>;
  setName(name: string): Promise<Outcome>;
  leave(): Promise<Outcome>;
  goHome(): Promise<Outcome>;
  setMicrophone(on: boolean): Promise<Outcome>;
  setCamera(on: boolean): Promise<Outcome>;
  setHand(raised: boolean): Promise<Outcome>;
  sendChat(text: string): Promise<Outcome>;
  setTiles(tiles: Tile[]): Promise<Outcome>;
  chooseDevice(kind: DeviceKind, id: string | null): Promise<Outcome>;
  setSetting(change: SettingChange): Promise<Outcome>;
  setScheme(scheme: string, on: boolean): Promise<Outcome>;
  showNotice(controller: string): Promise<Outcome>;
  /** A version that was noted, by its hash. */
  showText(sha256: string): Promise<Outcome>;
  forgetRecent(link: string | null): Promise<Outcome>;
  dismissToast(id: number): Promise<Outcome>;
  openDesk(page: DeskPage): Promise<Outcome>;
  closeDesk(): Promise<Outcome>;
  /** `lang` is the language of the page; the record names it. */
  object(host: string, objects: boolean, lang: Lang): Promise<Outcome>;
  erase(item: string): Promise<Outcome>;
  /** Answers as soon as the dialog is open; where the file went arrives with the desk. */
  saveDocument(document: Document): Promise<Outcome>;
  importProfile(): Promise<Outcome>;
  composeLetter(wish: LetterRequest): Promise<Outcome>;
  remindOfLetter(): Promise<Outcome>;
  forgetReminder(reminder: Reminder): Promise<Outcome>;
  draftHosting(details: Responsible): Promise<Outcome>;
  keepHosting(details: Responsible): Promise<Outcome>;
  forgetHosting(): Promise<Outcome>;
  lookAtLog(): Promise<Outcome>;
  hold(what: HoldAct): Promise<Outcome>;
  showPack(wish: PackRequest): Promise<Outcome>;
  /** One batch of pictures newer than `after` (docs/video-frames.md). Rejects when the request fails. */
  nextPictures(after: number, signal: AbortSignal): Promise<ArrayBuffer>;
}
