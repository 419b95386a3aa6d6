/** Without a connection: the browser keeps the page's own files, nothing else, and only for as long as it can't have newer ones. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { bytesOf } from '../support.js';
import { pageTest, picture } from './harness/browser.js';
import { answerOn, askForDigit, drawOne } from './harness/person.js';
import { AWAY, PASS, answer } from './harness/proxy.js';

/** @typedef {import('playwright-core').Page} Page */

/** What Chromium says of what is away. */
const BROKEN = { complaints: /^Failed to load resource/ };

const LIST = 'page.sha256';

/** @param {string | Uint8Array} bytes */
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** What the caches hold: for each one the addresses, from the page's own on, with their contents' SHA-256. @param {Page} page */
const cachesOf = (page) =>
  page.evaluate(async () => {
    const [here] = location.href.split('#');
    const names = await caches.keys();
    return Promise.all(
      names.map(async (name) => {
        const cache = await caches.open(name);
        const responses = await cache.matchAll();
        const files = responses.map(async (response) => {
          const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await response.arrayBuffer()));
          return [response.url.replace(here, ''), Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')];
        });
        return Object.fromEntries(await Promise.all(files));
      }),
    );
  });

/** Waits until the page is kept as it is now, and nothing older. @param {Page} page @param {string} [list] its list's SHA-256, if it is another one */
async function keptOn(page, list) {
  for (;;) {
    const [cache, ...others] = await cachesOf(page);
    if (cache?.[LIST] && others.length === 0 && cache[LIST] === (list ?? cache[LIST])) return cache;
    await page.waitForTimeout(100);
  }
}

/** Asks about a digit, and gets the answer. @param {Page} page */
async function ask(page) {
  await page.locator('#work').waitFor();
  await drawOne(page);
  await askForDigit(page);
  assert.equal(await answerOn(page), '1');
}

/** Loads the page while the service is away. @param {Page} page */
async function reloadAway(page) {
  const response = (await page.reload()) ?? assert.fail('no page');
  await page.locator('#models-title', { hasText: "can't be reached" }).waitFor();
  assert.ok(response.fromServiceWorker());
  return response;
}

const index = bytesOf('web/page/index.html');

/** The page with another title. */
const newerPage = Buffer.from(index)
  .toString()
  .replace(/<title>.*<\/title>/, '<title>Newer</title>');

/** The service's whole answer, whatever the browser has of it already. @param {import('./harness/proxy.js').Exchange} exchange */
function whole({ headers, ask }) {
  delete headers['if-none-match'];
  return ask();
}

/** The list of the files with that page. @param {import('./harness/proxy.js').Exchange} exchange */
async function newerList(exchange) {
  const { headers, body } = await whole(exchange);
  assert.ok(body.includes(sha256(index)), 'the page is on the list');
  return answer(200, body.toString().replace(sha256(index), sha256(newerPage)), headers);
}

pageTest('the page can be installed, with icons that load', async ({ page, context, proxy, open }) => {
  await open();
  await page.locator('#work').waitFor();
  const session = await context.newCDPSession(page);
  const { url, errors, data } = await session.send('Page.getAppManifest');
  assert.deepEqual([url, errors], [`${proxy.url}/page/manifest.webmanifest`, []]);
  await keptOn(page);
  const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
  // The test's own windows are private ones.
  assert.deepEqual(
    installabilityErrors.filter(({ errorId }) => errorId !== 'in-incognito'),
    [],
  );
  const { start_url, scope, icons } = JSON.parse(data ?? '');
  assert.deepEqual(
    [start_url, scope].map((path) => new URL(path, url).href),
    [`${proxy.url}/`, `${proxy.url}/`],
  );
  for (const { src, type, sizes } of icons) {
    const icon = await page.evaluate(async (src) => {
      const picture = new Image();
      picture.src = src;
      await picture.decode();
      const response = await fetch(src);
      return { type: response.headers.get('content-type'), sizes: `${picture.naturalWidth}x${picture.naturalHeight}` };
    }, new URL(src, url).href);
    assert.equal(icon.type, type, src);
    if (sizes !== 'any') assert.equal(icon.sizes, sizes, src);
  }
});

/** The same at the root and below a path. @param {string} prefix */
const opensAway = (prefix) =>
  pageTest(
    `the page opens without a connection, says so, and goes on when there is one${prefix && ', below a path'}`,
    async ({ page, proxy, open }) => {
      const online = await open();
      await keptOn(page);
      proxy.rule = AWAY;
      const offline = await reloadAway(page);
      // What it is kept from is kept from it there, too.
      for (const name of ['content-security-policy', 'x-content-type-options', 'cross-origin-opener-policy']) {
        assert.ok(online.headers()[name]);
        assert.equal(offline.headers()[name], online.headers()[name], name);
      }
      assert.ok(await page.locator('#work').isHidden());
      assert.match(await page.locator('#models-text').innerText(), /goes on by itself/);
      await picture(page, 'offline');
      proxy.rule = PASS;
      await ask(page);
      for (const { path } of proxy.requests) assert.ok(!path.includes('//'), path);
    },
    { ...BROKEN, prefix },
  );
