/**
 * Makes the page's icons for home screens from `page/icon.svg`: `npm run icons`.
 *
 * Systems cut their own shape out of a maskable one, and Apple's round its corners, so that the ground fills those, and what is on it
 * stays within the middle.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { CHROMIUM } from './e2e/harness/chromium.js';

const page = new URL('../page/', import.meta.url);
const svg = readFileSync(new URL('icon.svg', page), 'utf8');

/** The same with the ground to the edge. */
const filled = svg
  .replace('viewBox="0 0 32 32"', 'viewBox="-4 -4 40 40"')
  .replace(/<rect[^>]*\/>/, '<rect x="-4" y="-4" width="40" height="40" fill="#0f766e"/>');

const browser = await chromium.launch(CHROMIUM);
for (const { name, side, drawing } of [
  { name: 'icon-180', side: 180, drawing: filled },
  { name: 'icon-192', side: 192, drawing: svg },
  { name: 'icon-512', side: 512, drawing: svg },
  { name: 'icon-maskable', side: 512, drawing: filled },
]) {
  const sheet = await browser.newPage({ viewport: { width: side, height: side } });
  await sheet.setContent(`<!doctype html><style>body { margin: 0 } svg { display: block; width: ${side}px }</style>${drawing}`);
  writeFileSync(new URL(`${name}.png`, page), await sheet.screenshot({ omitBackground: true }));
  await sheet.close();
}
await browser.close();
