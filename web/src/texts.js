/**
 * Texts in tables and on screens.
 */

import { fail } from './shape.js';

const encoder = new TextEncoder();

/** Whether a text is short enough, and has no control characters. @param {string} text */
const isPlain = (text) => encoder.encode(text).length <= 256 && !/\p{Cc}/u.test(text);

/** Removes spaces and tabs at both ends of a cell, and nothing else. @param {string} text */
export const trimmed = (text) => text.replace(/^[ \t]+|[ \t]+$/g, '');

/**
 * Labels and names must be distinct and suitable for a CSV file.
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
 * Checks texts that cells are compared with: no cell could be equal to any other text.
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
