/**
 * A service for tests with a network whose hidden layers square their numbers, by formulas of its own. It has the secret key, which no
 * real service has.
 */

import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { bigintFromBytes, bytesFromBigint } from '../src/bigint.js';
import { digestOf, elementsOf, framed, opened, withLengths } from './framed.js';
import { listen } from './listen.js';

/**
 * @typedef {object} Network
 * @property {{weights: bigint[][], biases: bigint[]}[]} parts
 * @property {number} ringBits
 * @property {number} scoreShift
 * @property {number} weightBits
 * @property {number} inputBits
 * @property {number} slotBits
 *
 * @typedef {object} Asked
 * @property {any} header
 * @property {Buffer} raw
 * @property {'shares' | 'products' | 'round'} kind
 * @property {number} part
 * @property {string[][]} ids of a round, for each record
 *
 * @typedef {object} FakeNetwork
 * @property {string} url
 * @property {Asked[]} asked
 * @property {Buffer} card
 * @property {string} secret
 * @property {((asked: Asked, count: number) => {status: number, code: string} | undefined) | undefined} refuse
 * @property {((asked: Asked, count: number) => boolean) | undefined} lose whether an answer is lost on its way
 * @property {{header?: (header: any, asked: Asked) => void, raw?: (raw: Buffer, asked: Asked) => void, body?: (body: Buffer, asked: Asked) => Buffer}} change
 */

const ID_BYTES = 20;

/** What the network gives, exactly, without any modulus. @param {Network} network @param {readonly number[]} record */
export function scoresOf({ parts, scoreShift }, record) {
  const results = parts.reduce((values, { weights, biases }, part) => {
    const inputs = part === 0 ? values : values.map((h) => h * h);
    return weights.map((row, o) => row.reduce((sum, w, i) => sum + w * inputs[i], biases[o]));
  }, record.map(BigInt));
  // Rounded down, below zero too.
  const unit = 2n ** BigInt(scoreShift);
  return results.map((y) => (y - (((y % unit) + unit) % unit)) / unit);
}

/** @param {Network} network @param {object} [fields] */
export const cardOf = ({ parts, ringBits, scoreShift, weightBits, inputBits, slotBits }, fields = {}) =>
  Buffer.from(
    JSON.stringify({
      format: 'veilcast-card/1',
      name: 'net',
      version: '1',
      description: 'A network.',
      input: { kind: 'array', shape: [parts[0].weights[0].length], preprocessing: { version: 3, steps: [] } },
      quantization: { bits: inputBits, step: 1, zero: 0 },
      hidden: {
        sizes: parts.slice(0, -1).map(({ weights }) => weights.length),
        weight_bits: parts.map(() => weightBits),
        ring_bits: ringBits,
        score_shift: scoreShift,
      },
      output: { labels: parts[parts.length - 1].weights.map((_, i) => `class ${i}`), scales: parts[parts.length - 1].weights.map(() => 1), activation: 'none' },
      bounds: { slot_bits: slotBits, certified: true },
      layouts: {},
      limits: { max_records: 4, max_ciphertexts: 40 },
      ways: ['vouchers'],
      ...fields,
    }),
  );

/** A number of k bits that only the service knows. @param {Network} network @param {string} what @param {number} index */
function drawn({ ringBits }, what, index) {
  const digest = createHash('sha256').update(`${what} ${index}`).digest('hex');
  return BigInt(`0x${digest}`) % 2n ** BigInt(ringBits);
}

/** Bits between the slots of shares: k, those of the largest sum of weights, and 41. @param {Network} network @param {number} inputs */
function unitOfShares({ ringBits, weightBits }, inputs) {
  let bits = 0;
  while (2 ** bits < 2 ** (weightBits - 1) * inputs) bits += 1;
  return ringBits + bits + 41;
}

/**
 * Starts a service that ends with the test.
 *
 * @param {import('node:test').TestContext} t
 * @param {import('../index.js').SecretKey} key
 * @param {Network} network
 * @returns {Promise<FakeNetwork>}
 */
