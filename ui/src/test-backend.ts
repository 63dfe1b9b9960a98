/** For tests: a backend that writes down what it was asked, and a store that already holds some slices. */
import type { Backend, Outcome } from './backend/backend';
import type { Slice } from './backend/bindings/Slice';
import type { UiError } from './backend/bindings/UiError';
import { Store, STORE } from './state/store.svelte';

export interface Recording {
  backend: Backend;
  asked: unknown[][];
  /** From now on every command is refused with this error. */
  refuseWith(error: UiError): void;
}

export function recordingBackend(): Recording {
  const asked: unknown[][] = [];
  let answer: Outcome = { ok: true };
  const backend = new Proxy({} as Backend, {
    get: (_target, name) => async (...given: unknown[]) => {
      if (name === 'nextPictures') return new Promise(() => {});
      if (name !== 'setTiles') asked.push([name, ...given]);
      return answer;
    },
  });
  return { backend, asked, refuseWith: (error) => void (answer = { ok: false, error }) };
}

/** A German-speaking window with these slices on the table, and the context that hands it to a component. */
export function windowWith(...slices: Slice[]) {
  const recording = recordingBackend();
  const store = new Store(recording.backend);
  store.settings = { ...store.settings, language: 'de' };
  slices.forEach((slice) => store.apply(slice));
  return { ...recording, store, context: new Map([[STORE, store]]) };
}
