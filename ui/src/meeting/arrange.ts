/** Where screens and people lie: screens large, everybody else in a strip beside or below them. Pure. */
import { grid, spot } from '../state/select';

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface Arrangement {
  screens: Box[];
  people: Box[];
}

/** Part of the longer side that people keep while something is shared. */
const STRIP = 0.2;
/** Pixels below which a face in the strip says nothing any more. */
const LEAST = 120;

function within(count: number, area: Box, gap: number): Box[] {
  const shape = grid(count, area.width, area.height, gap);
  return Array.from({ length: count }, (_, at) => {
    const { left, top } = spot(at, count, shape, area.width, area.height, gap);
    return { left: area.left + left, top: area.top + top, width: shape.width, height: shape.height };
  });
}

export function arrange(screens: number, people: number, width: number, height: number, gap: number): Arrangement {
  const all = { left: 0, top: 0, width, height };
  if (screens === 0) return { screens: [], people: within(people, all, gap) };
  if (people === 0) return { screens: within(screens, all, gap), people: [] };
  const beside = width >= height;
  const long = beside ? width : height;
  const strip = Math.min(long / 2, Math.max(LEAST, Math.round(long * STRIP)));
  const rest = Math.max(0, long - strip - gap);
  const large = beside ? { ...all, width: rest } : { ...all, height: rest };
  const small = beside ? { left: rest + gap, top: 0, width: strip, height } : { left: 0, top: rest + gap, width, height: strip };
  return { screens: within(screens, large, gap), people: within(people, small, gap) };
}
