/**
 * Pulls pictures: one request kept open, each answer a batch of every tile that changed.
 *
 * The bytes of a batch are described in docs/video-frames.md: `u32` count, then per tile `u16` length of the name,
 * the name, `u32` width, `u32` height, `u64` seq and the I420 planes, all little endian. Answers can overtake each
 * other, so a picture that is not newer than the last one of its tile is dropped.
 */

export interface Picture {
  source: string;
  width: number;
  height: number;
  seq: number;
  /** Y, U, V planes one after the other; a view into the batch, valid until the next one is asked for. */
  planes: Uint8Array;
}

/** More tiles than a window can show; a batch that claims more is broken. */
const MOST_TILES = 64;
/** 4096 lines are beyond any tile. */
const MOST_PIXELS = 4096;
/** After a failed request; short enough that a hiccup is not seen as a freeze. */
const PAUSE_MS = 400;

export const chroma = (pixels: number): number => (pixels + 1) >> 1;

export const planeBytes = (width: number, height: number): number =>
  width * height + 2 * chroma(width) * chroma(height);

const utf8 = new TextDecoder();

/** Throws a `RangeError` when the batch ends early or claims impossible sizes. */
export function parseBatch(bytes: ArrayBuffer): Picture[] {
  const view = new DataView(bytes);
  const count = view.getUint32(0, true);
  if (count > MOST_TILES) throw new RangeError('more tiles than a window shows');
  const pictures: Picture[] = [];
  let at = 4;
  for (let tile = 0; tile < count; tile++) {
    const nameBytes = view.getUint16(at, true);
    const source = utf8.decode(new Uint8Array(bytes, at + 2, nameBytes));
    at += 2 + nameBytes;
    const width = view.getUint32(at, true);
    const height = view.getUint32(at + 4, true);
    if (width < 2 || height < 2 || width > MOST_PIXELS || height > MOST_PIXELS) throw new RangeError('impossible size');
    const seq = Number(view.getBigUint64(at + 8, true));
    at += 16;
    const planes = new Uint8Array(bytes, at, planeBytes(width, height));
    at += planes.length;
    pictures.push({ source, width, height, seq, planes });
  }
  return pictures;
}

/** Lets each tile's pictures through in rising order only. */
export class Newest {
  private readonly last = new Map<string, number>();
  after = 0;

  take(pictures: Picture[]): Picture[] {
    return pictures.filter((picture) => {
      this.after = Math.max(this.after, picture.seq);
      if (picture.seq <= (this.last.get(picture.source) ?? 0)) return false;
      this.last.set(picture.source, picture.seq);
      return true;
    });
  }
}

export type Next = (after: number, signal: AbortSignal) => Promise<ArrayBuffer>;

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** Runs until `signal` aborts. A failed or broken answer is followed by a pause, never by the end. */
export async function pull(next: Next, onPictures: (pictures: Picture[]) => void, signal: AbortSignal): Promise<void> {
  const newest = new Newest();
  while (!signal.aborted) {
    try {
      const fresh = newest.take(parseBatch(await next(newest.after, signal)));
      if (fresh.length > 0 && !signal.aborted) onPictures(fresh);
    } catch {
      if (!signal.aborted) await pause(PAUSE_MS);
    }
  }
}
