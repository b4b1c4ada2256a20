import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { DEFAULT_POLICY } from '../../aging/policy.js';
import { readPolicy } from '../../aging/read-policy.js';
import { parseRecording } from '../../aging/recording.js';
import { replay } from '../../aging/replay.js';
import { restoreWatch } from '../../aging/restore.js';
import type { SampleRow } from '../../aging/thinning.js';
import { thinned } from '../../aging/thinning.js';
import type { Ended } from '../fixtures/vm-rejuv.js';
import { CLI, jsonLines } from '../fixtures/vm-rejuv.js';

const directory = mkdtempSync(join(tmpdir(), 'vm-rejuv-replay-'));
afterAll(() => rmSync(directory, { recursive: true }));

function fileOf(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

/** Where there is no configuration, no server, and no variable. */
function replaySamples(...args: string[]): Promise<Ended> {
  return replayed('', ...args);
}

function replayed(input: string, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [CLI, 'replay-samples', ...args],
      { cwd: directory, env: {} },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
    child.stdin?.end(input);
  });
}

/** A leak of eight hours. */
const LEAK = ['at,series,value,limit', '2026-01-05T00:00:00Z,boot,1,'];
for (let minute = 0; minute < 480; minute++) {
  const at = new Date(Date.UTC(2026, 0, 5, 0, minute)).toISOString();
  LEAK.push(`${at},threads,${30 + Math.floor((70 * minute) / 480)},100`, `${at},requests,${600 * minute},`);
}

test('a recording is replayed without server and configuration, and tells what would have fired and why', async () => {
  const file = fileOf('leak.csv', LEAK.join('\n'));
  const told = await replaySamples(file);
  expect(told).toMatchObject({ code: 0, stderr: '' });
  expect(told.stdout).toMatch(/^2026-01-05T\d\d:\d\d:00.000Z {2}trend {8}threads rises with time, by .* exhausted in /m);
  expect(told.stdout).toMatch(/^2026-01-05T\d\d:\d\d:00.000Z {2}alarm {8}Aging: threads rises/m);
  expect(told.stdout).toMatch(/^ {2}ceiling {6}2026-01-05T07:/m);
  expect(told.stdout).toMatch(/^ {2}gcThrash {5}never$/m);

  const lines = jsonLines(await replaySamples(file, '--json'));
  expect(lines.find(({ change }) => change === 'found')).toMatchObject({
    ...{ detector: 'trend', series: 'threads', votes: 2 },
    timeToExhaustionMs: { estimate: expect.any(Number) as number, low: expect.any(Number) as number },
  });
  expect(lines.at(-1)).toMatchObject({ samples: 961, alarms: 1, from: '2026-01-05T00:00:00.000Z', firstFound: { age: null } });
});

test('a recording may come from another command', async () => {
  const read = await replaySamples(fileOf('piped.csv', LEAK.join('\n')), '--json');

  expect(await replayed(LEAK.join('\n'), '-', '--json')).toEqual(read);
  expect(await replayed('at,series,value\n', '-')).toMatchObject({
    ...{ code: 2, stderr: expect.stringMatching(/^RECORDING_INVALID: standard input:1: found no sample/) as string },
  });
});

test('a policy changes what fires', async () => {
  const file = fileOf('same-leak.csv', LEAK.join('\n'));
  const policy = fileOf('policy.yaml', 'ceilingShare: 1\nmaxAgeMs: 7200000\ntrend: { horizonMs: 1 }\n');
  const [, , ...lines] = jsonLines(await replaySamples(file, '--policy', policy, '--json'));
  expect(lines.at(-1)).toMatchObject({
    firstFound: { trend: null, ceiling: null, age: expect.stringContaining('T02:10') as string },
  });
});

test('JSON lines say the same as CSV, in any order', () => {
  const csv =
    'at,series,value,limit\n2026-01-05T00:00:00Z,boot,1,\n2026-01-05T00:01:00Z,memory:tomcat,12.5,64\n1767571320000,memory:tomcat,13,\n';
  const json = [
    '{"at": 1767571320000, "series": "memory:tomcat", "value": 13}',
    '{"at": "2026-01-05T01:01:00+01:00", "series": "memory:tomcat", "value": 12.5, "limit": 64}',
    '{"at": "2026-01-05T00:00:00Z", "series": "boot"}',
  ];
  const parsed = parseRecording(csv, 'x.csv');
  expect(parsed).toHaveLength(3);
  expect(parsed.at(-1)).toMatchObject({ value: 13, series: { name: 'memory:tomcat', kind: 'memory', limit: 64 } });
  const thin = 'at,series,value,limit,min,max,count\n0,memory,12,64,10,15,5\n60000,memory,13,,,,\n';
  expect(parseRecording(thin, 'x.csv')).toMatchObject([{ value: 12, gathered: { min: 10, max: 15, count: 5 } }, { value: 13 }]);
  const reordered = [json[1], json[0], json[2]].join('\n');
  expect(parseRecording(reordered, 'x.jsonl')).toEqual(parsed);
});

