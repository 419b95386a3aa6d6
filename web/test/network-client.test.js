/** Predictions of networks with hidden layers, with a service that computes by formulas of its own. */

import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { test } from 'node:test';
import { Client, VeilcastError } from '../index.js';
import { cardOf, fakeNetwork, scoresOf } from './fake-network.js';
import { failure, goodKey } from './support.js';

/** @typedef {import('./fake-network.js').Network} Network */
/** @typedef {import('./fake-network.js').FakeNetwork} FakeNetwork */

const key = goodKey();

/** @param {readonly (readonly number[])[]} rows */
const big = (rows) => rows.map((row) => row.map(BigInt));

/** A hidden layer of three numbers. @type {Network} */
const SMALL = {
  parts: [
    {
      weights: big([
        [7, -7, 0],
        [-7, -7, 5],
        [1, 2, 3],
      ]),
      biases: [-5n, 12n, 29n],
    },
    {
      weights: big([
        [7, -7, 0],
        [-7, 3, -7],
      ]),
      biases: [-5n, 12n],
    },
  ],
  ringBits: 20,
  scoreShift: 0,
  weightBits: 4,
  inputBits: 4,
  slotBits: 20,
};

/** Two hidden layers, whose results have more bits than scores. @type {Network} */
const DEEP = {
  parts: [
    {
      weights: big([
        [127, -90, -53],
        [-127, 21, 58],
        [127, -123, -86],
        [-127, -12, 25],
      ]),
      biases: [-5n, 12n, 29n, 46n],
    },
    {
      weights: big([
        [127, -90, -53, -16],
        [-127, 58, 95, -123],
        [127, -49, -12, 25],
      ]),
      biases: [-5n, 12n, 29n],
    },
    {
      weights: big([
        [127, -90, -53],
        [-127, 21, 58],
      ]),
      biases: [-5n, 12n],
    },
  ],
  ringBits: 88,
  scoreShift: 37,
  weightBits: 8,
  inputBits: 8,
  slotBits: 51,
};

const RECORDS = [
  [1, 2, 3],
  [15, 0, 15],
  [0, 0, 15],
  [7, 8, 9],
  [0, 0, 0],
];

/** The ids of products that rounds begin with, which must never be the same. @param {FakeNetwork} fake @param {number} [part] */
const begunIn = ({ asked }, part = 0) =>
  asked.filter((one) => one.kind === 'round' && one.part === part).flatMap(({ ids }) => ids.map((own) => own[own.length - 1]));

/** @param {import('node:test').TestContext} t @param {Network} network @param {number} count @param {import('../src/client.js').ClientOptions} [options] */
async function filled(t, network, count, options = { tries: 1 }) {
  const fake = await fakeNetwork(t, key, network);
  const client = new Client(fake.url, options);
  const left = await client.fillVouchers('net', { key, count });
  assert.ok(left >= count);
  fake.asked.splice(0);
  return { fake, client, left };
}

/** @param {import('../src/outcome.js').Predictions} run */
const scoresIn = ({ predictions }) => predictions.map(({ scores }) => scores?.map(BigInt));

test('a few vouchers are made where no full row is wanted, and they are as good', async (t) => {
  const fake = await fakeNetwork(t, key, SMALL);
  const client = new Client(fake.url);
  assert.equal(await client.fillVouchers('net', { key, count: 2, isExact: true }), 2);
  const run = await client.predict('net', RECORDS.slice(0, 2), { key, way: 'vouchers' });
  assert.deepEqual(
    scoresIn(run),
    RECORDS.slice(0, 2).map((record) => scoresOf(SMALL, record)),
  );
  assert.equal(client.vouchers('net', { key }), 0);
});

