/** Predictions as CSV, in the form that `veilcast predict` writes. */

/**
 * @typedef {import('../index.js').Card} Card
 * @typedef {import('../src/outcome.js').Outcome} Outcome
 */

/**
 * The names of the columns.
 *
 * @param {Card} card
 * @returns {string[]}
 */
export function headerOf(card) {
  const { labels, activation, doubt } = card.fields.output;
  if (card.task === 'quantities') return ['record', ...labels];
  // A single sigmoid output has two labels, and its score and probability are the second's.
  const scored = labels.slice(labels.length - card.outputs);
  const probabilities = activation === 'none' ? [] : scored.map((label) => `probability_${label}`);
  const sure = doubt === undefined ? [] : ['sure'];
  return ['record', 'label', ...scored.map((label) => `score_${label}`), ...probabilities, ...sure];
}

/**
 * A row: the record's number, from 0, and what was predicted for it; empty cells if it is marked.
 *
 * @param {Card} card
 * @param {Outcome} outcome
 * @param {number} record
 * @returns {string[]}
 */
export function rowOf(card, outcome, record) {
  if (outcome.failed) return headerOf(card).map((_, i) => (i === 0 ? String(record) : ''));
  if (outcome.values) return [String(record), ...outcome.values.map(decimal)];
  const sure = card.fields.output.doubt === undefined ? [] : [outcome.inDoubt ? 'no' : 'yes'];
  const probabilities = outcome.probabilities?.slice(-outcome.scores.length) ?? [];
  return [String(record), outcome.label, ...outcome.scores.map(decimal), ...probabilities.map((probability) => probability.toFixed(6)), ...sure];
}

/**
 * A column of the records' own file that is kept beside what is predicted for them.
 *
 * @typedef {{name: string, cells: readonly string[]}} Kept
 */

/**
 * The whole file.
 *
 * @param {Card} card
 * @param {readonly Outcome[]} outcomes
 * @param {Kept} [kept] stands after the prediction
 */
export function csvOf(card, outcomes, kept) {
  const header = kept ? [...headerOf(card), kept.name] : headerOf(card);
  const rows = outcomes.map((outcome, record) => {
    const row = rowOf(card, outcome, record);
    return kept ? [...row, kept.cells[record]] : row;
  });
  return [header, ...rows].map((cells) => `${cells.map(cellOf).join(',')}\n`).join('');
}

/** @param {string} text */
const cellOf = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/**
 * A number with as many digits as distinguish it from its neighbours, and never an exponent.
 *
 * @param {number} number
 */
export function decimal(number) {
  const [, sign, whole, fraction = '', exponent] = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(String(number)) ?? [];
  if (whole === undefined) return String(number);
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return `${sign}${digits.padEnd(point, '0')}`;
}
