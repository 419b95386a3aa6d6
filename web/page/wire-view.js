/** The actual request and answer: as noise, in hexadecimal, and as files. */

import { byId, save } from './dom.js';
import { count, counted, size } from './format.js';
import { roundsOf } from './hidden-words.js';
import { LINE, drawNoise, hexDump, secretsOf } from './noise.js';

/**
 * @typedef {import('./task.js').Task} Task
 * @typedef {import('./task.js').Message} Message
 */

const HEADER_SHOWN = 6 * LINE;
const CIPHERTEXTS_SHOWN = 10 * LINE;

const NOTHING = {
  request: 'Nothing has been sent yet.',
  answer: 'No answer has arrived yet.',
};

/** What is said of messages: what they hold after their headers, and what that is to others. */
const WORDS = {
  direct: { kind: 'encrypted', request: 'ciphertexts', answer: 'ciphertexts', without: 'Without your key, it is as good as noise.' },
  vouchers: { kind: 'masked', request: 'masked numbers', answer: 'masked numbers', without: 'Without the voucher, which only your browser has, it is noise.' },
  sealed: {
    kind: 'masked',
    request: 'ciphertexts of masked numbers',
    answer: 'masked scores',
    without: 'The server opens it and finds masked numbers: without the masks, which only your browser has, they are noise.',
  },
};

export class WireView {
  /** @type {Task | undefined} */
  #task;
  /** What is shown, so that nothing is drawn twice. @type {{request?: Message, answer?: Message, headerLength?: number}} */
  #shown = {};
  /** @type {import('../src/card-types.js').Way} */
  #way = 'direct';
  #noise = byId('request-noise', HTMLCanvasElement);
  #answerNoise = byId('answer-noise', HTMLCanvasElement);

  constructor() {
    for (const side of /** @type {const} */ (['request', 'answer'])) {
      byId(`save-${side}`, HTMLButtonElement).addEventListener('click', () => {
        const bytes = this.#task?.[side]?.bytes;
        if (bytes) save(`${this.#task?.question?.model}.${side}`, bytes, 'application/octet-stream');
      });
    }
  }

  /** @param {Task} task */
  render(task) {
    this.#task = task;
    this.#way = task.way;
    const { request, answer } = task;
    if (request !== this.#shown.request) this.#renderRequest(request);
    // The length of an answer's header is known a little later than the answer.
    if (answer !== this.#shown.answer || answer?.headerLength !== this.#shown.headerLength) this.#renderAnswer(answer);
    this.#shown = { request, answer, headerLength: answer?.headerLength };
  }

  /** @param {Message | undefined} request */
  #renderRequest(request) {
    this.#fill('request', request);
    byId('request-hint', HTMLElement).hidden = request !== undefined;
    const text = byId('request-size', HTMLElement);
    if (!request) {
      this.#noise.width = this.#noise.height = 1;
      this.#noise.setAttribute('aria-label', NOTHING.request);
      text.textContent = 'When you ask, your request appears here, byte for byte: one dot per byte.';
      return;
    }
    const { kind, without } = WORDS[this.#way];
    const secrets = secretsOf(request.bytes, request.headerLength, this.#way);
    drawNoise(this.#noise, secrets);
    this.#noise.setAttribute('aria-label', `The ${count(secrets.length)} bytes of the ${kind} numbers, one dot per byte: noise`);
    text.textContent = `${size(request.bytes.length)} of your actual request. ${without}`;
  }

  /** @param {Message | undefined} answer */
  #renderAnswer(answer) {
    const isKnown = answer !== undefined && answer.headerLength > 0;
    this.#fill('answer', isKnown ? answer : undefined);
    if (!isKnown) return;
    drawNoise(this.#answerNoise, secretsOf(answer.bytes, answer.headerLength, this.#way, 'answer'));
    this.#answerNoise.setAttribute('aria-label', `The ${WORDS[this.#way].kind} answer, one dot per byte: noise`);
  }

  /** @param {'request' | 'answer'} side @param {Message | undefined} message */
  #fill(side, message) {
    const hex = byId(`${side}-hex`, HTMLElement);
    hex.hidden = message === undefined;
    byId(`save-${side}`, HTMLButtonElement).disabled = message === undefined;
    byId(`${side}-about`, HTMLElement).textContent = message
      ? `${counted(message.bytes.length, 'byte')}: a header of ${counted(message.headerLength, 'byte')} in plain JSON, ` +
        `which holds none of your data, then the ${WORDS[this.#way][side]}${roundOf(this.#task)}.`
      : NOTHING[side];
    if (message) hex.textContent = excerptOf(message);
  }
}

/** That a network's last round is shown; nothing for other models. @param {Task | undefined} task */
function roundOf(task) {
  const rounds = task?.card ? roundsOf(task.card) : 1;
  return rounds > 1 ? ` of the last of ${rounds} rounds, which all look alike` : '';
}

/** The beginnings of the header and of the ciphertexts. @param {Message} message */
function excerptOf({ bytes, headerLength }) {
  const ciphertexts = Math.floor(headerLength / LINE) * LINE;
  const shown = Math.min(HEADER_SHOWN, ciphertexts);
  return [hexDump(bytes, 0, shown), '…', hexDump(bytes, ciphertexts, CIPHERTEXTS_SHOWN), '…'].join('\n');
}