test('vouchers are made part by part, and predictions are exactly those of the network', async (t) => {
  const fake = await fakeNetwork(t, key, SMALL);
  const client = new Client(fake.url);
  /** @type {string[]} */
  const steps = [];
  // Full rows, of as many as a request may hold.
  assert.equal(await client.fillVouchers('net', { key, count: 5, onProgress: ({ step }) => steps.push(step) }), 8);
  assert.equal(client.vouchers('net', { key }), 8);
  assert.deepEqual([...new Set(steps)], ['card', 'encrypt', 'send', 'receive', 'decrypt']);
  const about = fake.asked.map(
    ({
      header: {
        parameters: { layout, part, records, key_proof },
      },
      kind,
    }) => [kind, layout, part, records, key_proof !== undefined],
  );
  const once = [
    ['shares', 'shares', 0, 4],
    ['products', 'products', 0, undefined],
    ['shares', 'shares', 1, 4],
  ];
  assert.deepEqual(
    about,
    [...once, ...once].map((one, i) => [...one, i === 0]),
  );
  assert.deepEqual(
    fake.asked.map(({ header }) => header.inputs[0].shape),
    [
      [1, 3],
      [4, 3],
      [1, 3],
      [1, 3],
      [4, 3],
      [1, 3],
    ],
  );
  fake.asked.splice(0);
  steps.splice(0);

  const run = await client.predict('net', RECORDS, { key, onProgress: ({ step }) => steps.push(step) });
  assert.deepEqual(
    scoresIn(run),
    RECORDS.map((record) => scoresOf(SMALL, record)),
  );
  assert.ok(run.predictions.some(({ index }) => index === 1) && run.predictions.some(({ index }) => index === 0));
  assert.deepEqual([run.way, run.requests, client.vouchers('net', { key })], ['vouchers', 4, 3]);
  assert.deepEqual(steps, ['card', 'encode', ...Array(4).fill(['send', 'receive']).flat()]);
  assert.ok(run.bytesUp > 4 * 300 && run.bytesDown > 4 * 300 && run.times.exchange > 0);
  // Three bytes for each of three numbers; then of three shares and three numbers of the answer before.
  assert.deepEqual(
    fake.asked.map(({ part, header }) => [part, header.inputs[0].shape]),
    [
      [0, [4, 9]],
      [1, [4, 18]],
      [0, [1, 9]],
      [1, [1, 18]],
    ],
  );
  const { parameters } = fake.asked[1].header;
  assert.deepEqual(Object.keys(parameters), ['part', 'vouchers', 'voucher_secret', 'key_fingerprint', 'card_digest']);
  assert.deepEqual(
    fake.asked[1].ids.map((own) => own.length),
    [2, 2, 2, 2],
  );
  assert.equal(new Set(begunIn(fake)).size, 5);
});

test('two hidden layers in a wide ring give exact scores, at the edges too', async (t) => {
  const { fake, client } = await filled(t, DEEP, 5);
  const records = [
    [0, 0, 0],
    [255, 0, 0],
    [0, 255, 255],
    [255, 255, 255],
    [1, 2, 3],
  ];
  const expected = records.map((record) => scoresOf(DEEP, record));
  // Of either sign, and rounded down.
  assert.ok(expected.flat().some((score) => score < -1n) && expected.flat().some((score) => score > 2n ** 40n));
  // −1854091074606/2^37 is between −14 and −13.
  assert.ok(expected.flat().includes(-14n));
  const run = await client.predict('net', records, { key });
  assert.deepEqual(scoresIn(run), expected);
  assert.equal(run.requests, 6);
  assert.deepEqual(
    fake.asked.slice(0, 3).map(({ part, header, ids }) => [part, header.inputs[0].shape, ids[0].length]),
    [
      [0, [4, 33], 2],
      [1, [4, 88], 3],
      [2, [4, 66], 2],
    ],
  );
  for (const part of [0, 1]) assert.equal(new Set(begunIn(fake, part)).size, 5);
});

