/** Three sentences for each error: what happened, why, what to do. A code without sentences does not compile. */
import type { ErrorCode } from '../backend/bindings/ErrorCode';
import type { UiError } from '../backend/bindings/UiError';
import { m } from '../messages/messages.js';

type Part = 'what' | 'why' | 'todo';
type Key = `error_${ErrorCode}_${Part}`;
type Sentence = (values: Record<string, string>) => string;

// The annotation is the check: each key of this type must exist among the messages.
const all: Record<Key, unknown> = m;

/** Names that a sentence may mention; one the backend left out reads as an ellipsis, not as "undefined". */
const BLANK = Object.fromEntries(['text', 'host', 'room', 'address', 'next', 'path', 'limit'].map((name) => [name, '…']));

/** What is left out on purpose: no name means the system's default device, no detail that nobody gave a reason. */
const spoken = () => ({ ...BLANK, device: m.device_default(), detail: m.detail_none(), name: m.somebody_moderating() });

export interface Words {
  what: string;
  why: string;
  todo: string;
}

export function words(error: UiError): Words {
  const values: Record<string, string> = spoken();
  for (const [name, value] of Object.entries(error.params)) if (value) values[name] = value;
  const say = (part: Part) => (all[`error_${error.code}_${part}`] as Sentence)(values);
  return { what: say('what'), why: say('why'), todo: say('todo') };
}
