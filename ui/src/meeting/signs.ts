/** Short signs to everybody: how they are called, and which one is shown. */
import type { Reaction } from '../backend/bindings/Reaction';
import type { Sign } from '../backend/bindings/Sign';
import { m } from '../messages/messages.js';

export const REACTIONS: readonly Reaction[] = ['like', 'clap', 'laugh', 'surprised', 'boo', 'silence'];

/** Seconds for which a sign is shown; what is older, after the page was opened anew, is not shown again. */
export const SHOWN = 5;

export function signName(reaction: Reaction): string {
  switch (reaction) {
    case 'like': return m.react_like();
    case 'clap': return m.react_clap();
    case 'laugh': return m.react_laugh();
    case 'surprised': return m.react_surprised();
    case 'boo': return m.react_boo();
    case 'silence': return m.react_silence();
  }
}

export function newest(signs: Sign[], endpoint: string, now: number): Sign | undefined {
  return signs.filter((sign) => sign.endpoint === endpoint && now - sign.at < SHOWN).at(-1);
}
