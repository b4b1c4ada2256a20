// npm run guests

import { stat } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { onToldToEnd } from '../cli/until-told.js';
import { describeError } from '../config/operator-error.js';
import { refusing } from '../demo/options.js';
import type { ImageName } from './content.js';
import { IMAGES } from './content.js';
import { TO_BUILD } from './debian.js';
import { provideGuests, requirePackages } from './guests.js';

const { json, only } = refusing(new Command('npm run guests --'))
  .description(
    'Builds the images of the virtual machines that the demo and its tests run, from packages of Debian, into the cache.',
  )
  .option('--json', 'print one JSON object on standard output, progress on standard error', false)
  .addOption(new Option('--only <name>', 'build this one alone').choices(IMAGES))
  .allowExcessArguments(false)
  .parse(process.argv)
  .opts<{ json: boolean; only?: ImageName }>();

const stop = new AbortController();
onToldToEnd(() => stop.abort(), 'what it has started');

try {
  requirePackages(TO_BUILD);
  const onProgress = (line: string): void => void process.stderr.write(`${line}\n`);
  const { boot, accelerator, images } = await provideGuests(only ? [only] : IMAGES, { onProgress, signal: stop.signal });
  if (json) {
    process.stdout.write(`${JSON.stringify({ accelerator, ...boot, images })}\n`);
  } else {
    const how = accelerator === 'kvm' ? 'on KVM' : 'emulated: no guest boots on KVM here';
    process.stdout.write(`Guests run ${how}.\nkernel  ${boot.kernel}\ninitrd  ${boot.initrd}\n`);
    for (const [name, path] of Object.entries(images)) {
      // Its holes take no room on the disk.
      const { blocks } = await stat(path);
      process.stdout.write(`${name.padEnd(8)}${path}  (${Math.round((blocks * 512) / 2 ** 20)} MiB)\n`);
    }
  }
} catch (error) {
  process.stderr.write(`${stop.signal.aborted ? 'Ended on request.' : describeError(error)}\n`);
  process.exitCode = 1;
}
