/** What went wrong, in plain words, and what helps. */

/**
 * @typedef {object} Trouble
 * @property {string} title
 * @property {string} text
 * @property {'retry' | 'key' | 'models' | 'input' | 'token'} help another try; a new key; the models reloaded; other input; a
 *   token
 * @property {string} code
 * @property {string} detail
 */

/** Where there is no text, the error's own message is plain already. @type {Record<string, Pick<Trouble, 'title' | 'text' | 'help'>>} */
const TROUBLES = {
  unreachable: {
    title: 'The service is unavailable',
    text: 'Nothing answers at this address. Perhaps the connection is down, or the service is being restarted. Your input is still here.',
    help: 'retry',
  },
  busy: {
    title: 'Too many requests at once',
    text: 'The service is busy. Wait a moment, then try again. Your input is still here.',
    help: 'retry',
  },
  too_many_keys: {
    title: 'Too many new keys',
    text: 'The service has seen many new keys from your network, and accepts no more for a while. Keep this one, wait a few minutes, then try again.',
    help: 'retry',
  },
  token_needed: {
    title: 'The service asks who you are',
    text: 'It answers only callers with a token, which its operator gives out. Your input is still here.',
    help: 'token',
  },
  token_unknown: {
    title: 'The service does not know your token',
    text: 'It may be mistyped, or has been revoked. Its operator can give you another. Your input is still here.',
    help: 'token',
  },
  model_not_allowed: {
    title: 'Your token is not for this model',
    text: "Choose another model, or ask the service's operator to allow this one.",
    help: 'token',
  },
  quota_used_up: {
    title: 'You have used up what the service allows',
    text: '',
    help: 'retry',
  },
  ledger_away: {
    title: "The service can't look up your token",
    text: 'The database in which it keeps tokens and quotas is unavailable. Wait a moment, then try again. Your input is still here.',
    help: 'retry',
  },
  body_too_large: {
    title: 'The request is too large',
    text: 'The service, or a proxy in front of it, accepts no request of this size. Choose a smaller key at the top of the page, or use the program veilcast.',
    help: 'input',
  },
  invalid_key_proof: {
    title: 'The service does not accept your key',
    text: 'It could not verify that your key is sound. Make a new one; if that does not help, reload the page, which may be older than the service.',
    help: 'key',
  },
  timed_out: {
    title: 'The answer took too long',
    text: 'The service did not answer in time: it may be overloaded, or the connection slow.',
    help: 'retry',
  },
  model_changed: {
    title: 'The model was replaced',
    text: 'The service has a new version of this model. Your browser will use the new one when you try again.',
    help: 'models',
  },
  no_such_model: {
    title: 'The model is gone',
    text: 'The service no longer has this model.',
    help: 'models',
  },
  bad_card: {
    title: 'This page does not understand the model',
    text: 'The model may be newer than this page. Reload the page; if that does not help, use the program veilcast.',
    help: 'models',
  },
  bad_public_part: {
    title: 'This page cannot run the model',
    text: '',
    help: 'models',
  },
  other_public_part: {
    title: 'The files of the model do not match',
    text: 'Its public part is not the file that its card names, so it was not used. Perhaps the model is being replaced: try again in a moment.',
    help: 'retry',
  },
  bad_sealed_model: {
    title: 'The sealed model is not safe to use',
    text: "What your browser would send could betray your data, because the server's key or the model's encrypted weights are not sound. So nothing was sent. Tell the service's operator.",
    help: 'models',
  },
  sealed_ended: {
    title: 'The encrypted weights are gone',
    text: 'The part of your browser that held them has ended, perhaps for lack of memory, or because the model was replaced. Trying again fetches them again.',
    help: 'retry',
  },
  other_sealed_model: {
    title: 'The files of the model do not match',
    text: 'Its encrypted weights are not the file that its card names, so they were not used. Perhaps the model is being replaced: try again in a moment.',
    help: 'retry',
  },
  layout_not_allowed: {
    title: 'The model does not suit this key',
    text: 'The model accepts no requests under a key of this size from a browser. Choose a larger key, at the top of the page.',
    help: 'input',
  },
  no_vouchers: {
    title: 'There are no vouchers',
    text: 'The model answers only with vouchers, which are made ahead of time, and there are none left. Try again in a moment.',
    help: 'retry',
  },
  voucher_spent: {
    title: 'The vouchers were used before',
    text: "The service answers each step of a voucher once, and says that it has answered these. Trying again uses others. If it happens again, tell the service's operator.",
    help: 'retry',
  },
  unknown_voucher: {
    title: 'The service does not know the vouchers',
    text: 'It says that it did not make them for this model and this key, in this order. Trying again uses others; if it happens again, reload the page.',
    help: 'retry',
  },
  no_webcrypto: {
    title: 'No cryptography here',
    text: 'Browsers offer it only to pages opened with https:// or from this very machine (http://localhost). Open the page that way.',
    help: 'key',
  },
  worker_ended: {
    title: 'Your key is gone',
    text: 'The part of your browser that held the key has ended, perhaps for lack of memory. A new key will do just as well.',
    help: 'key',
  },
  bad_answer: {
    title: 'The answer is damaged',
    text:
      "What came back can't be the right answer to your request, so it was not used; in a table, the records concerned are marked. " +
      'Trying again sends everything once more, and so tells a service that cheats that you noticed. If it happens again, stop asking.',
    help: 'retry',
  },
  blank_drawing: {
    title: 'There is nothing to see',
    text: 'Draw a digit first, or take a picture with more contrast between the ink and the background.',
    help: 'input',
  },
  several_digits: {
    title: 'There is more than one digit',
    text: 'The model reads one digit at a time. Cut one out of the picture, or take a picture of one; join strokes that are far apart.',
    help: 'input',
  },
  uneven_ground: {
    title: 'The picture is too uneven',
    text: 'No digit can be told from what is around it. Take a picture of one digit, dark ink on light paper or light on dark, and nothing else.',
    help: 'input',
  },
  not_a_picture: {
    title: 'That is not a picture',
    text: 'Your browser could not read the file as a picture. PNG and JPEG work everywhere.',
    help: 'input',
  },
  not_a_table: {
    title: 'That is not a table',
    text: '',
    help: 'input',
  },
  unexpected: {
    title: 'Something went wrong',
    text: 'This should not have happened. Try again; if it happens again, reload the page.',
    help: 'retry',
  },
};

