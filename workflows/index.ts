// The workflows that a worker offers.

export { cleanRestart } from './clean-restart.js';
export { failOver } from './fail-over.js';
export { rejuvenateFleet } from './rejuvenate-fleet.js';
export { reportAge } from './report-age.js';
export { supervisePool } from './supervise-pool.js';
