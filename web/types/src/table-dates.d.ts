/** Dates in cells: as days since 1970-01-01. */
/** The unit of a column of dates: cells of such a column may be dates. */
export declare const DAYS = "days since 1970-01-01";
/**
 * The days since 1970-01-01 of a date such as `2024-12-08`, perhaps with a time of day; undefined if a text is none.
 *
 * @param {string} text
 */
export declare function daysOf(text: string): number | undefined;
