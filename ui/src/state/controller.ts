/** A controller in words. Two kinds have no name of their own: whoever opened a room, and an operator nobody knows. */
import { m } from '../messages/messages.js';
import type { Locale } from './select';

const UNKNOWN = 'unknown-operator-of:';

export function controllerName(name: string, id: string, locale?: Locale): string {
  const options = locale ? { locale } : {};
  if (name !== '') return name;
  if (id.startsWith(UNKNOWN)) return m.controller_unknown({ host: id.slice(UNKNOWN.length) }, options);
  return m.controller_opener({}, options);
}
