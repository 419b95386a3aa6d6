/** The page in each of its states, one after the other. */

import { answerOn, askForDigit, chooseWay, drawOne, drawSpeck, drop, problemOn } from './person.js';
import { PASS, first } from './proxy.js';
import { patientsCsv } from './service.js';

/**
 * @typedef {import('playwright-core').Page} Page
 * @typedef {import('./proxy.js').Proxy} Proxy
 */

/** Rows of a table, which is shown in two pages. */
const PATIENTS = 120;

/**
 * Leads an open page, on which digits are encrypted, from state to state.
 *
 * @param {Page} page
 * @param {Proxy} proxy
 * @param {(state: string) => Promise<void>} look
 */
export async function inEachState(page, proxy, look) {
  await page.locator('#key[data-state=ready]').waitFor();
  await page.locator('#work').waitFor();
  await look('digit-before');
  await drawOne(page);
  await askForDigit(page);
  await answerOn(page);
  await look('digit-after');
  await page.locator('#clear').click();
  await drawSpeck(page);
  await askForDigit(page);
  await answerOn(page);
  await page.locator('#doubt summary').click();
  await look('digit-doubt');
  await page.locator('#clear').click();
  await drawOne(page);
  await page.locator('#digit-model').selectOption('digits-hybrid');
  await askForDigit(page);
  await answerOn(page);
  await look('hybrid-after');
  await page.locator('#tab-table').click();
  await look('table-before');
  await chooseWay(page, 'vouchers');
  await page.locator('#table-live', { hasText: 'follows your form' }).waitFor();
  await page.locator('#predict-row').click();
  await answerOn(page);
  await look('table-vouchers');
  await chooseWay(page, 'direct');
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
  proxy.rule = async ({ path, ask }) => (path.startsWith('/v2') ? undefined : ask());
  await page.reload();
  await page.locator('#models-title', { hasText: "can't be reached" }).waitFor();
  await look('away');
  proxy.rule = PASS;
}
