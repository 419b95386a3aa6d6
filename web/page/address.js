/** The page's state in its address, behind the #, which no browser sends: another load, or a link, opens the same. */

/**
 * @typedef {object} State
 * @property {string | null} tab
 * @property {string | null} model
 * @property {string | null} way
 * @property {string | null} bits of the key
 */

const NAMES = /** @type {const} */ (['tab', 'model', 'way', 'bits']);

/** @param {string} hash such as `#tab=digit&way=direct` @returns {State} */
export function stateIn(hash) {
  const said = new URLSearchParams(hash.replace(/^#/, ''));
  return { tab: said.get('tab'), model: said.get('model'), way: said.get('way'), bits: said.get('bits') };
}

/** @param {State} state what is null is left out */
export function hashOf(state) {
  const said = new URLSearchParams(NAMES.flatMap((name) => (state[name] === null ? [] : [[name, state[name] ?? '']])));
  return `#${said}`;
}

/** Keeps the state without a step in the history. @param {State} state */
export const keepState = (state) => history.replaceState(null, '', hashOf(state));
