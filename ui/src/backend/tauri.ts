/** The real backend: typed commands, one channel, and the `video:` scheme for pictures. */
import { Channel, invoke } from '@tauri-apps/api/core';
import type { Backend, Outcome } from './backend';
import type { Slice } from './bindings/Slice';
import type { UiError } from './bindings/UiError';

// WebView2 maps custom schemes to http hosts; the other web views know them as they are.
const VIDEO = navigator.userAgent.includes('Windows') ? 'http://video.localhost' : 'video://localhost';

function isUiError(value: unknown): value is UiError {
  return typeof value === 'object' && value !== null && 'code' in value && 'params' in value;
}

async function call(command: string, parameters: Record<string, unknown> = {}): Promise<Outcome> {
  try {
    await invoke(command, parameters);
    return { ok: true };
  } catch (thrown) {
    if (isUiError(thrown)) return { ok: false, error: thrown };
    return { ok: false, error: { code: 'internal', params: { detail: String(thrown) }, retry: true } };
  }
}

export function tauriBackend(): Backend {
  return {
    subscribe(onSlice) {
      const channel = new Channel<Slice>();
      channel.onmessage = onSlice;
      return call('subscribe', { channel });
    },
    decideNotice: (decision, lang, scrolledToEnd) => call('decide_notice', { decision, lang, scrolledToEnd }),
    decideConsents: (answers, lang) => call('decide_consents', { answers, lang }),
    setConsent: (purpose, granted, lang) => call('set_consent', { purpose, granted, lang }),
    openLink: (text) => call('open_link', { text }),
    hostRoom: (options) => call('host_room', { options }),
    closeRoom: () => call('close_room'),
    retry: () => call('retry'),
    join: (name, microphone, camera) => call('join', { name, microphone, camera }),
    givePassword: (password) => call('give_password', { password }),
    giveLogin: (user, password) => call('give_login', { user, password }),
    giveName: (name) => call('give_name', { name }),
    openLoginPage: () => call('open_login_page'),
    moderate: (what) => call('moderate', { what }),
    wish: (what) => call('wish', { what }),
    setName: (name) => call('set_name', { name }),
    leave: () => call('leave'),
    goHome: () => call('go_home'),
    setMicrophone: (on) => call('set_microphone', { on }),
    setCamera: (on) => call('set_camera', { on }),
    setHand: (raised) => call('set_hand', { raised }),
    sendChat: (text) => call('send_chat', { text }),
    setTiles: (tiles) => call('set_tiles', { tiles }),
    chooseDevice: (kind, id) => call('choose_device', { kind, id }),
    setSetting: (change) => call('set_setting', { change }),
    setScheme: (scheme, on) => call('set_scheme', { scheme, on }),
    showNotice: (controller) => call('show_notice', { controller }),
    showText: (sha256) => call('show_text', { sha256 }),
    forgetRecent: (link) => call('forget_recent', { link }),
    dismissToast: (id) => call('dismiss_toast', { id }),
    openDesk: (page) => call('open_desk', { page }),
    closeDesk: () => call('close_desk'),
    object: (host, objects, lang) => call('object', { host, objects, lang }),
    erase: (item) => call('erase', { item }),
    saveDocument: (document) => call('save_document', { document }),
    importProfile: () => call('import_profile'),
    composeLetter: (wish) => call('compose_letter', { wish }),
    remindOfLetter: () => call('remind_of_letter'),
    forgetReminder: (reminder) => call('forget_reminder', { reminder }),
    draftHosting: (details) => call('draft_hosting', { details }),
    keepHosting: (details) => call('keep_hosting', { details }),
    forgetHosting: () => call('forget_hosting'),
    lookAtLog: () => call('look_at_log'),
    hold: (what) => call('hold', { what }),
    showPack: (wish) => call('show_pack', { wish }),
    async nextPictures(after, signal) {
      const answer = await fetch(`${VIDEO}/next?after=${after}`, { signal, cache: 'no-store' });
      if (!answer.ok) throw new Error(`video: ${answer.status}`);
      return answer.arrayBuffer();
    },
  };
}
