/** What a stage and its tiles agree on: a tile says where it is, the stage draws there and asks for that size. */
import { getContext, setContext } from 'svelte';

export interface TileSpot {
  source: string;
  mirrored: boolean;
  /** Nothing may be cut off, as of a screen. */
  whole: boolean;
  element: HTMLElement;
}

export interface StageBoard {
  /** Puts a tile on the board; the answer takes it off again. */
  put(tile: TileSpot): () => void;
}

const BOARD = Symbol('stage');

export const provideBoard = (board: StageBoard): StageBoard => setContext(BOARD, board);
export const useBoard = (): StageBoard => getContext<StageBoard>(BOARD);
