/** Numbers for people. */

const whole = new Intl.NumberFormat('en');

/** @param {number} number */
export const count = (number) => whole.format(number);

/** A number of things, such as "1 record" or "1,821 records". @param {number} number @param {string} thing */
export const counted = (number, thing) => `${count(number)} ${thing}${number === 1 ? '' : 's'}`;

/** @param {number} milliseconds */
export function duration(milliseconds) {
  if (milliseconds < 0.05) return 'under 0.1 ms';
  if (milliseconds < 10) return `${milliseconds.toFixed(1)} ms`;
  if (milliseconds < 1000) return `${milliseconds.toFixed(0)} ms`;
  if (milliseconds < 100_000) return `${(milliseconds / 1000).toFixed(2)} s`;
  return `${count(Math.round(milliseconds / 1000))} s`;
}

/** A time that is only known roughly. @param {number} milliseconds */
export function about(milliseconds) {
  const seconds = Math.max(1, Math.round(milliseconds / 1000));
  return seconds < 100 ? counted(seconds, 'second') : counted(Math.round(seconds / 60), 'minute');
}

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < 1000) return counted(bytes, 'byte');
  if (bytes < 1e6) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** @param {number} probability */
export function percent(probability) {
  if (probability > 0 && probability < 0.0005) return '< 0.1 %';
  if (probability < 1 && probability >= 0.9995) return '> 99.9 %';
  return `${(100 * probability).toFixed(1)} %`;
}

/** A value for reading, not for computing: four significant digits. @param {number} value */
export const short = (value) => String(Number(value.toPrecision(4)));

/** A time that passes. @param {number} milliseconds */
export const seconds = (milliseconds) => `${Math.round(milliseconds / 1000)} s`;
