import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import type { Purpose } from '../backend/bindings/Purpose';
import { windowWith } from '../test-backend';
import Consents from './Consents.svelte';

const purpose = (id: string, title: string): Purpose => ({ id, granted: false, texts: [{ lang: 'de', title, purpose: '', storage: 'bleibt hier' }] });
const purposes = [purpose('recent-rooms', 'Räume merken'), purpose('display-name', 'Namen merken')];

function open() {
  const opened = windowWith();
  render(Consents, { props: { purposes }, context: opened.context });
  return opened;
}

test('every switch is off, and continuing without touching any refuses all', async () => {
  const { asked } = open();
  expect(screen.getAllByRole('switch').map((one) => one.getAttribute('aria-checked'))).toEqual(['false', 'false']);
  await userEvent.setup().click(screen.getByRole('button', { name: 'Weiter' }));
  expect(asked).toEqual([['decideConsents', { 'recent-rooms': false, 'display-name': false }, 'de']]);
});

test('Enter grants nothing, wherever the focus is', async () => {
  const { asked } = open();
  const user = userEvent.setup();
  await user.keyboard('{Enter}');
  for (const one of screen.getAllByRole('switch')) {
    one.focus();
    await user.keyboard('{Enter}');
    expect(one.getAttribute('aria-checked')).toBe('false');
  }
  screen.getByRole('button', { name: 'Weiter' }).focus();
  await user.keyboard('{Enter}');
  expect(asked).toEqual([['decideConsents', { 'recent-rooms': false, 'display-name': false }, 'de']]);
});

test('a purpose stands for itself: granting one leaves the other refused', async () => {
  const { asked } = open();
  const user = userEvent.setup();
  screen.getByRole('switch', { name: 'Räume merken' }).focus();
  await user.keyboard(' ');
  expect(screen.getByText('1 Funktion eingeschaltet')).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Weiter' }));
  expect(asked).toEqual([['decideConsents', { 'recent-rooms': true, 'display-name': false }, 'de']]);
});

test('a change of mind on the page counts', async () => {
  const { asked } = open();
  const user = userEvent.setup();
  const one = screen.getByRole('switch', { name: 'Namen merken' });
  await user.click(one);
  await user.click(one);
  await user.click(screen.getByRole('button', { name: 'Weiter' }));
  expect(asked).toEqual([['decideConsents', { 'recent-rooms': false, 'display-name': false }, 'de']]);
});
