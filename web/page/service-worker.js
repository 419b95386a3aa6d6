/**
 * Keeps the page's own files, so that the page opens without a connection.
 *
 * The service is always asked first: nobody sees an old page while the service answers. Its API is none of this script's business:
 * no answer, no key and no record passes here or is kept.
 *
 * A plain script, since not every browser takes a module here.
 */

/**
 * @typedef {Event & {waitUntil: (work: Promise<unknown>) => void}} Extendable
 * @typedef {Extendable & {request: Request, respondWith: (response: Promise<Response>) => void}} FetchEvent
 */

const worker = /** @type {{registration: ServiceWorkerRegistration, skipWaiting: () => void}} */ (/** @type {unknown} */ (globalThis));

/** Where the page is. */
const HERE = new URL('./', location.href).href;

/** The names of the files with their SHA-256, as `sha256sum` writes them. */
const LIST = new URL('page.sha256', HERE).href;

/** The page's own file is shown at the root alone. */
const INDEX = 'page/index.html';

/** How the name of a cache begins: all pages of an origin share their caches. */
const MINE = `veilcast page ${HERE} `;

/** Statuses of a proxy in front of a service that is away. */
const AWAY = [502, 503, 504];

/** Statuses of a service that has no page, or no longer. */
const GONE = [404, 410];

addEventListener('install', (event) => {
  worker.skipWaiting();
  /** @type {Extendable} */ (event).waitUntil(keep());
});

addEventListener('fetch', (event) => {
  const asked = /** @type {FetchEvent} */ (event);
  const url = fileOf(asked.request);
  if (url === undefined) return;
  asked.respondWith(answer(asked.request, url));
  // It fails without a connection: what is kept stays.
  if (asked.request.mode === 'navigate') asked.waitUntil(keep().catch(() => {}));
});

/** The address of the page's file that is asked for, if it is one. @param {Request} request */
function fileOf({ method, url }) {
  if (method !== 'GET' || !url.startsWith(HERE)) return undefined;
  const [file] = url.slice(HERE.length).split(/[?#]/);
  return /^(|index\.js|(page|src)\/.+)$/.test(file) ? HERE + file : undefined;
}

/** The service's answer, or the kept file if there is none. @param {Request} request @param {string} url @returns {Promise<Response>} */
async function answer(request, url) {
  const answered = await fetch(request).catch(() => Response.error());
  if (answered.type !== 'error' && !AWAY.includes(answered.status)) return answered;
  return (await (await kept())?.match(url, { ignoreVary: true })) ?? answered;
}

/** The cache of a whole page: the list is the last that is put there. */
async function kept() {
  for (const name of await mine()) {
    const cache = await caches.open(name);
    if (await cache.match(LIST)) return cache;
  }
  return undefined;
}

/** The names of this page's caches. */
const mine = async () => (await caches.keys()).filter((name) => name.startsWith(MINE));

/** The last time that the page was kept. @type {Promise<unknown>} */
let keeping = Promise.resolve();

/** Keeps the page after it was kept before: of two at once, the older could forget what the newer has kept. */
function keep() {
  const kept = keeping.then(keepNow);
  keeping = kept.catch(() => {});
  return kept;
}

/** Keeps the page as it is now, all of it or nothing, and forgets the one before. */
async function keepNow() {
  const answered = await fetch(LIST, { cache: 'no-cache' });
  if (GONE.includes(answered.status)) return forget();
  if (!answered.ok) throw new Error(`the list of the page's files can't be had: status ${answered.status}`);
  const list = await answered.clone().arrayBuffer();
  const name = MINE + (await sha256(list));
  const cache = await caches.open(name);
  if (!(await cache.match(LIST))) {
    const lines = new TextDecoder().decode(list).trimEnd().split('\n');
    const files = await Promise.all(lines.map((line) => fetched(line.split('  '))));
    for (const { url, file } of files) await cache.put(url, file);
    await cache.put(LIST, answered);
  }
  await Promise.all((await mine()).filter((other) => other !== name).map((other) => caches.delete(other)));
}

/** A file, if it is the one on the list. @param {string[]} line its SHA-256 and its name */
async function fetched([digest, name]) {
  const url = new URL(name === INDEX ? './' : name, HERE).href;
  const file = await fetch(url, { cache: 'no-cache', redirect: 'error' });
  if (!file.ok || (await sha256(await file.clone().arrayBuffer())) !== digest) throw new Error(`${url} is not the file on the list`);
  return { url, file };
}

/** Leaves nothing behind. */
async function forget() {
  await Promise.all((await mine()).map((name) => caches.delete(name)));
  await worker.registration.unregister();
}

/** In hexadecimal. @param {BufferSource} bytes */
async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
