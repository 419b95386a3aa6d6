/** How the page looks, to people and to assistive technology: light, dark, and narrow. */

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { pageTest, picture } from './harness/browser.js';
import { answerOn, askForDigit, chooseWay } from './harness/person.js';
import { digits, sealed, serveSealed } from './harness/service.js';
import { inEachState } from './harness/states.js';

/** @typedef {import('playwright-core').Page} Page */

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What Chromium says while the service is away. */
const AWAY = { complaints: /^Failed to load resource/ };

const SCHEMES = /** @type {const} */ (['light', 'dark']);

/** What axe finds, in light and in dark. @param {Page} page @param {string} state */
async function examine(page, state) {
  // A load of the page takes it away.
  await page.evaluate(axe);
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await page.evaluate(() => /** @type {typeof import('axe-core')} */ (/** @type {any} */ (globalThis).axe).run());
    const told = violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target}: ${failureSummary}`));
    assert.deepEqual(told, [], `${state}, ${colorScheme}`);
    await picture(page, `${state}-${colorScheme}`);
  }
}

pageTest(
  'axe finds nothing, in light and dark, before and after predictions',
  async ({ page, proxy, open }) => {
    await open();
    await inEachState(page, proxy, (state) => examine(page, state));
  },
  AWAY,
);

pageTest('axe finds nothing where a sealed model is asked', async ({ page, proxy, open }) => {
  const service = await serveSealed(sealed(digits, 'looks'));
  proxy.rule = ({ ask }) => ask(service);
  await open();
  await chooseWay(page, 'sealed');
  await page.locator('#sample').click();
  await askForDigit(page);
  await answerOn(page);
  await page.locator('#digit-live', { hasText: 'follows your pen' }).waitFor();
  await examine(page, 'sealed-after');
});

pageTest('axe would find something', async ({ page, open }) => {
  await open();
  await page.evaluate(() => document.querySelector('#drawing')?.insertAdjacentHTML('afterend', '<img src="/page/icon.svg">'));
  await assert.rejects(examine(page, 'spoilt'), /image-alt/);
});

pageTest(
  'a phone 360 pixels wide never scrolls to the side',
  async ({ page, proxy, open }) => {
    await open();
    await inEachState(page, proxy, async (state) => {
      for (const colorScheme of SCHEMES) {
        await page.emulateMedia({ colorScheme });
        await picture(page, `${state}-360-${colorScheme}`);
      }
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360, state);
    });
  },
  { ...AWAY, context: { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true } },
);
