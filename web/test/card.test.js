import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Card, Encoder } from '../index.js';
import { digitsCard, failure } from './support.js';

const fields = JSON.parse(new TextDecoder().decode(digitsCard()));

/** Without the largest scores of the digit model's ten outputs. */
const bounds = { slot_bits: fields.bounds.slot_bits, certified: true };

const publicPart = { sha256: '0'.repeat(64), bytes: 1, shape: [1, 28, 28], features: 64, description: '' };

/** @param {unknown} json */
const parse = (json) => Card.parse(new TextEncoder().encode(JSON.stringify(json)));

test("the digit model's card", async () => {
  const card = await Card.parse(digitsCard());
  assert.equal(card.features, 784);
  assert.equal(card.outputs, 10);
  assert.equal(card.slotBits, 16);
  assert.equal(card.digest, `sha256:${createHash('sha256').update(digitsCard()).digest('hex')}`);
  const encoder = await Encoder.of(card);
  const { values, clipped } = encoder.quantize(Array.from({ length: 784 }, (_, i) => i % 256));
  assert.deepEqual([values[0], values[8], values[9], values[255]], [0, 0, 1, 15]);
  assert.equal(clipped, 0);
  assert.equal(encoder.quantize(Array(784).fill(300)).clipped, 784);
});

test('malformed cards are refused by the name of the field', async () => {
  /** @type {[RegExp, (card: any) => void][]} */
  const faults = [
    [/format/, (card) => (card.format = 'veilcast-card/2')],
    [/name/, (card) => (card.name = '../digits')],
    [/version/, (card) => (card.version = '')],
    [/weights/, (card) => (card.weights = [])],
    [/bits/, (card) => (card.quantization.bits = 17)],
    [/step/, (card) => (card.quantization.step = 0)],
    [/step/, (card) => (card.quantization.step = [1, 2])],
    [/zero/, (card) => (card.quantization.zero = 'none')],
    [/shape/, (card) => (card.input.shape = [28, 28, 4])],
    [/shape/, (card) => (card.input.shape = [])],
    [/shape/, (card) => (card.input.shape = [262144, 2])],
    [/fit/, (card) => (card.input.shape = [28, 28, 3])],
    [/features/, (card) => (card.input.features = ['a'])],
    [/features_per|layouts/, (card) => (card.public_part = { ...publicPart, features: 8 })],
    [/labels/, (card) => (card.output.labels[1] = '0')],
    [/labels/, (card) => card.output.labels.pop()],
    [/labels\[3\]/, (card) => (card.output.labels[3] = 'a\u0007')],
    [/scales/, (card) => (card.output.scales = [])],
    [/scales/, (card) => (card.output.scales[2] = null)],
    [/scales must leave/, (card) => (card.output.scales[2] = 1e308)],
    [/activation/, (card) => (card.output.activation = 'tanh')],
    [/slot_bits/, (card) => (card.bounds.slot_bits = 63)],
    [/certified/, (card) => (card.bounds.certified = false)],
    [/largest_scores/, (card) => (card.bounds.largest_scores = 7)],
    [/largest_scores/, (card) => (card.bounds.largest_scores = [])],
    [/largest_scores/, (card) => (card.bounds.largest_scores = Array(9).fill(7))],
    [/largest_scores/, (card) => (card.bounds.largest_scores = Array(11).fill(7))],
    [/largest_scores\[2\]/, (card) => (card.bounds.largest_scores = Array(10).fill(7).with(2, 0))],
    [/largest_scores\[2\]/, (card) => (card.bounds.largest_scores = Array(10).fill(7).with(2, 1.5))],
    [/largest_scores\[2\]/, (card) => (card.bounds.largest_scores = Array(10).fill(7).with(2, '7'))],
    [
      /largest_scores/,
      (card) =>
        (card.bounds.largest_scores = Array(10)
          .fill(7)
          .with(2, 2 ** 15)),
    ],
    [/smallest_scores/, (card) => (card.bounds.smallest_scores = Array(10).fill(-7))],
    [/layouts/, (card) => (card.layouts = {})],
    [/layouts/, (card) => (card.layouts = { records: {}, seeded: {} })],
    [/layouts/, (card) => (card.layouts.features.features_per_ciphertext = [])],
    [/layouts/, (card) => (card.layouts.features.features_per_ciphertext = [12, 9])],
    [/layouts/, (card) => (card.layouts.features.features_per_ciphertext = [1])],
    [/max_records/, (card) => (card.limits.max_records = 0)],
    [/limits/, (card) => delete card.limits],
    [/ways must name/, (card) => (card.ways = [])],
    [/ways must name/, (card) => (card.ways = ['direct', 'direct'])],
    [/ways\[1\]/, (card) => (card.ways = ['direct', 'by hand'])],
    [/ways/, (card) => (card.ways = 'direct')],
  ];
  await parse(fields);
  await parse({ ...fields, public_part: publicPart });
  for (const [place, spoil] of faults) {
    const card = structuredClone(fields);
    spoil(card);
    await assert.rejects(parse(card), failure('bad_card', place), String(place));
  }
  for (const bytes of [[], [0x7b], [0xff, 0xfe], [0x6e, 0x75, 0x6c, 0x6c], [0x5b, 0x5d]]) {
    await assert.rejects(Card.parse(Uint8Array.from(bytes)), failure('bad_card'));
  }
  await assert.rejects(Card.parse(new Uint8Array((16 << 20) + 1)), failure('bad_card', /bytes/));
});

