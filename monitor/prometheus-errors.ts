// Why a Prometheus endpoint has told nothing of a metric.

import { OperatorError } from '../config/operator-error.js';
import { codeOf } from '../config/error-code.js';

const CORRECT_URL = 'correct pools.*.monitor.prometheus[].url';

/** Nobody listens, or the connection broke. */
export function endpointUnreachable(url: string, cause: unknown): OperatorError {
  const reason = codeOf(cause, cause instanceof Error ? cause.name : 'error');
  return new OperatorError(
    'METRICS_UNREACHABLE',
    `${shown(url)} does not answer (${reason}).`,
    `Start the exporter and let the worker reach it, or ${CORRECT_URL}.`,
    { status: 502, retryable: true, cause },
  );
}

export function endpointRefused(url: string, status: number): OperatorError {
  const remedy =
    status === 401 || status === 403
      ? `Let the worker read it without a password, or ${CORRECT_URL}.`
      : `Look at the exporter's own output, or ${CORRECT_URL}.`;
  return new OperatorError('METRICS_FAILED', `${shown(url)} answers with ${status}.`, remedy, { status: 502 });
}

export function pageUnreadable(url: string, what: string): OperatorError {
  return new OperatorError(
    'METRICS_UNREADABLE',
    `${shown(url)} ${what}.`,
    `Let it tell metrics in Prometheus' text format, or ${CORRECT_URL}.`,
    { status: 502 },
  );
}

type Labels = Readonly<Record<string, string>>;

/** `isNamed`: the page has the metric, with other labels or without a number. */
export function metricMissing(
  url: string,
  { metric, labels, isNamed }: { metric: string; labels: Labels; isNamed: boolean },
): OperatorError {
  const selector = Object.keys(labels).length === 0 ? 'it' : selectorOf(metric, labels);
  return new OperatorError(
    'METRIC_MISSING',
    isNamed ? `${shown(url)} has ${metric}, but no number of ${selector}.` : `${shown(url)} has no metric ${metric}.`,
    'Correct pools.*.monitor.prometheus: metric, limitMetric and labels, which hold for both, as the page has them.',
    { status: 404 },
  );
}

/** `value`, in the unit of its kind, is not `possible`: -1 of what has no number, a share in percent. */
export function metricMisfit(
  url: string,
  { metric, labels, value, kind, possible }: { metric: string; labels: Labels; value: number; kind: string; possible: string },
): OperatorError {
  return new OperatorError(
    'METRIC_MISFIT',
    `${shown(url)} tells ${selectorOf(metric, labels)}, as ${kind} ${value}, and that can only be ${possible}.`,
    'Correct pools.*.monitor.prometheus: kind, scale or metric.',
    { status: 422 },
  );
}

function selectorOf(metric: string, labels: Labels): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return pairs.length === 0 ? metric : `${metric}{${pairs.join(',')}}`;
}

/** Without what may be a secret: this goes into logs and histories. */
function shown(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
