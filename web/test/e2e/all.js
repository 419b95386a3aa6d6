/** All end-to-end tests, in one process: they share a service and a browser. */

import './leaks.test.js';