test('rings of all sizes of words have room for what the card promises', async (t) => {
  for (const ringBits of [8, 9, 31, 32, 33, 53, 54, 63, 64, 65, 100, 126]) {
    // (w·x)²·v is as large as a ring's result can be.
    const slotBits = Math.min(62, ringBits);
    const square = Math.floor((ringBits - 3) / 2);
    const input = Math.min(square, 8);
    const weight = 2n ** BigInt(Math.min(square - input, 15));
    /** @type {Network} */
    const network = {
      parts: [
        { weights: [[weight], [-weight]], biases: [0n, 0n] },
        {
          weights: [
            [1n, 0n],
            [0n, -2n],
          ],
          biases: [1n, -1n],
        },
      ],
      ringBits,
      scoreShift: ringBits - slotBits,
      weightBits: 16,
      inputBits: Math.max(1, input),
      slotBits,
    };
    const { client } = await filled(t, network, 2);
    const records = [[2 ** input - 1], [0]];
    assert.deepEqual(
      scoresIn(await client.predict('net', records, { key })),
      records.map((record) => scoresOf(network, record)),
      `${ringBits} bits`,
    );
  }
});

test('a round that is refused as spent goes on with other vouchers, from the start', async (t) => {
  for (const part of [0, 1, 2]) {
    const { fake, client, left } = await filled(t, DEEP, 8);
    let refused = 0;
    fake.refuse = (asked) => (asked.kind === 'round' && asked.part === part && refused++ === 0 ? { status: 409, code: 'voucher_spent' } : undefined);
    const run = await client.predict('net', RECORDS.slice(0, 2), { key });
    assert.deepEqual(
      scoresIn(run),
      RECORDS.slice(0, 2).map((record) => scoresOf(DEEP, record)),
    );
    assert.deepEqual(
      fake.asked.map((asked) => asked.part),
      [...Array(part + 1).keys(), 0, 1, 2],
    );
    assert.equal(run.requests, part + 4);
    assert.equal(client.vouchers('net', { key }), left - 4);
    assert.equal(new Set(begunIn(fake)).size, 4);
  }
});

test('a service that calls all vouchers spent is not asked for ever', async (t) => {
  const { fake, client, left } = await filled(t, SMALL, 8);
  fake.refuse = () => ({ status: 409, code: 'voucher_spent' });
  await assert.rejects(client.predict('net', [RECORDS[0]], { key }), failure('voucher_spent'));
  assert.deepEqual([fake.asked.length, client.vouchers('net', { key })], [4, left - 4]);
  // Nor is it when the vouchers come to an end.
  await assert.rejects(client.predict('net', RECORDS.slice(0, 4), { key }), failure('voucher_spent'));
  assert.equal(client.vouchers('net', { key }), 0);
  assert.equal(new Set(begunIn(fake)).size, 8);
});

test('when an answer is lost, the round is not repeated, and other vouchers take the record', async (t) => {
  for (const part of [0, 1]) {
    const { fake, client, left } = await filled(t, SMALL, 4, { tries: 3, longestPause: 10 });
    let lost = 0;
    fake.lose = (asked) => asked.kind === 'round' && asked.part === part && lost++ === 0;
    const run = await client.predict('net', [RECORDS[3]], { key });
    assert.deepEqual(scoresIn(run), [scoresOf(SMALL, RECORDS[3])]);
    // The same request again is refused by the service.
    assert.deepEqual(
      fake.asked.map((asked) => asked.part),
      part === 0 ? [0, 0, 0, 1] : [0, 1, 1, 0, 1],
    );
    assert.equal(fake.asked[part].raw.toString('hex'), fake.asked[part + 1].raw.toString('hex'));
    assert.equal(client.vouchers('net', { key }), left - 2);
  }
});

test('other refusals are shown as they come', async (t) => {
  const { fake, client, left } = await filled(t, SMALL, 4);
  for (const [status, code] of /** @type {const} */ ([
    [409, 'round_out_of_order'],
    [400, 'unknown_voucher'],
    [400, 'wrong_round'],
  ])) {
    fake.asked.splice(0);
    fake.refuse = ({ part }) => (part === 1 ? { status, code } : undefined);
    await assert.rejects(client.predict('net', [RECORDS[0]], { key }), failure(code, /refuses: not so/));
    assert.equal(fake.asked.length, 2);
  }
  assert.equal(client.vouchers('net', { key }), left - 3);
});

