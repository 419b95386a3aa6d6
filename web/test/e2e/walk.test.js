/** The page by the keyboard alone, and as a screen reader has it: its accessibility tree, and what is announced. */

import assert from 'node:assert/strict';
import { pageTest } from './harness/browser.js';
import { answerOn } from './harness/person.js';

/** @typedef {import('playwright-core').Page} Page */

/** What has the focus: its id, or its text. @param {Page} page */
const focusOn = (page) => page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent?.trim() || '');

/** Presses Tab until something has the focus, and gives all that had it before. @param {Page} page @param {string} id */
async function tabTo(page, id) {
  const passed = [];
  for (let presses = 0; presses < 80; presses++) {
    await page.keyboard.press('Tab');
    const at = await focusOn(page);
    if (at === id) return passed;
    passed.push(at);
  }
  return assert.fail(`the Tab key doesn't reach ${id}, but ${passed.join(', ')}`);
}

pageTest('a patient is asked about and compared by the keyboard alone, and all of it is told', async ({ page, open }) => {
  await open('');
  await page.locator('#table-live', { hasText: 'follows your form' }).waitFor();
  // A title, and what it says of the ways, before anything is pressed.
  const tree = await page.locator('body').ariaSnapshot();
  for (const line of [
    '- heading "The server answers. It never sees your data." [level=1]',
    '- tab "Record" [selected]',
    '- tab "Digit"',
    '- group "How to ask":',
    '- radio "Encrypt the data"',
    '- radio "Use vouchers" [checked]',
    '- radio "Encrypt the model" [disabled]',
    '- tabpanel "Record":',
    '- spinbutton "Mean blood pressure": "77"',
    '- combobox "Cancer":',
    '- button "Mask and ask"',
    '- region "The server sees":',
    '- region "The answer":',
  ])
    assert.ok(tree.includes(line), `${line} is not in\n${tree}`);
  const described = await page.getByLabel('Mean blood pressure').evaluate((field) =>
    (field.getAttribute('aria-describedby') ?? '')
      .split(' ')
      .map((id) => document.getElementById(id)?.textContent)
      .join(' ')
      .trim(),
  );
  assert.equal(described, 'mmHg 0 to 157 · if empty: 77');

  await tabTo(page, 'Skip to the content');
  assert.deepEqual(await tabTo(page, 'tab-table'), ['key-size', 'What could a malicious service do?']);
  // One stop for all tabs, and one for all ways.
  const [way, ...rest] = await tabTo(page, 'field-0');
  assert.equal(way, 'way-vouchers');
  assert.ok(rest.length <= 1, rest.join(', '));
  const fields = await tabTo(page, 'predict-row');
  assert.deepEqual(fields.slice(-3), ['field-23', 'example', 'empty-form']);
  await page.keyboard.press('Enter');
  assert.equal(await answerOn(page), 'survived');
  await page.locator('#status', { hasText: /^The answer: survived, with a probability of/ }).waitFor({ state: 'attached' });
  await tabTo(page, 'keep');
  await page.keyboard.press('Enter');
  await page.locator('#status', { hasText: /^Kept\./ }).waitFor({ state: 'attached' });
  // Back to a field, whose arrow keys change it.
  for (let presses = 0; (await focusOn(page)) !== 'field-4'; presses++) {
    assert.ok(presses < 60, 'Shift and Tab lead back');
    await page.keyboard.press('Shift+Tab');
  }
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type('100');
  await page.keyboard.press('Tab');
  await page.locator('#differences', { hasText: 'Coma score: 0 → 100' }).waitFor();
  const answer = await page.locator('section[aria-labelledby=answer-head]').ariaSnapshot();
  for (const line of ['- text: Kept', '- text: Now', '- list "The answer in figures":', '- heading "What differs" [level=3]'])
    assert.ok(answer.includes(line), `${line} is not in\n${answer}`);
  assert.match(answer, /- listitem: died [\d.]+ % kept, now [\d.]+ %/);

  // Another way by the arrow keys, and a reason that can be read.
  await page.locator('#way-vouchers').focus();
  await page.keyboard.press('ArrowLeft');
  assert.equal(await focusOn(page), 'way-direct');
  assert.match(await page.locator('#way-about').innerText(), /encryption with your key/);
  assert.equal(await page.locator('#predict-row').innerText(), 'Encrypt and ask');
});
