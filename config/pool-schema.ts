// What vm-rejuv.yaml may say of one pool: two machines, their sessions, and how they are watched and restarted.

import { z } from 'zod';
import * as defaults from './defaults.js';
import { atLeast, count, milliseconds, path, someMilliseconds } from './fields.js';
import { machineSchema } from './machine-schema.js';
import { monitorSchema } from './monitor-schema.js';
import { policySchema } from './policy-schema.js';
import { sessionIdSchema } from './session-id-schema.js';
import { sessionsSchema, STORE_FIELDS } from './sessions-schema.js';

const limitsSchema = z
  .strictObject({
    holdBudgetMs: milliseconds.max(defaults.MAX_HOLD_BUDGET_MS).default(defaults.HOLD_BUDGET_MS),
    holdMaxMs: someMilliseconds.default(defaults.HOLD_MAX_MS),
    maxHeldRequests: count.default(defaults.MAX_HELD_REQUESTS),
    batchSize: count.max(10_000).default(defaults.BATCH_SIZE),
    requestTimeoutMs: someMilliseconds.default(defaults.REQUEST_TIMEOUT_MS),
    maxConnections: count.default(defaults.MAX_CONNECTIONS),
    drain: z
      .strictObject({
        limitMs: milliseconds.default(defaults.DRAIN_LIMIT_MS),
        policy: z.enum(['wait', 'force', 'stop']).optional(),
      })
      .prefault({}),
  })
  .superRefine(atLeast('holdMaxMs', 'holdBudgetMs'));

export const poolSchema = z
  .strictObject(
    {
      machines: z.tuple([machineSchema, machineSchema], 'a list of exactly two machines, an active and a standby one'),
      standby: z.enum(['hot', 'cold']).default('hot'),
      sessionId: sessionIdSchema.prefault({}),
      sessions: sessionsSchema,
      health: z
        .strictObject(
          {
            path,
            status: z.number().int().min(100).max(599).default(200),
            intervalMs: someMilliseconds.default(defaults.HEALTH_INTERVAL_MS),
            timeoutMs: someMilliseconds.default(defaults.HEALTH_TIMEOUT_MS),
            bootTimeoutMs: someMilliseconds.default(defaults.BOOT_TIMEOUT_MS),
          },
          'a mapping with path, such as { path: /shop/health }',
        )
        .superRefine(atLeast('bootTimeoutMs', 'timeoutMs')),
      limits: limitsSchema.prefault({}),
      policy: policySchema.nullable().default(null),
      monitor: monitorSchema.optional(),
    },
    'a mapping with machines, sessions and health',
  )
  .superRefine(({ machines, sessionId, sessions: mechanism, limits, policy, monitor }, context) => {
    if (monitor !== undefined && policy === null) {
      const message = 'nothing, or a policy beside it ({} for defaults): a pool without one is not watched';
      context.addIssue({ code: 'custom', path: ['monitor'], message });
    }
    if ((monitor?.tooSlowMs ?? 0) > limits.requestTimeoutMs) {
      const message = `at most ${limits.requestTimeoutMs}, which is limits.requestTimeoutMs: no response takes longer`;
      context.addIssue({ code: 'custom', path: ['monitor', 'tooSlowMs'], message });
    }
    if (machines[0].name === machines[1].name) {
      const message = 'a name that the first machine does not have: the two must be different machines';
      context.addIssue({ code: 'custom', path: ['machines', 1, 'name'], message });
    }
    const { policy: atLimit = 'stop', limitMs } = limits.drain;
    if (mechanism.mechanism === 'none' && atLimit === 'stop' && limitMs <= mechanism.idleMs) {
      const message = `more than ${mechanism.idleMs}, which is sessions.idleMs: for so long the drain waits where nobody uses a session`;
      context.addIssue({ code: 'custom', path: ['limits', 'drain', 'limitMs'], message });
    }
    if (mechanism.mechanism !== 'tomcat-swap') return;
    if (sessionId.cookies?.length === 0) {
      const message = 'the cookie of each of sessions.contexts, such as [JSESSIONID]: tomcat-swap names sessions to Tomcat by it';
      context.addIssue({ code: 'custom', path: ['sessionId', 'cookies'], message });
    }
    const [field, message] = STORE_FIELDS[mechanism.store.type];
    for (const [index, each] of machines.entries()) {
      if (each[field] === undefined) context.addIssue({ code: 'custom', path: ['machines', index, field], message });
    }
  })
  .transform(({ limits, ...pool }) => {
    // Sessions that cannot be moved may be used for ever: an operator is asked then.
    const policy = limits.drain.policy ?? (pool.sessions.mechanism === 'none' ? 'stop' : 'wait');
    return {
      ...pool,
      limits: { ...limits, drain: { ...limits.drain, policy } },
      monitor: pool.monitor ?? monitorSchema.parse({}),
    };
  });
