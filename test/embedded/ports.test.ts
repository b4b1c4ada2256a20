import { expect, test } from 'vitest';
import { withPorts } from '../../embedded/ports.js';
import { takePort } from '../fixtures/taken-port.js';

test('a port that somebody else took before the server listened is replaced by another', async () => {
  const tried: number[] = [];
  const started = await withPorts([undefined], async ([port = 0]) => {
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
  const losing = withPorts([undefined], async ([port = 0]) => {
    tries++;
    await takePort(port);
    await takePort(port);
  });
  await expect(losing).rejects.toMatchObject({ code: 'EADDRINUSE' });
  expect(tries).toBe(4);
});

test('what fails for another reason, or at a port that the caller has named, is not repeated', async () => {
  const taken = await takePort();
  for (const named of [undefined, taken]) {
    let tries = 0;
    await expect(
      withPorts([named], () => {
        tries++;
        return Promise.reject(new Error('broken'));
      }),
    ).rejects.toThrow('broken');
    expect(tries).toBe(1);
  }
});