test.each([
  ['fall in between', [100, 100, 100, 100, 60], false],
  ['stay', [100, 99, 98, 100, 97], true],
])('thinned samples that %s are judged as the watch judges that goes on with them', (_what, values, ages) => {
  const rows = Array.from({ length: 300 }, (_, minute): SampleRow => {
    return { machine: 'a', series: 'threads', atMs: minute * 60_000, value: values[minute % 5] ?? 0, limit: 100 };
  });
  const lines = thinned(rows).map(({ atMs, value, gathered }) => {
    return [atMs, 'threads', value, 100, gathered?.min, gathered?.max, gathered?.count].join(',');
  });
  expect(lines).toHaveLength(60);
  const recording = parseRecording(`at,series,value,limit,min,max,count\n${lines.join('\n')}\n`, 'x.csv');

  const alarms = [...replay(recording, DEFAULT_POLICY)].filter(({ change }) => change === 'alarm');
  expect(alarms.length > 0).toBe(ages);
  expect(restoreWatch(recording, rows.length * 60_000).judge(rows.length * 60_000).aging).toBe(ages);
});

test('cells of CSV may stand in double quotes, as spreadsheets write them', () => {
  const plain = 'at,series,value,limit\n0,memory:tomcat,12.5,64\n60000,memory:tomcat,13,\n';
  const quoted = plain.replace(/[^,\n]+/g, '"$&"').replace(',\n', ',""\n');
  expect(quoted).toContain('"memory:tomcat","13",""');
  expect(parseRecording(quoted, 'x.csv')).toEqual(parseRecording(plain, 'x.csv'));
});

test('a recording that is too short for a trend says what detection needs, and a longer one does not', async () => {
  const short = await replaySamples(fileOf('short.csv', LEAK.slice(0, 2 + 2 * 60).join('\n')));
  expect(short.stdout).toMatch(
    /, 0 alarms; [^]*\nToo short to tell that nothing ages: samples of the first 30 min .* a trend takes 60 min /,
  );
  const lines = jsonLines(await replaySamples(fileOf('long.csv', LEAK.join('\n')), '--json'));
  expect(lines.at(-1)).toMatchObject({ tooShort: null });
});

test('times may count from 0 on, for longer than the seconds since 1970 are many', () => {
  const minutes = Array.from({ length: 30 * 24 }, (_, hour) => `${hour * 3_600_000},heap,1`);
  expect(parseRecording(['at,series,value', ...minutes].join('\n'), 'x')).toHaveLength(720);
});

