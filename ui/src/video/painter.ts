/** What a stage needs from whatever draws: textures in, rectangles out. `yuv.ts` is the fast one, `plain.ts` the fallback. */
import { plainPainter } from './plain';
import type { Picture } from './source';
import { glPainter } from './yuv';

/** Where a source lies on the canvas, in device pixels from the top left. */
export interface Place {
  source: string;
  x: number;
  y: number;
  width: number;
  height: number;
  radius: number;
  mirrored: boolean;
  /** Nothing may be cut off, as of a screen. */
  whole: boolean;
}

export interface Painter {
  readonly kind: 'webgl2' | 'video-frame' | 'image-data';
  upload(picture: Picture): void;
  forget(source: string): void;
  draw(places: Place[]): void;
  close(): void;
}

export interface Crop {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A picture and its tile may differ by this factor and are still filled by cropping; beyond it bars are shown. */
const CROP_UP_TO = 1.35;

/**
 * How a picture meets its tile: `part` of the picture (0..1) is drawn into `into` (0..1 of the tile). Close shapes
 * are cropped, a portrait telephone in a wide tile keeps its edges, and so does what is to be seen `entire`.
 */
export function fit(pictureRatio: number, tileRatio: number, entire = false): { part: Crop; into: Crop } {
  const whole: Crop = { x: 0, y: 0, width: 1, height: 1 };
  const narrower = Math.min(pictureRatio, tileRatio) / Math.max(pictureRatio, tileRatio);
  const wide: Crop = { x: (1 - narrower) / 2, y: 0, width: narrower, height: 1 };
  const high: Crop = { x: 0, y: (1 - narrower) / 2, width: 1, height: narrower };
  const crops = !entire && narrower * CROP_UP_TO >= 1;
  if (pictureRatio > tileRatio) return crops ? { part: wide, into: whole } : { part: whole, into: high };
  return crops ? { part: high, into: whole } : { part: whole, into: wide };
}

export function painter(canvas: HTMLCanvasElement): Painter | null {
  return glPainter(canvas) ?? plainPainter(canvas);
}
