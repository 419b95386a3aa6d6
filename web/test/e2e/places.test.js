/** Where the page is: below a path of a proxy's, and on another site that calls the service. */

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { listen } from '../listen.js';
import { bytesOf } from '../support.js';
import { browser, pageTest } from './harness/browser.js';
import { answerOn, askForDigit, drawOne } from './harness/person.js';
import { digits, serveWith } from './harness/service.js';

pageTest(
  'the page works below a path',
  async ({ page, proxy, watch, open }) => {
    await open();
    await drawOne(page);
    await askForDigit(page);
    assert.equal(await answerOn(page), '1');
    assert.ok(watch.requests.length > 10);
    for (const request of watch.requests.filter((request) => request.url().startsWith('http'))) {
      assert.ok(request.url().startsWith(`${proxy.url}/`), request.url());
      assert.equal((await request.response())?.ok(), true, request.url());
    }
    // The links too.
    for (const link of await page.locator('a[href]').all()) {
      const { href } = await link.evaluate((a) => ({ href: /** @type {HTMLAnchorElement} */ (a).href }));
      assert.ok(href.startsWith(`${proxy.url}/`), href);
    }
    // Its own file leads to the page.
    await page.goto(`${proxy.url}/page/index.html`);
    assert.equal(page.url(), `${proxy.url}/`);
    await page.locator('#work').waitFor();
  },
  { prefix: '/clinic/seven' },
);

/** A page of another site's, with the package. */
const FOREIGN = `<!doctype html><meta charset="utf-8"><title>Clinic</title><link rel="icon" href="data:,"><script type="module">
  import { Client, WorkerKey } from './index.js';
  globalThis.ask = async (url, options) => {
    const key = await WorkerKey.generate(2048);
    const pixels = Array.from({ length: 784 }, (_, i) => (Math.floor(i / 28) > 4 && Math.floor(i / 28) < 23 && [13, 14].includes(i % 28) ? 255 : 0));
    try {
      const { predictions } = await new Client(url, { tries: 1, ...options }).predict('digits', [pixels], { key });
      return predictions[0].label;
    } catch (error) {
      return error.code;
    } finally {
      key.close();
    }
  };
</script>`;

/** Serves that page and the package. @param {import('node:test').TestContext} t */
function foreignSite(t) {
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    if (path === '/') return void response.setHeader('content-type', 'text/html').end(FOREIGN);
    response.setHeader('content-type', 'text/javascript').end(bytesOf(`web${path}`));
  });
  return listen(t, server);
}

test("another site's page calls the service if its origin is allowed", { timeout: 300_000 }, async (t) => {
  const [site, stranger] = [await foreignSite(t), await foreignSite(t)];
  const service = await serveWith(`allowed_origins = ["${site}"]`, digits);
  const closed = await serveWith('', digits);
  /** @param {string} from @param {string} url @param {object} options */
  const ask = async (from, url, options = {}) => {
    const page = await browser.newPage();
    await page.goto(from);
    const answer = await page.evaluate(([url, options]) => /** @type {any} */ (globalThis).ask(url, options), /** @type {const} */ ([url, options]));
    await page.close();
    return answer;
  };
  assert.equal(await ask(site, service), '1');
  // With headers that make the browser ask for leave.
  assert.equal(await ask(site, service, { token: 'vc_Token', headers: { 'X-Tenant': 'seven' } }), '1');
  assert.equal(await ask(stranger, service), 'unreachable');
  assert.equal(await ask(site, closed), 'unreachable');
});
