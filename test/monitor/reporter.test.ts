import { expect, onTestFinished, test, vi } from 'vitest';
import type { MonitorLog, Reports } from '../../monitor/reporter.js';
import { Reporter } from '../../monitor/reporter.js';

/** A reporter, and what happens because of it in order: what is written down, and what the supervisor is told. */
function reporting(log: MonitorLog = () => undefined): { reporter: Reporter; happened: string[] } {
  const happened: string[] = [];
  const told = (what: string): Promise<void> => Promise.resolve(void happened.push(what));
  const reports: Reports = {
    aging: () => told('aging'),
    down: () => told('down'),
    swapped: () => told('swapped'),
    anomaly: (about, evidence) => told(`${about}: ${evidence ?? 'over'}`),
  };
  const reporter: Reporter = new Reporter('shop', reports, log, () =>
    told(`kept ${reporter.anomalies.map(({ about }) => about).join()}`),
  );
  return { reporter, happened };
}

const anomaly = (about: string): { about: string; evidence: string; sinceMs: number } => ({
  about,
  evidence: 'seen',
  sinceMs: 1,
});

test('what another worker has seen to be over is not open here any more, and is news when it comes again', async () => {
  const { reporter, happened } = reporting();
  reporter.anomaly('lone evidence', 'refused');
  reporter.anomaly('standby b', 'off');
  await reporter.tell();

  reporter.resume({ anomalies: [anomaly('standby b')] }, []);

  expect(reporter.anomalies.map(({ about }) => about)).toEqual(['standby b']);
  happened.length = 0;
  reporter.anomaly('standby b', 'off');
  reporter.anomaly('lone evidence', 'refused');
  await reporter.tell();
  expect(happened).toEqual(['kept standby b,lone evidence', 'lone evidence: refused']);
});

test('what could not be told is not told after another worker has led, but for what that left untold', async () => {
  const { reporter, happened } = reporting();
  reporter.down('a', 'no answer');
  reporter.anomaly('lone evidence', 'refused');

  reporter.resume({ anomalies: [anomaly('standby b')], untold: ['standby b', 'sampler jmx'] }, []);
  await reporter.tell();

  expect(happened).toEqual(['kept standby b', 'standby b: seen', 'sampler jmx: over']);
});

test('an anomaly is written down before it is told, so that whoever goes on can tell that it is over', async () => {
  const { reporter, happened } = reporting();

  reporter.anomaly('standby b', 'off');
  await reporter.tell();
  expect(happened).toEqual(['kept standby b', 'standby b: off']);
  reporter.swapped();
  await reporter.tell();
  expect(happened.slice(2)).toEqual(['swapped']);
});

test('that something is wrong is a warning in the log, and that it is over is none', () => {
  const logged: [string, string][] = [];
  const { reporter } = reporting((message, level = 'warn') => logged.push([level, message]));

  reporter.anomaly('standby b', 'b is off');
  reporter.anomaly('standby b', null);

  expect(logged).toEqual([
    ['warn', 'Pool shop: b is off'],
    ['info', 'Pool shop: what was wrong is over: standby b'],
  ]);
});

/** A reporter whose time is the test's own, in minutes; what the supervisor is told of what has been seen. */
function reportingInTime(): {
  reporter: Reporter;
  at: (minutes: number) => void;
  see: (evidence: string | null) => Promise<string[]>;
} {
  const { reporter, happened } = reporting();
  const clock = vi.spyOn(performance, 'now');
  onTestFinished(() => clock.mockRestore());
  const at = (minutes: number): void => void clock.mockReturnValue(minutes * 60_000);
  at(0);
  return {
    ...{ reporter, at },
    async see(evidence) {
      happened.length = 0;
      reporter.anomaly('standby tomcat-2', evidence);
      await reporter.tell();
      return happened.filter((what) => !what.startsWith('kept'));
    },
  };
}

test('what is wrong in another way by now is told again, as old as before, and what differs by a figure or a time is not', async () => {
  const { reporter, at, see } = reportingInTime();
  await see('tomcat-2 is off since 2026-01-05T08:00:00Z, 3 of 9 requests failed within 2 s');
  const [before] = reporter.anomalies;

  at(5);
  expect(await see('tomcat-2 is off since 2026-01-05T09:30:00.5Z, 7 of 12 requests failed within 2.5 s')).toEqual([]);
  expect(reporter.anomalies[0]?.evidence).toContain('7 of 12');
  expect(await see('tomcat-2 runs, and / answered 503')).toEqual(['standby tomcat-2: tomcat-2 runs, and / answered 503']);
  expect(reporter.anomalies).toEqual([{ ...before, evidence: 'tomcat-2 runs, and / answered 503' }]);
  at(10);
  expect(await see('tomcat-1 runs, and / answered 503')).toEqual(['standby tomcat-2: tomcat-1 runs, and / answered 503']);
});

test('evidence that comes and goes at every look is no flood, and what stays is told', async () => {
  const { at, see } = reportingInTime();
  const told: string[] = [];
  for (let second = 0; second <= 600; second += 2) {
    at(second / 60);
    told.push(...(await see(second < 540 && second % 4 === 0 ? 'refused' : 'no answer')));
  }

  expect(told.length).toBeGreaterThan(2);
  expect(told.length).toBeLessThanOrEqual(11);
  expect(told.at(-1)).toBe('standby tomcat-2: no answer');
});

test('a supervisor that has begun anew hears of what is open: once as a term begins, and every hour', async () => {
  const { reporter, at, see } = reportingInTime();
  await see('off');
  const termBegins = (): Promise<string[]> => {
    reporter.tellAgain();
    return see('off');
  };

  expect(await termBegins()).toEqual([]);
  at(2);
  expect(await termBegins()).toEqual(['standby tomcat-2: off']);
  // Of terms that break at once.
  for (let term = 0; term < 20; term++) expect(await termBegins()).toEqual([]);
  at(61);
  expect(await see('off')).toEqual([]);
  at(62);
  expect(await see('off')).toEqual(['standby tomcat-2: off']);
  await see(null);
  at(70);
  reporter.tellAgain();
  expect(reporter.untoldAnomalies).toEqual([]);
});

test('of what changes while Temporal is away the supervisor hears the last, once', async () => {
  const told: string[] = [];
  const world = { isAway: true };
  const away = (): Promise<void> => Promise.resolve();
  const anomaly = (about: string, evidence: string | null): Promise<void> =>
    world.isAway ? Promise.reject(new Error('away')) : Promise.resolve(void told.push(`${about}: ${evidence ?? 'over'}`));
  const reports = { aging: away, down: away, swapped: away, anomaly };
  const reporter = new Reporter('shop', reports, () => undefined, away);
  for (const evidence of ['off', 'runs, and answers 503', 'does not answer']) {
    reporter.anomaly('standby b', evidence);
    await reporter.tell();
  }

  world.isAway = false;
  await reporter.tell();
  await reporter.tell();

  expect(told).toEqual(['standby b: does not answer']);
});