test('a card may name the ways to get predictions, and means all but sealed if it names none', async () => {
  const { ways: _, ...rest } = fields;
  assert.deepEqual((await parse(rest)).ways, ['direct', 'vouchers']);
  for (const ways of [['direct'], ['vouchers'], ['vouchers', 'direct']]) assert.deepEqual((await parse({ ...fields, ways })).ways, ways);
});

test('a card offers a sealed model exactly if it names its key and its file', async () => {
  const sealed = { modulus: `8${'0'.repeat(511)}`, proof: '1'.repeat(8 * 512), sha256: '0'.repeat(64) };
  const { ways: _, ...rest } = fields;
  for (const ways of [['sealed'], ['direct', 'sealed'], ['sealed', 'vouchers', 'direct']]) {
    assert.deepEqual((await parse({ ...rest, ways, sealed })).ways, ways);
    await assert.rejects(parse({ ...rest, ways }), failure('bad_card', /ways offers a sealed model, but there is no card\.sealed/));
  }
  await assert.rejects(parse({ ...rest, sealed }), failure('bad_card', /sealed is there, but card\.ways does not offer/));
  await assert.rejects(parse({ ...rest, ways: ['direct'], sealed }), failure('bad_card', /sealed is there/));
  for (const digits of [256, 512, 768, 1024])
    await parse({ ...rest, ways: ['sealed'], sealed: { ...sealed, modulus: 'f'.repeat(digits), proof: 'f'.repeat(8 * digits) } });
  /** @type {Record<string, unknown[]>} */
  const wrong = {
    modulus: ['', `7${'f'.repeat(511)}`, 'F'.repeat(512), 'f'.repeat(511), 'f'.repeat(510), `${'f'.repeat(512)}\n`, 'f'.repeat(2048), 5, null],
    proof: ['', '1'.repeat(8 * 512 - 1), '1'.repeat(8 * 512 + 2), 'g'.repeat(8 * 512), null],
    sha256: ['', '0'.repeat(63), 'A'.repeat(64), null],
    bytes: [1],
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      const card = { ...rest, ways: ['sealed'], sealed: { ...sealed, [name]: value } };
      await assert.rejects(parse(card), failure('bad_card', new RegExp(`card\\.sealed\\.${name}`)), `${name}: ${value}`);
    }
  }
  for (const other of [null, [], 'sealed.bin']) await assert.rejects(parse({ ...rest, ways: ['sealed'], sealed: other }), failure('bad_card', /card\.sealed/));
});

