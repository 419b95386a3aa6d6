/**
 * Calls over HTTP: repeated when that may help, no more bytes than expected, errors in plain words.
 */

import { VeilcastError, excerpt } from './error.js';

/**
 * @typedef {object} TransportOptions
 * @property {number} [tries] how often a call is tried
 * @property {number} [timeout] milliseconds that a try may take
 * @property {number} [longestPause] milliseconds to wait between two tries, at most
 * @property {string} [token] shows the service who is asking: it goes to the service's own origin alone
 * @property {Record<string, string>} [headers] of every request, such as a proxy in front of the service wants
 * @property {boolean} [tokenInClear] whether the token may go to another machine over http, where anyone on the way can read it
 *
 * @typedef {RequestInit & {limit: number, onRetry?: (pause: number) => void}} CallOptions at most this many bytes come
 *   back; and the milliseconds until another try
 */

/** Statuses of a service that may answer later. */
const PASSING = [429, 502, 503, 504];

/** The code of a service that is not busy, but has seen too many new keys from a caller. */
const TOO_MANY_KEYS = 'too_many_keys';

/** The code of a caller who has used up what the service allows. */
const QUOTA_USED_UP = 'quota_used_up';

/** The status, and the code, of a request that is larger than the service or a proxy in front of it takes. */
const TOO_LARGE = 413;
const REQUEST_TOO_LARGE = 'body_too_large';

const FIRST_PAUSE = 500;
const MAX_PROBLEM_BYTES = 64 * 1024;

/** A service at a URL. */
export class Transport {
  #tries;
  #timeout;
  #longestPause;
  /** Private, so that no log shows the token. @type {Headers} */
  #headers;

  /**
   * @param {string} base
   * @param {TransportOptions} options
   */
  constructor(base, { tries = 4, timeout = 60_000, longestPause = 10_000, token, headers = {}, tokenInClear = false }) {
    try {
      // A page may give a path on its own origin.
      const url = new URL(base.endsWith('/') ? base : `${base}/`, globalThis.location?.href);
      if (!/^https?:$/.test(url.protocol)) throw new TypeError(url.protocol);
      /** @readonly */
      this.url = url;
    } catch {
      throw new VeilcastError('bad_url', `"${excerpt(base)}" is not the URL of a service: write it as https://host or http://host:port`);
    }
    this.#headers = authorized(this.url, token, headers, tokenInClear);
    this.#tries = tries;
    this.#timeout = timeout;
    this.#longestPause = longestPause;
  }

