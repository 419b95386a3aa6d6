/** Sealed models: the weights come encrypted, no key is made, and what is sent is masked. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Encoder } from '../../index.js';
import { csvOf } from '../../page/csv-out.js';
import { pageTest, picture } from './harness/browser.js';
import { pngOf, recognisedImages } from './harness/images.js';
import { imageNeedles, leaksIn, numberForms } from './harness/leaks.js';
import { SIDE, pixelsOf } from './harness/mnist.js';
import {
  answerOn,
  askForDigit,
  chooseWay,
  ciphertextsIn,
  drawOne,
  drop,
  fills,
  fittedOn,
  inferences,
  maskedInferences,
  problemOn,
  savedBy,
  sealedInferences,
} from './harness/person.js';
import { digits, folder, hospital, hybrid, patientsCsv, predictedCsv, sealed, serveSealed } from './harness/service.js';

/**
 * @typedef {import('playwright-core').Page} Page
 * @typedef {import('./harness/proxy.js').Proxy} Proxy
 */

const LEVELS = 16;
const PATIENTS = 900;
const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

/** What the service refuses shows in the browser's console: the card of another model. */
const REFUSED = { complaints: /^Failed to load resource: .* 409/ };

const offered = [sealed(digits, 'offered'), sealed(hospital, 'offered')];
const only = [sealed(digits, 'only', { isOnly: true }), sealed(hospital, 'only', { isOnly: true })];

/** @param {Page} page */
const followed = (page) => page.locator('#digit-live', { hasText: 'random numbers made ahead' }).waitFor();

/** Waits for an answer by the sealed model, and gives the line about it. @param {Page} page */
async function wayOn(page) {
  const line = page.locator('#answer-way', { hasText: 'sealed model' });
  await line.waitFor();
  return line.innerText();
}

/** Asks a service of sealed models instead. @param {Proxy} proxy @param {readonly import('./harness/service.js').Sealed[]} models */
async function serveInstead(proxy, models) {
  const service = await serveSealed(...models);
  proxy.rule = ({ ask }) => ask(service);
}

pageTest('a model that is offered only sealed answers without any key, and follows the pen', async ({ t, page, proxy, watch, open }) => {
  await serveInstead(proxy, only);
  await open();
  await followed(page);
  assert.equal(await page.locator('#key-state').innerText(), 'No key of yours is needed');
  assert.ok(await page.locator('#key-size').isHidden());
  for (const way of ['direct', 'vouchers']) assert.ok(await page.locator(`#way-${way}`).isDisabled());
  assert.match(await page.locator('#way-about').innerText(), /encrypted with a key that only the server has/);
  for (let round = 0; round < 3; round++) {
    await drawOne(page);
    assert.equal(await answerOn(page), '1');
    const way = await wayOn(page);
    assert.match(way, /^Answered by the sealed model, without a key of yours: \d+ bytes up, \d+ bytes down, [\d.]+ m?s\.$/);
    t.diagnostic(way);
    const drawn = await fittedOn(page);
    assert.deepEqual(leaksIn([...proxy.received, ...watch.sent], [...imageNeedles(drawn, SIDE, LEVELS), ...numberForms('pixels', [...drawn])]), []);
    await page.locator('#clear').click();
    await page.locator('#prediction:not([data-label])').waitFor();
  }
  await page.locator('#sample').click();
  await page.locator('#digit-note', { hasText: 'Test image' }).waitFor();
  await askForDigit(page);
  assert.equal(await answerOn(page), '7');
  for (const step of ['key', 'encrypt', 'send', 'compute', 'receive', 'decrypt'])
    assert.equal(await page.locator(`#step-${step}`).getAttribute('data-state'), 'done');
  await picture(page, 'sealed');
  // The only thread is that of the model.
  assert.equal(page.workers().length, 1);
  assert.deepEqual([inferences(proxy), fills(proxy), maskedInferences(proxy)], [[], [], []]);
  for (const { body } of proxy.requests) assert.ok(!body.includes('public_key'));
  const bodies = sealedInferences(proxy);
  const ciphertexts = bodies.flatMap(ciphertextsIn);
  assert.ok(bodies.length >= 4 && bodies.every((body) => body.length < 1000));
  assert.equal(new Set(ciphertexts).size, bodies.length);
});

pageTest('where both are offered, a person chooses what is encrypted', async ({ page, proxy, open }) => {
  await serveInstead(proxy, offered);
  await open();
  await page.locator('#key[data-state=ready]').waitFor();
  assert.match(await page.locator('#way-about').innerText(), /encryption with your key/);
  await chooseWay(page, 'sealed');
  await followed(page);
  await page.locator('#upload').setInputFiles(pngOf(150));
  assert.equal(await page.locator('#predict-digit').innerText(), 'Mask and ask');
  await askForDigit(page);
  const label = await answerOn(page);
  await wayOn(page);
  assert.equal(await page.locator('#step-encrypt h3').innerText(), 'Computed and masked');
  assert.match(await page.locator('#request-size').innerText(), /server opens it and finds masked numbers/);
  assert.deepEqual(leaksIn(proxy.received, imageNeedles(pixelsOf(150), SIDE, LEVELS)), []);
  assert.deepEqual(inferences(proxy), []);
  const [request] = sealedInferences(proxy);
  assert.deepEqual((await savedBy(page, '#save-request')).content, request);
  await chooseWay(page, 'direct');
  await page.locator('#prediction:not([data-label])').waitFor();
  await askForDigit(page);
  assert.equal(await answerOn(page), label);
  assert.equal(await page.locator('#step-encrypt h3').innerText(), 'Encrypted');
  assert.equal(await page.locator('#answer-way').innerText(), '');
  assert.deepEqual([inferences(proxy).length, sealedInferences(proxy).length], [1, 1]);
});

