// The admin API (proxy/admin-api.ts) on its own listener, behind a token; health and metrics beside it, without.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Fastify from 'fastify';
import { z } from 'zod';
import { MAX_HOLD_BUDGET_MS } from '../config/defaults.js';
import { OperatorError } from '../config/operator-error.js';
import { acknowledgeHold } from './acknowledge.js';
import type { CanaryReport, HoldTimes, PoolReport, SeenKeys, StreamsClosed } from './admin-api.js';
import { createMetrics } from './metrics.js';
import type { PoolTraffic } from './pool-traffic.js';
import { seenOnPrimary } from './quiet.js';
import { trafficReport } from './traffic-report.js';

const holdRequest = z.object({
  run: z.string(),
  scope: z.enum(['keys', 'all']),
  keys: z.array(z.string()),
  budgetMs: z.number().min(0).max(MAX_HOLD_BUDGET_MS),
  minAgeMs: z.number().min(0).nullable(),
  ignoreUnanswered: z.boolean(),
});
const holdId = z.coerce.number().int().positive();
const holdEnd = z.object({ run: z.string(), state: z.enum(['committed', 'released']), moved: z.array(z.string()) });

/** A batch of the largest size an operator may configure fits; anything longer is a mistake. */
const BODY_LIMIT_BYTES = 16 * 1024 * 1024;

export interface AdminOptions {
  traffic: PoolTraffic;
  incarnation: string;
  name: string;
  token: string;
  isReady: () => boolean;
}

export function createAdmin({ traffic, incarnation, name, token, isReady }: AdminOptions): FastifyInstance {
  const noSuchPath = ({ method, url }: FastifyRequest, reply: FastifyReply): FastifyReply =>
    answer(reply, pathUnknown(method, url));
  const admin = Fastify({
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    forceCloseConnections: true,
    // A path that cannot be decoded is none of ours either.
    frameworkErrors: (_error, request, reply) => void noSuchPath(request, reply),
  });
  const metrics = createMetrics(traffic);

  admin.setErrorHandler((error, _request, reply) => {
    if (error instanceof OperatorError) return answer(reply, error);
    const isMalformed =
      error instanceof z.ZodError || (error instanceof Error && 'statusCode' in error && Number(error.statusCode) < 500);
    if (!isMalformed) {
      console.error(error);
      return reply
        .code(500)
        .send({ code: 'INTERNAL', message: 'The proxy failed to answer.', remedy: "Read the proxy's own output." });
    }
    const message = error instanceof z.ZodError ? z.prettifyError(error) : error.message;
    return reply
      .code(400)
      .send({ code: 'ADMIN_REQUEST_INVALID', message, remedy: 'Compare proxy and worker: both must be of the same version.' });
  });
  admin.setNotFoundHandler(noSuchPath);
  admin.get('/healthz', () => ({ ok: true }));
  admin.get('/readyz', (_request, reply) => reply.code(isReady() ? 200 : 503).send({ ready: isReady() }));
  admin.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.metrics()));

  void admin.register((api, _options, done) => {
    api.addHook('onRequest', (request, _reply, next) => {
      next(sameToken(request.headers.authorization, token) ? undefined : unauthorised());
    });
    api.addHook('preHandler', (request, _reply, next) => {
      const { pool } = request.params as { pool: string };
      next(pool === traffic.pool.name ? undefined : poolNotHere(pool, traffic.pool.name));
    });
    api.get('/pools/:pool', () => report(traffic, incarnation, name));
    api.post('/pools/:pool/reload', async () => {
      await traffic.sync.reload();
      return report(traffic, incarnation, name);
    });
    api.put('/pools/:pool/holds/:id', async (request) => {
      const id = holdId.parse((request.params as { id: string }).id);
      const body = holdRequest.parse(request.body);
      if (traffic.state.phase !== 'moving' || traffic.state.run !== body.run) await traffic.sync.reload();
      traffic.openHold(id, { run: body.run, scope: body.scope, keys: new Set(body.keys) });
      if (!traffic.state.holds.has(id)) throw holdEnded(id);
      return acknowledgeHold(traffic, incarnation, id, body);
    });
    api.post('/pools/:pool/holds/:id/end', (request) => {
      const id = holdId.parse((request.params as { id: string }).id);
      const { run, moved } = holdEnd.parse(request.body);
      traffic.endHold(id, run, moved);
      return { incarnation };
    });
    api.post('/pools/:pool/canary', async (request): Promise<CanaryReport> => {
      const { active, standby } = traffic.state;
      const machine = (request.query as { of?: string }).of === 'active' ? active : standby;
      return { incarnation, proxy: name, seen: await traffic.canary(machine) };
    });
    api.get('/pools/:pool/keys', (request): SeenKeys => {
      const seen = seenKeys(traffic, incarnation);
      if ((request.query as { of?: string }).of === 'streams') return { ...seen, keys: [] };
      return traffic.used === null ? seen : { ...seen, sessions: traffic.used.of(traffic.state.active) };
    });
    api.get('/pools/:pool/hold-times', (): HoldTimes => {
      return { incarnation, waitsMs: traffic.gate.waitsMs, expired: traffic.gate.expired };
    });
    api.get('/pools/:pool/traffic', () => trafficReport(traffic, incarnation));
    api.post('/pools/:pool/streams/close', (): StreamsClosed => {
      const streams = [...traffic.inFlight.streams(traffic.state.active)];
      for (const exchange of streams) exchange.stream?.close();
      return { incarnation, closed: streams.length };
    });
    done();
  });
  return admin;
}

