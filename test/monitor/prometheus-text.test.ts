import { expect, test } from 'vitest';
import { samplesIn, sumOf } from '../../monitor/prometheus-text.js';

const PAGE = `# HELP jvm_memory_used_bytes The used bytes.
# TYPE jvm_memory_used_bytes gauge
jvm_memory_used_bytes{area="heap",id="G1 Old Gen"} 3.5E7
jvm_memory_used_bytes{area="heap",id="G1 Eden Space",} 1.5e+07 1700000000000
jvm_memory_used_bytes{area="nonheap",id="Metaspace"} 9e6
jvm_memory_used_bytes_total{area="heap"} 1
odd{text="a \\"quoted\\" } brace"} 4
unknown NaN
endless +Inf
`;

test.each([
  ['a metric by name alone', 'jvm_memory_used_bytes', {}, 59_000_000],
  ['those with a label', 'jvm_memory_used_bytes', { area: 'heap' }, 50_000_000],
  ['one by several labels', 'jvm_memory_used_bytes', { area: 'heap', id: 'G1 Old Gen' }, 35_000_000],
  ['a label with quotes and braces', 'odd', { text: 'a "quoted" } brace' }, 4],
  ['infinity', 'endless', {}, Infinity],
])('%s is summed', (_what, metric, labels, value) => {
  expect(sumOf(samplesIn(PAGE), metric, labels)).toBe(value);
});

test.each([
  ['a metric that is not there', 'jvm_memory', {}],
  ['a label that is not there', 'jvm_memory_used_bytes', { area: 'stack' }],
  ['what the exporter does not know', 'unknown', {}],
])('%s is nothing', (_what, metric, labels) => {
  expect(sumOf(samplesIn(PAGE), metric, labels)).toBeNull();
});

test('of what is no page of metrics there are no samples, and what an exporter does not know is one', () => {
  expect(samplesIn('<html>\n<p>all well </p>\nall well\n</html>\n')).toEqual([]);
  expect(samplesIn('# HELP unknown 7\nunknown NaN\n')).toEqual([{ metric: 'unknown', labels: '', value: NaN }]);
});
