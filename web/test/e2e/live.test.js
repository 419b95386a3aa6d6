/** Answers that follow the pen, each with a voucher that was made while the page was idle. */

import assert from 'node:assert/strict';
import { pageTest, picture } from './harness/browser.js';
import { imageNeedles, leaksIn, numberForms } from './harness/leaks.js';
import { SIDE } from './harness/mnist.js';
import { answerOn, askForDigit, chooseWay, drawOne, drawOneByTouch, drop, fills, fittedOn, inferences, maskedInferences } from './harness/person.js';
import { byVouchersOnly, digits, hospital, patientsCsv, replaced, serve } from './harness/service.js';

/** @typedef {import('playwright-core').Page} Page */

/** Digits, by vouchers: what is chosen if nothing is. */
const LIVE = '#tab=digit';

const LEVELS = 16;
const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

/** What the service refuses shows in the browser's console: other vouchers than its own, and a key that it doesn't know. */
const REFUSED = { complaints: /^Failed to load resource: .* (409|428)/ };

/** Waits until there are vouchers. @param {Page} page */
const vouchersOn = (page) => page.locator('#digit-live', { hasText: 'follows your pen' }).waitFor();

/** Waits for an answer by voucher, and gives the line about it. @param {Page} page */
async function wayOn(page) {
  const line = page.locator('#answer-way', { hasText: 'voucher' });
  await line.waitFor();
  return line.innerText();
}

/** Notes when the pen is lifted, and when the answer is there next, by the page's clock. @param {Page} page */
const watchTimes = (page) =>
  page.evaluate(() => {
    const noted = /** @type {{times: number[]}} */ (/** @type {any} */ (globalThis));
    noted.times = [];
    const line = document.getElementById('answer-way');
    if (!line) throw new TypeError('the page has no such line');
    let up = NaN;
    document.getElementById('drawing')?.addEventListener('pointerup', () => (up = performance.now()), { capture: true });
    new MutationObserver(() => {
      if (!line.textContent || Number.isNaN(up)) return;
      noted.times.push(performance.now() - up);
      up = NaN;
    }).observe(line, { childList: true, characterData: true, subtree: true });
  });

pageTest('the answer follows the pen, and nobody presses a button', async ({ t, page, proxy, watch, open }) => {
  await open(LIVE);
  await vouchersOn(page);
  assert.equal(fills(proxy).length, 1);
  await watchTimes(page);
  for (let round = 0; round < 5; round++) {
    await drawOne(page);
    assert.equal(await answerOn(page), '1');
    assert.match(await wayOn(page), /^Answered with a voucher made ahead of time: \d\.\d kB up, \d+ bytes down, [\d.]+ m?s\.$/);
    if (round === 0) await picture(page, 'live');
    const drawn = await fittedOn(page);
    assert.deepEqual(leaksIn([...proxy.received, ...watch.sent], [...imageNeedles(drawn, SIDE, LEVELS), ...numberForms('pixels', [...drawn])]), []);
    await page.locator('#clear').click();
    await page.locator('#prediction:not([data-label])').waitFor();
    assert.equal(await page.locator('#answer-way').innerText(), '');
  }
  const times = await page.evaluate(() => /** @type {any} */ (globalThis).times);
  t.diagnostic(`from pen up to the answer: ${times.map((/** @type {number} */ time) => `${time.toFixed(0)} ms`).join(', ')}`);
  assert.equal(times.length, 5);
  assert.deepEqual(inferences(proxy), []);
  for (const body of maskedInferences(proxy)) assert.ok(body.length < 2500);
  for (const step of ['encrypt', 'send', 'compute', 'receive', 'decrypt']) assert.equal(await page.locator(`#step-${step}`).getAttribute('data-state'), 'idle');
  assert.equal(new Set(maskedInferences(proxy).map((body) => /"vouchers":"([\w-]+)"/.exec(body.toString('latin1'))?.[1])).size, maskedInferences(proxy).length);
});

pageTest('an answer comes before the stroke is over, and others are made when few vouchers are left', async ({ page, proxy, open }) => {
  await open(LIVE);
  await vouchersOn(page);
  const box = (await page.locator('#drawing').boundingBox()) ?? assert.fail('there is no sheet');
  const at = (/** @type {number} */ x, /** @type {number} */ y) => page.mouse.move(box.x + x * box.width, box.y + y * box.height);
  await at(0.5, 0.2);
  await page.mouse.down();
  for (let i = 1; i <= 12; i++) await at(0.5 - 0.005 * i, 0.2 + 0.05 * i);
  assert.equal(await answerOn(page), '1');
  const first = await wayOn(page);
  assert.match(first, /voucher/);
  // A zero after all, by a pen that takes its time.
  for (let i = 0; fills(proxy).length < 2; i++) {
    await at(0.5 + 0.25 * Math.sin(i / 5), 0.5 + 0.3 * Math.cos(i / 5));
    await page.waitForTimeout(30);
  }
  await page.mouse.up();
  assert.deepEqual(inferences(proxy), []);
});