/** Codes that mean the same to a person. @type {Record<string, string>} */
const SAME = {
  wrong_card_digest: 'model_changed',
  not_sealed: 'model_changed',
  voucher_outdated: 'no_vouchers',
  round_out_of_order: 'unknown_voucher',
  wrong_round: 'unknown_voucher',
  unknown_model: 'no_such_model',
  unknown_version: 'no_such_model',
  body_timeout: 'timed_out',
  bad_ciphertext: 'bad_answer',
  bad_scores: 'bad_answer',
  other_answer: 'bad_answer',
  answer_too_large: 'bad_answer',
  not_veilcast: 'unreachable',
  bad_key: 'worker_ended',
  key_proof_needed: 'invalid_key_proof',
  malformed_key_proof: 'invalid_key_proof',
};

/** Codes whose own message is plain already, and about what was put in. */
const INPUT = [
  'no_records',
  'record_length',
  'not_finite',
  'missing_value',
  'not_a_number',
  'not_a_text',
  'unknown_category',
  'empty_table',
  'duplicate_column',
  'missing_column',
  'row_length',
  'open_quote',
  'unclear_separator',
  'ambiguous_number',
  'mixed_units',
];

/** @param {unknown} error @returns {Trouble} */
export function troubleOf(error) {
  const { code = '', message = String(error) } = /** @type {{code?: string, message?: string}} */ (error ?? {});
  if (INPUT.includes(code)) {
    return { title: 'The input does not suit the model', text: `${sentence(message)}.`, help: 'input', code, detail: message };
  }
  const name = SAME[code] ?? code;
  const trouble = Object.hasOwn(TROUBLES, name) ? TROUBLES[name] : TROUBLES.unexpected;
  return { ...trouble, text: trouble.text || `${sentence(message)}.`, code: code || 'unexpected', detail: message };
}

/** Codes of a service that may answer in a while. */
const AWAY = ['unreachable', 'timed_out', 'busy'];

/** Whether the service doesn't answer for now. @param {unknown} error */
export const isAway = (error) => AWAY.includes(/** @type {{code?: string}} */ (error ?? {}).code ?? '');

/**
 * Why the page can't begin.
 *
 * @param {unknown} error
 * @param {boolean} isOnline whether the device has a connection
 * @returns {Pick<Trouble, 'title' | 'text'>}
 */
export function troubleAtStart(error, isOnline) {
  const { title, text, detail } = troubleOf(error);
  if (!isAway(error)) return { title, text: `${text} (${detail})` };
  const why = isOnline ? 'Perhaps the connection is down, or the service is being restarted.' : 'Your device has no connection.';
  return { title: "The service can't be reached", text: `${why} Nothing can be predicted without it. This page goes on by itself when the service answers.` };
}

/** @param {string} text */
const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);
