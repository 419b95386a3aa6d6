import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cellOf, fieldsOf, hintOf, otherThan } from '../page/table-fields.js';

/** @type {import('../src/card-types.js').Input} */
const input = {
  kind: 'table',
  shape: [6],
  features: ['age', 'albumin', 'sex', 'town', '__proto__', 'day'],
  about: {
    albumin: { label: 'Albumin in serum', unit: 'g/dL', description: 'On the third day.' },
    day: { unit: 'days since 1970-01-01' },
  },
  preprocessing: {
    version: 2,
    missing: ['', 'NA'],
    steps: [
      { op: 'impute', values: { albumin: 2.8999023, sex: 'male' } },
      { op: 'clip', ranges: { age: [20, 94], albumin: [1.0998535, 4.7998047] } },
      { op: 'standardize', columns: { age: { mean: 62.506686, std: 15.6 }, ['__proto__']: { mean: 0.123456, std: 0.01 }, day: { mean: 20065, std: 100 } } },
      { op: 'one_hot', categories: { sex: ['female', 'male'] }, unknown: 'error' },
      { op: 'one_hot', categories: { town: ['Bern', 'other'] }, unknown: 'zeros' },
    ],
  },
};
const [age, albumin, sex, town, odd, day] = fieldsOf(input);

test('columns become fields', () => {
  assert.deepEqual(
    fieldsOf(input).map(({ name }) => name),
    input.features,
  );
  const plain = { label: 'age', unit: undefined, description: undefined, isDate: false };
  assert.deepEqual(age, {
    name: 'age',
    ...plain,
    categories: undefined,
    takesOthers: false,
    range: [20, 94],
    imputed: undefined,
    mayBeEmpty: false,
    example: '63',
  });
  assert.deepEqual([albumin.imputed, albumin.range, albumin.example], [2.8999023, [1.0998535, 4.7998047], '2.8999023']);
  assert.deepEqual([sex.categories, sex.takesOthers, sex.imputed, sex.example], [['female', 'male'], false, 'male', 'male']);
  assert.deepEqual([town.takesOthers, town.imputed, town.example], [true, undefined, 'Bern']);
  assert.equal(odd.example, '0.123');
  assert.deepEqual([albumin.label, albumin.unit], ['Albumin in serum', 'g/dL']);
  assert.deepEqual([day.isDate, day.example], [true, '2024-12-08']);
});

test('hints say the range and what a missing cell counts as', () => {
  assert.equal(hintOf(age), '20 to 94');
  assert.equal(hintOf(albumin), 'On the third day. · 1.1 to 4.8 · if empty: 2.9');
  assert.equal(hintOf(sex), 'if empty: male');
  assert.equal(hintOf(town), '');
});

test('trees say what a number is compared with, and whether it may be missing', () => {
  const trees = [
    { feature: [0, 2], threshold: [64, 0.5], low: [1, -1], high: [-3, -2] },
    { feature: [2, 0], threshold: [1.5, 20], low: [1, -1], high: [-3, -2], missing: [-3, null] },
    { feature: [2], threshold: [2.5], low: [-1], high: [-2], missing: [-2] },
  ];
  const withTrees = (/** @type {import('../src/card-types.js').Tree[]} */ trees) => {
    /** @type {import('../src/card-types.js').Step[]} */
    const steps = [
      { op: 'one_hot', categories: { sex: ['female'] }, unknown: 'zeros' },
      { op: 'trees', trees },
    ];
    return fieldsOf({ ...input, features: ['age', 'sex', 'bili'], shape: [3], preprocessing: { version: 3, missing: [''], steps } });
  };
  const [age, sex, bili] = withTrees(trees);
  assert.deepEqual([age.range, age.mayBeEmpty, hintOf(age)], [[20, 64], false, '20 to 64']);
  assert.deepEqual([sex.range, sex.mayBeEmpty], [undefined, false]);
  assert.deepEqual([bili.range, bili.mayBeEmpty, bili.example], [[0.5, 2.5], false, '1.5']);
  const gaps = withTrees(trees.slice(1))[2];
  assert.deepEqual([gaps.mayBeEmpty, hintOf(gaps), cellOf(gaps, '')], [true, '1.5 to 2.5 · may be empty', { cell: null }]);
});

test('texts become cells, or are refused', () => {
  assert.deepEqual(cellOf(age, ' 63.5 '), { cell: 63.5 });
  assert.deepEqual(cellOf(albumin, ''), { cell: null });
  assert.deepEqual(cellOf(day, '1969-12-31'), { cell: -1 });
  assert.ok('problem' in cellOf(day, '2023-02-29'));
  assert.deepEqual(cellOf(sex, 'female'), { cell: 'female' });
  assert.deepEqual(cellOf(sex, ''), { cell: null });
  for (const [field, text] of /** @type {const} */ ([
    [age, ''],
    [age, 'old'],
    [age, '1e999'],
    [town, ''],
  ])) {
    assert.ok('problem' in cellOf(field, text), text);
  }
  assert.ok(!['Bern', 'other'].includes(otherThan(['Bern', 'other'])));
});
