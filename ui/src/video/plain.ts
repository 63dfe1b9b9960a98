/** Drawing without WebGL: `VideoFrame` where the web view has it, else colours computed here. Slower, same picture. */
import { BT601 } from './colour';
import { fit, type Painter } from './painter';
import { chroma, type Picture } from './source';

const clamp = (value: number) => (value < 0 ? 0 : value > 255 ? 255 : value);

/** Eight fraction bits. */
const fixed = (weight: number) => Math.round(weight * 256);
const [LUMA, RED_V, BLUE_U] = [fixed(BT601.luma), fixed(BT601.redV), fixed(BT601.blueU)];
const [GREEN_U, GREEN_V] = [fixed(BT601.greenU), fixed(BT601.greenV)];

/** BT.601 limited range to RGBA, fixed point. */
export function toRgba({ width, height, planes }: Picture, rgba: Uint8ClampedArray): void {
  const across = chroma(width);
  const atU = width * height;
  const atV = atU + across * chroma(height);
  for (let y = 0, out = 0; y < height; y++) {
    for (let x = 0; x < width; x++, out += 4) {
      const half = (y >> 1) * across + (x >> 1);
      const luma = LUMA * ((planes[y * width + x] ?? 16) - 16);
      const u = (planes[atU + half] ?? 128) - 128;
      const v = (planes[atV + half] ?? 128) - 128;
      rgba[out] = clamp((luma + RED_V * v) >> 8);
      rgba[out + 1] = clamp((luma - GREEN_U * u - GREEN_V * v) >> 8);
      rgba[out + 2] = clamp((luma + BLUE_U * u) >> 8);
      rgba[out + 3] = 255;
    }
  }
}

function paintFrame(context: CanvasRenderingContext2D, picture: Picture): void {
  const { width, height, planes } = picture;
  const frame = new VideoFrame(planes as Uint8Array<ArrayBuffer>, {
    format: 'I420', codedWidth: width, codedHeight: height, timestamp: 0,
    colorSpace: { matrix: 'smpte170m', primaries: 'bt709', transfer: 'bt709', fullRange: false },
  });
  context.drawImage(frame, 0, 0);
  frame.close();
}

function paintBytes(context: CanvasRenderingContext2D, picture: Picture): void {
  const image = context.createImageData(picture.width, picture.height);
  toRgba(picture, image.data);
  context.putImageData(image, 0, 0);
}

/** `null` only where the canvas has no 2D context at all (a test without a browser). */
export function plainPainter(canvas: HTMLCanvasElement): Painter | null {
  const context = canvas.getContext('2d');
  if (!context) return null;
  const sheets = new Map<string, HTMLCanvasElement>();
  const framed = typeof VideoFrame === 'function';
  const paint = framed ? paintFrame : paintBytes;

  function sheetFor({ source, width, height }: Picture): HTMLCanvasElement {
    const sheet = sheets.get(source) ?? document.createElement('canvas');
    if (sheet.width !== width) sheet.width = width;
    if (sheet.height !== height) sheet.height = height;
    sheets.set(source, sheet);
    return sheet;
  }

  return {
    kind: framed ? 'video-frame' : 'image-data',
    forget: (source) => void sheets.delete(source),
    close: () => sheets.clear(),
    upload(picture) {
      const onto = sheetFor(picture).getContext('2d');
      if (onto) paint(onto, picture);
    },
    draw(places) {
      context.clearRect(0, 0, canvas.width, canvas.height);
      for (const place of places) {
        const sheet = sheets.get(place.source);
        if (!sheet) continue;
        const { part, into } = fit(sheet.width / sheet.height, place.width / place.height, place.whole);
        const [width, height] = [place.width * into.width, place.height * into.height];
        context.save();
        context.translate(place.x + place.width * into.x, place.y + place.height * into.y);
        context.beginPath();
        context.roundRect(0, 0, width, height, place.radius);
        context.clip();
        if (place.mirrored) context.transform(-1, 0, 0, 1, width, 0);
        context.drawImage(
          sheet, part.x * sheet.width, part.y * sheet.height, part.width * sheet.width, part.height * sheet.height,
          0, 0, width, height,
        );
        context.restore();
      }
    },
  };
}