test('without enough vouchers nothing is sent, and there is no other way', async (t) => {
  const { fake, client } = await filled(t, SMALL, 4);
  await client.prepare('net', { key });
  await assert.rejects(client.predict('net', RECORDS, { key }), failure('no_vouchers', /by vouchers only; 5 records .* only 4 .*fill some first/));
  await assert.rejects(client.predict('net', RECORDS, { key, way: 'direct' }), failure('layout_not_allowed', /vouchers only/));
  assert.equal(fake.asked.length, 0);
  client.dropVouchers();
  await assert.rejects(client.predict('net', RECORDS, { key }), failure('no_vouchers', /there are none/));
});

test('a secret that changes while vouchers are made gives none', async (t) => {
  const fake = await fakeNetwork(t, key, SMALL);
  const client = new Client(fake.url);
  for (const request of [1, 2]) {
    fake.asked.splice(0);
    fake.refuse = (_, count) => {
      if (count === request) fake.secret = String(request).repeat(16);
      return undefined;
    };
    await assert.rejects(client.fillVouchers('net', { key }), failure('voucher_outdated', /while they were being made: fill again/));
    assert.deepEqual([fake.asked.length, client.vouchers('net', { key })], [request + 1, 0]);
  }
  fake.refuse = undefined;
  assert.equal(await client.fillVouchers('net', { key }), 4);
});

test('vouchers of a secret that is gone are dropped, also between two rounds', async (t) => {
  const { fake, client } = await filled(t, SMALL, 8);
  fake.refuse = ({ part }) => {
    if (part === 1) fake.secret = 'f'.repeat(16);
    return undefined;
  };
  await assert.rejects(client.predict('net', [RECORDS[0]], { key }), failure('voucher_outdated'));
  assert.deepEqual([client.vouchers('net', { key }), fake.asked.length], [0, 2]);
});

test('a replaced network is taken, without the vouchers of the one before', async (t) => {
  const { fake, client } = await filled(t, SMALL, 4);
  fake.card = cardOf(SMALL, { description: 'A newer version.' });
  await assert.rejects(client.predict('net', [RECORDS[0]], { key }), failure('no_vouchers'));
  await client.fillVouchers('net', { key });
  const run = await client.predict('net', [RECORDS[0]], { key });
  assert.deepEqual([run.card.fields.description, scoresIn(run)], ['A newer version.', [scoresOf(SMALL, RECORDS[0])]]);
});

test('requests that are too large are halved, of vouchers and of records', async (t) => {
  const fake = await fakeNetwork(t, key, SMALL);
  const client = new Client(fake.url);
  const most = { value: 2 };
  fake.refuse = ({ header }) => (header.inputs[0].shape[0] > most.value ? { status: 413, code: 'body_too_large' } : undefined);
  assert.equal(await client.fillVouchers('net', { key, count: 8 }), 8);
  assert.deepEqual(
    fake.asked.map(({ header }) => header.inputs[0].shape[0]),
    [1, 4, ...Array(4).fill([1, 2, 1]).flat()],
  );
  fake.asked.splice(0);
  const run = await client.predict('net', RECORDS.slice(0, 4), { key });
  assert.deepEqual(
    scoresIn(run),
    RECORDS.slice(0, 4).map((record) => scoresOf(SMALL, record)),
  );
  assert.deepEqual(
    fake.asked.map(({ header }) => header.inputs[0].shape[0]),
    [4, 2, 2, 2, 2],
  );
  assert.equal(new Set(begunIn(fake)).size, 8);
});

const ZEROS = `sha256:${'0'.repeat(64)}`;

