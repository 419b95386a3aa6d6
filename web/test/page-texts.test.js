import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Card, VeilcastError } from '../index.js';
import { hashOf, stateIn } from '../page/address.js';
import { textOfPrediction, textOfPredictions } from '../page/answer-text.js';
import { entriesOf, flowOf, leadOf, partsOf } from '../page/card-text.js';
import { differencesOf } from '../page/compare.js';
import { csvOf, decimal } from '../page/csv-out.js';
import { isAway, troubleAtStart, troubleOf } from '../page/errors.js';
import { HIDDEN_WORDS, layersOf, roundsOf, textOfLayers } from '../page/hidden-words.js';
import { SEALED_WORDS, textOfRandomizers, textOfSealed } from '../page/sealed-words.js';
import { termsOf } from '../page/way-words.js';
import { VOUCHER_WORDS, textOfVoucher, textOfVouchers } from '../page/voucher-words.js';
import { about, counted, duration, percent, short, size } from '../page/format.js';
import { digitsCard, hybridCard, network, textOf } from './support.js';

const SCALE = 0.5;

/** A card with these outputs, each of half a unit per step. @param {object} output @param {number} outputs */
async function cardOf(output, outputs) {
  const fields = JSON.parse(new TextDecoder().decode(digitsCard()));
  fields.output = { scales: Array(outputs).fill(SCALE), ...output };
  fields.layouts = { scalar: {} };
  delete fields.bounds.largest_scores;
  return Card.parse(new TextEncoder().encode(JSON.stringify(fields)));
}

const untouched = { imputed: 0, clipped: 0, unknown: 0 };

/** @param {Card} card @param {...number} scores */
const predicted = (card, ...scores) => ({ ...card.predict(scores.map((score) => BigInt(score / SCALE))), ...untouched });

const softmax = await cardOf({ labels: ['cat', 'dog', 'a "big", bird'], activation: 'softmax' }, 3);
const binary = await cardOf({ labels: ['good', 'bad'], activation: 'sigmoid' }, 1);
const tags = await cardOf({ labels: ['red', 'green', 'blue'], activation: 'sigmoid' }, 3);
const price = await cardOf({ labels: ['price'], activation: 'none' }, 1);
const weather = await cardOf({ labels: ['high', 'low'], activation: 'none', units: ['°C', '°C'] }, 2);
const sizes = await cardOf({ labels: ['length', 'width'], activation: 'none', task: 'quantities' }, 2);
const wary = await cardOf({ labels: ['good', 'bad'], activation: 'sigmoid', threshold: 0.125 }, 1);
const scored = await cardOf({ labels: ['a', 'b'], activation: 'none' }, 2);

