/** Hands the store down the tree, so that tests can hand down their own. */
import { getContext, setContext } from 'svelte';
import { STORE, type Store } from './store.svelte';

export const provideStore = (store: Store): Store => setContext(STORE, store);
export const useStore = (): Store => getContext<Store>(STORE);
