/** What leaves the browser: ciphertexts, and nothing that would tell what is in them. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Arrangement, Card, Encoder, readTable } from '../../index.js';
import { bytesOf } from '../support.js';
import { pageTest } from './harness/browser.js';
import { pngOf } from './harness/images.js';
import { imageNeedles, leaksIn, numberForms, primeNeedles, textNeedles } from './harness/leaks.js';
import { SIDE, pixelsOf } from './harness/mnist.js';
import { answerOn, askForDigit, ciphertextsIn, drawOne, drop, fittedOn, inferences, modulusIn } from './harness/person.js';
import { hospital, patientsCsv } from './harness/service.js';

/** Of the digit model's quantised pixels. */
const LEVELS = 16;

/** A test image that the page doesn't bring itself. */
const IMAGE = 150;

/** More than fit one ciphertext. */
const PATIENTS = 250;

const CSP =
  "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' blob: data:; manifest-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Runs before the worker's own script: keeps the RSA keys whose primes it takes. */
const KEEP_PRIMES = `
  globalThis.exportedKeys = [];
  const { exportKey } = SubtleCrypto.prototype;
  SubtleCrypto.prototype.exportKey = async function (...args) {
    const exported = await exportKey.apply(this, args);
    globalThis.exportedKeys.push(exported);
    return exported;
  };
`;

/** Lets the test see a key's primes, by a worker with a few lines more. @type {import('./harness/proxy.js').Rule} */
async function withPrimesKept({ path, ask }) {
  const given = await ask();
  return path === '/src/worker.js' ? { ...given, body: Buffer.concat([Buffer.from(KEEP_PRIMES), given.body]) } : given;
}

/** The primes that the worker of a page was offered. @param {import('playwright-core').Page} page */
async function primesIn(page) {
  const [worker] = page.workers();
  const keys = await worker.evaluate(() => /** @type {any} */ (globalThis).exportedKeys);
  const fromBase64url = (/** @type {string} */ text) => BigInt(`0x${Buffer.from(text, 'base64url').toString('hex')}`);
  return keys.flatMap((/** @type {{p: string, q: string}} */ { p, q }) => [p, q]).map(fromBase64url);
}

/** What the public part of the hybrid model makes of an image. @param {Uint8Array} pixels */
async function featuresOf(pixels) {
  const card = await Card.parse(bytesOf('models/digits-hybrid/card.json'));
  const encoder = await Encoder.of(card, bytesOf('models/digits-hybrid/public.onnx'));
  return { features: encoder.features([...pixels]).features, integers: encoder.quantize([...pixels]).values };
}

pageTest('neither what is asked nor the key leaves the browser', async ({ page, proxy, watch, open }) => {
  proxy.rule = withPrimesKept;
  await open();
  await page.locator('#upload').setInputFiles(pngOf(IMAGE));
  await askForDigit(page);
  await answerOn(page);
  await page.locator('#clear').click();
  await drawOne(page);
  const drawn = await fittedOn(page);
  await askForDigit(page);
  await answerOn(page);
  await page.locator('#digit-model').selectOption('digits-hybrid');
  await askForDigit(page);
  await answerOn(page);
  await page.locator('#tab-table').click();
  await page.locator('#example').click();
  await page.locator('#table-fields [name="meanbp"]').fill('97.31904');
  await page.locator('#table-fields [name="dzgroup"]').selectOption('Lung Cancer');
  await page.locator('#predict-row').click();
  await answerOn(page);

  const bodies = inferences(proxy);
  assert.equal(bodies.length, 4);
  const primes = await primesIn(page);
  for (const n of bodies.map(modulusIn)) {
    assert.ok(
      primes.some((/** @type {bigint} */ p) => p < n && n % p === 0n),
      "the primes that are looked for are not the key's",
    );
  }
  const { features, integers } = await featuresOf(drawn);
  assert.ok(new Set(integers).size > 3);
  const needles = [
    ...numberForms('features', features),
    ...numberForms('quantised features', integers),
    ...imageNeedles(pixelsOf(IMAGE), SIDE, LEVELS),
    ...imageNeedles(drawn, SIDE, LEVELS),
    ...primes.flatMap((/** @type {bigint} */ prime, /** @type {number} */ i) => primeNeedles(`prime ${i}`, prime)),
    ...textNeedles('97.31904'),
    ...textNeedles('Lung Cancer'),
  ];
  assert.deepEqual(leaksIn([...proxy.received, ...watch.sent], needles), []);

  // Both saw all that was sent.
  for (const body of bodies) {
    assert.ok(proxy.received.some((bytes) => bytes.includes(body)));
    assert.ok(watch.sent.some((bytes) => bytes.includes(body)));
  }
  for (const { method, path, body } of proxy.requests) {
    const isQuestion = method === 'POST' && /^\/v2\/models\/(digits|digits-hybrid|hospital)\/infer$/.test(path);
    const isFile = method === 'GET' && body.length === 0 && /^\/((page|src)\/[\w./-]+|index\.js|service-worker\.js|page\.sha256)?$/.test(path);
    const isOfModel =
      method === 'GET' && body.length === 0 && /^\/v2\/models(\/(digits|digits-hybrid|hospital)\/card|\/digits-hybrid\/public\.onnx)?$/.test(path);
    assert.ok(isQuestion || isFile || isOfModel, `${method} ${path}`);
  }
});

