import { expect, test } from 'vitest';
import { freePort, withPorts } from '../../embedded/ports.js';
import { takePort } from '../fixtures/taken-port.js';

test('a port that somebody else took before the server listened is replaced by another', async () => {
  const tried: number[] = [];
  const started = await withPorts([[]], async ([port = 0]) => {
    tried.push(port);
    if (tried.length === 1) await takePort(port);
    await takePort(port);
    return port;
  });
  expect(tried).toHaveLength(2);
  expect(started).toBe(tried[1]);
});

test('losing the race again and again ends in the error', async () => {
  let tries = 0;
  const losing = withPorts([[]], async ([port = 0]) => {
    tries++;
    await takePort(port);
    await takePort(port);
  });
  await expect(losing).rejects.toMatchObject({ code: 'EADDRINUSE' });
  expect(tries).toBe(4);
});

test('of the ports that a caller prefers, the first free one is taken, and any free one when none is', async () => {
  const [taken, free] = [await takePort(), await freePort()];
  await withPorts([[taken, free], [taken]], ([first, second]) => {
    expect(first).toBe(free);
    expect([taken, free]).not.toContain(second);
    return Promise.resolve();
  });
});

test('what fails for another reason is not repeated', async () => {
  let tries = 0;
  const broken = withPorts([[]], () => {
    tries++;
    return Promise.reject(new Error('broken'));
  });
  await expect(broken).rejects.toThrow('broken');
  expect(tries).toBe(1);
});
