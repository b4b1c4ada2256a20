// node dist/demo/three-vms-main.js: writes examples/three-vms.

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { threeVms } from './three-vms.js';

const directory = fileURLToPath(new URL('../../examples/three-vms', import.meta.url));
for (const [name, text] of Object.entries(threeVms())) {
  await mkdir(dirname(join(directory, name)), { recursive: true });
  await writeFile(join(directory, name), text);
}
