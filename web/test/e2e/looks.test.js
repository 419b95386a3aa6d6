/** How the page looks, to people and to assistive technology: light, dark, and narrow. */

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { pageTest, picture } from './harness/browser.js';
import { answerOn, askForDigit, chooseWay, drawOne, drop, problemOn } from './harness/person.js';
import { first } from './harness/proxy.js';
import { digits, patientsCsv, sealed, serveSealed } from './harness/service.js';

/**
 * @typedef {import('playwright-core').Page} Page
 * @typedef {import('./harness/proxy.js').Proxy} Proxy
 */

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const PATIENTS = 12;

/** What axe finds, in light and in dark. @param {Page} page @param {string} state */
async function examine(page, state) {
  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await page.evaluate(() => /** @type {typeof import('axe-core')} */ (/** @type {any} */ (globalThis).axe).run());
    const told = violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target}: ${failureSummary}`));
    assert.deepEqual(told, [], `${state}, ${colorScheme}`);
    await picture(page, `${state}-${colorScheme}`);
  }
}

/** The page in each of its states. @param {Page} page @param {Proxy} proxy @param {(state: string) => Promise<void>} look */
async function inEachState(page, proxy, look) {
  await page.locator('#key[data-state=ready]').waitFor();
  await page.locator('#work').waitFor();
  await look('digit-before');
  await drawOne(page);
  await askForDigit(page);
  await answerOn(page);
  await look('digit-after');
  await page.locator('#digit-model').selectOption('digits-hybrid');
  await askForDigit(page);
  await answerOn(page);
  await look('hybrid-after');
  await page.locator('#tab-table').click();
  await look('table-before');
  await page.locator('#trust summary').click();
  await page.locator('#predict-row').click();
  await answerOn(page);
  await page.locator('#keep').click();
  await page.locator('#table-fields [name="scoma"]').fill('100');
  await page.locator('#predict-row').click();
  await page.locator('#prediction[data-tone=risk]').waitFor();
  await page.locator('#other-key').click();
  await page.locator('#opened-wrongly', { hasText: 'nonsense' }).waitFor();
  await look('table-compared');
  await page.locator('#trust summary').click();
  await drop(page, '#csv-drop', 'patients.csv', patientsCsv(PATIENTS));
  await page.locator('#csv-summary', { hasText: new RegExp(`^${PATIENTS} records predicted`) }).waitFor();
  await look('table-after');
  proxy.rule = first('/infer', async ({ ask }) => {
    const given = await ask();
    given.body[given.body.length - 1] ^= 1;
    return given;
  });
  await drop(page, '#csv-drop', 'patients.csv', patientsCsv(PATIENTS));
  await page.locator('tr.marked').first().waitFor();
  await problemOn(page, 'The answer is damaged');
  await look('table-marked');
  await drop(page, '#csv-drop', 'other.csv', 'height\n1.8\n');
  await problemOn(page, 'does not suit the model');
  await look('problem');
}

pageTest('axe finds nothing, in light and dark, before and after predictions', async ({ page, proxy, open }) => {
  await open();
  await page.evaluate(axe);
  await inEachState(page, proxy, (state) => examine(page, state));
});

pageTest('axe finds nothing where a sealed model is asked', async ({ page, proxy, open }) => {
  const service = await serveSealed(sealed(digits, 'looks'));
  proxy.rule = ({ ask }) => ask(service);
  await open();
  await page.evaluate(axe);
  await chooseWay(page, 'sealed');
  await page.locator('#sample').click();
  await askForDigit(page);
  await answerOn(page);
  await page.locator('#digit-live', { hasText: 'follows your pen' }).waitFor();
  await examine(page, 'sealed-after');
});

pageTest('axe would find something', async ({ page, open }) => {
  await open();
  await page.evaluate(axe);
  await page.evaluate(() => document.querySelector('#drawing')?.insertAdjacentHTML('afterend', '<img src="/page/icon.svg">'));
  await assert.rejects(examine(page, 'spoilt'), /image-alt/);
});

pageTest(
  'a phone 360 pixels wide never scrolls to the side',
  async ({ page, proxy, open }) => {
    await open();
    await inEachState(page, proxy, async (state) => {
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      await picture(page, `${state}-360`);
      assert.equal(width, 360, state);
    });
  },
  { context: { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true } },
);