function answer(reply: FastifyReply, { status, code, message, remedy }: OperatorError): FastifyReply {
  return reply.code(status).send({ code, message, remedy });
}

function report(traffic: PoolTraffic, incarnation: string, proxy: string): PoolReport {
  const { epoch, phase, active, standby } = traffic.state;
  const inFlight: Record<string, number> = {};
  const unanswered: Record<string, number> = {};
  const streams: Record<string, number> = {};
  for (const { name } of traffic.pool.machines) {
    const requests = [...traffic.inFlight.requests(name)];
    unanswered[name] = requests.filter((exchange) => exchange.unanswered).length;
    inFlight[name] = requests.length - unanswered[name];
    streams[name] = [...traffic.inFlight.streams(name)].length;
  }
  const held = traffic.gate.waiting;
  return { incarnation, epoch, phase, active, standby, inFlight, unanswered, streams, held, proxy, settings: traffic.settings };
}

function seenKeys({ state, inFlight, used }: PoolTraffic, incarnation: string): SeenKeys {
  const seen = seenOnPrimary(state, inFlight.requests(state.active), inFlight.streams(state.active));
  const usedAt = used?.latest(state.active) ?? null;
  const usedAgoMs = usedAt === null ? null : performance.now() - usedAt;
  return { incarnation, ...seen, usedAgoMs, knowsSinceMs: process.uptime() * 1000 };
}

/** Hashes first: the comparison then takes the same time whatever was sent. */
function sameToken(header: string | undefined, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(header ?? ''), digest(`Bearer ${token}`));
}

function unauthorised(): OperatorError {
  return new OperatorError(
    'ADMIN_UNAUTHORISED',
    'The admin API needs its token.',
    'Send "Authorization: Bearer <token>" with the value of VM_REJUV_ADMIN_TOKEN.',
    { status: 401 },
  );
}

/** Not every path may be repeated: whoever takes this listener for the application's sends session ids in it. */
function pathUnknown(method: string, url: string): OperatorError {
  const path = /^[^?;]*/.exec(url)?.[0] ?? '';
  return new OperatorError(
    'ADMIN_PATH_UNKNOWN',
    `The admin API has no ${method} ${path.length > 60 ? `${path.slice(0, 57)}...` : path}.`,
    'It has /healthz, /readyz, /metrics and, for workers of the same version, /pools/<pool>; clients connect to proxy.listen.',
    { status: 404 },
  );
}

function poolNotHere(pool: string, served: string): OperatorError {
  return new OperatorError('POOL_UNKNOWN', `This proxy does not serve pool "${pool}".`, `It serves "${served}".`, {
    status: 404,
  });
}

function holdEnded(id: number): OperatorError {
  return new OperatorError('HOLD_ENDED', `Hold ${id} has ended or belongs to another run.`, 'Nothing to do: its row is final.', {
    status: 409,
  });
}
