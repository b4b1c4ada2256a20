// The compiler leaves .sql files behind; the migrations are needed beside the compiled store.

import { cpSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const from = fileURLToPath(new URL('../state/migrations', import.meta.url));
const to = fileURLToPath(new URL('../dist/state/migrations', import.meta.url));
rmSync(to, { recursive: true, force: true });
cpSync(from, to, { recursive: true });
