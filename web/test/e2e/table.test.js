/** Tables: one record by a form, many from a CSV file. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { percent } from '../../page/format.js';
import { pageTest, picture } from './harness/browser.js';
import { answerOn, barsOn, ciphertextsIn, drop, inferences, problemOn, savedBy } from './harness/person.js';
import { AWAY, PASS } from './harness/proxy.js';
import { REPLACED, folder, hospital, patientsCsv, predictedCsv, predictedWith, replaced, rowsOf, serve } from './harness/service.js';

/** Enough to take several requests. */
const PATIENTS = 900;

/** Rows that the page shows of a table's predictions. */
const SHOWN = 100;

const csv = patientsCsv(PATIENTS);
const file = join(folder, 'patients.csv');
writeFileSync(file, csv);
const expected = predictedCsv('hospital', file);

/** The model's columns. @type {string[]} */
const columns = JSON.parse(readFileSync(join(hospital, 'card.json'), 'utf8')).input.features;

/** The first patient's cells by column; none of them has a comma. */
const [header, patient] = csv.split('\n').map((line) => line.split(','));
const cells = columns.map((column) => /** @type {const} */ ([column, patient[header.indexOf(column)]]));

/** @param {import('playwright-core').Page} page @param {() => Promise<unknown>} open */
async function openTable(page, open) {
  await open();
  await page.locator('#tab-table').click();
}

pageTest('a record by the form gets the prediction of `veilcast predict`', async ({ page, open }) => {
  await openTable(page, open);
  for (const [column, cell] of cells) {
    const field = page.locator(`#table-fields [name="${column}"]`);
    if ((await field.evaluate((control) => control.tagName)) === 'SELECT') await field.selectOption(cell);
    else await field.fill(cell);
  }
  await page.locator('#predict-row').click();
  const [{ label, scores }] = rowsOf(expected);
  assert.equal(await answerOn(page), label);
  const died = 1 / (1 + Math.exp(-scores[0]));
  assert.deepEqual(await barsOn(page), [
    ['survived', percent(1 - died)],
    ['died', percent(died)],
  ]);
});

pageTest('the example, by the keyboard alone', async ({ page, open }) => {
  await open();
  await page.locator('#work').waitFor();
  await page.locator('#tab-digit').focus();
  await page.keyboard.press('ArrowRight');
  await page.locator('#panel-table').waitFor();
  await page.locator('#example').focus();
  await page.keyboard.press('Enter');
  await page.locator('#table-fields input').first().focus();
  await page.keyboard.press('Enter');
  assert.equal(await answerOn(page), 'survived');
});

pageTest('a field that is filled in wrongly is named, and nothing is sent', async ({ page, proxy, open }) => {
  await openTable(page, open);
  const age = page.locator('#table-fields [name="age"]');
  await age.focus();
  await page.keyboard.type('1e');
  await page.locator('#predict-row').click();
  await page.locator('.field-problem', { hasText: 'not a number' }).waitFor();
  assert.equal(await age.getAttribute('aria-invalid'), 'true');
  assert.deepEqual(inferences(proxy), []);
});

pageTest('a dropped CSV becomes the CSV of `veilcast predict`', async ({ page, proxy, open }) => {
  await openTable(page, open);
  await drop(page, '#csv-drop', 'patients.csv', csv);
  await page.locator('#csv-summary', { hasText: new RegExp(`^${PATIENTS} records predicted`) }).waitFor();
  const shown = await page.locator('#csv-results tbody tr').evaluateAll((rows) => rows.map((row) => row.children[1].textContent));
  assert.deepEqual(
    shown,
    rowsOf(expected)
      .slice(0, SHOWN)
      .map(({ label }) => label),
  );
  const { name, content } = await savedBy(page, '#save-csv');
  assert.equal(name, 'hospital-predictions.csv');
  assert.equal(content.toString(), expected);
  assert.ok(inferences(proxy).length > 1);
  // A patient's number stays here, and beside the predictions.
  await page.locator('#csv-keep').selectOption('sno');
  assert.deepEqual((await page.locator('#csv-results tr').nth(3).locator('td').allInnerTexts()).slice(0, 3), ['2', '3', rowsOf(expected)[2].label]);
  assert.equal((await savedBy(page, '#save-csv')).content.toString(), predictedWith(['--keep', 'sno'], 'hospital', file));
});