export async function fakeNetwork(t, key, network) {
  /** @type {FakeNetwork} */
  const fake = { url: '', asked: [], card: cardOf(network), secret: '0123456789abcdef', refuse: undefined, lose: undefined, change: {} };
  /** Batches with what they are of; products, with how often they were used. */
  const [batches, uses] = [new Map(), new Map()];
  const server = createServer(async (request, response) => {
    if (request.method === 'GET') return void response.end(fake.card);
    const { body, header: asks, raw: data } = await framed(request);
    const asked = read(asks, data);
    const count = fake.asked.push(asked) - 1;
    const refusal = fake.refuse?.(asked, count) ?? judge(asked, fake, batches, uses, network.parts.length);
    if (refusal) return void response.writeHead(refusal.status).end(JSON.stringify({ error: 'not so', code: refusal.code }));
    const { parameters, output, raw } = asked.kind === 'round' ? roundAnswer(network, asked, fake) : await aheadAnswer(network, asked, fake, key, batches);
    if (fake.lose?.(asked, count)) return void response.destroy();
    fake.change.raw?.(raw, asked);
    const scores = asked.kind === 'round' ? raw : Buffer.concat(elementsOf(raw));
    const header = {
      model_name: 'net',
      model_version: '1',
      id: asked.header.id,
      parameters: { ...parameters, card_digest: digestOf(fake.card), request_digest: digestOf(body), scores_digest: digestOf(scores) },
      outputs: [{ ...output, parameters: { binary_data_size: raw.length } }],
    };
    fake.change.header?.(header, asked);
    const head = Buffer.from(JSON.stringify(header));
    const answer = Buffer.concat([head, raw]);
    response.writeHead(200, { 'inference-header-content-length': String(head.length) }).end(fake.change.body?.(answer, asked) ?? answer);
  });
  fake.url = await listen(t, server);
  return fake;
}

/** @param {any} header @param {Buffer} raw @returns {Asked} */
function read(header, raw) {
  const {
    parameters: { layout, part, vouchers },
    inputs: [
      {
        name,
        shape: [rows],
      },
    ],
  } = header;
  const ids = Buffer.from(vouchers ?? '', 'base64url');
  const perRecord = ids.length / rows;
  const of = (/** @type {number} */ row) =>
    ids
      .subarray(row * perRecord, (row + 1) * perRecord)
      .toString('hex')
      .match(/.{40}/g) ?? [];
  return { header, raw, part, kind: name === 'masked_layer' ? 'round' : layout, ids: Array.from({ length: vouchers ? rows : 0 }, (_, row) => of(row)) };
}

/**
 * @param {Asked} asked
 * @param {FakeNetwork} fake
 * @param {Map<string, string>} batches
 * @param {Map<string, number>} uses
 * @param {number} parts
 */
function judge({ header, kind, part, ids }, { card, secret }, batches, uses, parts) {
  const { card_digest, voucher_secret } = header.parameters;
  if (card_digest !== digestOf(card)) return { status: 409, code: 'wrong_card_digest' };
  if (kind !== 'round') return undefined;
  if (voucher_secret !== secret) return { status: 409, code: 'voucher_outdated' };
  const expected = [`shares ${part}`, ...(part > 0 ? [`products ${part - 1}`] : []), ...(part + 1 < parts ? [`products ${part}`] : [])];
  const isKnown = ids.every((own) => own.length === expected.length && own.every((id, i) => batches.get(id.slice(0, 32)) === expected[i]));
  if (!isKnown) return { status: 400, code: 'unknown_voucher' };
  const begun = ids.flatMap((own) => (part + 1 < parts ? own.slice(-1) : []));
  const ended = ids.flatMap((own) => (part > 0 ? [own[1]] : []));
  if (begun.some((id) => uses.has(id)) || ended.some((id) => uses.get(id) === 2)) return { status: 409, code: 'voucher_spent' };
  if (ended.some((id) => !uses.has(id))) return { status: 409, code: 'round_out_of_order' };
  for (const id of begun) uses.set(id, 1);
  for (const id of ended) uses.set(id, 2);
}

