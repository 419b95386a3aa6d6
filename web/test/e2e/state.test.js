/** What is chosen is in the address: a reload, or a link, opens the same. */

import assert from 'node:assert/strict';
import { pageTest } from './harness/browser.js';
import { chooseWay } from './harness/person.js';

/** What the page shows as chosen. @param {import('playwright-core').Page} page */
const chosenOn = async (page) => ({
  tab: await page.locator('[role=tab][aria-selected=true]').innerText(),
  model: await page.locator('#digit-model').inputValue(),
  way: await page.locator('input[name=way]:checked').inputValue(),
  bits: await page.locator('#key-size').inputValue(),
});

pageTest(
  'tab, model, way and the size of the key are kept in the address',
  async ({ page, proxy, open }) => {
    await open('');
    await page.locator('#key[data-state=ready]').waitFor();
    assert.equal(new URL(page.url()).hash, '');
    assert.deepEqual(await chosenOn(page), { tab: 'Record', model: 'digits', way: 'vouchers', bits: '2048' });
    await page.locator('#tab-digit').click();
    await page.locator('#digit-model').selectOption('digits-hybrid');
    await chooseWay(page, 'direct');
    await page.locator('#key-size').selectOption('3072');
    const chosen = { tab: 'Digit', model: 'digits-hybrid', way: 'direct', bits: '3072' };
    assert.deepEqual(await chosenOn(page), chosen);
    assert.equal(new URL(page.url()).hash, '#tab=digit&model=digits-hybrid&way=direct&bits=3072');
    await page.reload();
    await page.locator('#key[data-state=ready]').waitFor();
    assert.deepEqual(await chosenOn(page), chosen);
    // By hand, too, and nonsense changes nothing.
    await page.evaluate(() => (location.hash = '#tab=table&way=vouchers&bits=2048'));
    await page.locator('#panel-table').waitFor();
    assert.deepEqual(await chosenOn(page), { tab: 'Record', model: 'digits-hybrid', way: 'vouchers', bits: '2048' });
    await page.evaluate(() => (location.hash = '#tab=moon&model=none&way=pigeon&bits=12'));
    await page.waitForTimeout(100);
    assert.equal((await chosenOn(page)).bits, '2048');
    // None of it was sent.
    for (const { path } of proxy.requests) assert.ok(!path.includes('tab='), path);
  },
  { prefix: '/clinic' },
);
