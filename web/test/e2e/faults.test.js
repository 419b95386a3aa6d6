/** What can go wrong: the page says it in plain words, and goes on when it is mended. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pageTest } from './harness/browser.js';
import { answerOn, askForDigit, drawOne, inferences, problemOn } from './harness/person.js';
import { AWAY, PASS, answer, first } from './harness/proxy.js';
import { REPLACED, digits, folder, replaced, serve } from './harness/service.js';

/**
 * @typedef {import('playwright-core').Page} Page
 * @typedef {import('./harness/proxy.js').Rule} Rule
 */

/** What Chromium says of answers that a test breaks. */
const BROKEN = { complaints: /^Failed to load resource/ };

const FOREIGN = answer(404, '<!doctype html><title>404 Not Found</title>', { 'content-type': 'text/html' });

/** @param {string} retryAfter in seconds */
const busy = (retryAfter) => answer(429, '{"error": "too many requests", "code": "busy"}', { 'retry-after': retryAfter, 'content-type': 'application/json' });

/** @type {(given: {page: Page, open: () => Promise<unknown>}) => Promise<void>} */
async function openAndDraw({ page, open }) {
  await open();
  await drawOne(page);
}

/** Tries again. @param {Page} page */
async function retry(page) {
  await page.locator('#retry').click();
  assert.equal(await answerOn(page), '1');
}

pageTest(
  'the service goes away and comes back',
  async ({ page, proxy, open }) => {
    await openAndDraw({ page, open });
    proxy.rule = AWAY;
    await askForDigit(page);
    assert.match(await problemOn(page, 'The service is unavailable'), /input is still here/);
    assert.equal(await page.locator('#problem-code').textContent(), 'unreachable');
    proxy.rule = PASS;
    await retry(page);
    assert.ok(await page.locator('#problem').isHidden());
  },
  BROKEN,
);

pageTest(
  'the service is away for a moment only',
  async ({ page, proxy, open }) => {
    await openAndDraw({ page, open });
    proxy.rule = first('/infer', AWAY);
    await askForDigit(page);
    assert.equal(await answerOn(page), '1');
  },
  BROKEN,
);

pageTest(
  'the service has no models to tell of when the page opens',
  async ({ page, proxy, open }) => {
    proxy.rule = (exchange) => (exchange.path === '/v2/models' ? Promise.resolve(FOREIGN) : exchange.ask());
    await open();
    await page.locator('#models-text', { hasText: 'not a Veilcast service' }).waitFor();
    assert.ok(await page.locator('#work').isHidden());
    proxy.rule = PASS;
    await page.locator('#reload').click();
    await drawOne(page);
    await askForDigit(page);
    assert.equal(await answerOn(page), '1');
  },
  BROKEN,
);

pageTest(
  'something that is not Veilcast answers',
  async ({ page, proxy, open }) => {
    await openAndDraw({ page, open });
    proxy.rule = first('/infer', async () => FOREIGN);
    await askForDigit(page);
    await problemOn(page, '');
    assert.equal(await page.locator('#problem-code').textContent(), 'not_veilcast');
    await retry(page);
  },
  BROKEN,
);

pageTest('the answer is damaged', async ({ page, proxy, open }) => {
  await openAndDraw({ page, open });
  proxy.rule = first('/infer', async ({ ask }) => {
    const given = await ask();
    return { ...given, body: given.body.fill(0, given.body.length - 512) };
  });
  await askForDigit(page);
  await problemOn(page, 'The answer is damaged');
  await retry(page);
});

pageTest(
  'the model is replaced between the drawing and the question',
  async ({ page, proxy, open }) => {
    const other = await serve(replaced(digits));
    await openAndDraw({ page, open });
    await page.locator('#card-summary', { hasText: 'digits' }).waitFor();
    proxy.rule = ({ ask }) => ask(other);
    await askForDigit(page);
    assert.equal(await answerOn(page), '1');
    await page.locator('#card-summary', { hasText: REPLACED }).waitFor();
  },
  BROKEN,
);

pageTest(
  'the service is busy, and says when to come back',
  async ({ page, proxy, open }) => {
    await openAndDraw({ page, open });
    proxy.rule = first('/infer', async () => busy('1'));
    await askForDigit(page);
    await page.locator('#step-send .note', { hasText: 'trying again in 1 s' }).waitFor();
    assert.equal(await answerOn(page), '1');
    assert.equal(inferences(proxy).length, 2);
  },
  BROKEN,
);

pageTest(
  'the service is busy for longer than anybody waits',
  async ({ page, proxy, open }) => {
    await openAndDraw({ page, open });
    proxy.rule = first('/infer', async () => busy('60'));
    await askForDigit(page);
    await problemOn(page, 'Too many requests at once');
    await retry(page);
  },
  BROKEN,
);

pageTest('cancelled while it encrypts, nothing is sent', async ({ page, proxy, open }) => {
  await openAndDraw({ page, open });
  await page.evaluate(() => {
    const [step, button] = ['step-encrypt', 'cancel'].map((id) => document.getElementById(id));
    if (!step || !button) throw new TypeError('the page has no such step or button');
    const observer = new MutationObserver(() => {
      if (step.dataset.state !== 'running') return;
      observer.disconnect();
      button.click();
    });
    observer.observe(step, { attributes: true });
  });
  await askForDigit(page);
  await page.locator('#prediction[data-state=cancelled]').waitFor();
  assert.deepEqual(inferences(proxy), []);
  await askForDigit(page);
  assert.equal(await answerOn(page), '1');
});

pageTest('cancelled while the service computes, the request is given up', async ({ page, proxy, open }) => {
  await openAndDraw({ page, open });
  const givenUp = new Promise((resolve) => {
    proxy.rule = first('/infer', async ({ response }) => {
      resolve(await once(response, 'close'));
      return undefined;
    });
  });
  await askForDigit(page);
  await page.locator('#step-compute[data-state=running]').waitFor();
  await page.locator('#cancel').click();
  await page.locator('#prediction[data-state=cancelled]').waitFor();
  await givenUp;
  await askForDigit(page);
  assert.equal(await answerOn(page), '1');
});

pageTest('a file that is no picture', async ({ page, open }) => {
  await open();
  const file = join(folder, 'notes.png');
  writeFileSync(file, 'no picture');
  await page.locator('#upload').setInputFiles(file);
  await problemOn(page, 'That is not a picture');
  await page.locator('#dismiss').click();
  await page.locator('#problem').waitFor({ state: 'hidden' });
});
