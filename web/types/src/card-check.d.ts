/**
 * The checks that make JSON a card: the form of every field, and that none contradicts another.
 */
export type CardFields = import('./card-types.js').CardFields;
/** @typedef {import('./card-types.js').CardFields} CardFields */
export declare const CARD_FORMAT = "veilcast-card/1";
/** The ways of a card that names none. @type {readonly import('./card-types.js').Way[]} */
export declare const WAYS: readonly import('./card-types.js').Way[];
/**
 * Checks every field.
 *
 * @param {unknown} json
 * @returns {{fields: CardFields, features: number}} the number of features, which get encrypted
 * @throws {import('./shape.js').ShapeError}
 */
export declare function checkCard(json: unknown): {
    fields: CardFields;
    features: number;
};
/**
 * What is predicted, as the fields of a card's output other than `task` say: several scores without a final function are
 * quantities if they have units, and classes otherwise.
 *
 * @param {CardFields['output']} output
 * @returns {import('./card-types.js').Task}
 */
export declare function impliedTask({ scales, activation, units }: CardFields['output']): import('./card-types.js').Task;