opensAway('');
opensAway('/clinic/seven');

pageTest(
  'a page that is opened behind a proxy whose service is away is the kept one',
  async ({ page, proxy, open }) => {
    await open();
    await keptOn(page);
    proxy.rule = async () => answer(502, '<title>Bad Gateway</title>', { 'content-type': 'text/html' });
    await reloadAway(page);
    proxy.rule = PASS;
    await page.locator('#reload').click();
    await ask(page);
  },
  BROKEN,
);

pageTest(
  'with a connection the page is the newest, and then that one is kept',
  async ({ page, proxy, open }) => {
    await open();
    await keptOn(page);
    let list = '';
    proxy.rule = async (exchange) => {
      const { path, ask } = exchange;
      if (path === '/') return answer(200, newerPage, { ...(await whole(exchange)).headers, 'content-type': 'text/html', etag: '"newer"' });
      if (path !== `/${LIST}`) return ask();
      const given = await newerList(exchange);
      list = sha256(given.body);
      return given;
    };
    await page.reload();
    assert.equal(await page.title(), 'Newer');
    while (list === '') await page.waitForTimeout(50);
    await keptOn(page, list);
    proxy.rule = AWAY;
    await reloadAway(page);
    assert.equal(await page.title(), 'Newer');
    // The older one comes back with the service, by a load of its own.
    proxy.rule = PASS;
    await page.locator('#work').waitFor();
    assert.match(await page.title(), /^Veilcast/);
  },
  BROKEN,
);

pageTest(
  'what is not on the list is not kept',
  async ({ page, proxy, open }) => {
    await open();
    const before = await keptOn(page);
    // As if a portal's page were in between, whatever it is asked for.
    let asked = 0;
    proxy.rule = (exchange) => {
      if (exchange.path === `/${LIST}`) {
        asked += 1;
        return newerList(exchange);
      }
      return exchange.ask();
    };
    await page.reload();
    while (asked === 0) await page.waitForTimeout(50);
    proxy.rule = AWAY;
    await reloadAway(page);
    const complete = (await cachesOf(page)).filter((cache) => cache[LIST]);
    assert.deepEqual(complete, [before]);
  },
  BROKEN,
);

pageTest('the caches hold the public files and nothing else, and the API is asked past them', async ({ page, watch, open }) => {
  await open();
  await keptOn(page);
  await page.reload();
  await ask(page);
  await page.locator('#tab-table').click();
  await page.locator('#predict-row').click();
  await answerOn(page);
  const kept = await keptOn(page);
  assert.ok(Object.keys(kept).length > 50);
  for (const [name, digest] of Object.entries(kept)) {
    if (name !== LIST) assert.equal(digest, sha256(bytesOf(`web/${name || 'page/index.html'}`)), name);
  }
  const answers = await Promise.all(watch.requests.map((request) => request.response()));
  const served = answers.flatMap((response) => (response?.fromServiceWorker() ? [new URL(response.url()).pathname] : []));
  assert.ok(served.includes('/page/app.js'));
  assert.deepEqual(
    served.filter((path) => path.startsWith('/v2')),
    [],
  );
});

pageTest(
  'a service that has no page any longer is left nothing of it',
  async ({ page, proxy, open }) => {
    await open();
    await keptOn(page);
    proxy.rule = async ({ path, ask }) => (path === `/${LIST}` ? answer(404, '') : path === '/' ? answer(307, '', { location: 'v2' }) : ask());
    await page.reload();
    while ((await cachesOf(page)).length > 0) await page.waitForTimeout(100);
    assert.deepEqual(await page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length), 0);
  },
  BROKEN,
);

for (const [where, script] of Object.entries({
  'where there are no service workers': () => Object.defineProperty(Navigator.prototype, 'serviceWorker', { value: undefined }),
  'where the browser refuses them': () => {
    // Pages of about: have none anyway.
    if (navigator.serviceWorker) navigator.serviceWorker.register = () => Promise.reject(new DOMException('not here', 'SecurityError'));
  },
})) {
  pageTest(`the page works ${where}, and says nothing of it`, async ({ page, context, open }) => {
    await context.addInitScript(script);
    await open();
    await ask(page);
    assert.ok(await page.locator('#problem').isHidden());
    assert.deepEqual(await page.evaluate(async () => await caches.keys()), []);
  });
}