pageTest('a table goes by the sealed model, and becomes the CSV of `veilcast predict`', async ({ page, proxy, open }) => {
  await serveInstead(proxy, offered);
  const [csv, file] = [patientsCsv(PATIENTS), join(folder, 'sealed-patients.csv')];
  writeFileSync(file, csv);
  await open();
  await page.locator('#tab-table').click();
  await chooseWay(page, 'sealed');
  assert.match(await page.locator('#csv-note').innerText(), /only masked numbers are sent/);
  await page.locator('#example').click();
  await page.locator('#predict-row').click();
  assert.equal(await answerOn(page), 'survived');
  await wayOn(page);
  await drop(page, '#csv-drop', 'patients.csv', csv);
  await page.locator('#csv-summary', { hasText: new RegExp(`^${PATIENTS} records predicted`) }).waitFor();
  const { content } = await savedBy(page, '#save-csv');
  assert.equal(content.toString(), predictedCsv('hospital', file));
  assert.deepEqual(inferences(proxy), []);
  // Many share a ciphertext.
  const ciphertexts = sealedInferences(proxy).slice(1).flatMap(ciphertextsIn);
  assert.ok(ciphertexts.length < PATIENTS / 50, `${ciphertexts.length}`);
});

pageTest('the package in Node gets the exact scores of `veilcast predict`, at 2048 and 3072 bits', async ({ t, proxy, page, open }) => {
  const images = recognisedImages(8);
  const expected = predictedCsv('digits', ...images.map(({ file }) => file));
  const records = images.map(({ pixels }) => [...pixels]);
  for (const model of [offered[0], sealed(digits, 'offered-3072', { bits: 3072 }), sealed(hybrid, 'offered')]) {
    const name = model.model.includes('hybrid') ? 'digits-hybrid' : 'digits';
    const client = new Client(await serveSealed(model));
    const times = [];
    for (const work of [() => client.openSealed(name), () => client.fillRandomizers(name), () => client.predict(name, [records[0]], {})]) {
      const start = performance.now();
      await work();
      times.push((performance.now() - start).toFixed(0));
    }
    t.diagnostic(`${model.model}: to open ${times[0]} ms, a randomiser ${times[1]} ms, a record with it ${times[2]} ms`);
    const { predictions, card, way } = await client.predict(name, records, {});
    assert.equal(way, 'sealed');
    if (name === 'digits') assert.equal(csvOf(card, predictions), expected);
    else assert.equal(csvOf(card, predictions), predictedCsv(name, ...images.map(({ file }) => file)));
    assert.ok((await client.encoder(name)) instanceof Encoder);
    client.close();
  }
  await open();
  await page.locator('#work').waitFor();
  assert.deepEqual(sealedInferences(proxy), []);
});

pageTest('weights that are not those of the card are not used, and nothing is sent', async ({ page, proxy, open }) => {
  const service = await serveSealed(...only);
  proxy.rule = async ({ path, ask }) => {
    const given = await ask(service);
    if (path.endsWith('/sealed.bin')) given.body[given.body.length >> 1] ^= 1;
    return given;
  };
  await open();
  await page.locator('#upload').setInputFiles(pngOf(150));
  await askForDigit(page);
  await problemOn(page, 'The files of the model do not match');
  assert.deepEqual(sealedInferences(proxy), []);
  proxy.rule = ({ ask }) => ask(service);
  await page.locator('#retry').click();
  await answerOn(page);
  await wayOn(page);
});

pageTest(
  'when the model is replaced, its weights are fetched again',
  async ({ page, proxy, open }) => {
    await serveInstead(proxy, only);
    await open();
    await followed(page);
    // The same model under another key.
    await serveInstead(proxy, [sealed(digits, 'again', { isOnly: true })]);
    await page.locator('#upload').setInputFiles(pngOf(150));
    await askForDigit(page);
    await answerOn(page);
    await wayOn(page);
    assert.equal(proxy.requests.filter(({ path }) => path.endsWith('/digits/sealed.bin')).length, 2);
  },
  REFUSED,
);

pageTest(
  'the page with a sealed model fits a phone',
  async ({ page, proxy, open }) => {
    await serveInstead(proxy, offered);
    await open();
    await chooseWay(page, 'sealed');
    await followed(page);
    await page.locator('#sample').click();
    await askForDigit(page);
    await wayOn(page);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
    await picture(page, 'sealed-360');
  },
  { context: PHONE },
);
