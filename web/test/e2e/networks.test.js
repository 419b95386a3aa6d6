/** Networks with hidden layers: asked by vouchers that are made in the background, and shown as layers that stay locked. */

import assert from 'node:assert/strict';
import { pageTest, picture } from './harness/browser.js';
import { answerOn, askForDigit, chooseWay, drawOne, fills, inferences, maskedInferences } from './harness/person.js';
import { pathOf, serve, square } from './harness/service.js';

/** Two hidden layers, and a model of three columns; and one of digits. */
const service = await serve(pathOf('web/test/fixtures/deep-network'), square);

const CELLS = ['201', '17', '93'];

pageTest('a record goes through a network with two hidden layers, whose cells stay locked', async ({ t, page, proxy, open }) => {
  proxy.rule = ({ ask }) => ask(service);
  await open('#tab=table');
  await page.locator('#panel-table').waitFor();
  const layers = page.locator('#hidden-layers');
  assert.deepEqual(await layers.locator('.cells').evaluateAll((rows) => rows.map((row) => row.querySelectorAll('svg').length)), [4, 3]);
  assert.equal((await layers.innerText()).trim(), 'Inside the model, 2 hidden layers of 4 and 3 numbers: locked there, too.');
  assert.equal(await page.locator('#step-encrypt h3').innerText(), 'Masked');
  // Vouchers are made before anybody asks.
  while (fills(proxy).length < 5) await page.waitForTimeout(50);
  for (const [i, cell] of CELLS.entries()) await page.locator(`#table-fields [name="x${i}"]`).fill(cell);
  await page.locator('#predict-row').click();
  assert.match((await answerOn(page)) ?? '', /^class [01]$/);
  t.diagnostic(await page.locator('#steps-total').innerText());
  for (const step of ['key', 'encrypt', 'send', 'compute', 'receive', 'decrypt'])
    assert.equal(await page.locator(`#step-${step}`).getAttribute('data-state'), 'done');
  assert.match(await page.locator('#request-about').innerText(), /then the masked numbers of the last of 3 rounds/);
  assert.match(await page.locator('#card-summary').innerText(), /2 hidden layers of 4 and 3 numbers, which are squared/);
  // The fields were followed, too; what was on its way when the button was pressed is given up.
  assert.ok(maskedInferences(proxy).length >= 3);
  assert.deepEqual(inferences(proxy), []);
  await picture(page, 'network');
});

pageTest('the digits of a network follow the pen, and are asked by the button', async ({ t, page, proxy, open }) => {
  proxy.rule = ({ ask }) => ask(service);
  const start = performance.now();
  await open('#tab=digit');
  await page.locator('#way-vouchers:checked').waitFor({ state: 'attached' });
  await page.locator('#digit-live', { hasText: 'follows your pen' }).waitFor();
  t.diagnostic(`the first vouchers were there after ${((performance.now() - start) / 1000).toFixed(1)} s`);
  await drawOne(page);
  assert.equal(await answerOn(page), '1');
  await page.locator('#answer-way', { hasText: 'voucher' }).waitFor();
  await page.locator('#sample').click();
  await page.locator('#prediction:not([data-label])').waitFor();
  await askForDigit(page);
  assert.equal(await answerOn(page), '7');
  assert.match(await page.locator('#hidden-layers').innerText(), /a hidden layer of 64 numbers: locked there, too/);
  assert.deepEqual(inferences(proxy), []);
  // Without vouchers, encrypted, in a round for each part.
  await chooseWay(page, 'direct');
  assert.match(await page.locator('#way-about').innerText(), /466\.9 kB of ciphertexts up, in 2 rounds/);
  await askForDigit(page);
  assert.equal(await answerOn(page), '7');
  assert.equal(await page.locator('#step-encrypt h3').innerText(), 'Encrypted');
  assert.match(await page.locator('#answer-about').innerText(), /then the ciphertexts of the last of 2 rounds/);
  assert.equal(inferences(proxy).length, 2);
  await page.locator('#other-key').click();
  await page.locator('#opened-wrongly', { hasText: 'nonsense' }).waitFor();
});
