/** The words for what needs a moderator's permission. */
import type { Media } from '../backend/bindings/Media';
import { m } from '../messages/messages.js';

export const MEDIA: readonly Media[] = ['microphone', 'camera', 'screen'];

export function needsLabel(media: Media): string {
  switch (media) {
    case 'microphone': return m.permit_need_microphone();
    case 'camera': return m.permit_need_camera();
    case 'screen': return m.permit_need_screen();
  }
}

export function asksSentence(media: Media): string {
  switch (media) {
    case 'microphone': return m.permit_microphone();
    case 'camera': return m.permit_camera();
    case 'screen': return m.permit_screen();
  }
}

export function allowLabel(media: Media, allow: boolean): string {
  switch (media) {
    case 'microphone': return allow ? m.permit_allow_microphone() : m.permit_take_microphone();
    case 'camera': return allow ? m.permit_allow_camera() : m.permit_take_camera();
    case 'screen': return allow ? m.permit_allow_screen() : m.permit_take_screen();
  }
}
