// The workflows that a worker offers.

export { cleanRestart } from './clean-restart.js';
