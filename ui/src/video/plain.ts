/** Drawing without WebGL: `VideoFrame` where the web view has it, else colours computed here. Slower, same picture. */
import { fit, type Painter } from './painter';
import { chroma, type Picture } from './source';

const clamp = (value: number) => (value < 0 ? 0 : value > 255 ? 255 : value);

/** BT.709 limited range to RGBA, fixed point with eight fraction bits. */
export function toRgba({ width, height, planes }: Picture, rgba: Uint8ClampedArray): void {
  const across = chroma(width);
  const atU = width * height;
  const atV = atU + across * chroma(height);
  for (let y = 0, out = 0; y < height; y++) {
    for (let x = 0; x < width; x++, out += 4) {
      const half = (y >> 1) * across + (x >> 1);
      const luma = 298 * ((planes[y * width + x] ?? 16) - 16);
      const u = (planes[atU + half] ?? 128) - 128;
      const v = (planes[atV + half] ?? 128) - 128;
      rgba[out] = clamp((luma + 459 * v) >> 8);
      rgba[out + 1] = clamp((luma - 55 * u - 136 * v) >> 8);
      rgba[out + 2] = clamp((luma + 541 * u) >> 8);
      rgba[out + 3] = 255;
    }
  }
}

function paintFrame(context: CanvasRenderingContext2D, picture: Picture): void {
  const { width, height, planes } = picture;
  const frame = new VideoFrame(planes as Uint8Array<ArrayBuffer>, {
    format: 'I420', codedWidth: width, codedHeight: height, timestamp: 0,
    colorSpace: { matrix: 'bt709', primaries: 'bt709', transfer: 'bt709', fullRange: false },
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
        const { part, into } = fit(sheet.width / sheet.height, place.width / place.height);
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