pageTest('nor does a table, whose records share ciphertexts', async ({ page, proxy, watch, open }) => {
  const csv = patientsCsv(PATIENTS);
  await open();
  await page.locator('#tab-table').click();
  await drop(page, '#csv-drop', 'patients.csv', csv);
  await page.locator('#csv-summary', { hasText: new RegExp(`^${PATIENTS} records predicted`) }).waitFor();

  const [body, ...others] = inferences(proxy);
  assert.deepEqual(others, []);
  const [n, ciphertexts] = [modulusIn(body), ciphertextsIn(body)];
  const card = await Card.parse(new Uint8Array(readFileSync(join(hospital, 'card.json'))));
  const arrangement = new Arrangement(card, { name: 'records', featuresPerCiphertext: 1, scoresPerAnswer: 1 }, n.toString(2).length);
  const encoder = await Encoder.of(card);
  const records = readTable(card.fields.input, csv).map((cells) => encoder.quantize(cells).values);
  const plaintexts = arrangement.plaintexts(records).flat();
  assert.equal(ciphertexts.length, plaintexts.length);
  assert.ok(arrangement.recordsPerRow > 1 && arrangement.rows(PATIENTS) > 1);
  assert.equal(new Set(ciphertexts).size, ciphertexts.length);
  for (const ciphertext of ciphertexts) assert.notEqual(ciphertext % n, 1n);

  const columns = Array.from({ length: card.features }, (_, f) => records.map((record) => record[f])).filter((column) => new Set(column).size > 3);
  assert.ok(columns.length > 3);
  const needles = [
    ...columns.flatMap((column, i) => numberForms(`column ${i}`, column)),
    ...records.slice(0, 20).flatMap((record, i) => numberForms(`record ${i}`, record)),
    ...plaintexts.filter((m) => m > 1n << 256n).flatMap((m, i) => primeNeedles(`plaintext ${i}`, m)),
    ...csv.split('\n').slice(1, 21).flatMap(textNeedles),
  ];
  assert.deepEqual(leaksIn([...proxy.received, ...watch.sent], needles), []);
});

pageTest('the same drawing asked twice gives other ciphertexts, none of them without randomness', async ({ page, proxy, open }) => {
  await open();
  await page.locator('#upload').setInputFiles(pngOf(IMAGE));
  const answers = [];
  for (let time = 0; time < 2; time++) {
    await askForDigit(page);
    answers.push(await answerOn(page));
    await page.locator('#upload').setInputFiles(pngOf(IMAGE));
    await page.locator('#prediction:not([data-label])').waitFor();
  }
  assert.equal(answers[0], answers[1]);
  const bodies = inferences(proxy);
  const ciphertexts = bodies.flatMap(ciphertextsIn);
  assert.equal(new Set(ciphertexts).size, ciphertexts.length);
  assert.equal(bodies.length, 2);
  // (1 + n)^m without rⁿ is 1 modulo n, and tells m.
  const n = modulusIn(bodies[0]);
  for (const ciphertext of ciphertexts) assert.notEqual(ciphertext % n, 1n);
});

pageTest(
  'a leak would be noticed, wherever it is looked for',
  async ({ page, proxy, watch, open }) => {
    proxy.rule = withPrimesKept;
    await open();
    await page.locator('#key[data-state=ready]').waitFor();
    await page.locator('#upload').setInputFiles(pngOf(IMAGE));
    await page.locator('#predict-digit:enabled').waitFor();
    const [prime] = await primesIn(page);
    const [image, key] = [imageNeedles(await fittedOn(page), SIDE, LEVELS), primeNeedles('p', prime)];
    for (const bytes of [proxy.received, watch.sent]) assert.deepEqual(leaksIn(bytes, [...image, ...key]), []);
    const send = (/** @type {string} */ body) => page.evaluate((body) => fetch('/v2', { method: 'POST', body }).then(({ status }) => status), body);
    assert.equal(await send(JSON.stringify({ pixels: [...pixelsOf(IMAGE)] })), 405);
    assert.equal(await send(Buffer.from(prime.toString(16), 'hex').toString('base64')), 405);
    for (const bytes of [proxy.received, watch.sent]) {
      assert.notDeepEqual(leaksIn(bytes, image), []);
      assert.notDeepEqual(leaksIn(bytes, key), []);
    }
  },
  { complaints: /405/ },
);

pageTest(
  'the page is sent with a policy that allows nothing from elsewhere, and the browser heeds it',
  async ({ page, watch, open }) => {
    const response = await open();
    assert.equal(response.headers()['content-security-policy'], CSP);
    assert.equal(response.headers()['x-content-type-options'], 'nosniff');
    await page.locator('#work').waitFor();
    assert.deepEqual(watch.complaints, []);
    const violations = await page.evaluate(async () => {
      /** @type {string[]} */
      const violated = [];
      document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => violated.push(effectiveDirective));
      await fetch('https://veilcast.example/').catch(() => {});
      const script = document.createElement('script');
      script.textContent = 'globalThis.wasRun = true';
      document.head.append(script);
      const image = document.createElement('img');
      image.src = 'https://veilcast.example/pixel.png';
      await new Promise((resolve) => image.addEventListener('error', resolve));
      return [...violated, 'wasRun' in globalThis];
    });
    assert.deepEqual(violations, ['connect-src', 'script-src-elem', 'img-src', false]);
    assert.ok(watch.complaints.length >= 3);
    // None went out, as is asserted of every page.
    watch.requests = [];
  },
  { complaints: /Content Security Policy/ },
);

pageTest(
  'a request to elsewhere would be noticed',
  async ({ page, watch, open }) => {
    await open();
    assert.deepEqual(watch.strangers, []);
    await page.evaluate(() => fetch('http://veilcast.example/').catch(() => {}));
    assert.deepEqual(watch.strangers, ['http://veilcast.example', 'GET http://veilcast.example/ HTTP/1.1']);
    watch.requests = [];
  },
  { context: { bypassCSP: true }, complaints: /veilcast\.example/ },
);
