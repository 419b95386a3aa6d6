/** What the page's service worker keeps, and when it answers from that, with caches and a service of the test's own. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { createContext, runInContext } from 'node:vm';
import { textOf } from './support.js';

const HERE = 'https://clinic.example/veilcast/';

const sha256 = (/** @type {string} */ text) => createHash('sha256').update(text).digest('hex');

/** The caches of an origin. */
class Caches {
  /** @type {Map<string, Map<string, string>>} contents by name and address */
  all = new Map();
  keys = async () => [...this.all.keys()];
  delete = async (/** @type {string} */ name) => this.all.delete(name);
  open = async (/** @type {string} */ name) => {
    const cache = this.all.get(name) ?? new Map();
    this.all.set(name, cache);
    return {
      match: async (/** @type {string} */ url) => (cache.has(url) ? new Response(cache.get(url)) : undefined),
      put: async (/** @type {string} */ url, /** @type {Response} */ response) => void cache.set(url, await response.text()),
    };
  };

  /** What is kept of the page, by name. */
  get kept() {
    return [...this.all]
      .filter(([name]) => name.includes(` ${HERE} `))
      .map(([, cache]) => Object.fromEntries([...cache].map(([url, text]) => [url.slice(HERE.length), text])));
  }
}

/** A worker, and a service with some files; undefined stands for a broken connection. */
function started() {
  const caches = new Caches();
  /** @type {Record<string, string | number | undefined>} contents, or statuses, by path */
  const files = { '': '<page>', 'index.js': 'entry', 'page/app.js': 'app' };
  const list = () =>
    ['page/index.html', 'index.js', 'page/app.js'].map((name) => `${sha256(String(files[name === 'page/index.html' ? '' : name]))}  ${name}\n`).join('');
  const service = { files, isThere: true, listed: list() };
  /** @type {Record<string, (event: object) => void>} */
  const handlers = {};
  let isRegistered = true;
  runInContext(
    textOf('web/page/service-worker.js'),
    createContext({
      ...{ URL, Response, TextDecoder, Uint8Array, Error, crypto, caches },
      location: new URL('service-worker.js', HERE),
      addEventListener: (/** @type {string} */ type, /** @type {(event: object) => void} */ handler) => (handlers[type] = handler),
      skipWaiting: () => {},
      registration: { unregister: async () => (isRegistered = false) },
      fetch: async (/** @type {string | {url: string}} */ asked) => {
        if (!service.isThere) throw new TypeError('no connection');
        const path = (typeof asked === 'string' ? asked : asked.url).slice(HERE.length).split('?')[0];
        const found = path === 'page.sha256' ? service.listed : (service.files[path] ?? 404);
        return typeof found === 'number' ? new Response('', { status: found }) : new Response(found);
      },
    }),
  );
  /** Lets the worker handle an event; gives its answer, if it has one. @param {string} type @param {object} [fields] @returns {Promise<Response | undefined>} */
  const handle = async (type, fields = {}) => {
    /** @type {Promise<unknown>[]} */
    const work = [];
    /** @type {Promise<Response> | undefined} */
    let answer;
    handlers[type]({
      ...fields,
      waitUntil: (/** @type {Promise<unknown>} */ promise) => work.push(promise),
      respondWith: (/** @type {Promise<Response>} */ given) => (answer = given),
    });
    await Promise.all(work);
    return answer;
  };
  const ask = (/** @type {string} */ path, { method = 'GET', mode = 'cors' } = {}) => handle('fetch', { request: { method, mode, url: HERE + path } });
  const open = () => ask('', { mode: 'navigate' });
  const textOfAnswer = async (/** @type {Promise<Response | undefined>} */ answer) => (await answer)?.text();
  return { caches, service, list, install: () => handle('install'), ask, open, textOfAnswer, isRegistered: () => isRegistered };
}

test('the files on the list are kept, and used only when the service does not answer', async () => {
  const { caches, service, install, open, ask, textOfAnswer } = started();
  await install();
  const [{ 'page.sha256': _, ...kept }, ...others] = caches.kept;
  assert.deepEqual([kept, others], [{ '': '<page>', 'index.js': 'entry', 'page/app.js': 'app' }, []]);
  service.files['page/app.js'] = 'newer';
  assert.equal(await textOfAnswer(ask('page/app.js')), 'newer');
  for (const status of [502, 503, 504]) {
    service.files['page/app.js'] = status;
    assert.equal(await textOfAnswer(ask('page/app.js?x')), 'app');
  }
  service.isThere = false;
  assert.equal(await textOfAnswer(open()), '<page>');
  assert.equal(await textOfAnswer(ask('page/app.js')), 'app');
  assert.equal((await ask('page/nothing.js'))?.type, 'error');
  // A refusal is an answer.
  Object.assign(service, { isThere: true }).files['page/app.js'] = 403;
  assert.equal((await ask('page/app.js'))?.status, 403);
});

test('requests of the API, and all that is not a file of the page, are left alone', async () => {
  const { install, ask, caches } = started();
  await install();
  const before = JSON.stringify(caches.kept);
  for (const path of ['v2/models', 'v2/models/digits/infer', 'v2', 'page.sha256', 'service-worker.js', 'metrics', 'other/page/app.js', 'page/'])
    assert.equal(await ask(path), undefined, path);
  assert.equal(await ask('page/app.js', { method: 'POST' }), undefined);
  assert.equal(JSON.stringify(caches.kept), before);
});

test('a changed page takes the place of the one before, all of it or nothing', async () => {
  const { caches, service, list, install, open } = started();
  await caches.open('veilcast page https://clinic.example/ other');
  await install();
  const [before] = caches.kept;
  // A file that is not the listed one, and one that can't be had.
  for (const wrong of ['<portal>', 500]) {
    service.files['page/app.js'] = 'newer';
    service.listed = list();
    service.files['page/app.js'] = wrong;
    await open();
    assert.deepEqual(
      caches.kept.filter((cache) => cache['page.sha256']),
      [before],
    );
  }
  service.files['page/app.js'] = 'newer';
  await open();
  assert.deepEqual(
    caches.kept.map((cache) => cache['page/app.js']),
    ['newer'],
  );
  // That of another page of the origin stays.
  assert.equal(caches.all.size, 2);
});

test('nothing is left of a page that is gone', async () => {
  const { caches, service, install, open, isRegistered } = started();
  await install();
  service.isThere = false;
  await open();
  assert.deepEqual([caches.kept.length, isRegistered()], [1, true]);
  service.isThere = true;
  Object.assign(service, { listed: 404 });
  await open();
  assert.deepEqual([caches.kept.length, isRegistered()], [0, false]);
});