test('one of several classes', () => {
  const text = textOfPrediction(softmax, predicted(softmax, 0, 1, -3));
  assert.equal(text.headline, 'dog');
  assert.match(text.spoken, /dog.*72\.1 %/);
  assert.deepEqual(
    text.bars.map(({ label, text, isTop }) => [label, text, isTop]),
    [
      ['cat', '26.5 %', false],
      ['dog', '72.1 %', true],
      ['a "big", bird', '1.3 %', false],
    ],
  );
  assert.ok(Math.abs(text.bars.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-12);
  assert.equal(
    csvOf(softmax, [predicted(softmax, 0, 1, -3), predicted(softmax, 0, 1, 2)]),
    [
      'record,label,score_cat,score_dog,"score_a ""big"", bird",probability_cat,probability_dog,"probability_a ""big"", bird"\n',
      '0,dog,0,1,-3,0.265388,0.721399,0.013213\n',
      '1,"a ""big"", bird",0,1,2,0.090031,0.244728,0.665241\n',
    ].join(''),
  );
});

test('a class that is in doubt', async () => {
  const doubtful = await cardOf({ labels: ['cat', 'dog', 'bird'], activation: 'softmax', doubt: 0.9 }, 3);
  const [sure, unsure] = [predicted(doubtful, 0, 9, -3), predicted(doubtful, 0, 1, -3)];
  assert.equal(textOfPrediction(doubtful, sure).headline, 'dog');
  const text = textOfPrediction(doubtful, unsure);
  assert.deepEqual([text.headline, text.unit], ['not sure', 'perhaps dog, 72.1 % likely']);
  assert.match(text.spoken, /^Not sure: .*dog.*72\.1 %/);
  const rows = csvOf(doubtful, [sure, unsure])
    .trimEnd()
    .split('\n')
    .map((row) => row.split(','));
  assert.deepEqual(
    rows.map((cells) => [cells[1], cells.at(-1)]),
    [
      ['label', 'sure'],
      ['dog', 'yes'],
      ['dog', 'no'],
    ],
  );
  assert.match(textOfPredictions(doubtful, [sure, unsure], 2).text, /isn't sure of 1 record\./);
});

test('one score for two classes', () => {
  const text = textOfPrediction(binary, predicted(binary, -1.5));
  assert.deepEqual([text.headline, text.bars[0].text, text.bars[1].text], ['good', '81.8 %', '18.2 %']);
  assert.equal(
    csvOf(binary, [predicted(binary, -1.5), predicted(binary, 2)]),
    'record,label,score_bad,probability_bad\n0,good,-1.5,0.182426\n1,bad,2,0.880797\n',
  );
  const careful = textOfPrediction(wary, predicted(wary, -1.5));
  assert.deepEqual([careful.headline, careful.bars[1].isTop, careful.unit], ['bad', true, '18.2 % likely']);
  const many = textOfPredictions(binary, [predicted(binary, -1.5), predicted(binary, 2), predicted(binary, 3)], 3);
  assert.deepEqual(
    many.bars.map(({ label, text, isTop }) => [label, text, isTop]),
    [
      ['good', '1', false],
      ['bad', '2', true],
    ],
  );
});

test('several classes that can be true at once', () => {
  const text = textOfPrediction(tags, predicted(tags, 1, -1, 0.5));
  assert.equal(text.headline, 'red, blue');
  assert.equal(text.bars.length, 3);
  assert.equal(textOfPrediction(tags, predicted(tags, -1, -1, -1)).headline, 'none');
});

test('a quantity', () => {
  const text = textOfPrediction(price, predicted(price, 1234.5));
  assert.deepEqual([text.headline, text.unit, text.bars], ['1235', 'price', []]);
  assert.equal(csvOf(price, [predicted(price, 1234.5)]), 'record,price\n0,1234.5\n');
  assert.deepEqual(textOfPredictions(price, [predicted(price, 1)], 1).bars, []);
  const both = textOfPrediction(weather, predicted(weather, 21.5, -3));
  assert.deepEqual([both.headline, both.unit, ...both.bars.map(({ text }) => text)], ['21.5', '°C · high', '21.5 °C', '-3 °C']);
  assert.equal(both.spoken, 'high: 21.5 °C, low: -3 °C');
  assert.equal(csvOf(weather, [predicted(weather, 21.5, -3)]), 'record,high,low\n0,21.5,-3\n');
});

test('several quantities without units are no classes', () => {
  const text = textOfPrediction(sizes, predicted(sizes, 2, 5));
  assert.deepEqual([text.headline, text.unit, text.spoken], ['2', 'length', 'length: 2, width: 5']);
  assert.equal(csvOf(sizes, [predicted(sizes, 2, 5)]), 'record,length,width\n0,2,5\n');
  assert.deepEqual(textOfPredictions(sizes, [predicted(sizes, 2, 5)], 1).bars, []);
  const gives = entriesOf(sizes).find(({ term }) => term === 'Gives')?.text;
  assert.equal(gives, 'length, width, as numbers.');
});

test('scores without probabilities', () => {
  const text = textOfPrediction(scored, predicted(scored, 2, 5));
  assert.deepEqual([text.headline, ...text.bars.map(({ text }) => text)], ['b', '2', '5']);
});

test('what was done to cells is said', () => {
  const prediction = { ...predicted(binary, 1), imputed: 1, clipped: 2, unknown: 3 };
  assert.match(textOfPrediction(binary, prediction).note, /^1 missing cell got.*; 2 values beyond.*; 3 texts that.*\.$/);
  assert.equal(textOfPrediction(binary, predicted(binary, 1)).note, '');
  const summary = textOfPredictions(binary, [prediction, prediction], 1821).text;
  assert.match(summary, /^2 of 1,821 records predicted\. 2 missing cells got.*; 4 values beyond.*; 6 texts/);
  assert.equal(textOfPredictions(binary, [], 5).text, '0 of 5 records predicted.');
});

test('marked records have empty cells, and count as no class', () => {
  const marked = { ...untouched, failed: { code: 'bad_scores', message: 'out of bounds' } };
  assert.equal(csvOf(binary, [predicted(binary, 2), marked]), 'record,label,score_bad,probability_bad\n0,bad,2,0.880797\n1,,,\n');
  assert.equal(csvOf(weather, [marked, predicted(weather, 21.5, -3)]), 'record,high,low\n0,,\n1,21.5,-3\n');
  const { text, bars } = textOfPredictions(binary, [predicted(binary, 2), marked, marked], 3);
  assert.match(text, /^1 of 3 records predicted\. 2 records got an answer that can't be right, and are marked\./);
  assert.deepEqual(
    bars.map(({ share, text }) => [share, text]),
    [
      [0, '0'],
      [1, '1'],
    ],
  );
});

test('numbers have the digits that the program writes, without an exponent', () => {
  const cases = [
    [0, '0'],
    [-0.25, '-0.25'],
    [1e21, '1000000000000000000000'],
    [1.5e22, '15000000000000000000000'],
    [-1.25e-7, '-0.000000125'],
    [5e-324, `0.${'0'.repeat(323)}5`],
    [0.1, '0.1'],
    [123456789.125, '123456789.125'],
  ];
  for (const [number, text] of cases) {
    assert.equal(decimal(Number(number)), text);
    assert.equal(Number(text), number);
  }
});

test('a card is summed up', () => {
  const text = Object.fromEntries(entriesOf(softmax).map(({ term, text }) => [term, text]));
  assert.match(text.Takes, /28 × 28 grey/);
  assert.match(text.Gives, /cat, dog, .*probability/);
  assert.match(text.Precision, /16 levels.*16 bits/);
  assert.match(text.Private, /weights stay with the server/);
  assert.equal(text.Digest, softmax.digest);
  const gives = (/** @type {Card} */ card) => entriesOf(card).find(({ term }) => term === 'Gives')?.text ?? '';
  assert.match(gives(price), /price, as a number/);
  assert.match(gives(weather), /high in °C, low in °C, as numbers/);
  assert.match(gives(wary), /says "bad" if that is over 12\.5 % likely/);
  assert.match(gives(tags), /several can be true/);
  assert.match(gives(scored), /a score for each/);
});

test("a hybrid model's card says what is public, what is private, and what that gives away", async () => {
  const hybrid = await Card.parse(hybridCard(network()));
  const text = Object.fromEntries(entriesOf(hybrid).map(({ term, text }) => [term, text]));
  assert.match(text.Public, /first part: a file of 13\.5 kB.*784 pixels into 10 numbers/);
  assert.match(text.Private, /head: the weights that turn 10 numbers/);
  assert.match(text['Given away'], /can download.*“It gives nothing away\.”$/);
  assert.equal(flowOf(hybrid), '784 pixels in, 10 numbers out · file of 13.5 kB');
  assert.match(partsOf(hybrid), /784 pixels into 10 numbers/);
  assert.deepEqual([flowOf(softmax), partsOf(softmax)], ['', '']);
  assert.ok(entriesOf(softmax).every(({ term }) => term !== 'Given away'));
});

test('a network tells of its hidden layers, and that it is asked by vouchers', async () => {
  const fields = JSON.parse(textOf('web/test/fixtures/deep-network/card.json'));
  const parse = (/** @type {object} */ other) => Card.parse(new TextEncoder().encode(JSON.stringify({ ...fields, ...other })));
  const deep = await parse({});
  const single = await parse({ hidden: { sizes: [64], weight_bits: [8, 8], ring_bits: 48, score_shift: 0 } });
  assert.deepEqual([single, deep].map(layersOf), ['a hidden layer of 64 numbers', '2 hidden layers of 4 and 3 numbers']);
  assert.equal(textOfLayers(single), 'Inside the model, a hidden layer of 64 numbers: locked there, too.');
  assert.deepEqual([softmax, single, deep].map(roundsOf), [1, 2, 3]);
  assert.match(
    entriesOf(deep).find(({ term }) => term === 'Inside')?.text ?? '',
    /2 hidden layers of 4 and 3 numbers, which are squared, exactly\. All its weights are private/,
  );
  assert.ok(entriesOf(softmax).every(({ term }) => term !== 'Inside'));
  const task = /** @type {any} */ ({ request: { headerLength: 300 } });
  const said = (/** @type {string} */ id, /** @type {Card | undefined} */ card) => HIDDEN_WORDS[id].engineers(task, /** @type {any} */ ({}), card);
  assert.deepEqual(Object.keys(HIDDEN_WORDS), Object.keys(VOUCHER_WORDS));
  for (const id of Object.keys(HIDDEN_WORDS)) assert.doesNotMatch(`${said(id, deep)}${said(id, undefined)}`, /undefined|NaN/);
  assert.match(said('encrypt', deep), /modulo 2\^85 for each of 3 features/);
  assert.match(said('send', deep), /in 3 rounds: .* of 300 bytes in the last one/);
  assert.match(said('decrypt', deep), /lack the lowest 37 bits/);
  assert.doesNotMatch(said('decrypt', single), /lack/);
});

test('every error that a client can throw has plain words of its own', () => {
  const codes = [
    'unreachable',
    'timed_out',
    'busy',
    'not_veilcast',
    'bad_card',
    'bad_public_part',
    'other_public_part',
    'bad_sealed_model',
    'other_sealed_model',
    'sealed_ended',
    'not_sealed',
    'layout_not_allowed',
    'no_vouchers',
    'voucher_outdated',
    'voucher_spent',
    'unknown_voucher',
    'round_out_of_order',
    'wrong_round',
    'bad_answer',
    'bad_ciphertext',
    'bad_scores',
    'other_answer',
    'answer_too_large',
    'body_too_large',
    'token_needed',
    'token_unknown',
    'model_not_allowed',
    'quota_used_up',
    'ledger_away',
    'too_many_keys',
    'key_proof_needed',
    'malformed_key_proof',
    'invalid_key_proof',
    'bad_key',
    'worker_ended',
    'no_webcrypto',
    'wrong_card_digest',
    'unknown_model',
    'model_changed',
    'blank_drawing',
    'several_digits',
    'uneven_ground',
    'not_a_picture',
    'not_a_table',
    'no_records',
    'missing_value',
    'unknown_category',
    'missing_column',
  ];
  const unexpected = troubleOf(new TypeError('x is undefined'));
  assert.deepEqual([unexpected.code, unexpected.detail], ['unexpected', 'x is undefined']);
  for (const code of codes) {
    const trouble = troubleOf(new VeilcastError(code, `what happened: ${code}`));
    assert.notEqual(trouble.title, unexpected.title, code);
    assert.deepEqual([trouble.code, trouble.detail], [code, `what happened: ${code}`]);
  }
  assert.equal(troubleOf(new VeilcastError('busy', '')).help, 'retry');
  for (const code of ['worker_ended', 'key_proof_needed', 'invalid_key_proof']) assert.equal(troubleOf(new VeilcastError(code, '')).help, 'key');
  // Another key would not help.
  assert.equal(troubleOf(new VeilcastError('too_many_keys', '')).help, 'retry');
  assert.equal(troubleOf(new VeilcastError('wrong_card_digest', '')).help, 'models');
  assert.equal(troubleOf(new VeilcastError('missing_column', 'line 1: the column age is missing')).text, 'Line 1: the column age is missing.');
  assert.equal(troubleOf(new VeilcastError('bad_public_part', "the model's public part uses Loop")).text, "The model's public part uses Loop.");
  assert.equal(troubleOf(new VeilcastError('toString', '')).title, unexpected.title);
  assert.equal(troubleOf(undefined).title, unexpected.title);
});

test('a page that cannot begin says why, and whether it waits', () => {
  for (const code of ['unreachable', 'timed_out', 'busy']) {
    const error = new VeilcastError(code, 'no answer');
    assert.ok(isAway(error));
    assert.equal(troubleAtStart(error, true).title, "The service can't be reached");
    assert.match(troubleAtStart(error, true).text, /^Perhaps .* goes on by itself/);
    assert.match(troubleAtStart(error, false).text, /^Your device has no connection\. .* goes on by itself/);
  }
  const other = new VeilcastError('not_veilcast', 'it is not a Veilcast service');
  assert.ok(!isAway(other) && !isAway(undefined));
  assert.match(troubleAtStart(other, true).text, /\(it is not a Veilcast service\)$/);
});

test('an answer by voucher says what it took, and the page whether there will be any', () => {
  const step = (/** @type {number} */ time, bytes = 0) => ({ state: 'done', time, bytes, part: 1, note: '' });
  const task = /** @type {any} */ ({ steps: { encrypt: step(1), send: step(0, 2057), compute: step(8), receive: step(0, 496), decrypt: step(3) } });
  assert.equal(textOfVoucher(task), 'Answered with a voucher made ahead of time: 2.1 kB up, 496 bytes down, 12 ms.');
  assert.match(textOfVouchers({ left: 1, isFilling: true }, 'pen'), /follows your pen/);
  assert.match(textOfVouchers({ left: 0, isFilling: true }, 'pen'), /^Making vouchers/);
  assert.equal(textOfVouchers({ left: 0, isFilling: false }, 'pen'), '');
  for (const { engineers } of Object.values(VOUCHER_WORDS))
    assert.equal(typeof engineers(/** @type {any} */ ({ card: softmax }), /** @type {any} */ ({}), softmax), 'string');
});

test('what is said of a sealed model is said only where it is true', async () => {
  const sealed = { modulus: 'f'.repeat(512), proof: '1'.repeat(8 * 512), sha256: '0'.repeat(64) };
  const offered = await Card.parse(
    new TextEncoder().encode(JSON.stringify({ ...JSON.parse(new TextDecoder().decode(digitsCard())), ways: ['direct', 'sealed'], sealed })),
  );
  assert.match(leadOf(offered), /weights, encrypted with a key that only the server has/);
  assert.match(leadOf(softmax), /nothing else: the weights stay with the server/);
  const text = Object.fromEntries(entriesOf(offered).map(({ term, text }) => [term, text]));
  assert.match(text.Private, /given out encrypted, with a key of 2,048 bits/);
  const step = (/** @type {number} */ time, bytes = 0) => ({ state: 'done', time, bytes, part: 1, note: '' });
  const task = /** @type {any} */ ({
    card: offered,
    keyBits: 2048,
    total: 1,
    steps: { encrypt: step(20), send: step(0, 851), compute: step(8), receive: step(0, 495), decrypt: step(2) },
  });
  assert.equal(textOfSealed(task), 'Answered by the sealed model, without a key of yours: 851 bytes up, 495 bytes down, 30 ms.');
  // 10 scores of 16 bits.
  assert.match(SEALED_WORDS.encrypt.engineers(task, /** @type {any} */ ({}), offered), /1 record of 784 features.*10 scores.*2\^160, so within 2\^−1887/);
  assert.match(SEALED_WORDS.key.engineers(task, /** @type {any} */ ({}), offered), /785 Paillier ciphertexts under an n of 2048 bits/);
  for (const { engineers } of Object.values(SEALED_WORDS))
    assert.equal(typeof engineers(/** @type {any} */ ({}), /** @type {any} */ ({}), undefined), 'string');
  assert.match(textOfRandomizers({ left: 3, isOpening: true, isFilling: true }, 'pen'), /^Fetching/);
  assert.match(textOfRandomizers({ left: 3, isOpening: false, isFilling: true }, 'pen'), /follows your pen/);
  assert.match(textOfRandomizers({ left: 0, isOpening: false, isFilling: true }, 'pen'), /^Making/);
  assert.equal(textOfRandomizers({ left: 0, isOpening: false, isFilling: false }, 'pen'), '');
});

test('figures are short', () => {
  assert.deepEqual([0.04, 9.96, 12.3, 999, 1234, 123_456].map(duration), ['under 0.1 ms', '10.0 ms', '12 ms', '999 ms', '1.23 s', '123 s']);
  assert.deepEqual([0, 1400, 99_400, 119_000].map(about), ['1 second', '1 second', '99 seconds', '2 minutes']);
  assert.deepEqual([1, 999, 45_210, 1.5e6].map(size), ['1 byte', '999 bytes', '45.2 kB', '1.5 MB']);
  assert.deepEqual([0, 1e-9, 0.0005, 0.5, 0.9994, 0.99999, 1].map(percent), ['0.0 %', '< 0.1 %', '0.1 %', '50.0 %', '99.9 %', '> 99.9 %', '100.0 %']);
  assert.deepEqual(
    [1, 1821].map((n) => counted(n, 'record')),
    ['1 record', '1,821 records'],
  );
  assert.deepEqual([0.123456, 1234567].map(short), ['0.1235', '1235000']);
});

test('a class is red where the card speaks of a risk, and only there', async () => {
  const describe = async (/** @type {string} */ description) => {
    const fields = { ...binary.fields, description };
    return Card.parse(new TextEncoder().encode(JSON.stringify(fields)));
  };
  const risk = await describe('The risk of dying.');
  assert.deepEqual(textOfPrediction(risk, predicted(risk, 2)).tone, 'risk');
  assert.deepEqual(textOfPrediction(risk, predicted(risk, -2)).tone, 'clear');
  assert.deepEqual(
    textOfPrediction(risk, predicted(risk, 2)).bars.map(({ tone }) => tone),
    ['clear', 'risk'],
  );
  const asterisk = await describe('Marks an asterisk.');
  assert.equal(textOfPrediction(asterisk, predicted(asterisk, 2)).tone, '');
});

test('two records differ in these fields', () => {
  const before = [
    { name: 'Age', text: '63 years' },
    { name: 'Sex', text: 'female' },
  ];
  assert.deepEqual(differencesOf(before, [{ name: 'Age', text: '80 years' }, before[1]]), [{ name: 'Age', before: '63 years', now: '80 years' }]);
  assert.deepEqual(differencesOf(before, before), []);
});

test('an address holds the state, and nothing that it does not know', () => {
  const state = { tab: 'digit', model: 'my model & more', way: 'sealed', bits: '3072' };
  assert.deepEqual(stateIn(hashOf(state)), state);
  assert.equal(hashOf({ tab: 'table', model: 'risk', way: null, bits: '2048' }), '#tab=table&model=risk&bits=2048');
  assert.deepEqual(stateIn(''), { tab: null, model: null, way: null, bits: null });
});

test('what is said of the ways to ask has their actual sizes', async () => {
  const card = await Card.parse(digitsCard());
  const takes = (/** @type {'direct' | 'vouchers'} */ way) => termsOf(card, way, 2048)[2].text;
  assert.match(takes('direct'), /^33\.8 kB of ciphertexts up/);
  assert.match(takes('vouchers'), /^1\.6 kB up, and milliseconds/);
  const deep = await Card.parse(new TextEncoder().encode(textOf('web/test/fixtures/deep-network/card.json')));
  assert.match(termsOf(deep, 'vouchers', 2048)[2].text, /bytes up, in 3 rounds/);
});
