/** Tables: one record by a form, many from a CSV file. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { count, percent } from '../../page/format.js';
import { pageTest, picture } from './harness/browser.js';
import { answerOn, barsOn, ciphertextsIn, drop, inferences, problemOn, savedBy } from './harness/person.js';
import { AWAY, PASS } from './harness/proxy.js';
import { REPLACED, folder, hospital, patientsCsv, predictedCsv, predictedWith, replaced, rowsOf, serve } from './harness/service.js';

/** Enough to take several requests, and many pages. */
const PATIENTS = 1000;

/** The same as the page writes it. */
const ALL = count(PATIENTS);

/** Rows of a page of predictions. */
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

/** Rows of the page's table: the place in the whole of it, and the label. @param {import('playwright-core').Page} page */
const rowsOn = (page) =>
  page
    .locator('#csv-results tbody tr')
    .evaluateAll((rows) => rows.map((row) => /** @type {const} */ ([Number(row.getAttribute('aria-rowindex')), row.children[1].textContent ?? ''])));

pageTest('a dropped CSV becomes the CSV of `veilcast predict`', async ({ page, proxy, open }) => {
  await openTable(page, open);
  await drop(page, '#csv-drop', 'patients.csv', csv);
  await page.locator('#csv-summary', { hasText: new RegExp(`^${ALL} records predicted`) }).waitFor();
  const { name, content } = await savedBy(page, '#save-csv');
  assert.equal(name, 'hospital-predictions.csv');
  assert.equal(content.toString(), expected);
  assert.ok(inferences(proxy).length > 1);
  // A patient's number stays here, and beside the predictions.
  await page.locator('#csv-keep').selectOption('sno');
  assert.deepEqual((await page.locator('#csv-results tr').nth(3).locator('td').allInnerTexts()).slice(0, 3), ['2', '3', rowsOf(expected)[2].label]);
  assert.equal((await savedBy(page, '#save-csv')).content.toString(), predictedWith(['--keep', 'sno'], 'hospital', file));
});

pageTest('a thousand pasted rows are shown page by page, and keep nobody waiting', async ({ t, page, context, open }) => {
  await context.addInitScript(() => {
    const tasks = /** @type {number[]} */ ([]);
    Object.assign(globalThis, { tasks });
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask' });
  });
  await openTable(page, open);
  await page.locator('#key[data-state=ready]').waitFor();
  await page.evaluate((text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', text);
    /** @type {any} */ (globalThis).tasks.length = 0;
    document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }));
  }, csv);
  await page.locator('#csv-summary', { hasText: new RegExp(`^${ALL} records predicted`) }).waitFor();
  const tasks = await page.evaluate(() => /** @type {any} */ (globalThis).tasks);
  t.diagnostic(`longest task of the page's thread: ${Math.round(Math.max(0, ...tasks))} ms of ${tasks.length} over 50 ms`);

  const labels = rowsOf(expected).map(({ label }) => label);
  assert.equal(await page.locator('#csv-results').getAttribute('aria-rowcount'), String(PATIENTS + 1));
  assert.equal(await page.locator('#csv-results thead tr').getAttribute('aria-rowindex'), '1');
  for (let first = 0; first < PATIENTS; first += SHOWN) {
    await page.locator('#csv-range', { hasText: `Rows ${count(first + 1)} to ${count(first + SHOWN)} of ${ALL}` }).waitFor();
    assert.deepEqual(
      await rowsOn(page),
      labels.slice(first, first + SHOWN).map((label, i) => [first + i + 2, label]),
    );
    await page.locator('#csv-after').press('Enter');
  }
  // There is nothing after the last page.
  assert.equal((await rowsOn(page)).at(-1)?.[0], PATIENTS + 1);
  await page.locator('#csv-before').press('Enter');
  await page.locator('#csv-range', { hasText: 'Rows 801 to 900' }).waitFor();
  assert.equal((await savedBy(page, '#save-csv')).content.toString(), expected);
});

pageTest('a table that is cancelled stays as far as it is, and goes on', async ({ page, proxy, open }) => {
  await openTable(page, open);
  await page.locator('#csv-file').setInputFiles(file);
  await page.locator('#csv-results tbody tr').first().waitFor();
  await page.locator('#cancel').click();
  await page.locator('#resume').waitFor();
  const before = inferences(proxy).length;
  await page.waitForTimeout(300);
  assert.equal(inferences(proxy).length, before);
  await page.locator('#resume').click();
  await page.locator('#csv-summary', { hasText: new RegExp(`^${ALL} records predicted`) }).waitFor();
  assert.equal((await savedBy(page, '#save-csv')).content.toString(), expected);
});

pageTest('what is pasted into a field is for the field', async ({ page, open }) => {
  await openTable(page, open);
  await page
    .locator('#table-fields input')
    .first()
    .evaluate((field) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData('text/plain', 'age\n50\n');
      field.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }));
    });
  await page.waitForTimeout(200);
  assert.ok(await page.locator('#csv-output').isHidden());
  assert.ok(await page.locator('#problem').isHidden());
});

pageTest(
  'the service goes away amid a table; a retry does the rest',
  async ({ page, proxy, open }) => {
    await openTable(page, open);
    proxy.rule = afterFirst(AWAY);
    await page.locator('#csv-file').setInputFiles(file);
    await problemOn(page, 'The service is unavailable');
    const [, done] = new RegExp(`^(\\d+) of ${ALL} records`).exec(await page.locator('#csv-summary').innerText()) ?? [];
    const before = inferences(proxy);
    proxy.rule = PASS;
    await page.locator('#retry').click();
    await page.locator('#csv-summary', { hasText: new RegExp(`^${ALL} records predicted`) }).waitFor();
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
    await page.locator('#csv-summary', { hasText: new RegExp(`^${ALL} records predicted`) }).waitFor();
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
  await page.locator('#csv-summary', { hasText: new RegExp(`^${ALL} records predicted`) }).waitFor();
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
  const [, good, marked] = /^(\d+) of 1,000 records predicted\. (\d+) records got an answer that can't be right/.exec(summary) ?? [];
  assert.equal(Number(good) + Number(marked), PATIENTS);
  const detail = (await page.locator('#problem-detail').textContent()) ?? '';
  const [, counted, first] = /^(\d+) of 1000 records have no prediction, the first is record (\d+)/.exec(detail) ?? [];
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
  await page.locator('#csv-summary', { hasText: new RegExp(`^${ALL} records predicted`) }).waitFor();
  assert.deepEqual(sizes().slice(2 * honest.length), honest);
  assert.equal((await savedBy(page, '#save-csv')).content.toString(), expected);
});
