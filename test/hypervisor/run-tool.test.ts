import { expect, test } from 'vitest';
import { runTool } from '../../activities/hypervisor/run-tool.js';
import { TimeLimitError } from '../../config/within.js';
import { startTimeOf } from '../../state/process-identity.js';

const signal = new AbortController().signal;
const LONG_MS = 60_000;

test('what it says, and how it ends, is told apart', async () => {
  expect(await runTool('sh', ['-c', 'echo out; echo err >&2; exit 3'], LONG_MS, signal)).toEqual({
    ...{ code: 3, stdout: 'out\n', stderr: 'err\n' },
  });
});

test('nobody can be asked: there is neither input nor a terminal', async () => {
  const { stdout } = await runTool('sh', ['-c', 'cat; (: < /dev/tty) 2>/dev/null || echo none; echo $LC_ALL'], LONG_MS, signal);

  expect(stdout).toBe('none\nC\n');
});

test('one that hangs is killed with what it has started', async () => {
  const script = 'sleep 1000 & echo $! > "$0"; sleep 1000';
  const { stdout: file } = await runTool('mktemp', [], LONG_MS, signal);

  await expect(runTool('sh', ['-c', script, file.trim()], 500, signal)).rejects.toThrow(TimeLimitError);

  const { stdout: pid } = await runTool('sh', ['-c', 'cat "$0"; rm "$0"', file.trim()], LONG_MS, signal);
  await expect.poll(() => startTimeOf(Number(pid))).toBeNull();
});

test('one that ends is not waited for because of what it leaves behind', async () => {
  const { stdout } = await runTool('sh', ['-c', 'sleep 1000 & echo $!'], LONG_MS, signal);

  process.kill(Number(stdout), 'SIGKILL');
});

test('an abort ends it, and one from before lets it not begin', async () => {
  const broken = new AbortController();
  const running = runTool('sleep', ['1000'], LONG_MS, broken.signal);

  broken.abort(new Error('enough'));

  await expect(running).rejects.toThrow('enough');
  await expect(runTool('sleep', ['1000'], LONG_MS, broken.signal)).rejects.toThrow('enough');
});

test('an output without an end is cut', async () => {
  const { stdout } = await runTool('sh', ['-c', 'head -c 1100000 /dev/zero | tr "\\0" x'], LONG_MS, signal);

  expect(stdout).toHaveLength(1_000_000);
});