pageTest(
  'on a phone the answer follows a finger, and nothing is wider than the screen',
  async ({ page, open }) => {
    await open(LIVE);
    await vouchersOn(page);
    await drawOneByTouch(page);
    assert.equal(await answerOn(page), '1');
    await wayOn(page);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
    await picture(page, 'live-360');
  },
  { context: PHONE },
);

pageTest('a drawing that is there before the vouchers is answered when they are', async ({ page, proxy, open }) => {
  await open(LIVE);
  await drawOne(page);
  assert.equal(await answerOn(page), '1');
  assert.match(await wayOn(page), /made ahead of time/);
  assert.deepEqual(inferences(proxy), []);
});

pageTest('who asks gets an encrypted answer, which takes the place of one by voucher', async ({ page, proxy, open }) => {
  await open(LIVE);
  await vouchersOn(page);
  await drawOne(page);
  await wayOn(page);
  assert.equal(await page.locator('#step-encrypt h3').innerText(), 'Masked');
  await chooseWay(page, 'direct');
  await page.locator('#prediction:not([data-label])').waitFor();
  assert.equal(await page.locator('#digit-live').innerText(), '');
  await askForDigit(page);
  assert.equal(await answerOn(page), '1');
  assert.equal(await page.locator('#answer-way').innerText(), '');
  assert.equal(await page.locator('#step-encrypt h3').innerText(), 'Encrypted');
  assert.equal(inferences(proxy).length, 1);
});

pageTest('a key of another size gets vouchers of its own', async ({ page, proxy, open }) => {
  await open(LIVE);
  await page.locator('#digit-live', { hasText: 'Making vouchers' }).waitFor();
  await page.locator('#key-size').selectOption('3072');
  await page.locator('#key[data-state=ready]').waitFor();
  await vouchersOn(page);
  await drawOne(page);
  assert.equal(await answerOn(page), '1');
  await wayOn(page);
  assert.match(fills(proxy).at(-1)?.toString('latin1') ?? '', /"records":43,/);
});

pageTest('a hybrid model, whose public part runs here, follows the pen too', async ({ page, proxy, open }) => {
  await open(LIVE);
  await page.locator('#digit-model').selectOption('digits-hybrid');
  await vouchersOn(page);
  await drawOne(page);
  assert.equal(await answerOn(page), '1');
  await wayOn(page);
  assert.equal(await page.locator('#step-public').getAttribute('data-state'), 'done');
  for (const { path, body } of proxy.requests) if (body.includes('masked_records')) assert.equal(path, '/v2/models/digits-hybrid/infer');
  assert.deepEqual(inferences(proxy), []);
});

pageTest(
  'when the model is replaced, its vouchers are dropped, and others made',
  async ({ page, proxy, open }) => {
    const other = await serve(replaced(digits));
    await open(LIVE);
    await vouchersOn(page);
    proxy.rule = ({ ask }) => ask(other);
    await drawOne(page);
    await page.locator('#prediction[data-label]').waitFor();
    assert.match(await wayOn(page), /voucher/);
    assert.equal(await page.locator('#prediction').getAttribute('data-label'), '1');
    assert.ok(fills(proxy).length > 1);
  },
  REFUSED,
);

pageTest(
  'when the service has lost its secret, others are made',
  async ({ page, proxy, open }) => {
    const restarted = await serve(digits);
    await open(LIVE);
    await vouchersOn(page);
    proxy.rule = ({ ask }) => ask(restarted);
    await drawOne(page);
    assert.match(await wayOn(page), /voucher/);
    assert.equal(await answerOn(page), '1');
    assert.ok(maskedInferences(proxy).length > 1 && fills(proxy).length > 1);
  },
  REFUSED,
);

pageTest('models that are offered by vouchers only are asked by button, and many records at once', async ({ page, proxy, open }) => {
  const service = await serve(byVouchersOnly(digits), byVouchersOnly(hospital));
  proxy.rule = ({ ask }) => ask(service);
  await open(LIVE);
  await page.locator('#sample').click();
  await page.locator('#digit-note', { hasText: 'Test image' }).waitFor();
  await askForDigit(page);
  assert.equal(await answerOn(page), '7');
  await wayOn(page);
  await page.locator('#tab-table').click();
  await drop(page, '#csv-drop', 'patients.csv', patientsCsv(40));
  await page.locator('#csv-summary', { hasText: /^40 records predicted/ }).waitFor();
  assert.deepEqual(inferences(proxy), []);
});
