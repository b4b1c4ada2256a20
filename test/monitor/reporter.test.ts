import { expect, test } from 'vitest';
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