/** Name, code, change. @type {[string, string, FakeNetwork['change']][]} */
const faults = [
  ['a number with too many bits', 'bad_answer', { raw: (raw) => raw.writeUInt8(16, 2) }],
  ['another id', 'other_answer', { header: (header) => (header.id = '0'.repeat(32)) }],
  ['the digest of another request', 'other_answer', { header: ({ parameters }) => (parameters.request_digest = ZEROS) }],
  ['the digest of other numbers', 'bad_answer', { header: ({ parameters }) => (parameters.scores_digest = ZEROS) }],
  ['another card', 'other_answer', { header: ({ parameters }) => (parameters.card_digest = ZEROS) }],
  ['another datatype', 'bad_answer', { header: ({ outputs }) => (outputs[0].datatype = 'UINT16') }],
  ['cut off', 'bad_answer', { body: (body) => body.subarray(0, -1) }],
  ['too long', 'answer_too_large', { body: (body) => Buffer.concat([body, Buffer.alloc(100_000)]) }],
];

for (const [i, [name, code, change]] of faults.entries()) {
  // Each in one of the two rounds.
  const part = i % 2;
  test(`an answer of a round with a fault is marked, and other records go all the same: ${name}`, async (t) => {
    const { fake, client } = await filled(t, SMALL, 5);
    // Of the first four records alone.
    const only = (/** @type {any} */ asked) => asked.part === part && asked.header.inputs[0].shape[0] === 4;
    fake.change = {
      raw: (raw, asked) => only(asked) && change.raw?.(raw, asked),
      header: (header, asked) => only(asked) && change.header?.(header, asked),
      body: (body, asked) => (only(asked) ? (change.body?.(body, asked) ?? body) : body),
    };
    const error = await client.predict('net', RECORDS, { key }).then(
      () => assert.fail('it is taken'),
      (error) => error,
    );
    assert.ok(error instanceof VeilcastError && error.predictions, `${error}`);
    const found = error.predictions.map((prediction) => (prediction.failed ? prediction.failed.code : prediction.scores?.map(BigInt)));
    assert.deepEqual(found, [...Array(4).fill(code), scoresOf(SMALL, RECORDS[4])]);
    assert.deepEqual(
      fake.asked.map((asked) => asked.part),
      part === 0 ? [0, 0, 1] : [0, 1, 0, 1],
    );
    assert.doesNotMatch(inspect(error, { depth: 10 }), /label|scores:|seed|share/);
  });
}

/** @type {[string, string, FakeNetwork['change']][]} */
const faultsOfFills = [
  ['another part', 'other_answer', { header: ({ parameters }) => (parameters.part += 1) }],
  ['no part', 'bad_answer', { header: ({ parameters }) => delete parameters.part }],
  [
    'another layout',
    'other_answer',
    {
      header: ({ parameters }, { kind }) => ((parameters.layout = kind === 'shares' ? 'products' : 'shares'), (parameters.records = kind === 'shares' ? 1 : 4)),
    },
  ],
  ['no batch', 'bad_answer', { header: ({ parameters }) => delete parameters.voucher_batch }],
  ['no secret', 'bad_answer', { header: ({ parameters }) => delete parameters.voucher_secret }],
  ['another key', 'other_answer', { header: ({ parameters }) => (parameters.key_fingerprint = '0'.repeat(64)) }],
  ['a ciphertext of zero', 'bad_ciphertext', { raw: (raw) => raw.fill(0, 4, 4 + raw.readUInt32LE(0)) }],
];

for (const [name, code, change] of faultsOfFills) {
  test(`an answer with a part of vouchers that has a fault gives none: ${name}`, async (t) => {
    for (const kind of ['shares', 'products']) {
      const fake = await fakeNetwork(t, key, SMALL);
      const client = new Client(fake.url);
      fake.change = {
        raw: (raw, asked) => asked.kind === kind && change.raw?.(raw, asked),
        header: (header, asked) => asked.kind === kind && change.header?.(header, asked),
      };
      await assert.rejects(client.fillVouchers('net', { key }), failure(code));
      assert.equal(client.vouchers('net', { key }), 0);
    }
  });
}
