import { expect, test } from 'vitest';
import { ageAndRejuvenate } from '../../fixtures/aging-tomcat.js';

test.each([
  ['connections', /^Aging: fileHandles rises/],
  ['slow', /^Aging: (latencyP\d\d|threads:\S+|connections:proxy) rises/],
] as const)('a Tomcat that leaks (%s) is restarted before a request fails', async (kind, evidence) => {
  const { report, history } = await ageAndRejuvenate(kind);

  expect(history.find(({ what }) => what === 'agingDetected')?.reason).toMatch(evidence);
  expect(report).toMatchObject({ failed: 0, sessionsLost: 0, updatesLost: 0 });
});
