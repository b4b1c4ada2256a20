// node apart-main.js COMMAND [ARGUMENT...]: runs a command in namespaces of its own, once what guests need is there.

import { describeError } from '../config/operator-error.js';
import { prepareApart, runApart } from './apart.js';

try {
  const onProgress = (line: string): void => void process.stderr.write(`${line}\n`);
  await prepareApart(['tomcat', 'proxy'], onProgress);
  process.exitCode = await runApart(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${describeError(error)}\n`);
  process.exitCode = 1;
}
