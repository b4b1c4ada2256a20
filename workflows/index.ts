// The workflows that a worker offers.

export { cleanRestart } from './clean-restart.js';
export { reportAge } from './report-age.js';
export { supervisePool } from './supervise-pool.js';
