// The load as a process of its own, so that what it measures does not wait for the measured.

import { Load } from './run-load.js';
import type { LoadOptions } from './run-load.js';

const PROGRESS_MS = 500;

const load = new Load(JSON.parse(process.argv[2] ?? '{}') as LoadOptions);
const ticker = setInterval(() => process.send?.({ type: 'progress', progress: load.progress() }), PROGRESS_MS);
process.on('message', (command) => {
  if (command === 'begin') load.beginWindow();
  if (command === 'end') void load.endWindow().then((report) => process.send?.({ type: 'window', report }));
});
process.once('disconnect', () => load.stop());
await load.run();
clearInterval(ticker);
process.send?.({ type: 'done', progress: load.progress() });
if (process.connected) process.disconnect();
