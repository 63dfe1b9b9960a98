/**
 * Every page in a real browser: no serious accessibility fault in any theme, nothing refused by the content security
 * policy, no error on the console; and the walk from the first launch to leaving a meeting, by keyboard and click.
 *
 * `npm run e2e`; with `SCREENSHOTS=folder` each page is also kept as a picture. `CHROMIUM` names another browser.
 * The last line says `N passed, N failed`.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { preview } from 'vite';

const BROWSER = process.env['CHROMIUM'] ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path)) ?? 'chromium';
const PICTURES = process.env['SCREENSHOTS'];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader',
];
const PLACES = [
  'notice', 'reading', 'consents', 'home', 'hosted', 'recents', 'toast', 'prejoin', 'prejoin-camera', 'meeting', 'chat', 'people', 'alone',
  'reconnecting', 'after', 'declined', 'broken', 'settings', 'moderating', 'moderating-people', 'sharing', 'captured', 'extras', 'extras-people',
  'threshold-otherPassword', 'threshold-login', 'threshold-moderator', 'threshold-host',
  'desk-voluntary', 'desk-ledger', 'desk-stored', 'desk-rights', 'desk-letters', 'desk-hosting', 'desk-roomLog', 'desk-pack', 'desk-contacts', 'changed', 'fetching',
];
const LOOKS = ['light', 'dark', 'contrast'];

let passed = 0;
let failed = 0;

async function check(name: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
    passed++;
  } catch (fault) {
    failed++;
    console.log(`FAILED ${name}: ${fault instanceof Error ? fault.message : String(fault)}`);
  }
}

function claim(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

const server = await preview({ build: { outDir: 'dist-fake' }, preview: { host: '127.0.0.1', port: 0, strictPort: false } });
const base = server.resolvedUrls?.local[0] ?? '';

async function open(browser: Browser, query: string, size = { width: 1280, height: 800 }): Promise<{ page: Page; complaints: string[] }> {
  // axe is put in by the test, past the policy of the page; what the page itself does still counts, see `refused`.
  const context = await browser.newContext({ viewport: size, reducedMotion: 'reduce', locale: 'de-DE', colorScheme: 'light' });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(`${base}?${query}`);
  await page.locator('h1').first().waitFor();
  return { page, complaints };
}

async function turnTo(page: Page, place: string): Promise<void> {
  if (place === 'chat') await page.getByRole('button', { name: 'Chat' }).click();
  if (place === 'extras') await page.getByRole('button', { name: 'Mehr', exact: true }).click();
  if (place === 'people' || place === 'moderating-people' || place === 'extras-people') await page.getByRole('button', { name: /^Personen/ }).click();
  if (place === 'settings') await page.getByRole('button', { name: 'Einstellungen' }).first().click();
  await page.waitForTimeout(place.startsWith('meeting') || place.includes('camera') ? 900 : 350);
}

const FAKE: Record<string, string> = { people: 'meeting', settings: 'recents', 'moderating-people': 'moderating', 'extras-people': 'extras' };

async function faults(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const axe = (window as unknown as { axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { target: unknown[]; failureSummary: string }[] }[] }> } }).axe;
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.target.join(' ')} (${node.failureSummary.split('\n')[1]?.trim()})`).join('; ')}`);
  });
}

async function everyPage(browser: Browser): Promise<void> {
  for (const place of PLACES) {
    for (const look of LOOKS) {
      await check(`${place} in ${look}`, async () => {
        const { page, complaints } = await open(browser, `fake=${FAKE[place] ?? place}&look=${look}`);
        await turnTo(page, place);
        if (PICTURES) await page.screenshot({ path: join(PICTURES, `${place}-${look}.png`) });
        const found = await faults(page);
        await page.context().close();
        claim(found.length === 0, found.join(' | '));
        claim(complaints.length === 0, complaints.join(' | '));
      });
    }
  }
}

async function walk(browser: Browser): Promise<void> {
  const { page, complaints } = await open(browser, 'fake&look=light');
  const button = (name: string | RegExp) => page.getByRole('button', { name });
  await check('Enter on the notice decides nothing', async () => {
    await page.keyboard.press('Enter');
    claim(await button('Zur Kenntnis genommen').isVisible(), 'the notice is gone');
  });
  await check('the notice is noted in the language that was read', async () => {
    await page.getByRole('radio', { name: 'English' }).click();
    await button('Noted').click();
    await page.getByRole('heading', { name: 'Freiwillige Funktionen' }).waitFor();
  });
  await check('walking the voluntary page with Tab and Enter grants nothing', async () => {
    for (let step = 0; step < 4; step++) {
      await page.keyboard.press('Tab');
      const onward = await page.evaluate(() => document.activeElement?.textContent?.trim() === 'Weiter');
      if (onward) break;
      await page.keyboard.press('Enter');
    }
    claim((await page.getByRole('switch', { checked: true }).count()) === 0, 'a switch was turned');
    await page.keyboard.press('Enter');
    await page.getByLabel('Link oder Raumname').waitFor();
  });
  await check('a rubbish link gets three sentences and the field stays', async () => {
    await page.getByLabel('Link oder Raumname').fill('kein link <script>');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('ist kein Link und kein Raumname').waitFor();
  });
  await check('a name leads to prejoin, everything off', async () => {
    await page.getByLabel('Link oder Raumname').fill('Lesekreis');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Lesekreis' }).waitFor();
    claim((await page.getByRole('switch', { checked: true }).count()) === 0, 'something was on');
  });
  await check('the camera shows in the self view', async () => {
    await page.getByRole('switch', { name: 'Kamera' }).click();
    await page.waitForTimeout(800);
    const painted = await page.locator('canvas').evaluate((canvas: HTMLCanvasElement) => {
      const copy = document.createElement('canvas');
      [copy.width, copy.height] = [canvas.width, canvas.height];
      copy.getContext('2d')?.drawImage(canvas, 0, 0);
      const pixel = copy.getContext('2d')?.getImageData(canvas.width >> 1, canvas.height >> 1, 1, 1).data;
      return [...(pixel ?? [])];
    });
    claim((painted[3] ?? 0) === 255 && (painted[0] ?? 0) > 60, `the middle of the canvas is ${painted}`);
  });
  await check('joining, writing, raising the hand, leaving', async () => {
    await page.getByLabel('Ihr Name').fill('Lea');
    await button('Beitreten').click();
    await page.getByRole('group', { name: /^Amal Haddad/ }).waitFor();
    await page.keyboard.press('Control+Shift+M');
    await page.getByLabel('Nachricht an alle').fill('Guten Abend');
    await page.keyboard.press('Enter');
    await page.getByRole('log').getByText('Guten Abend', { exact: true }).waitFor();
    await button('Hand').click();
    claim((await button('Hand').getAttribute('aria-pressed')) === 'true', 'the hand is not up');
    await button('Verlassen').click();
    await page.getByRole('heading', { name: 'Sie haben den Raum verlassen' }).waitFor();
  });
  await check('the privacy desk opens from any page, asks before it erases, and Escape closes it', async () => {
    await button('Datenschutz').first().click();
    await page.getByRole('navigation', { name: 'Datenschutz' }).getByRole('button', { name: 'Ihre Rechte' }).click();
    await button('Alles löschen').click();
    const question = page.getByRole('alertdialog');
    await question.getByText('Alles löschen, was Runde auf diesem Gerät speichert?').waitFor();
    await page.keyboard.press('Enter');
    await question.waitFor({ state: 'detached' });
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'Sie haben den Raum verlassen' }).waitFor();
  });
  await check('settings change language and look at once, Escape closes them', async () => {
    await button('Einstellungen').click();
    await page.getByRole('combobox', { name: /^Sprache/ }).click();
    await page.getByRole('option', { name: 'English' }).click();
    await page.getByRole('heading', { name: 'Settings' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'You have left the room' }).waitFor();
  });
  await check('nothing complained on the way', async () => claim(complaints.length === 0, complaints.join(' | ')));
  await page.context().close();
}

async function narrow(browser: Browser): Promise<void> {
  for (const place of ['notice', 'home', 'prejoin', 'meeting', 'alone', 'settings', 'moderating', 'threshold-login', 'desk-ledger', 'desk-letters', 'desk-roomLog', 'desk-pack']) {
    await check(`${place} in a narrow window`, async () => {
      const { page } = await open(browser, `fake=${FAKE[place] ?? place}&look=light`, { width: 420, height: 760 });
      await turnTo(page, place);
      if (PICTURES) await page.screenshot({ path: join(PICTURES, `${place}-narrow.png`) });
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      await page.context().close();
      claim(wider <= 0, `${wider} pixels hang over the edge`);
    });
  }
}

async function onPaper(browser: Browser): Promise<void> {
  for (const place of ['desk-ledger', 'desk-stored', 'desk-letters', 'desk-roomLog', 'desk-pack']) {
    await check(`${place} on paper`, async () => {
      const { page } = await open(browser, `fake=${place}&look=dark`, { width: 1280, height: 500 });
      await page.emulateMedia({ media: 'print' });
      if (PICTURES) await page.pdf({ path: join(PICTURES, `${place}.pdf`), format: 'A4', margin: { top: '15mm', bottom: '15mm', left: '15mm', right: '15mm' } });
      const seen = await page.evaluate(() => {
        const shown = (css: string) => [...document.querySelectorAll(css)].some((one) => (one as HTMLElement).offsetParent !== null);
        const content = document.querySelector('.content');
        return { buttons: shown('.desk button'), below: shown('#app h1'), cut: (content?.scrollHeight ?? 1) - (content?.clientHeight ?? 0), paper: getComputedStyle(document.querySelector('.desk .window')!).backgroundColor };
      });
      await page.context().close();
      claim(!seen.buttons && !seen.below, 'buttons or the page below are printed');
      claim(seen.cut <= 0, `${seen.cut} pixels are cut off`);
      claim(seen.paper === 'rgb(255, 255, 255)', `the paper is ${seen.paper}`);
    });
  }
}

async function productionIsClean(): Promise<void> {
  await check('the production bundle has no trace of the scripted backend', async () => {
    const bundle = readdirSync('dist/assets').filter((name) => name.endsWith('.js')).map((name) => readFileSync(join('dist/assets', name), 'utf8'));
    claim(bundle.length > 0, 'there is no production bundle');
    claim(!bundle.some((text) => text.includes('Lesekreis') || text.includes('Amal Haddad')), 'the scripted meeting is inside');
  });
}

if (PICTURES) mkdirSync(PICTURES, { recursive: true });
const browser = await chromium.launch({ executablePath: BROWSER, args: FLAGS });
try {
  await productionIsClean();
  await everyPage(browser);
  await walk(browser);
  await narrow(browser);
  await onPaper(browser);
} finally {
  await browser.close();
  await server.close();
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
