/** How long a prediction takes on this machine: told, not judged. */

import { pageTest } from './harness/browser.js';

const ROUNDS = 3;

/** @typedef {'first' | 'next'} Which */

/**
 * A prediction of the next test image, by the page's own clock, which starts when the page is opened.
 *
 * @param {import('playwright-core').Page} page
 * @param {string} bits
 * @returns {Promise<{start: number, end: number}>} the press of the button, and the answer
 */
const predict = (page, bits) =>
  page.evaluate(async (bits) => {
    /** @param {string} selector @returns {Promise<HTMLElement>} */
    const found = (selector) =>
      new Promise((resolve) => {
        const look = () => {
          const element = document.querySelector(selector);
          if (!(element instanceof HTMLElement) || element.offsetParent === null) return;
          observer.disconnect();
          resolve(element);
        };
        const observer = new MutationObserver(look);
        observer.observe(document, { subtree: true, childList: true, attributes: true });
        look();
      });
    const size = /** @type {HTMLSelectElement} */ (await found('#key-size'));
    if (size.value !== bits) {
      size.value = bits;
      size.dispatchEvent(new Event('change'));
    }
    (await found('#sample')).click();
    await found('#prediction:not([data-label])');
    const button = await found('#predict-digit:enabled');
    const start = performance.now();
    button.click();
    await found('#prediction[data-label]');
    return { start, end: performance.now() };
  }, bits);

for (const bits of ['2048', '3072']) {
  pageTest(`times at ${bits} bits`, async ({ t, page, open }) => {
    /** @type {Record<Which, number[]>} */
    const times = { first: [], next: [] };
    for (let round = 0; round < ROUNDS; round++) {
      await open();
      times.first.push((await predict(page, bits)).end);
      const { start, end } = await predict(page, bits);
      times.next.push(end - start);
    }
    const of = (/** @type {Which} */ which) => `${median(times[which]).toFixed(0)} ms`;
    t.diagnostic(`${bits} bits, medians of ${ROUNDS}: first prediction after ${of('first')} from opening the page, key included; the next after ${of('next')}`);
  });
}

/** @param {number[]} numbers */
const median = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