  /**
   * The answer to a call.
   *
   * @param {string} path below the service's URL
   * @param {CallOptions} options
   * @returns {Promise<{headers: Headers, body: Uint8Array<ArrayBuffer>}>}
   * @throws {VeilcastError} `unreachable`, `timed_out`, `busy`, `too_many_keys`, `not_veilcast`, or the service's code
   */
  async call(path, options) {
    for (let failed = 1; ; failed++) {
      try {
        return await this.#try(path, options);
      } catch (error) {
        options.signal?.throwIfAborted();
        if (!(error instanceof Passing)) throw error;
        const least = Math.min(this.#longestPause, FIRST_PAUSE * 2 ** (failed - 1) * (1 + Math.random() / 2));
        const pause = Math.max(least, error.asked);
        if (failed >= this.#tries || pause > this.#longestPause) throw error.error;
        options.onRetry?.(pause);
        await sleep(pause, options.signal ?? undefined);
      }
    }
  }

  /** @param {string} path @param {CallOptions} options */
  async #try(path, { limit, onRetry: _, signal, headers, ...init }) {
    const timeout = AbortSignal.timeout(this.#timeout);
    const ended = signal ? AbortSignal.any([signal, timeout]) : timeout;
    try {
      const all = new Headers(this.#headers);
      new Headers(headers).forEach((value, name) => all.set(name, value));
      // A redirect could lead the token elsewhere.
      const response = await fetch(new URL(path, this.url), { ...init, headers: all, redirect: 'manual', signal: ended });
      if (response.ok) return { headers: response.headers, body: await read(response, limit) };
      throw this.#refusal(response, await read(response, MAX_PROBLEM_BYTES));
    } catch (error) {
      if (error instanceof VeilcastError || error instanceof Passing) throw error;
      if (timeout.aborted) throw new VeilcastError('timed_out', `${this.url.href} did not answer within ${this.#timeout / 1000} seconds`);
      // Browsers don't say why; Node does in the cause.
      const cause = error instanceof Error && error.cause instanceof Error ? `: ${excerpt(error.cause.message)}` : '';
      const message = `no answer from ${this.url.href}${cause}; check the address, the connection, and that the service is running`;
      throw new Passing(new VeilcastError('unreachable', message, { cause: error }));
    }
  }

  /** @param {Response} response @param {Uint8Array} body */
  #refusal({ status, headers }, body) {
    const { error, code } = problem(body);
    const asked = /^\d{1,8}$/.exec(headers.get('retry-after')?.trim() ?? '')?.[0];
    const seconds = Number(asked ?? 0);
    if (code === QUOTA_USED_UP) {
      const again = asked ? ` (again in ${inWords(seconds)})` : '';
      const refused = new VeilcastError(code, `${this.url.href} refuses further requests for now: ${error}${again}`);
      // Without a time it may be months.
      return asked ? new Passing(refused, 1000 * seconds) : refused;
    }
    if (status === TOO_LARGE) {
      return new VeilcastError(REQUEST_TOO_LARGE, `${this.url.href}, or a proxy in front of it, refuses the request as too large`);
    }
    if (PASSING.includes(status)) {
      const message = `${this.url.href} is busy (status ${status}${error ? `: ${error}` : ''}); try again later`;
      return new Passing(new VeilcastError(code === TOO_MANY_KEYS ? code : 'busy', message), 1000 * seconds);
    }
    if (!error) return new VeilcastError('not_veilcast', `${this.url.href} is not a Veilcast service: it answers with status ${status}`);
    return new VeilcastError(code, `${this.url.href} refuses: ${error}`);
  }
}

/** Whether a request was refused as too large. @param {unknown} error */
export const isTooLarge = (error) => error instanceof VeilcastError && error.code === REQUEST_TOO_LARGE;

/** A failure that another try may overcome. */
class Passing extends Error {
  /** @param {VeilcastError} error @param {number} [asked] milliseconds that the service asks to wait */
  constructor(error, asked = 0) {
    super(error.message);
    this.error = error;
    this.asked = asked;
  }
}

/** Characters of a token. */
const TOKEN = /^[\w.~+/=-]{1,4096}$/;

/** Hosts that are this machine. */
const HERE = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * The headers of every request. A token isn't sent if the connection isn't safe, and no error repeats it.
 *
 * @param {URL} url
 * @param {string | undefined} token
 * @param {Record<string, string>} headers
 * @param {boolean} inClear
 */
function authorized(url, token, headers, inClear) {
  let all;
  try {
    all = new Headers(headers);
  } catch {
    throw new VeilcastError('bad_header', 'one of the headers has a name or a value that HTTP does not allow');
  }
  if (token === undefined) return all;
  if (!TOKEN.test(token)) throw new VeilcastError('bad_token', 'a token consists only of letters, digits and -._~+/=');
  if (all.has('authorization')) throw new VeilcastError('bad_header', 'both a token and an Authorization header are given: leave one out');
  if (url.protocol === 'http:' && !HERE.test(url.hostname) && !inClear) {
    throw new VeilcastError('token_in_clear', `anyone on the way to ${url.href} could read the token: use https`);
  }
  all.set('authorization', `Bearer ${token}`);
  return all;
}

/** A time to wait. @param {number} seconds */
function inWords(seconds) {
  const units = /** @type {const} */ ([
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ]);
  const first = Math.max(
    0,
    units.findIndex(([, length]) => seconds >= length),
  );
  const pair = units.slice(first, first + 2);
  return pair.map(([unit, length], i) => `${Math.floor((i ? seconds % pair[0][1] : seconds) / length)} ${unit}`).join(' ');
}

/** What a service says about a refusal. @param {Uint8Array} body */
function problem(body) {
  try {
    const { error, code } = JSON.parse(new TextDecoder().decode(body));
    if (typeof error === 'string') return { error: excerpt(error), code: excerpt(code ?? 'refused') };
  } catch {
    // Not a problem document: not a Veilcast service.
  }
  return { error: '', code: '' };
}

/**
 * A response's body, if it is not longer than a limit.
 *
 * @param {Response} response
 * @param {number} limit
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
async function read(response, limit) {
  const reader = response.body?.getReader();
  /** @type {Uint8Array[]} */
  const parts = [];
  let length = 0;
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done || !value) break;
    length += value.length;
    if (length > limit) {
      await reader?.cancel();
      throw new VeilcastError('answer_too_large', `the answer has more than ${limit} bytes, which no Veilcast service sends`);
    }
    parts.push(value);
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return body;
}

/** @param {number} milliseconds @param {AbortSignal} [signal] */
async function sleep(milliseconds, signal) {
  await /** @type {Promise<void>} */ (
    new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      signal?.addEventListener('abort', done);
    })
  );
  signal?.throwIfAborted();
}
