/** Hybrid models: a public part in the browser, a private one on the server. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pageTest, picture } from './harness/browser.js';
import { recognisedImages } from './harness/images.js';
import { answerOn, askForDigit, ciphertextsIn, drawOne, fittedOn, inferences, problemOn } from './harness/person.js';
import { PASS, first } from './harness/proxy.js';
import { hybrid, serve, withOperator } from './harness/service.js';

/**
 * @typedef {import('playwright-core').Page} Page
 * @typedef {import('./harness/proxy.js').Rule} Rule
 */

const { public_part: part } = JSON.parse(readFileSync(join(hybrid, 'card.json'), 'utf8'));

/** @param {Page} page @param {string} model */
const choose = (page, model) => page.locator('#digit-model').selectOption(model);

/** Requests for public parts that came to a proxy. @param {import('./harness/proxy.js').Proxy} proxy */
const fetched = ({ requests }) => requests.map(({ path }) => path).filter((path) => path.endsWith('/public.onnx'));

/** A public part that was changed on its way. @type {Rule} */
async function spoilt({ ask }) {
  const given = await ask();
  given.body[given.body.length >> 1] ^= 1;
  return given;
}

pageTest('one drawing, asked of one model and then of the hybrid one', async ({ page, proxy, open }) => {
  await open();
  await drawOne(page);
  await askForDigit(page);
  assert.equal(await answerOn(page), '1');
  assert.ok(await page.locator('#step-public').isHidden());
  assert.ok(await page.locator('#digit-parts').isHidden());
  const drawn = await fittedOn(page);

  await choose(page, 'digits-hybrid');
  await page.locator('#prediction:not([data-label])').waitFor();
  assert.deepEqual(await fittedOn(page), drawn);
  await page.locator('#digit-parts[data-state=there]', { hasText: `784 pixels into ${part.features} numbers` }).waitFor();
  assert.equal(await page.locator('#step-public').getAttribute('data-state'), 'idle');
  await askForDigit(page);
  assert.equal(await answerOn(page), '1');
  assert.deepEqual(await fittedOn(page), drawn);
  for (const step of ['key', 'public', 'encrypt', 'send', 'compute', 'receive', 'decrypt']) {
    assert.equal(await page.locator(`#step-${step}`).getAttribute('data-state'), 'done');
  }
  const figures = await page.locator('#step-public .figures').innerText();
  assert.match(figures, new RegExp(`^784 pixels in, ${part.features} numbers out · file of [\\d.]+ kB · [\\d.]+ m?s$`));
  assert.match((await page.locator('#step-public').textContent()) ?? '', new RegExp(`public.onnx of ${part.bytes.toLocaleString('en')} bytes`));
  const summary = (await page.locator('#card-summary').textContent()) ?? '';
  for (const text of ['only these are encrypted', 'its head', part.description]) assert.ok(summary.includes(text), text);
  const link = await page.locator('#part-link').getAttribute('href');
  assert.equal(link, 'v2/models/digits-hybrid/public.onnx');
  assert.equal(fetched(proxy).length, 1);

  await choose(page, 'digits');
  await askForDigit(page);
  assert.equal(await answerOn(page), '1');
  assert.ok(await page.locator('#step-public').isHidden());
  const [before, few, after] = inferences(proxy).map((body) => ciphertextsIn(body).length);
  assert.equal(after, before);
  assert.ok(few * 5 < before, `${few} and ${before} ciphertexts`);
});

pageTest('three uploaded images get the digits that `veilcast predict` finds, by its own public part', async ({ page, open }) => {
  const images = recognisedImages(3, 'digits-hybrid');
  assert.equal(images.length, 3);
  await open();
  await choose(page, 'digits-hybrid');
  for (const { file, label } of images) {
    await page.locator('#upload').setInputFiles(file);
    await page.locator('#prediction:not([data-label])').waitFor();
    await askForDigit(page);
    assert.equal(await answerOn(page), label);
  }
});

pageTest('a public part that the page cannot run is told of before anything is drawn', async ({ page, proxy, open }) => {
  const other = await serve(withOperator(hybrid, 'Relu', 'Selu'));
  proxy.rule = ({ path, ask }) => ask(path.includes('digits-hybrid') ? other : undefined);
  await open();
  await choose(page, 'digits-hybrid');
  const text = await page.locator('#digit-parts[data-state=unfit]').innerText();
  assert.match(text, /This page cannot run the model.*uses Selu.*use the program veilcast predict/);
  await page.locator('#status', { hasText: 'Selu' }).waitFor({ state: 'attached' });
  await drawOne(page);
  await page.locator('#digit-note', { hasText: 'your drawing' }).waitFor();
  assert.ok(await page.locator('#predict-digit').isDisabled());
  await picture(page, 'hybrid-unfit');
  await choose(page, 'digits');
  await askForDigit(page);
  assert.equal(await answerOn(page), '1');
  assert.equal(inferences(proxy).length, 1);
});

pageTest('while the public part is on its way, nothing can be asked', async ({ page, proxy, open }) => {
  await open();
  await drawOne(page);
  /** @type {() => void} */
  let deliver = () => {};
  const delivered = new Promise((resolve) => (deliver = () => resolve(undefined)));
  proxy.rule = first('/public.onnx', async ({ ask }) => {
    await delivered;
    return ask();
  });
  await choose(page, 'digits-hybrid');
  await page.locator('#digit-parts[data-state=fetching]', { hasText: 'kB' }).waitFor();
  assert.ok(await page.locator('#predict-digit').isDisabled());
  deliver();
  await askForDigit(page);
  assert.equal(await answerOn(page), '1');
  assert.equal(fetched(proxy).length, 1);
});

pageTest('a public part that was changed on its way is not used', async ({ page, proxy, open }) => {
  await open();
  await drawOne(page);
  proxy.rule = (exchange) => (exchange.path.endsWith('/public.onnx') ? spoilt : PASS)(exchange);
  await choose(page, 'digits-hybrid');
  await page.locator('#digit-parts[data-state=there]').waitFor();
  await askForDigit(page);
  await problemOn(page, 'The files of the model do not match');
  assert.equal(await page.locator('#problem-code').textContent(), 'other_public_part');
  assert.deepEqual(inferences(proxy), []);
  proxy.rule = PASS;
  await page.locator('#retry').click();
  assert.equal(await answerOn(page), '1');
});