/** @param {Network} network @param {Asked} asked @param {FakeNetwork} fake @param {import('../index.js').SecretKey} key @param {Map<string, string>} batches */
async function aheadAnswer(network, { header, raw, kind, part }, { secret }, key, batches) {
  const { parameters } = header;
  const { rows, columns, width, plaintexts } = await opened({ header, raw }, key);
  const batch = randomBytes(16).toString('hex');
  batches.set(batch, `${kind} ${part}`);
  const idOf = (/** @type {number} */ number) => `${batch}${number.toString(16).padStart(8, '0')}`;
  const { weights } = network.parts[part];
  const ring = BigInt(network.ringBits);
  // A multiple of 2^k, more than what lies below it.
  const above = (/** @type {number} */ bits) => ((1n << BigInt(bits)) + BigInt(`0x${randomBytes(3).toString('hex')}`)) << ring;
  const answers = Array.from({ length: rows }, (_, r) => {
    const inputs = plaintexts.slice(r * columns, (r + 1) * columns);
    if (kind === 'shares') {
      const unit = unitOfShares(network, columns);
      const perRow = Math.min(Math.floor((key.bits - 1) / unit), 4);
      const slots = Math.min(perRow, parameters.records - r * perRow);
      return weights.map((row, o) => {
        let answer = row.reduce((sum, w, i) => sum + w * inputs[i], 0n);
        for (let t = 0; t < slots; t++) {
          answer += (above(unit - network.ringBits - 5) - drawn(network, `${secret} s ${idOf(r * perRow + t)}`, o)) << BigInt(unit * t);
        }
        return answer;
      });
    }
    const unit = 2 * network.ringBits + 41;
    const slots = Math.min(Math.floor((key.bits - 1) / unit), columns);
    return Array.from({ length: Math.ceil(columns / slots) }, (_, a) =>
      inputs.slice(a * slots, (a + 1) * slots).reduce((sum, share, i) => {
        const [factor, own] = ['t', 'u'].map((kind) => drawn(network, `${secret} ${kind} ${idOf(r)}`, a * slots + i));
        return sum + ((factor * share - own + above(network.ringBits + 30)) << BigInt(unit * i));
      }, 0n),
    );
  });
  const scores = (await key.encryptMany(answers.flat())).map((c) => Buffer.from(bytesFromBigint(c, width)));
  return {
    parameters: {
      key_fingerprint: await key.fingerprint(),
      layout: kind,
      part,
      records: parameters.records,
      voucher_batch: batch,
      voucher_secret: secret,
    },
    output: { name: 'scores', shape: [rows, answers[0].length], datatype: 'BYTES' },
    raw: withLengths(scores),
  };
}

/** @param {Network} network @param {Asked} asked @param {FakeNetwork} fake */
function roundAnswer(network, { header, raw, part, ids }, { secret }) {
  const {
    inputs: [
      {
        shape: [rows, columns],
      },
    ],
  } = header;
  const modulus = 2n ** BigInt(network.ringBits);
  const width = Math.ceil(network.ringBits / 8);
  const { weights, biases } = network.parts[part];
  const mod = (/** @type {bigint} */ x) => ((x % modulus) + modulus) % modulus;
  const answers = Array.from({ length: rows }, (_, r) => {
    const numbers = Array.from({ length: columns / width }, (_, i) => {
      const at = r * columns + i * width;
      return bigintFromBytes(Uint8Array.from(raw.subarray(at, at + width)).reverse());
    });
    const inputs = weights[0].map((_, i) => {
      if (part === 0) return numbers[i];
      const z = numbers[weights[0].length + i] + drawn(network, `${secret} t ${ids[r][1]}`, i);
      return numbers[i] + z * z + 2n * drawn(network, `${secret} u ${ids[r][1]}`, i);
    });
    return weights.map((row, o) => {
      const z = row.reduce((sum, w, i) => sum + w * inputs[i], biases[o]) + drawn(network, `${secret} s ${ids[r][0]}`, o);
      return mod(part + 1 < network.parts.length ? z - drawn(network, `${secret} t ${ids[r][ids[r].length - 1]}`, o) : z);
    });
  });
  const bytes = answers.flat().flatMap((number) => [...bytesFromBigint(number, width)].reverse());
  return { parameters: {}, output: { name: 'masked_scores', shape: [rows, weights.length * width], datatype: 'UINT8' }, raw: Buffer.from(bytes) };
}
