/** Digits: drawn, uploaded, taken from the test set. */

import assert from 'node:assert/strict';
import { percent } from '../../page/format.js';
import { pageTest } from './harness/browser.js';
import { recognisedImages } from './harness/images.js';
import { labelOf, pixelsOf } from './harness/mnist.js';
import { answerOn, askForDigit, barsOn, drawOne, drawSpeck, drawOneByTouch, fittedOn, inferences, modulusIn, savedBy, tap } from './harness/person.js';

const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

/** The texts of the bars for scores. @param {readonly number[]} scores of the ten digits */
function barsOf(scores) {
  const top = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - top));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power, digit) => [String(digit), percent(power / sum)]);
}

pageTest('a one drawn with the mouse is a one', async ({ page, open }) => {
  await open();
  await drawOne(page);
  await askForDigit(page);
  assert.equal(await answerOn(page), '1');
  for (const step of ['key', 'encrypt', 'send', 'compute', 'receive', 'decrypt']) {
    assert.equal(await page.locator(`#step-${step}`).getAttribute('data-state'), 'done');
  }
});

pageTest(
  'a one drawn with a finger, on a phone, is a one',
  async ({ page, open }) => {
    await open();
    await drawOneByTouch(page);
    assert.equal(await page.evaluate(() => scrollX), 0);
    await tap(page, '#predict-digit:enabled');
    assert.equal(await answerOn(page), '1');
  },
  { context: PHONE },
);

pageTest('a one drawn with the keyboard alone is a one', async ({ page, open }) => {
  await open();
  await page.locator('#work').waitFor();
  await tabTo(page, 'drawing');
  for (const key of [' ', ...Array(18).fill('ArrowDown'), ' ']) await page.keyboard.press(key);
  await tabTo(page, 'predict-digit');
  await page.keyboard.press('Enter');
  assert.equal(await answerOn(page), '1');
  await page.locator('#status', { hasText: 'The answer: 1' }).waitFor({ state: 'attached' });
});

/** Presses Tab until an element has the focus. @param {import('playwright-core').Page} page @param {string} id */
async function tabTo(page, id) {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press('Tab');
    if ((await page.evaluate(() => document.activeElement?.id)) === id) return;
  }
  assert.fail(`the Tab key doesn't reach ${id}`);
}

pageTest('three uploaded images get the predictions of `veilcast predict`, under one key', async ({ page, proxy, open }) => {
  const images = recognisedImages(3);
  assert.equal(images.length, 3);
  await open();
  for (const { file, pixels, label, scores } of images) {
    await page.locator('#upload').setInputFiles(file);
    await page.locator('#prediction:not([data-label])').waitFor();
    assert.deepEqual(await fittedOn(page), pixels);
    await askForDigit(page);
    assert.equal(await answerOn(page), label);
    assert.deepEqual(await barsOn(page), barsOf(scores));
  }
  assert.deepEqual(new Set(inferences(proxy).map(modulusIn)).size, 1);
  assert.equal(new Set(inferences(proxy).map(String)).size, 3);
});

pageTest('the test images that the page brings are those of MNIST', async ({ page, open }) => {
  await open();
  for (const index of [0, 1]) {
    await page.locator('#sample').click();
    await page.locator('#digit-note', { hasText: `Test image ${index + 1} of 100` }).waitFor();
    assert.deepEqual(await fittedOn(page), pixelsOf(index));
    await askForDigit(page);
    assert.equal(await answerOn(page), labelOf(index));
  }
});

pageTest('the request can be saved as it went over the wire', async ({ page, proxy, open }) => {
  await open();
  await drawOne(page);
  await askForDigit(page);
  await answerOn(page);
  const { name, content } = await savedBy(page, '#save-request');
  assert.equal(name, 'digits.request');
  assert.deepEqual([content], inferences(proxy));
  const answer = await savedBy(page, '#save-answer');
  assert.equal(answer.name, 'digits.answer');
  assert.match(answer.content.toString('latin1'), /"model_name":"digits"/);
});

pageTest('each load of the page makes a new key, and so does another size', async ({ page, proxy, open }) => {
  const sizes = [];
  for (const size of ['2048', '2048', '3072']) {
    await open();
    await page.locator('#key-size').selectOption(size);
    await drawOne(page);
    await askForDigit(page);
    assert.equal(await answerOn(page), '1');
    sizes.push(size);
  }
  const moduli = inferences(proxy).map(modulusIn);
  assert.deepEqual(
    moduli.map((n) => String(n.toString(2).length)),
    sizes,
  );
  assert.equal(new Set(moduli).size, 3);
});

pageTest('a speck is in doubt, and the page says why', async ({ page, open }) => {
  await open();
  await drawSpeck(page);
  await askForDigit(page);
  await answerOn(page);
  assert.equal(await page.locator('#prediction').getAttribute('data-tone'), 'doubt');
  await page.locator('#doubt summary').click();
  assert.match(await page.locator('#doubt-why').innerText(), /^Almost nothing is drawn\./);
  await page.locator('#clear').click();
  await page.locator('#doubt').waitFor({ state: 'hidden' });
});

pageTest('a test image has the colour of ink, in light and in dark', async ({ page, open }) => {
  await open();
  await page.locator('#sample').click();
  await page.locator('#predict-digit:enabled').waitFor();
  for (const colorScheme of /** @type {const} */ (['light', 'dark', 'light'])) {
    await page.emulateMedia({ colorScheme });
    const [drawn, ink] = await page.locator('#drawing').evaluate((sheet) => {
      const canvas = /** @type {HTMLCanvasElement} */ (sheet);
      const context = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
      context?.drawImage(canvas, 0, 0);
      const { data } = context?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
      const darkest = Array.from(data).findIndex((byte, i) => i % 4 === 3 && byte === 255);
      return [Array.from(data.slice(darkest - 3, darkest)), getComputedStyle(canvas).color.match(/\d+/g)?.map(Number)];
    });
    assert.deepEqual(drawn, ink, colorScheme);
  }
});
