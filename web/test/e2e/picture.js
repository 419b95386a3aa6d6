/** Makes the picture of the page in the README, `docs/page.png`: `npm run picture`. */

import { pageTest } from './harness/browser.js';
import { answerOn, chooseWay } from './harness/person.js';
import { digits, hospital, pathOf, sealed, serveSealed } from './harness/service.js';

pageTest(
  'the picture of the page',
  async ({ page, proxy, open }) => {
    const service = await serveSealed(sealed(digits, 'picture'), sealed(hospital, 'picture'));
    proxy.rule = ({ ask }) => ask(service);
    await open('');
    await chooseWay(page, 'vouchers');
    await page.locator('#table-live', { hasText: 'follows your form' }).waitFor();
    await page.locator('#predict-row').click();
    await answerOn(page);
    await page.locator('#keep').click();
    await page.locator('#table-fields [name="age"]').fill('81');
    await page.locator('#table-fields [name="scoma"]').fill('94');
    await page.locator('#predict-row').click();
    await page.locator('#prediction[data-tone=risk]').waitFor();
    await page.evaluate(() => {
      scrollTo(0, 0);
      document.querySelector('.fields')?.scrollTo(0, 0);
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    });
    await page.mouse.move(0, 0);
    await page.screenshot({ path: pathOf('docs/page.png') });
  },
  { context: { viewport: { width: 1200, height: 1000 } } },
);
