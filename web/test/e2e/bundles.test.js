/** The package in bundles, by the bundlers that people use: each tiny page gets a prediction in Chromium. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { test } from 'node:test';
import { BUNDLERS, buildWith } from '../bundles/build.js';
import { listen } from '../listen.js';
import { browser } from './harness/browser.js';
import { digits, folder, serveWith } from './harness/service.js';

/** Serves a folder. @param {import('node:test').TestContext} t @param {string} at */
function siteOf(t, at) {
  /** @type {Record<string, string>} */
  const types = { '.html': 'text/html', '.js': 'text/javascript' };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const file = pathname === '/' ? '/index.html' : pathname;
    const type = types[extname(file)];
    if (!type) return void response.writeHead(404).end();
    response.setHeader('content-type', type).end(readFileSync(join(at, file)));
  });
  return listen(t, server);
}

test('bundles by Vite, webpack and esbuild get predictions, with the key in a worker', { timeout: 300_000 }, async (t) => {
  const sites = await Promise.all(
    Object.keys(BUNDLERS).map(async (name) => {
      const at = join(folder, `bundle-${name}`);
      await buildWith(name, at);
      return { name, url: await siteOf(t, at) };
    }),
  );
  const service = await serveWith(`allowed_origins = ${JSON.stringify(sites.map(({ url }) => url))}`, digits);
  for (const { name, url } of sites) {
    const page = await browser.newPage();
    /** @type {string[]} */
    const complaints = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(`${url}/?service=${encodeURIComponent(service)}`);
    await page.waitForFunction(() => document.body?.textContent === '1', undefined, { timeout: 60_000 }).catch(() => {});
    assert.deepEqual([name, await page.locator('body').textContent(), complaints], [name, '1', []]);
    assert.equal(page.workers().length, 0, 'the key was closed');
    await page.close();
  }
});
