/** The tab for digits: a drawing, a picture or a test image becomes the pixels that the model gets. */

import { VeilcastError, fitMnist, greyImage, isFitted } from '../index.js';
import { announce, byId } from './dom.js';
import { Drawing } from './drawing.js';
import { drawInk, loadSamples, readPicture } from './pictures.js';

/**
 * @typedef {import('./pictures.js').Sample} Sample
 * @typedef {import('./task.js').Question} Question
 */

const SIDE = 28;
/** A drawing that is smaller, as a part of the sheet, is hardly one. */
const TINY = 0.15;

const ODD =
  'Almost nothing is drawn. Your browser scales a drawing until it fills the picture, so the model gets a blot, which it takes for one of the ten ' +
  'digits: it knows nothing else.';

const DRAWN = 'What the model gets: your drawing, centred, in 28 × 28 pixels.';

/** The colours of ink and ground in what the model gets, as in MNIST. */
const INK = /** @type {const} */ ([245, 245, 240]);

export class DigitTab extends EventTarget {
  #drawing = new Drawing(byId('drawing', HTMLCanvasElement), announce);
  #fitted = byId('fitted', HTMLCanvasElement);
  #note = byId('digit-note', HTMLElement);
  /** @type {Uint8Array | undefined} what the model gets */
  #pixels;
  #isDrawn = false;
  /** @type {Promise<Sample[]> | undefined} */
  #samples;
  #nextSample = 0;

  constructor() {
    super();
    for (const type of ['begin', 'draw']) this.#drawing.addEventListener(type, () => this.dispatchEvent(new Event(type)));
    this.#drawing.addEventListener('change', () => {
      this.follow();
      this.dispatchEvent(new Event('change'));
    });
    byId('clear', HTMLButtonElement).addEventListener('click', () => this.#drawing.clear());
    byId('sample', HTMLButtonElement).addEventListener('click', () => this.#try(() => this.#takeSample()));
    const upload = byId('upload', HTMLInputElement);
    upload.addEventListener('change', () => {
      const file = upload.files?.[0];
      // The same file may be chosen again.
      upload.value = '';
      this.offer(file);
    });
  }

  get isEmpty() {
    return this.#pixels === undefined;
  }

  /** Whether what the model gets was drawn here. */
  get isDrawn() {
    return this.#isDrawn;
  }

  get isPenDown() {
    return this.#drawing.isPenDown;
  }

  /** What is odd about the picture, whatever a model says; nothing if nothing is. */
  get oddity() {
    return this.#isDrawn && !this.isEmpty && this.#drawing.extent < TINY ? ODD : '';
  }

  /** @param {string} model @returns {Question} */
  question(model) {
    const pixels = [...(this.#pixels ?? [])];
    return { kind: 'digit', model, records: () => [pixels] };
  }

  /** Takes a file that was chosen, dropped or pasted. @param {File | undefined} file */
  offer(file) {
    if (file) void this.#try(() => this.#takeFile(file));
  }

  /** Takes the drawing as it is now, also before a stroke is over. */
  follow() {
    this.#isDrawn = true;
    const picture = this.#drawing.picture();
    if (!picture) return this.#show(undefined, DRAWN);
    try {
      this.#show(fitMnist(greyImage(picture)), DRAWN);
    } catch (error) {
      // A drawing next to the sheet, or one that covers it: not yet a digit. Separate strokes may be joined yet.
      const areSeveral = error instanceof VeilcastError && error.code === 'several_digits';
      this.#show(undefined, areSeveral ? 'There is more than one digit, or its strokes are apart.' : 'There is no digit to see yet.');
    }
  }

  /** @param {File} file */
  async #takeFile(file) {
    const { picture, grey } = await readPicture(file);
    const isReady = isFitted(grey);
    const pixels = fitMnist(grey);
    this.#drawing.show(picture, { isSmooth: grey.width > SIDE || grey.height > SIDE });
    this.#take(
      pixels,
      isReady ? 'Your picture has 28 × 28 pixels, and is used as it is.' : 'What the model gets: your picture, cut out, centred, in 28 × 28 pixels.',
    );
    announce('Picture taken');
  }

  async #takeSample() {
    this.#samples ??= loadSamples();
    const samples = await this.#samples.catch((error) => {
      this.#samples = undefined;
      throw error;
    });
    const place = this.#nextSample % samples.length;
    this.#nextSample += 1;
    const { pixels, label } = samples[place];
    const canvas = new OffscreenCanvas(SIDE, SIDE);
    drawInk(canvas, pixels, INK);
    this.#drawing.show(canvas, { isSmooth: false, isInk: true });
    const text = `Test image ${place + 1} of ${samples.length}, from MNIST's test set, which says that it shows a ${label}.`;
    this.#take(pixels, text);
    announce(text);
  }

  /** Takes a picture that was not drawn here. @param {Uint8Array | undefined} pixels @param {string} note */
  #take(pixels, note) {
    this.#isDrawn = false;
    this.#show(pixels, note);
    this.dispatchEvent(new Event('change'));
  }

  /** @param {Uint8Array | undefined} pixels @param {string} note */
  #show(pixels, note) {
    this.#pixels = pixels;
    drawInk(this.#fitted, pixels ?? new Uint8Array(SIDE * SIDE), INK);
    this.#fitted.setAttribute('aria-label', `The picture as the model gets it${pixels ? '' : ': nothing yet'}`);
    this.#note.textContent = note;
    byId('drawing-hint', HTMLElement).hidden = !this.#drawing.isEmpty;
  }

  /** @param {() => Promise<void>} take */
  async #try(take) {
    try {
      await take();
    } catch (error) {
      const known = error instanceof VeilcastError ? error : new VeilcastError('unexpected', String(error), { cause: error });
      this.dispatchEvent(new CustomEvent('trouble', { detail: known }));
    }
  }
}
