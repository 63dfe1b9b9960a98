/** The part of a stage that its pictures cover, in whole device pixels from the stage's top left. */
export interface Area {
  x: number;
  y: number;
  width: number;
  height: number;
}

type Box = Pick<DOMRect, 'left' | 'top' | 'right' | 'bottom'>;

/**
 * Where drawing is done in software, every pixel of a canvas costs at every picture, also the empty ones; so the canvas
 * is no larger than this. One pixel at least, since a canvas without any has no context to draw with.
 */
export function area(boxes: Box[], stage: Box, scale: number): Area {
  const [across, down] = [Math.round((stage.right - stage.left) * scale), Math.round((stage.bottom - stage.top) * scale)];
  const within = (value: number, most: number) => Math.min(Math.max(value, 0), most);
  const x = within(Math.floor(Math.min(...boxes.map(({ left }) => left - stage.left)) * scale), across);
  const y = within(Math.floor(Math.min(...boxes.map(({ top }) => top - stage.top)) * scale), down);
  const right = within(Math.ceil(Math.max(...boxes.map((box) => box.right - stage.left)) * scale), across);
  const bottom = within(Math.ceil(Math.max(...boxes.map((box) => box.bottom - stage.top)) * scale), down);
  return { x, y, width: Math.max(right - x, 1), height: Math.max(bottom - y, 1) };
}
