import './look/tokens.css';
import './look/base.css';
import { mount } from 'svelte';
import App from './App.svelte';
import type { Backend } from './backend/backend';
import { tauriBackend } from './backend/tauri';
import { Store } from './state/store.svelte';

// The condition is settled when the bundle is made, so a production bundle holds no trace of the scripted backend.
async function backend(): Promise<Backend> {
  if (import.meta.env.MODE !== 'production' && new URLSearchParams(location.search).has('fake')) {
    const { fakeBackend } = await import('./backend/fake');
    return fakeBackend(new URLSearchParams(location.search));
  }
  return tauriBackend();
}

const target = document.getElementById('app');
if (target) {
  const store = new Store(await backend());
  mount(App, { target, props: { store } });
  await store.start();
}
