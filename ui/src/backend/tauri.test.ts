import { clearMocks, mockIPC } from '@tauri-apps/api/mocks';
import { readFileSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { tauriBackend } from './tauri';

afterEach(() => {
  clearMocks();
  vi.unstubAllGlobals();
});

async function sent(): Promise<Map<string, unknown>> {
  const calls = new Map<string, unknown>();
  mockIPC((command, values) => void calls.set(command, values));
  const backend = tauriBackend();
  await backend.subscribe(() => {});
  await backend.decideNotice('noted', 'de', true);
  await backend.decideConsents({ a: false }, 'de');
  await backend.setConsent('a', true, 'de');
  await backend.openLink('x');
  await backend.hostRoom({ room: null, interface: null, password: null, lobby: false });
  await backend.closeRoom();
  await backend.retry();
  await backend.join('Lea', false, true);
  await backend.givePassword('x');
  await backend.giveLogin('x', 'y');
  await backend.giveName('x');
  await backend.openLoginPage();
  await backend.moderate({ act: 'lobby', on: true });
  await backend.wish({ wish: 'react', reaction: 'clap' });
  await backend.setName('x');
  await backend.leave();
  await backend.goHome();
  await backend.setMicrophone(true);
  await backend.setCamera(true);
  await backend.setHand(true);
  await backend.sendChat('x');
  await backend.setTiles([]);
  await backend.chooseDevice('camera', null);
  await backend.setSetting({ key: 'look', value: 'dark' });
  await backend.setScheme('runde', true);
  await backend.showNotice('x');
  await backend.showText('ab');
  await backend.forgetRecent(null);
  await backend.dismissToast(3);
  await backend.openDesk('ledger');
  await backend.closeDesk();
  await backend.object('x', true, 'de');
  await backend.erase('all');
  await backend.saveDocument('profile');
  await backend.importProfile();
  await backend.composeLetter({ article: '15', host: 'x', lang: 'de', sender: '', address: '', authority: null, details: '' });
  await backend.remindOfLetter();
  await backend.forgetReminder({ article: '15', to: 'x', writtenOn: '2026-11-25', remindOn: '2026-12-25', due: false });
  const details = { name: 'x', address: 'y', contact: '', officer: '', basis: '', retentionDays: '', authority: '' };
  await backend.draftHosting(details);
  await backend.keepHosting(details);
  await backend.forgetHosting();
  await backend.lookAtLog();
  await backend.hold({ act: 'review', incident: 'x' });
  await backend.showPack({ sheet: 'record', house: null, lang: 'de' });
  return calls;
}

test('each command goes out under the name and arguments that the Rust side lists', async () => {
  const calls = await sent();
  const doc = readFileSync('../src-tauri/src/view.rs', 'utf8');
  for (const [command, values] of calls) {
    const row = doc.split('\n').find((line) => line.startsWith('//! |') && line.includes(`\`${command}\``));
    expect(row, command).toBeDefined();
    const names = [...(row?.split('|')[2] ?? '').matchAll(/(\w+): /g)].map(([, name]) => name);
    const snake = Object.keys(values as object).map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
    expect(snake.sort(), command).toEqual(names.sort());
  }
  const listed = doc.split('\n').filter((line) => line.startsWith('//! | `')).flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name));
  expect([...calls.keys()].sort()).toEqual(listed.sort());
});

test('a refused command is a value, and a fault of the bridge is one too', async () => {
  const error = { code: 'portInUse', params: { address: '127.0.0.1:8443' }, retry: true };
  mockIPC((command) => {
    throw command === 'host_room' ? error : new Error('broken bridge');
  });
  expect(await tauriBackend().hostRoom({ room: null, interface: null, password: null, lobby: false })).toEqual({ ok: false, error });
  expect(await tauriBackend().leave()).toEqual({ ok: false, error: { code: 'internal', params: { detail: 'Error: broken bridge' }, retry: true } });
});

test('pictures are asked for after the newest one seen, and a bad answer is a failure', async () => {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (address: string) => {
    asked.push(address);
    return asked.length === 1 ? new Response(new Uint8Array(4)) : new Response(null, { status: 404 });
  });
  const stop = new AbortController();
  expect((await tauriBackend().nextPictures(7, stop.signal)).byteLength).toBe(4);
  await expect(tauriBackend().nextPictures(8, stop.signal)).rejects.toThrow('video: 404');
  expect(asked).toEqual(['video://localhost/next?after=7', 'video://localhost/next?after=8']);
});
