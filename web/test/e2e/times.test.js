/** How long a prediction takes on this machine: told, not judged; and how light the page is. */

import assert from 'node:assert/strict';
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

pageTest('how soon the page is there, how much it is, and whether it shifts', async ({ t, page, open }) => {
  await page.addInitScript(() => {
    const seen = /** @type {{shift: number, moved: Set<string>}} */ (/** @type {any} */ (globalThis));
    seen.shift = 0;
    seen.moved = new Set();
    new PerformanceObserver((list) => {
      for (const entry of /** @type {any[]} */ (list.getEntries())) {
        if (entry.hadRecentInput) continue;
        seen.shift += entry.value;
        for (const { node } of entry.sources) seen.moved.add(node?.id || node?.className || node?.nodeName);
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
  await open('');
  await page.locator('#key[data-state=ready]').waitFor();
  await page.locator('#table-live', { hasText: 'follows your form' }).waitFor();
  const { paint, scripts, files, shift, moved } = await page.evaluate(() => {
    const all = performance.getEntriesByType('resource').flatMap((entry) => (entry instanceof PerformanceResourceTiming ? [entry] : []));
    // A worker's modules are told, too.
    const code = [...new Map(all.map((entry) => [entry.name, entry])).values()].filter(({ name }) => /\.(js|css)$/.test(new URL(name).pathname));
    return {
      paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN,
      scripts: code.reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0),
      files: code.length,
      shift: /** @type {number} */ (/** @type {any} */ (globalThis).shift),
      moved: [.../** @type {Set<string>} */ (/** @type {any} */ (globalThis).moved)].join(', '),
    };
  });
  t.diagnostic(
    `first paint after ${paint.toFixed(0)} ms; ${files} scripts and styles of ${(scripts / 1000).toFixed(0)} kB, uncompressed; shifts of the layout: ${shift.toFixed(3)}, of ${moved}`,
  );
  assert.ok(shift < 0.1, `the layout shifts by ${shift}: ${moved}`);
  assert.ok(scripts < 600_000, `${scripts} bytes`);
});