test('hidden layers are refused for each field that is wrong, or contradicts others', async () => {
  const hidden = { sizes: [64, 32], weight_bits: [8, 6, 16], ring_bits: 80, score_shift: 20 };
  const { ways: _, ...rest } = fields;
  const network = { ...rest, layouts: {}, ways: ['vouchers'], hidden };
  assert.deepEqual((await parse(network)).hidden, hidden);
  assert.equal((await parse(fields)).hidden, undefined);
  // 16 bits of a score, and 64 more, fill a ring of 80.
  await parse({ ...network, hidden: { ...hidden, score_shift: 64 } });
  await parse({ ...network, hidden: { sizes: [16384], weight_bits: [2, 2], ring_bits: 126, score_shift: 110 } });
  await parse({ ...network, hidden: { sizes: [1, 1, 1, 1], weight_bits: [2, 2, 2, 2, 2], ring_bits: 16, score_shift: 0 } });
  /** @type {Record<string, unknown[]>} */
  const wrong = {
    sizes: [[], [64, 32, 16, 8, 4], [0, 32], [16385, 32], [1.5, 32], ['64', 32], 64, null],
    weight_bits: [[], [8, 6], [8, 6, 16, 16], [1, 6, 16], [8, 6, 17], [8, 6, '16'], 8, null],
    ring_bits: [7, 127, 79.5, '80', null],
    score_shift: [65, 4294967295, -1, 0.5, '20', null],
    layers: [2],
  };
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      await assert.rejects(parse({ ...network, hidden: { ...hidden, [name]: value } }), failure('bad_card', /card\.hidden/), `${name}: ${value}`);
    }
    const { [name]: _, ...fewer } = /** @type {Record<string, unknown>} */ (hidden);
    if (name in hidden) await assert.rejects(parse({ ...network, hidden: fewer }), failure('bad_card', /card\.hidden/), name);
  }
  for (const other of [null, [], 64]) await assert.rejects(parse({ ...network, hidden: other }), failure('bad_card', /card\.hidden/));
  for (const ways of [['direct'], ['vouchers', 'direct'], ['direct', 'vouchers'], undefined]) {
    assert.deepEqual((await parse({ ...network, ways })).ways, ways ?? ['direct', 'vouchers']);
  }
  for (const layouts of [{ scalar: {} }, { records: {} }, { seeded: {} }, fields.layouts]) {
    await assert.rejects(parse({ ...network, layouts }), failure('bad_card', /card\.layouts must be empty/));
  }
  await assert.rejects(parse({ ...network, hidden: undefined }), failure('bad_card', /layouts allows none/));
});

test('a public part is refused for each field that is wrong, before it is fetched', async () => {
  /** @type {Record<string, unknown[]>} */
  const wrong = {
    sha256: ['', '0'.repeat(63), '0'.repeat(65), 'A'.repeat(64), `${'0'.repeat(64)}\n`, 0, null],
    bytes: [0, -1, 1.5, '1', 2 ** 26 + 1, 1e300, null],
    shape: [[28, 29], [], [784, 0], [-28, -28], [1.5, 2], ['784'], Array(9).fill(1).with(0, 784), Array(8).fill(2 ** 18), 784, null],
    features: [0, -1, 0.5, '64', 2 ** 18 + 1, null],
    description: [0, null, ['text']],
    weights: [[]],
  };
  const hybrid = (/** @type {unknown} */ part) => parse({ ...fields, public_part: part });
  for (const [name, values] of Object.entries(wrong)) {
    const place = new RegExp(`card\\.public_part\\.${name}`);
    for (const value of values) await assert.rejects(hybrid({ ...publicPart, [name]: value }), failure('bad_card', place), `${name}: ${value}`);
    const { [name]: _, ...rest } = /** @type {Record<string, unknown>} */ (publicPart);
    if (name in publicPart) await assert.rejects(hybrid(rest), failure('bad_card', place), name);
  }
  for (const part of [null, [], 'public.onnx', 1]) await assert.rejects(hybrid(part), failure('bad_card', /card\.public_part/));
  // What gets encrypted is what the part gives, not what it takes.
  const each = { ...fields.quantization, step: Array(784).fill(1) };
  await assert.rejects(parse({ ...fields, quantization: each, public_part: publicPart }), failure('bad_card', /step has 784 numbers for 64 features/));
  assert.equal((await hybrid({ ...publicPart, shape: [2, 2, 2, 2, 7, 7, 1, 1] })).features, 64);
});

