/** A proxy between browser and service, on a socket of its own: it keeps what passes, and can get in the way. */

import { once } from 'node:events';
import { createServer, request as send } from 'node:http';

/**
 * @typedef {import('node:http').IncomingMessage} IncomingMessage
 * @typedef {import('node:http').ServerResponse} ServerResponse
 * @typedef {{status: number, headers: import('node:http').OutgoingHttpHeaders, body: Buffer}} Answer
 *
 * @typedef {object} Exchange
 * @property {string} method
 * @property {string} path
 * @property {import('node:http').IncomingHttpHeaders} headers
 * @property {Buffer} body
 * @property {ServerResponse} response
 * @property {(target?: string) => Promise<Answer>} ask the service's answer, or that of another one
 *
 * @typedef {(exchange: Exchange) => Promise<Answer | undefined>} Rule gives an answer, or none: the connection breaks
 */

/** The service's own answers. @type {Rule} */
export const PASS = ({ ask }) => ask();

/** As if there were no service. @type {Rule} */
export const AWAY = async () => undefined;

/** @param {number} status @param {string} body @param {import('node:http').OutgoingHttpHeaders} [headers] @returns {Answer} */
export const answer = (status, body, headers = {}) => ({ status, headers, body: Buffer.from(body) });

/** No header is longer. */
const HEADER = 16 * 1024;

/** @typedef {'question' | 'fill' | 'masked' | 'sealed'} Kind of inference requests: with encrypted records, for vouchers, with masked records, to sealed models */

/** @param {{path: string, body: Buffer}} request @returns {Kind | undefined} */
export function kindOf({ path, body }) {
  if (!path.endsWith('/infer')) return undefined;
  if (body.includes('"masked_records"') || body.includes('"masked_layer"')) return 'masked';
  if (body.includes('"sealed_records"')) return 'sealed';
  return /"layout":"(vouchers|shares|products)"/.test(body.toString('latin1', 0, HEADER)) ? 'fill' : 'question';
}

/** Whether a request is about vouchers: such come when the page has time for them. @param {Exchange} exchange */
const isOfVouchers = (exchange) => ['fill', 'masked'].includes(kindOf(exchange) ?? '');

/**
 * The first answers to requests for a path, other than those about vouchers, are others; then the service's own come.
 *
 * @param {string} suffix of the paths
 * @param {...Rule} rules for the first, the second…
 * @returns {Rule}
 */
export function first(suffix, ...rules) {
  return (exchange) => ((exchange.path.endsWith(suffix) && !isOfVouchers(exchange) && rules.shift()) || PASS)(exchange);
}

export class Proxy {
  /** What becomes of requests. */
  rule = PASS;
  /** Requests in the order they came. @type {{method: string, path: string, body: Buffer}[]} */
  requests = [];
  url = '';
  #target;
  #server = createServer((request, response) => void this.#serve(request, response));
  /** Raw bytes of each connection from the browser. @type {Buffer[][]} */
  #received = [];

  /** What browsers see before the paths that the service knows. */
  #prefix;

  /** @param {string} target URL of the service @param {string} [prefix] of all paths in front of the proxy, such as `/clinic` */
  constructor(target, prefix = '') {
    this.#target = target;
    this.#prefix = prefix;
    this.#server.on('connection', (socket) => {
      /** @type {Buffer[]} */
      const parts = [];
      this.#received.push(parts);
      socket.on('data', (part) => parts.push(part));
    });
  }

  /** All that the browser sent, byte for byte, a connection each. */
  get received() {
    return this.#received.map((parts) => Buffer.concat(parts));
  }

  async listen() {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const { port } = /** @type {import('node:net').AddressInfo} */ (this.#server.address());
    this.url = `http://127.0.0.1:${port}${this.#prefix}`;
  }

  close() {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** @param {IncomingMessage} request @param {ServerResponse} response */
  async #serve(request, response) {
    try {
      const body = await bytesOf(request);
      const { method = '', url = '', headers } = request;
      const isInside = url.startsWith(`${this.#prefix}/`);
      if (!isInside) return void response.writeHead(404).end('nothing of the service is here');
      const path = url.slice(this.#prefix.length);
      this.requests.push({ method, path, body });
      const ask = (target = this.#target) => forward(new URL(path, target), request, body);
      const given = await this.rule({ method, path, headers, body, response, ask });
      if (!given) return void response.destroy();
      response.writeHead(given.status, { ...given.headers, 'content-length': given.body.length }).end(given.body);
    } catch {
      // The browser, or the service, went away.
      response.destroy();
    }
  }
}

/** @param {AsyncIterable<Buffer>} stream */
async function bytesOf(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

/**
 * @param {URL} url
 * @param {IncomingMessage} request
 * @param {Buffer} body
 * @returns {Promise<Answer>}
 */
async function forward(url, { method, headers }, body) {
  // What passes is looked at and changed, so it must not be compressed.
  const forwarded = send(url, { method, headers: { ...headers, host: url.host, connection: 'close', 'accept-encoding': 'identity' } });
  forwarded.end(body);
  const [response] = /** @type {[IncomingMessage]} */ (await once(forwarded, 'response'));
  const { connection: _, 'transfer-encoding': __, ...kept } = response.headers;
  return { status: response.statusCode ?? 0, headers: kept, body: await bytesOf(response) };
}
