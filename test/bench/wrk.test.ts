import { expect, test } from 'vitest';
import { readWrk } from '../../bench/wrk.js';

const PRINTED = `Running 4s test @ http://127.0.0.1:8080
  Latency Distribution
     50%    3.01ms
     99%   21.50ms
  80000 requests in 4.00s, 100.00MB read
`;

test('figures are read as wrk prints them', () => {
  expect(readWrk(`${PRINTED}Requests/sec:  20000.12\n`, 4)).toEqual({
    requestsPerSecond: 20000.12,
    cpuMicrosPerRequest: 50,
    p99Ms: 21.5,
    failed: 0,
  });
});

test('bad answers and broken connections both count as failed', () => {
  const bad = '  Socket errors: connect 1, read 20, write 300, timeout 4000\n  Non-2xx or 3xx responses: 50000\n';
  expect(readWrk(`${PRINTED}${bad}`, 4).failed).toBe(54321);
});
