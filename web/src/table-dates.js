/** Dates in cells: as days since 1970-01-01. */

/** The unit of a column of dates: cells of such a column may be dates. */
export const DAYS = 'days since 1970-01-01';

const DATE = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2}(?:\.\d{1,9})?))?Z?)?$/;

/**
 * The days since 1970-01-01 of a date such as `2024-12-08`, perhaps with a time of day; undefined if a text is none.
 *
 * @param {string} text
 */
export function daysOf(text) {
  const found = DATE.exec(text);
  if (!found) return undefined;
  const [year, month, day, hours = 0, minutes = 0] = found.slice(1, 6).map((digits) => (digits === undefined ? undefined : Number(digits)));
  const seconds = Number(found[6] ?? 0);
  if (year === undefined || month === undefined || day === undefined) return undefined;
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hours > 23 || minutes > 59 || seconds >= 60) return undefined;
  return since1970(year, month, day) + (hours * 3600 + minutes * 60 + seconds) / 86400;
}

/** @param {number} year @param {number} month */
function daysIn(year, month) {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (month === 2) return isLeap ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Years are counted from March, so that the leap day is the last of its year. @param {number} year @param {number} month @param {number} day */
function since1970(year, month, day) {
  const from = month < 3 ? year - 1 : year;
  const days = 365 * from + Math.floor(from / 4) - Math.floor(from / 100) + Math.floor(from / 400);
  return days + Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1 - 719468;
}
