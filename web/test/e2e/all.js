/**
 * All end-to-end tests, in one process: they share a service and a browser.
 *
 * Each file imports the browser, and waits for nothing else: Node's runner takes the tests that are there when
 * the first of them end for all.
 */

import './record.test.js';
import './digits.test.js';
import './live.test.js';
import './sealed.test.js';
import './hybrid.test.js';
import './networks.test.js';
import './table.test.js';
import './faults.test.js';
import './token.test.js';
import './places.test.js';
import './offline.test.js';
import './state.test.js';
import './bundles.test.js';
import './privacy.test.js';
import './looks.test.js';
import './walk.test.js';
import './times.test.js';
