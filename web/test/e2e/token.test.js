/** A service that wants to know who is asking: the page asks the person, and tells nobody else. */

import assert from 'node:assert/strict';
import { pageTest, picture } from './harness/browser.js';
import { answerOn, askForDigit, drawOne, problemOn } from './harness/person.js';
import { PASS, answer } from './harness/proxy.js';

/**
 * @typedef {import('playwright-core').Page} Page
 * @typedef {import('./harness/proxy.js').Rule} Rule
 */

const SECRET = 'vc_TopSecret';

/** What Chromium says of refusals. */
const REFUSED = { complaints: /^Failed to load resource/ };

/** @param {number} status @param {string} code */
const refusal = (status, code) => answer(status, JSON.stringify({ error: 'no', code }), { 'content-type': 'application/json', 'www-authenticate': 'Bearer' });

/** A service that answers its API only to who has the token; of these paths. @param {RegExp} paths @returns {Rule} */
const guarded = (paths) => (exchange) => {
  const {
    path,
    headers: { authorization },
  } = exchange;
  if (!paths.test(path) || authorization === `Bearer ${SECRET}`) return PASS(exchange);
  return Promise.resolve(refusal(401, authorization ? 'token_unknown' : 'token_needed'));
};

/** @param {Page} page @param {string} token */
async function give(page, token) {
  await page.locator('#token-field').fill(token);
  await page.locator('#token button[type=submit]').click();
}

pageTest(
  'a service that tells its models only to who has a token asks for one',
  async ({ page, proxy, watch, open }) => {
    proxy.rule = guarded(/^\/v2/);
    await open();
    await page.locator('#token:not([hidden])').waitFor();
    assert.ok(await page.locator('#work').isHidden());
    assert.match(await page.locator('#token-text').innerText(), /operator gives out/);
    await picture(page, 'token-asked');

    await give(page, 'not a token');
    await page.locator('#token-text', { hasText: 'That is not a token' }).waitFor();
    await give(page, 'vc_Mistyped');
    await page.locator('#token-text', { hasText: 'does not know this token' }).waitFor();
    await give(page, SECRET);
    await page.locator('#work').waitFor();
    assert.ok(await page.locator('#token').isHidden());
    await drawOne(page);
    await askForDigit(page);
    assert.equal(await answerOn(page), '1');

    // It is in no URL, and nowhere on the page.
    assert.ok(!(await page.content()).includes(SECRET));
    assert.equal(await page.locator('#token-field').inputValue(), '');
    assert.equal(await page.locator('#token-field').getAttribute('type'), 'password');
    assert.ok(watch.requests.every((request) => !request.url().includes(SECRET)));
    // The token went with the calls to the service, not for the page's own files.
    for (const { url, token } of watch.requests.map((request) => ({ url: new URL(request.url()).pathname, token: request.headers().authorization }))) {
      if (!url.startsWith('/v2')) assert.equal(token, undefined, url);
    }
  },
  REFUSED,
);

pageTest(
  'a service that wants a token for predictions alone gets the same question again',
  async ({ page, proxy, open }) => {
    proxy.rule = guarded(/\/infer$/);
    await open();
    await drawOne(page);
    await askForDigit(page);
    assert.match(await problemOn(page, 'The service asks who you are'), /input is still here/);
    await page.locator('#retry', { hasText: 'Enter a token' }).click();
    await give(page, SECRET);
    assert.equal(await answerOn(page), '1');
    assert.ok(await page.locator('#problem').isHidden());
  },
  REFUSED,
);

pageTest(
  'a token is kept in the tab if the person wants that, and only then',
  async ({ page, proxy, open }) => {
    proxy.rule = guarded(/^\/v2/);
    await open();
    await give(page, SECRET);
    await page.locator('#work').waitFor();
    await page.reload();
    await page.locator('#token:not([hidden])').waitFor();
    await page.locator('#token-keep').check();
    await give(page, SECRET);
    await page.locator('#work').waitFor();
    await page.reload();
    await page.locator('#work').waitFor();
    assert.ok(await page.locator('#token').isHidden());

    // One that was withdrawn is forgotten.
    proxy.rule = async (exchange) => (exchange.path.startsWith('/v2') ? refusal(401, 'token_unknown') : PASS(exchange));
    await page.reload();
    await page.locator('#token-text', { hasText: 'does not know this token' }).waitFor();
  },
  REFUSED,
);

pageTest(
  'a quota that is used up says when to come back',
  async ({ page, proxy, open }) => {
    await open();
    await drawOne(page);
    const used = answer(429, '{"error": "1,000 records per day are used up", "code": "quota_used_up"}', {
      'content-type': 'application/json',
      'retry-after': '7260',
    });
    proxy.rule = async (exchange) => (exchange.path.endsWith('/infer') ? used : PASS(exchange));
    await askForDigit(page);
    assert.match(await problemOn(page, 'You have used up what the service allows'), /1,000 records per day are used up \(again in 2 h 1 min\)/);
  },
  REFUSED,
);