test.each([
  [
    '',
    /^x:1: found nothing: the file is empty, allowed: at,series,value or at,series,value,limit or at,series,value,limit,min,max,count as the first line, or JSON lines\.$/,
  ],
  ['\n \n', /^x:1: found nothing: the file is empty, allowed: /],
  ['time,name\n', /^x:1: found "time,name", allowed: at,series,value/],
  ['at,series,value\n', /^x:1: found no sample, allowed: samples of several moments; one a minute/],
  ['at,series,value\n2026-01-05T00:00:00Z,boot,1\n', /^x:1: found no sample, allowed: samples of several moments/],
  [
    'at,series,value\n2026-01-05T00:00:00Z,boot,1\n2026-01-05T00:01:00Z,heap,1\n',
    /^x:3: found 1 sample, allowed: samples of several moments/,
  ],
  [
    'at,series,value\n2026-01-05T00:01:00Z,heap,1\n2026-01-05T00:01:00Z,threads,1\n',
    /^x:2: found 2 samples of one moment, allowed: /,
  ],
  [
    'at,series,value\n1767571200,heap,1\n1767571260,heap,1\n',
    /^x:2: found at 1767571200, which looks like seconds \(2026-01-05T00:00:00.000Z\), allowed: milliseconds since 1970\.$/,
  ],
  ['at,series,value\n1767571200.5,heap,1\n1767571260.5,heap,1\n', /^x:2: found at 1767571200\.5, which looks like seconds/],
  [
    'at,series,value\n1767571200000000,heap,1\n1767571260000000,heap,1\n',
    /^x:2: found at 1767571200000000, which looks like microseconds or nanoseconds, allowed: milliseconds since 1970\.$/,
  ],
  [
    'at,series,value\n1767571140000,heap,1\n1767571200,heap,1\n1767571260000,heap,1\n',
    /^x:3: found at 1767571200, which looks like seconds/,
  ],
  [
    '{"at": 1767571200, "series": "heap", "value": 1}\n{"at": 1767571260, "series": "heap", "value": 1}',
    /^x:1: found at .* seconds/,
  ],
  [
    'at,series,value\n2026-01-05T00:00:00Z,heap,1\n2024-01-05T00:00:00Z,heap,1\n',
    /^x:3: found samples over 731 days from here, 2024-01-05T00:00:00.000Z, to line 2, 2026-01-05T00:00:00.000Z, allowed: times within 400 days\.$/,
  ],
  ['at,series,value,limit\n2026-01-05T00:00:00Z,heap,1,much\n', /^x:2: found limit "much", allowed: a number above 0\.$/],
  ['at,series,value\n0,errorRate,1.5\n', /^x:2: found value 1\.5 of errorRate, allowed: a share from 0 to 1\.$/],
  ['at,series,value\n0,queueFullRate:a,-0.1\n', /^x:2: found value -0\.1 of queueFullRate:a, allowed: a share from 0 to 1\.$/],
  ['at,series,value\n0,threads,-3\n', /^x:2: found value -3 of threads, allowed: a number from 0 on\.$/],
  ['at,series,value\n0,hea"p,3\n', /^x:2: found series "hea\\"p", allowed: boot/],
  ['at,series,value\n2026-01-05T00:00:00Z,heap,Infinity\n', /^x:2: found value Infinity, allowed: a number\.$/],
  ['at,series,value\n\n2026-01-05T00:00:00Z,heap\n', /^x:3: found 2 columns, allowed: 3, as in the first line\.$/],
  ['at,series,value\nyesterday,heap,1\n', /^x:2: found at "yesterday", allowed: a time as of ISO 8601/],
  ['at,series,value\n2026-01-05T00:00:00,heap,1\n', /^x:2: found at .*allowed: .*with its zone/],
  ['at,series,value\n2026-01-05T00:00:00Z,cpu,1\n', /^x:2: found series "cpu", allowed: boot, or a kind.*heapAfterGc, heap/],
  ['at,series,value\n2026-01-05T00:00:00Z,heap,\n', /^x:2: found value nothing, allowed: a number\.$/],
  ['at,series,value\n2026-01-05T00:00:00Z,heap,much\n', /^x:2: found value "much", allowed: a number\.$/],
  [
    'at,series,value,limit,min,max,count\n0,heap,5,,1,,2\n',
    /^x:2: found min, max and count 1, nothing, 2, allowed: all three or none/,
  ],
  [
    'at,series,value,limit,min,max,count\n0,heap,5,,6,7,2\n',
    /^x:2: found min, max and count 6, 7, 2, allowed: all three or none/,
  ],
  ['at,series,value,limit\n2026-01-05T00:00:00Z,heap,1,Infinity\n', /^x:2: found limit Infinity, allowed: a number above 0\.$/],
  ['at,series,value,limit\n2026-01-05T00:00:00Z,heap,1,0\n', /^x:2: found limit 0, allowed: a number above 0\.$/],
  [
    '{"at": 1, "series": "heap", "value": 1}\n{"at": 2,\n',
    /^x:2: found .*allowed: {"at": \.\.\., "series": \.\.\., "value": \.\.\.} on one line\.$/,
  ],
])('a bad recording is refused with its line: %j', (text, message) => {
  expect(() => parseRecording(text, 'x')).toThrow(
    expect.objectContaining({ code: 'RECORDING_INVALID', message: expect.stringMatching(message) as string }) as Error,
  );
});

test('a bad policy is refused with its line', () => {
  const policy = fileOf('bad.yaml', 'ceilingShare: 7\ntrend:\n  horizon: 1\n');
  expect(() => readPolicy(policy)).toThrow(
    expect.objectContaining({
      code: 'POLICY_INVALID',
      message: expect.stringMatching(
        /bad\.yaml:1 ceilingShare: found 7, allowed: a share from 0 to 1.*\n.*bad\.yaml:3 trend\.horizon: unknown field/,
      ) as string,
    }) as Error,
  );
});

test('what cannot be replayed is refused with 2 and its code, as JSON for who has asked for that', async () => {
  expect(await replaySamples('nowhere.csv')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^RECORDING_UNREADABLE: .*ENOENT/) as string,
  });
  const bad = fileOf('bad.csv', 'at,series,value\nx,heap,1\n');
  const refused = await replaySamples(bad, '--json');
  expect(refused).toMatchObject({ code: 2, stderr: '' });
  expect(jsonLines(refused)).toMatchObject([{ error: { code: 'RECORDING_INVALID' } }]);
  expect((await replaySamples(bad, '--policy', 'nowhere.yaml')).stderr).toMatch(/^POLICY_UNREADABLE/);
  expect(await replaySamples()).toMatchObject({ code: 2 });
});
