/** Files that are dropped onto the page or pasted into it. */

/**
 * @typedef {{offer: (file: File | undefined) => void}} Taker
 */

/**
 * @param {HTMLElement} sheet takes pictures
 * @param {HTMLElement} table takes CSV files
 * @param {Taker} digit
 * @param {Taker} csv
 * @param {() => boolean} isDigitOpen
 */
export function connectFiles(sheet, table, digit, csv, isDigitOpen) {
  connectDrop(sheet, digit);
  connectDrop(table, csv);
  // Elsewhere, a dropped file must not replace the page and the key with it.
  for (const type of ['dragover', 'drop']) document.addEventListener(type, (event) => event.preventDefault());
  document.addEventListener('paste', (event) => {
    const picture = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith('image/'));
    if (picture && isDigitOpen()) digit.offer(picture);
  });
}

/** @param {HTMLElement} place @param {Taker} taker */
function connectDrop(place, taker) {
  const mark = (/** @type {boolean} */ isOver) => place.classList.toggle('over', isOver);
  place.addEventListener('dragover', (event) => {
    event.preventDefault();
    mark(true);
  });
  place.addEventListener('dragleave', () => mark(false));
  place.addEventListener('drop', (event) => {
    event.preventDefault();
    mark(false);
    taker.offer(event.dataTransfer?.files[0]);
  });
}