test('scores become predictions', async () => {
  const card = await parse({ ...fields, bounds, output: { labels: ['a', 'b', 'c'], scales: [0.5, 1, 1], activation: 'softmax' } });
  const { index, label, scores, probabilities } = card.predict([4n, 2n, -1n]);
  assert.deepEqual([index, label, scores], [0, 'a', [2, 2, -1]]);
  const total = 2 + Math.exp(-3);
  assert.deepEqual(probabilities, [1 / total, 1 / total, Math.exp(-3) / total]);
});

test('single scores and plain scores', async () => {
  const yes = await parse({ ...fields, bounds, output: { labels: ['no', 'yes'], scales: [0.5], activation: 'sigmoid' } });
  assert.equal(yes.predict([1n]).label, 'yes');
  assert.equal(yes.predict([0n]).label, 'no');
  assert.deepEqual(yes.predict([0n]).probabilities, [0.5, 0.5]);
  const each = await parse({ ...fields, bounds, output: { labels: ['a', 'b'], scales: [1, 1], activation: 'sigmoid' } });
  assert.deepEqual(each.predict([0n, 0n]).probabilities, [0.5, 0.5]);
  const plain = await parse({ ...fields, bounds, output: { labels: ['y'], scales: [2], activation: 'none' } });
  assert.deepEqual(plain.predict([3n]), { values: [6] });
});

test('scores outside the bounds are refused', async () => {
  const card = await parse({ ...fields, bounds });
  const scores = Array(10).fill(0n);
  for (const bad of [32768n, -32768n]) assert.throws(() => card.predict(scores.with(4, bad)), failure('bad_scores'));
  assert.equal(card.predict(scores.with(4, 32767n)).index, 4);
  assert.throws(() => card.predict(scores.slice(1)), failure('bad_scores'));
});

test('scores are held against the largest that a card promises, each against its own', async () => {
  const largest_scores = Array.from({ length: 10 }, (_, i) => 1000 + i);
  const card = await parse({ ...fields, bounds: { ...fields.bounds, largest_scores } });
  const scores = Array(10).fill(0n);
  for (const most of [1004n, -1004n]) {
    assert.ok(card.predict(scores.with(4, most)));
    assert.throws(() => card.predict(scores.with(4, most + (most > 0n ? 1n : -1n))), failure('bad_scores'));
    assert.throws(() => card.predict(scores.with(3, most)), failure('bad_scores'));
  }
  // A slot of 62 bits: beyond what a JavaScript number counts one by one.
  const wide = { slot_bits: 62, certified: true, largest_scores: Array(10).fill(15 * 2 ** 56) };
  const large = await parse({ ...fields, bounds: wide });
  assert.ok(large.predict(scores.with(4, 15n << 56n)));
  assert.throws(() => large.predict(scores.with(4, (15n << 56n) + 1n)), failure('bad_scores'));
  // Such a number is rounded as it is read, and then means the slot's own bound.
  const text = JSON.stringify({ ...fields, bounds: wide }).replace(String(15 * 2 ** 56), String(2n ** 61n - 1n));
  assert.ok(text.includes('2305843009213693951'));
  const largest = await Card.parse(new TextEncoder().encode(text));
  assert.ok(largest.predict(scores.with(0, 2n ** 61n - 1n)));
  assert.throws(() => largest.predict(scores.with(0, 2n ** 61n)), failure('bad_scores'));
  await assert.rejects(parse({ ...fields, bounds: { ...wide, slot_bits: 60 } }), failure('bad_card', /largest_scores/));
});
