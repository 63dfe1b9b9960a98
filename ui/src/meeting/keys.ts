/** The shortcuts of a meeting. All need a modifier, so that typing never triggers one (WCAG 2.1.4). */
export type Panel = 'chat' | 'people' | 'more';
export type Shortcut = 'microphone' | 'camera' | 'hand' | 'chat' | 'people';

export interface Key {
  action: Shortcut;
  shift: boolean;
  letter: string;
}

export const KEYS: readonly Key[] = [
  { action: 'microphone', shift: false, letter: 'd' },
  { action: 'camera', shift: false, letter: 'e' },
  { action: 'hand', shift: true, letter: 'h' },
  { action: 'chat', shift: true, letter: 'm' },
  { action: 'people', shift: true, letter: 'p' },
];

type Pressed = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey' | 'repeat'>;

export function shortcut(event: Pressed): Shortcut | null {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.repeat) return null;
  const letter = event.key.toLowerCase();
  return KEYS.find((key) => key.letter === letter && key.shift === event.shiftKey)?.action ?? null;
}
