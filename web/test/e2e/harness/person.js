/** What a person does on the page, and sees there. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { kindOf } from './proxy.js';

/**
 * @typedef {import('playwright-core').Page} Page
 * @typedef {[x: number, y: number]} Point from 0 to 1
 */

/** The stroke of a one, leaning a little as most do. @type {Point[]} */
const ONE = Array.from({ length: 12 }, (_, i) => [0.54 - 0.006 * i, 0.18 + 0.055 * i]);

/** A speck that is no digit. @type {Point[]} */
const SPECK = [0.45, 0.48, 0.51, 0.54].map((at) => [at, at]);

/** The points of a stroke on the page's sheet. @param {Page} page @param {readonly Point[]} stroke */
async function strokeOn(page, stroke) {
  const sheet = page.locator('#drawing');
  await sheet.scrollIntoViewIfNeeded();
  const box = (await sheet.boundingBox()) ?? assert.fail('there is no sheet to draw on');
  return stroke.map(([x, y]) => ({ x: box.x + x * box.width, y: box.y + y * box.height }));
}

/** Draws a one with the mouse. @param {Page} page */
export const drawOne = (page) => draw(page, ONE);

/** Draws a speck with the mouse. @param {Page} page */
export const drawSpeck = (page) => draw(page, SPECK);

/** @param {Page} page @param {readonly Point[]} stroke */
async function draw(page, stroke) {
  const [start, ...rest] = await strokeOn(page, stroke);
  await page.mouse.move(start.x, start.y);
  await page.mouse.down();
  for (const { x, y } of rest) await page.mouse.move(x, y);
  await page.mouse.up();
}

/** Draws a one with a finger. @param {Page} page */
export const drawOneByTouch = async (page) => touch(page, await strokeOn(page, ONE));

/** Taps on something with a finger. @param {Page} page @param {string} selector */
export async function tap(page, selector) {
  const target = page.locator(selector);
  await target.waitFor();
  await target.scrollIntoViewIfNeeded();
  const { x, y, width, height } = (await target.boundingBox()) ?? assert.fail(`${selector} is nowhere`);
  await touch(page, [{ x: x + width / 2, y: y + height / 2 }]);
}

/**
 * Moves a finger along points, and rests it before it leaves.
 *
 * All is sent at once, with its times: a finger that rests for long, as when a busy machine takes its time between two
 * events, asks for a menu, and one that leaves at full speed throws the page.
 *
 * @param {Page} page
 * @param {readonly {x: number, y: number}[]} points
 */
async function touch(page, [start, ...rest]) {
  const session = await page.context().newCDPSession(page);
  const begin = Date.now() / 1000 - 0.4;
  const send = (
    /** @type {'touchStart' | 'touchMove' | 'touchEnd'} */ type,
    /** @type {number} */ time,
    /** @type {{x: number, y: number}[]} */ ...touchPoints
  ) => session.send('Input.dispatchTouchEvent', { type, touchPoints, timestamp: begin + time });
  await Promise.all([send('touchStart', 0, start), ...rest.map((point, i) => send('touchMove', 0.016 * (i + 1), point)), send('touchEnd', 0.4)]);
  await session.detach();
}

/** Chooses how to ask. @param {Page} page @param {'direct' | 'vouchers' | 'sealed'} way */
export const chooseWay = (page, way) => page.locator(`#way-${way}`).check();

/** @param {Page} page */
export const askForDigit = (page) => page.locator('#predict-digit:enabled').click();

/** Waits for the answer to one record, and gives its label. @param {Page} page */
export async function answerOn(page) {
  await page.locator('#prediction[data-label], #problem:not([hidden])').first().waitFor();
  if (await page.locator('#problem').isVisible()) assert.fail(`no answer: ${await page.locator('#problem').innerText()}`);
  // An answer that is taken away just now has no label to read, and the next one has.
  return page.locator('#prediction[data-label]').getAttribute('data-label');
}

/** Waits for a problem, and gives its words. @param {Page} page @param {string} title */
export async function problemOn(page, title) {
  await page.locator('#problem-title', { hasText: title }).waitFor();
  return page.locator('#problem-text').innerText();
}

/** The bars beside the answer: each class with the text of its probability. @param {Page} page */
export async function barsOn(page) {
  const texts = await Promise.all(['.bar-label', '.bar-text'].map((part) => page.locator(`#bars ${part}`).allTextContents()));
  return texts[0].map((label, i) => [label, texts[1][i]]);
}

/** The pixels that the model gets, as the page shows them: ink alone, the ground is transparent. @param {Page} page */
export async function fittedOn(page) {
  const pixels = await page.locator('#fitted').evaluate((canvas) => {
    // A copy, since the page's own canvas would turn slower and complain.
    const context = new OffscreenCanvas(28, 28).getContext('2d', { willReadFrequently: true });
    context?.drawImage(/** @type {HTMLCanvasElement} */ (canvas), 0, 0);
    return Array.from(context?.getImageData(0, 0, 28, 28).data ?? []).filter((_, i) => i % 4 === 3);
  });
  return Uint8Array.from(pixels);
}

/**
 * What a press of a button gives to save: its name and content.
 *
 * @param {Page} page
 * @param {string} button
 */
export async function savedBy(page, button) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator(button).click()]);
  return { name: download.suggestedFilename(), content: readFileSync(await download.path()) };
}

/** Drops a file onto a part of the page. @param {Page} page @param {string} place @param {string} name @param {string} text */
export async function drop(page, place, name, text) {
  const transfer = await page.evaluateHandle(
    ([name, text]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([text], name, { type: 'text/csv' }));
      return transfer;
    },
    [name, text],
  );
  await page.dispatchEvent(place, 'dragover', { dataTransfer: transfer });
  await page.dispatchEvent(place, 'drop', { dataTransfer: transfer });
}

/** The public key in an inference request. @param {Buffer} body */
export function modulusIn(body) {
  const [, n] = /"public_key":"([\w-]+)"/.exec(body.toString('latin1')) ?? [];
  return BigInt(`0x${Buffer.from(n ?? '', 'base64url').toString('hex')}`);
}

/** The ciphertexts in an inference request, each behind its length in four bytes. @param {Buffer} body */
export function ciphertextsIn(body) {
  const [, size] = /"binary_data_size":(\d+)/.exec(body.toString('latin1')) ?? [];
  const elements = body.subarray(body.length - Number(size));
  const stride = 4 + elements.readUInt32LE(0);
  return Array.from({ length: elements.length / stride }, (_, i) => BigInt(`0x${elements.toString('hex', i * stride + 4, (i + 1) * stride)}`));
}

/** Bodies of a kind of the inference requests that came to a proxy. @param {import('./proxy.js').Kind} kind */
const bodiesOf = (kind) => (/** @type {import('./proxy.js').Proxy} */ proxy) =>
  proxy.requests.filter((request) => kindOf(request) === kind).map(({ body }) => body);

/** Those with encrypted records. */
export const inferences = bodiesOf('question');

/** Those for vouchers, which the page makes while it is idle. */
export const fills = bodiesOf('fill');

/** Those with a record that a voucher masks. */
export const maskedInferences = bodiesOf('masked');

/** Those to sealed models. */
export const sealedInferences = bodiesOf('sealed');
