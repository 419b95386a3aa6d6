/** A patient's record: the answer follows the form, and two records are compared. */

import assert from 'node:assert/strict';
import { pageTest, picture } from './harness/browser.js';
import { answerOn, barsOn, chooseWay, inferences, maskedInferences } from './harness/person.js';
import { leaksIn, numberForms, textNeedles } from './harness/leaks.js';

/** @typedef {import('playwright-core').Page} Page */

/** A column of numbers: its field. @param {Page} page @param {string} column */
const fieldOf = (page, column) => page.locator(`#table-fields [name="${column}"]`);

/** The probability of death that is shown. @param {Page} page */
async function riskOn(page) {
  const [, [, text]] = await barsOn(page);
  return Number.parseFloat(text);
}

pageTest('the page opens with a record that is filled in, and the answer follows what is changed', async ({ page, proxy, watch, open }) => {
  await open('');
  await page.locator('#table-live', { hasText: 'follows your form' }).waitFor();
  assert.equal(await fieldOf(page, 'meanbp').inputValue(), '77');
  assert.equal(await page.locator('.field:has([name="meanbp"])').innerText(), 'Mean blood pressure\nmmHg\n0 to 157 · if empty: 77');
  assert.deepEqual([inferences(proxy), maskedInferences(proxy)], [[], []]);
  await fieldOf(page, 'meanbp').fill('78');
  assert.equal(await answerOn(page), 'survived');
  await page.locator('#answer-way', { hasText: 'voucher' }).waitFor();
  assert.equal(await page.locator('#prediction').getAttribute('data-tone'), 'clear');
  await page.locator('#keep').click();

  // The same patient with other values: both answers side by side.
  const before = await riskOn(page);
  await fieldOf(page, 'scoma').fill('94');
  await fieldOf(page, 'meanbp').fill('41.5');
  await page.locator('#prediction[data-label=died]').waitFor();
  assert.equal(await page.locator('#prediction').getAttribute('data-tone'), 'risk');
  assert.match(await page.locator('#kept-prediction').innerText(), /^Kept\s+survived/);
  assert.match(await page.locator('#prediction').innerText(), /^Now\s+died/);
  await page.locator('#differences', { hasText: '41.5' }).waitFor();
  assert.deepEqual(await page.locator('#differences li').allInnerTexts(), ['Coma score: 0 → 94', 'Mean blood pressure: 78 mmHg → 41.5 mmHg']);
  assert.ok((await riskOn(page)) > before + 20);
  assert.match(await page.locator('.kept-text').nth(1).innerText(), new RegExp(`^${before.toFixed(1)} %`));

  // Bars that are as long mean as much: all tracks begin and end at the same places.
  const edges = await page
    .locator('#bars .track')
    .evaluateAll((tracks) => tracks.map((track) => track.getBoundingClientRect()).map(({ left, right }) => `${left} ${right}`));
  assert.deepEqual([edges.length, new Set(edges).size], [4, 1]);
  await picture(page, 'compared', { fullPage: false });
  assert.deepEqual(leaksIn([...proxy.received, ...watch.sent], [...textNeedles('41.5'), ...numberForms('changed', [94, 41.5])]), []);
  await page.locator('#keep').click();
  assert.ok(await page.locator('#kept-prediction').isHidden());
  assert.deepEqual(inferences(proxy), []);
});

pageTest('an answer about other values is taken away where it does not follow', async ({ page, proxy, open }) => {
  await open('');
  await chooseWay(page, 'direct');
  await page.locator('#predict-row').click();
  assert.equal(await answerOn(page), 'survived');
  await fieldOf(page, 'age').fill('90');
  await page.locator('#prediction:not([data-label])').waitFor();
  assert.equal(inferences(proxy).length, 1);
  await fieldOf(page, 'age').fill('');
  await fieldOf(page, 'dzgroup').selectOption('');
  await page.locator('#predict-row').click();
  assert.match((await page.locator('.field-problem').allInnerTexts()).join(''), /Choose one|Fill in/);
  assert.equal(inferences(proxy).length, 1);
});

pageTest('what the server has can be opened with another key, to nonsense', async ({ page, open }) => {
  await open('');
  await chooseWay(page, 'direct');
  await page.locator('#predict-row').click();
  assert.equal(await answerOn(page), 'survived');
  const seen = new Set();
  for (let round = 0; round < 2; round++) {
    await page.locator('#other-key').click();
    await page.waitForFunction(
      (seen) => {
        const text = document.querySelector('#opened-wrongly')?.textContent ?? '';
        return text.includes('nonsense') && !seen.includes(text);
      },
      [...seen],
    );
    seen.add(await page.locator('#opened-wrongly').innerText());
  }
  for (const text of seen) assert.match(text, /^Another key opens it to -?[\d,]+: nonsense, and other nonsense each time\./);
  // The page's own key opens it as before.
  await page.locator('#predict-row').click();
  assert.equal(await answerOn(page), 'survived');
});
