/** Pictures for the scripted meeting: somebody in front of a wall, slowly swaying, in the batch format of docs/video-frames.md. */
import { hue } from '../state/select';
import { planeBytes, type Picture } from '../video/source';

export function batch(pictures: Picture[]): ArrayBuffer {
  const names = pictures.map(({ source }) => new TextEncoder().encode(source));
  const size = pictures.reduce((sum, { planes }, at) => sum + 18 + (names[at]?.length ?? 0) + planes.length, 4);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, pictures.length, true);
  let at = 4;
  pictures.forEach((picture, index) => {
    const name = names[index] ?? new Uint8Array();
    view.setUint16(at, name.length, true);
    bytes.set(name, at + 2);
    at += 2 + name.length;
    view.setUint32(at, picture.width, true);
    view.setUint32(at + 4, picture.height, true);
    view.setBigUint64(at + 8, BigInt(picture.seq), true);
    bytes.set(picture.planes, at + 16);
    at += 16 + picture.planes.length;
  });
  return bytes.buffer;
}

type Colour = readonly [number, number, number];

/** Wall, clothes, face as Y, U, V, tinted by the source's hue. */
function palette(source: string): [Colour, Colour, Colour] {
  const angle = (hue(source) / 180) * Math.PI;
  const tint = (luma: number, strength: number): Colour => [luma, 128 + Math.cos(angle) * strength, 128 + Math.sin(angle) * strength];
  return [tint(92, 10), tint(58, 26), [150, 112, 148]];
}

export function scene(source: string, seq: number, width: number, height: number): Uint8Array {
  const planes = new Uint8Array(planeBytes(width, height));
  const [wall, clothes, face] = palette(source);
  const sway = Math.sin(seq / 14) * 0.012;
  const colour = (x: number, y: number): Colour => {
    const [across, down] = [(x / width - 0.5 - sway) * (width / height), y / height];
    if ((across / 0.15) ** 2 + ((down - 0.42) / 0.2) ** 2 < 1) return face;
    if ((across / 0.42) ** 2 + ((down - 1.12) / 0.46) ** 2 < 1) return clothes;
    return wall;
  };
  const half = { width: width / 2, height: height / 2, at: width * height };
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) planes[y * width + x] = colour(x, y)[0] + Math.round((y / height) * 14);
  for (let y = 0; y < half.height; y++) {
    for (let x = 0; x < half.width; x++) {
      const [, u, v] = colour(x * 2, y * 2);
      planes[half.at + y * half.width + x] = u;
      planes[half.at + half.width * half.height + y * half.width + x] = v;
    }
  }
  return planes;
}
