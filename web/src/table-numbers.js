/**
 * Numbers in cells, as people and programs write them.
 *
 * Beside digits a cell may have a sign (a Unicode minus too), a decimal mark, marks or spaces between
 * thousands, an exponent, a per cent sign and a currency sign. Which of point and comma is the decimal mark is
 * decided for a whole column: `9,916` alone doesn't say.
 */

/**
 * @typedef {'.' | ','} Mark
 * @typedef {{decimal: Mark | undefined, percent: boolean, currency: string | undefined}} Format how the numbers of a column
 *   are written; the decimal mark isn't known if nothing shows it
 * @typedef {'not_a_number' | 'not_finite' | 'other_decimal' | 'ambiguous_number' | 'mixed_units'} Fault
 */

const PLAIN = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const SPACES = '[ \\t\\u00a0\\u2007\\u2009\\u202f]';
const ENDS = new RegExp(`^${SPACES}+|${SPACES}+$`, 'g');
const SIGN = new RegExp(`^([+\\-\\u2212])${SPACES}*`);
const CURRENCIES = '$¢£¤¥฿₡₦₩₪₫€₭₮₱₲₴₵₸₹₺₼₽₾₿';
const FIRST_CURRENCY = new RegExp(`^([${CURRENCIES}])${SPACES}*`);
const LAST_CURRENCY = new RegExp(`${SPACES}*([${CURRENCIES}])$`);
const LAST_PERCENT = new RegExp(`${SPACES}*%$`);
const IS_SPACE = new RegExp(`^${SPACES}$`);

/**
 * The number in a cell of a column.
 *
 * @param {Format} format
 * @param {string} text
 * @returns {{number: number} | {fault: Fault}}
 */
export function readNumber(format, text) {
  if (PLAIN.test(text) && !format.percent && (format.decimal !== ',' || !text.includes('.'))) return finite(Number(text));
  const found = written(text);
  if (!found) return { fault: 'not_a_number' };
  const [point, comma] = found.values;
  const { decimal } = format;
  let value;
  if (decimal) {
    value = decimal === '.' ? point : comma;
    if (value === undefined) return { fault: 'other_decimal' };
  } else if (point === undefined || comma === undefined) {
    value = point ?? comma;
  } else {
    if (point !== comma && found.hasComma) return { fault: 'ambiguous_number' };
    value = point;
  }
  if (value === undefined || !Number.isFinite(value)) return { fault: 'not_finite' };
  if (found.percent !== format.percent && value !== 0) return { fault: 'mixed_units' };
  if (found.currency && format.currency && found.currency !== format.currency) return { fault: 'mixed_units' };
  return { number: found.percent ? value / 100 : value };
}

/** @param {number} number @returns {{number: number} | {fault: Fault}} */
const finite = (number) => (Number.isFinite(number) ? { number } : { fault: 'not_finite' });

/** The plain number that a text is; undefined if it is none. @param {string} text */
export function plainNumber(text) {
  const number = PLAIN.test(text) ? Number(text) : NaN;
  return Number.isFinite(number) ? number : undefined;
}

/**
 * A cell that is a number with at least one of the decimal marks: what it is if that is a point, and what if it is
 * a comma.
 *
 * @param {string} text
 * @returns {{values: [number | undefined, number | undefined], hasComma: boolean, percent: boolean, currency: string | undefined} | undefined}
 */
export function written(text) {
  let rest = text.replace(ENDS, '');
  let sign = '';
  let currency;
  let percent = false;
  const take = (/** @type {RegExp} */ pattern) => {
    const found = pattern.exec(rest);
    if (found) rest = rest.slice(found[0].length);
    return found?.[1];
  };
  for (let i = 0; i < 2; i++) {
    sign ||= take(SIGN) ?? '';
    currency ??= take(FIRST_CURRENCY);
  }
  if (LAST_PERCENT.test(rest)) {
    percent = true;
    rest = rest.replace(LAST_PERCENT, '');
  } else if (!currency) {
    currency = LAST_CURRENCY.exec(rest)?.[1];
    if (currency) rest = rest.replace(LAST_CURRENCY, '');
  }
  const signed = (/** @type {number | undefined} */ value) => (value !== undefined && (sign === '-' || sign === '\u2212') ? -value : value);
  const point = signed(unsigned(rest, '.'));
  const comma = signed(unsigned(rest, ','));
  if (point === undefined && comma === undefined) return undefined;
  return { values: [point, comma], hasComma: rest.includes(','), percent, currency };
}

/** Reads digits with a decimal mark, marks between thousands and an exponent. @param {string} text @param {Mark} decimal */
function unsigned(text, decimal) {
  const at = text.search(/[eE]/);
  const mantissa = at < 0 ? text : text.slice(0, at);
  const exponent = at < 0 ? '' : `e${text.slice(at + 1).replaceAll('\u2212', '-')}`;
  const mark = mantissa.indexOf(decimal);
  const whole = ungrouped(mark < 0 ? mantissa : mantissa.slice(0, mark), decimal === '.' ? ',' : '.');
  const fraction = mark < 0 ? '' : mantissa.slice(mark + 1);
  if (whole === undefined || !/^\d*$/.test(fraction) || whole.length + fraction.length === 0) return undefined;
  const plain = `${whole}.${fraction}${exponent}`;
  return PLAIN.test(plain) ? Number(plain) : undefined;
}

/** The digits of a whole number whose thousands may be separated. @param {string} text @param {string} group */
function ungrouped(text, group) {
  const mark = /[^0-9]/u.exec(text)?.[0];
  if (mark === undefined) return text;
  if (mark !== group && !IS_SPACE.test(mark) && mark !== "'" && mark !== '\u2019') return undefined;
  const [first, ...others] = text.split(mark);
  return /^[1-9]\d{0,2}$/.test(first) && others.every((part) => /^\d{3}$/.test(part)) ? [first, ...others].join('') : undefined;
}