pageTest(
  'the service goes away amid a table; a retry does the rest',
  async ({ page, proxy, open }) => {
    await openTable(page, open);
    proxy.rule = afterFirst(AWAY);
    await page.locator('#csv-file').setInputFiles(file);
    await problemOn(page, 'The service is unavailable');
    const [, done] = new RegExp(`^(\\d+) of ${PATIENTS} records`).exec(await page.locator('#csv-summary').innerText()) ?? [];
    const before = inferences(proxy);
    proxy.rule = PASS;
    await page.locator('#retry').click();
    await page.locator('#csv-summary', { hasText: new RegExp(`^${PATIENTS} records predicted`) }).waitFor();
    assert.equal((await savedBy(page, '#save-csv')).content.toString(), expected);
    // What was answered before is not asked again.
    const asked = inferences(proxy)
      .slice(before.length)
      .map((body) => Number(/"layout":"records","records":(\d+)/.exec(body.toString('latin1'))?.[1]));
    assert.ok(Number(done) > 0);
    assert.equal(
      asked.reduce((a, b) => a + b),
      PATIENTS - Number(done),
    );
  },
  { complaints: /^Failed to load resource/ },
);

/** From the second question on, another rule. @param {import('./harness/proxy.js').Rule} rule @returns {import('./harness/proxy.js').Rule} */
function afterFirst(rule) {
  let asked = 0;
  return (exchange) => {
    if (exchange.path.endsWith('/infer')) asked += 1;
    return (asked > 1 ? rule : PASS)(exchange);
  };
}

pageTest(
  'the model is replaced amid a table, whose predictions would be of two',
  async ({ page, proxy, open }) => {
    const other = await serve(replaced(hospital));
    await openTable(page, open);
    proxy.rule = afterFirst(({ ask }) => ask(other));
    await page.locator('#csv-file').setInputFiles(file);
    await problemOn(page, 'The model was replaced');
    await page.locator('#retry').click();
    await page.locator('#card-summary', { hasText: REPLACED }).waitFor();
    await page.locator('#csv-file').setInputFiles(file);
    await page.locator('#csv-summary', { hasText: new RegExp(`^${PATIENTS} records predicted`) }).waitFor();
    assert.equal((await savedBy(page, '#save-csv')).content.toString(), expected);
  },
  { complaints: /^Failed to load resource/ },
);

pageTest('a CSV that does not suit the model is refused by name', async ({ page, proxy, open }) => {
  await openTable(page, open);
  await drop(page, '#csv-drop', 'other.csv', 'height,weight\n1.8,80\n');
  assert.match(await problemOn(page, 'does not suit the model'), /age/);
  assert.deepEqual(inferences(proxy), []);
});

pageTest('the first answer to a table is altered: all is sent all the same, and its records are marked', async ({ page, proxy, open }) => {
  await openTable(page, open);
  await page.locator('#csv-file').setInputFiles(file);
  await page.locator('#csv-summary', { hasText: new RegExp(`^${PATIENTS} records predicted`) }).waitFor();
  const sizes = () => inferences(proxy).map((body) => ciphertextsIn(body).length);
  const honest = sizes();
  assert.ok(honest.length > 1);

  let asked = 0;
  proxy.rule = async ({ path, ask }) => {
    const given = await ask();
    if (path.endsWith('/infer') && ++asked === 1) given.body[given.body.length - 1] ^= 1;
    return given;
  };
  await page.locator('#csv-file').setInputFiles(file);
  assert.match(await problemOn(page, 'The answer is damaged'), /are marked\. Trying again sends everything once more/);
  assert.equal(await page.locator('#problem-code').textContent(), 'bad_answer');
  assert.deepEqual(sizes().slice(honest.length), honest);
  const summary = await page.locator('#csv-summary').innerText();
  const [, good, marked] = /^(\d+) of 900 records predicted\. (\d+) records got an answer that can't be right/.exec(summary) ?? [];
  assert.equal(Number(good) + Number(marked), PATIENTS);
  const detail = (await page.locator('#problem-detail').textContent()) ?? '';
  const [, counted, first] = /^(\d+) of 900 records have no prediction, the first is record (\d+)/.exec(detail) ?? [];
  assert.equal(counted, marked);

  // The file has all records; those that are marked have empty cells.
  const [before, after] = [expected, (await savedBy(page, '#save-csv')).content.toString()].map((text) => text.trimEnd().split('\n'));
  const commas = before[0].replaceAll(/[^,]/g, '');
  const [from, to] = [Number(first), Number(first) + Number(marked)];
  assert.deepEqual(
    after,
    before.map((line, i) => (i > from && i <= to ? `${i - 1}${commas}` : line)),
  );
  const rows = await page.locator('#csv-results tbody tr.marked').count();
  assert.deepEqual([from, rows], [0, Math.min(SHOWN, to)]);
  await picture(page, 'table-marked');

  await page.locator('#retry').click();
  await page.locator('#csv-summary', { hasText: new RegExp(`^${PATIENTS} records predicted`) }).waitFor();
  assert.deepEqual(sizes().slice(2 * honest.length), honest);
  assert.equal((await savedBy(page, '#save-csv')).content.toString(), expected);
});
