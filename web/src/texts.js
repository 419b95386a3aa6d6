/**
 * Texts that stand in tables and on screens.
 */

import { fail } from './shape.js';

const encoder = new TextEncoder();

/** Whether a text is short enough, and has no control characters. @param {string} text */
const isPlain = (text) => encoder.encode(text).length <= 256 && !/\p{Cc}/u.test(text);

/** A cell loses spaces and tabs at both ends, and nothing else. @param {string} text */
export const trimmed = (text) => text.replace(/^[ \t]+|[ \t]+$/g, '');

/**
 * Labels and names must be distinct and fit to stand in a CSV file.
 *
 * @param {readonly string[]} texts
 * @param {string} place
 */
export function checkTexts(texts, place) {
  texts.forEach((text, i) => {
    if (text.trim() === '') fail(`${place}[${i}]`, 'is empty');
    if (!isPlain(text)) fail(`${place}[${i}]`, 'is longer than 256 bytes or has control characters');
  });
  if (new Set(texts).size !== texts.length) fail(place, 'has a text twice');
}

/**
 * What cells are compared with: no cell could be equal to another text.
 *
 * @param {readonly string[]} texts
 * @param {string} place
 */
export function checkCells(texts, place) {
  texts.forEach((text, i) => {
    if (trimmed(text) !== text) fail(`${place}[${i}]`, 'begins or ends with spaces or tabs');
    if (!isPlain(text)) fail(`${place}[${i}]`, 'is longer than 256 bytes or has control characters');
  });
  if (new Set(texts).size !== texts.length) fail(place, 'has a text twice');
}
