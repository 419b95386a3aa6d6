/** What a model's answer says, for people. */

import { count, counted, percent, short } from './format.js';
import { toneOf } from './tone.js';

/**
 * @typedef {import('../index.js').Card} Card
 * @typedef {import('../src/outcome.js').Outcome} Outcome
 * @typedef {import('../src/outcome.js').RecordPrediction} RecordPrediction
 * @typedef {import('./tone.js').Tone} Tone
 * @typedef {{label: string, share: number, text: string, isTop: boolean, tone: Tone}} Bar the share from 0 to 1
 * @typedef {{headline: string, unit: string, spoken: string, note: string, bars: Bar[], tone: Tone, why: string}} AnswerText why the
 *   answer is in doubt, if it is
 */

/** Whether each class is judged on its own, so that several can be true at once. @param {Card} card */
const isIndependent = ({ fields: { output }, outputs }) => output.activation === 'sigmoid' && outputs > 1;

/**
 * @param {Card} card
 * @param {RecordPrediction} prediction
 * @returns {AnswerText}
 */
export function textOfPrediction(card, prediction) {
  const { output } = card.fields;
  const note = noteOf(prediction);
  const { units } = output;
  if (prediction.values) {
    const values = prediction.values.map((value, i) => ({ label: output.labels[i], value: short(value), unit: units?.[i] ?? '' }));
    const bars = values.length > 1 ? values.map(({ label, value, unit }) => bar(label, 0, `${value} ${unit}`.trim())) : [];
    const spoken = values.map(({ label, value, unit }) => `${label}: ${value} ${unit}`.trim()).join(', ');
    return { ...PLAIN, headline: values[0].value, unit: [values[0].unit, values[0].label].filter(Boolean).join(' · '), spoken, note, bars };
  }
  const { label, index, probabilities, scores } = prediction;
  if (!probabilities) {
    const bars = scores.map((score, i) => bar(output.labels[i], 0, short(score), i === index));
    return { ...PLAIN, headline: label, unit: '', spoken: `The answer: ${label}`, note, bars };
  }
  const bars = probabilities.map((p, i) => bar(output.labels[i], p, percent(p), i === index, toneOf(card, i)));
  const sure = percent(probabilities[index]);
  if (isIndependent(card)) {
    const likely = output.labels.filter((_, i) => probabilities[i] > 0.5);
    const headline = likely.length > 0 ? likely.join(', ') : 'none';
    return { ...PLAIN, headline, unit: 'over 50 % likely, each on its own', spoken: `Over 50 % likely: ${headline}`, note, bars };
  }
  if (prediction.inDoubt) {
    const spoken = `Not sure: the most likely answer is ${label}, with a probability of ${sure}`;
    return { headline: 'not sure', unit: `perhaps ${label}, ${sure} likely`, spoken, note, bars, tone: 'doubt', why: whyInDoubt(card, probabilities) };
  }
  return {
    ...PLAIN,
    headline: label,
    unit: `${sure} likely`,
    spoken: `The answer: ${label}, with a probability of ${sure}`,
    note,
    bars,
    tone: toneOf(card, index),
  };
}

/** @type {Pick<AnswerText, 'tone' | 'why'>} */
const PLAIN = { tone: '', why: '' };

/** How it was decided that an answer is in doubt. @param {Card} card @param {readonly number[]} probabilities */
function whyInDoubt({ fields: { output } }, probabilities) {
  const [first, second] = probabilities.map((p, i) => /** @type {const} */ ([p, output.labels[i]])).sort(([a], [b]) => b - a);
  const close = second ? `${first[1]} (${percent(first[0])}) and ${second[1]} (${percent(second[0])}) come closest. ` : '';
  return `${close}The model's owner measured on other records how sure it is when it is right, and counts less than ${percent(output.doubt ?? 0)} as doubt. It says so in the public card; your browser decides, after opening the answer. What the model has never seen is found often, not always.`;
}

/** @param {string} label @param {number} share @param {string} text @param {boolean} [isTop] @param {Tone} [tone] @returns {Bar} */
const bar = (label, share, text, isTop = false, tone = '') => ({ label, share, text, isTop, tone });

/** What was done to a record before it was encrypted. @param {import('../src/preprocessing.js').Counts} counts */
function noteOf({ imputed, clipped, unknown }) {
  const notes = [];
  if (imputed > 0) notes.push(`${counted(imputed, 'missing cell')} got the model's default value`);
  if (clipped > 0) notes.push(`${counted(clipped, 'value')} beyond the model's range ${clipped === 1 ? 'was' : 'were'} moved to its edge`);
  if (unknown > 0) notes.push(`${counted(unknown, 'text')} that the model doesn't know counted as none of its categories`);
  return notes.length > 0 ? `${notes.join('; ')}.` : '';
}

/**
 * The summary of many predictions.
 *
 * @param {Card} card
 * @param {readonly Outcome[]} outcomes
 * @param {number} total
 * @returns {{text: string, bars: Bar[]}}
 */
export function textOfPredictions(card, outcomes, total) {
  const predictions = predictedOf(outcomes);
  const failed = outcomes.length - predictions.length;
  const sum = (/** @type {'imputed' | 'clipped' | 'unknown'} */ what) => outcomes.reduce((n, p) => n + p[what], 0);
  const note = noteOf({ imputed: sum('imputed'), clipped: sum('clipped'), unknown: sum('unknown') });
  const done = predictions.length < total ? `${count(predictions.length)} of ${counted(total, 'record')}` : counted(total, 'record');
  /** @type {Bar[]} */
  let bars = [];
  if (card.task !== 'quantities') {
    const counts = card.fields.output.labels.map((label) => predictions.filter((p) => p.label === label).length);
    const most = counts.reduce((a, b) => Math.max(a, b), 0);
    bars = counts.map((n, i) => bar(card.fields.output.labels[i], n / Math.max(1, predictions.length), count(n), n === most && n > 0));
  }
  const doubts = predictions.filter((p) => p.inDoubt).length;
  const doubted = doubts > 0 ? `The model isn't sure of ${counted(doubts, 'record')}.` : '';
  const marked = failed > 0 ? `${counted(failed, 'record')} got an answer that can't be right, and ${failed === 1 ? 'is' : 'are'} marked.` : '';
  const changes = note || (outcomes.length > 0 ? 'No cell had to be changed.' : '');
  return { text: [`${done} predicted.`, doubted, marked, changes].filter(Boolean).join(' '), bars };
}

/** The predictions among the outcomes, without marked records. @param {readonly Outcome[]} outcomes */
export function predictedOf(outcomes) {
  return outcomes.filter((outcome) => outcome.failed === undefined);
}
