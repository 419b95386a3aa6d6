/** Chromium, and for each test a fresh page of the real service, watched from the first request to the last. */

import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { chromium } from 'playwright-core';
import { CHROMIUM } from './chromium.js';
import { Proxy } from './proxy.js';
import { pathOf, serviceUrl } from './service.js';

/**
 * @typedef {import('playwright-core').Page} Page
 * @typedef {import('playwright-core').BrowserContext} BrowserContext
 * @typedef {import('playwright-core').BrowserContextOptions} BrowserContextOptions
 *
 * @typedef {object} Given
 * @property {import('node:test').TestContext} t
 * @property {Page} page still empty: `open` is up to the test
 * @property {BrowserContext} context
 * @property {Proxy} proxy between the page and the service
 * @property {Watch} watch
 * @property {(state?: string) => Promise<import('playwright-core').Response>} open goes to the service's page, whose address says
 *   which tab and way are chosen: if nothing is said, digits that are encrypted
 */

/** Digits, encrypted: what most tests are about. */
const DIGITS = '#tab=digit&way=direct';

/** Milliseconds to wait for what must come: a loaded machine is slow. */
const PATIENCE = 120_000;

/** Hosts that Chromium asks on its own account, such as for what forms are for; what a page asks them is in its requests. */
const MAKERS = /^CONNECT [\w.-]+\.(google|googleapis|gstatic|gvt1)\.com:443 /;

/** Where pictures of the page go, for people to look at. */
const pictures = pathOf('target/web-screenshots');
rmSync(pictures, { recursive: true, force: true });
mkdirSync(pictures, { recursive: true });

/** @param {Page} page @param {string} name @param {{fullPage?: boolean}} [options] */
export const picture = (page, name, { fullPage = true } = {}) => page.screenshot({ path: join(pictures, `${name.replace(/[^\w.-]+/g, '-')}.png`), fullPage });

export const browser = await chromium.launch(CHROMIUM);
after(() => browser.close());

/** First lines of requests for anything but this machine: they end up here. @type {string[]} */
const elsewhere = [];
const trap = createServer((socket) => {
  socket.on('error', () => {});
  socket.once('data', (data) => {
    const [line] = data.toString('latin1').split('\r\n');
    if (!MAKERS.test(line)) elsewhere.push(line);
    socket.destroy();
  });
});
trap.listen(0, '127.0.0.1');
await once(trap, 'listening');
after(() => trap.close());
const { port: trapPort } = /** @type {import('node:net').AddressInfo} */ (trap.address());

/** All that a page and its workers asked for and complained of. */
export class Watch {
  /** Each with what it sent. @type {import('playwright-core').Request[]} */
  requests = [];
  /** @type {string[]} */
  complaints = [];
  #context;
  /** The page's address. */
  #home;

  /** @param {BrowserContext} context @param {string} home the page's address */
  constructor(context, home) {
    this.#context = context;
    this.#home = home;
    context.on('request', (request) => this.requests.push(request));
    context.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.complaints.push(`${message.text()} (${message.location().url})`);
    });
    context.on('weberror', (error) => this.complaints.push(String(error.error())));
  }

  /** What the page and its workers sent with their requests, as the browser tells it. */
  get sent() {
    return this.requests.map((request) => {
      const headers = Object.entries(request.headers()).map((header) => header.join(': '));
      return Buffer.concat([Buffer.from([request.url(), ...headers, ''].join('\n')), request.postDataBuffer() ?? Buffer.alloc(0)]);
    });
  }

  /** Who was asked but the page's own service. */
  get strangers() {
    const asked = this.requests.map((request) => new URL(request.url())).filter(({ protocol }) => !/^(blob|data):$/.test(protocol));
    return [...new Set(asked.map(({ origin }) => origin).filter((origin) => origin !== new URL(this.#home).origin)), ...elsewhere.splice(0)];
  }

  /** What is left behind in the browser, but for the page's own files: nothing should be. @param {Page} page */
  async remains(page) {
    const kept = await page.evaluate(async () => {
      const names = await caches.keys();
      const requests = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
      return {
        local: { ...localStorage },
        session: { ...sessionStorage },
        databases: (await indexedDB.databases()).length,
        cached: requests.flat().map(({ url }) => url),
      };
    });
    const isOwn = (/** @type {string} */ url) => url.startsWith(this.#home) && OWN.test(url.slice(this.#home.length));
    return { ...kept, cached: kept.cached.filter((url) => !isOwn(url)), cookies: await this.#context.cookies() };
  }
}

/** The page's own files. */
const OWN = /^(index\.js|page\.sha256|(page|src)\/[\w./-]+)?$/;

const NOTHING = { local: {}, session: {}, databases: 0, cached: [], cookies: [] };

/**
 * A test with a page of its own. Afterwards nobody but the service was asked, nothing is left behind, and
 * neither the page nor the browser complained of anything.
 *
 * @param {string} name
 * @param {(given: Given) => Promise<void>} body
 * @param {{context?: BrowserContextOptions, complaints?: RegExp, prefix?: string, kept?: object}} [options] of the
 *   browser's context; what the browser may complain of, such as a connection that the test breaks; the path below which the
 *   service is; what may be left behind
 */
export function pageTest(name, body, { context: contextOptions = {}, complaints, prefix, kept = {} } = {}) {
  test(name, { timeout: 3 * PATIENCE }, async (t) => {
    const proxy = new Proxy(serviceUrl, prefix);
    await proxy.listen();
    const detour = { server: `http://127.0.0.1:${trapPort}`, bypass: '127.0.0.1' };
    // Without animations nothing is on the move when it is pressed.
    const defaults = /** @type {const} */ ({ viewport: { width: 1200, height: 900 }, reducedMotion: 'reduce' });
    const context = await browser.newContext({ ...defaults, ...contextOptions, proxy: detour });
    context.setDefaultTimeout(PATIENCE);
    const watch = new Watch(context, `${proxy.url}/`);
    const page = await context.newPage();
    const open = async (state = DIGITS) => {
      // A page that only gets another fragment isn't loaded again.
      await page.goto('about:blank');
      return (await page.goto(`${proxy.url}/${state}`)) ?? assert.fail('no answer');
    };
    try {
      await body({ t, page, context, proxy, watch, open });
      assert.deepEqual(
        watch.complaints.filter((text) => !complaints?.test(text)),
        [],
      );
      assert.deepEqual(watch.strangers, []);
      assert.deepEqual(await watch.remains(page), { ...NOTHING, ...kept });
    } catch (error) {
      await picture(page, `failed-${name}`).catch(() => {});
      for (const complaint of watch.complaints) t.diagnostic(complaint);
      throw error;
    } finally {
      await context.close();
      proxy.close();
    }
  });
}
