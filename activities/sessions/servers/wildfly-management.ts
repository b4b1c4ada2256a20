// WildFly's HTTP management API: operations on resources, as JSON. https://docs.wildfly.org/35/Admin_Guide.html#HTTP_management_interface

import { Pool } from 'undici';
import { z } from 'zod';
import { ofMachine } from '../../../config/machine-address.js';
import { OperatorError } from '../../../config/operator-error.js';
import type { MachineConfig, WildflyConfig } from '../../../config/types.js';
import { within } from '../../../config/within.js';
import { DigestChallenge } from './digest.js';

/** They take 6 to 30 ms (measured), and somebody may be held meanwhile. Chosen. */
const CALL_TIMEOUT_MS = 3000;
const PATH = '/management';
/** WFLYCTL0216: no such resource; WFLYCTL0030: none of its kind, as where a subsystem is missing; WFLYUT0100: no such session. */
const NOT_THERE = /WFLYCTL0216|WFLYCTL0030|WFLYUT0100/;

export interface Operation {
  operation: string;
  /** Types and names of the resource, in turn. */
  address: readonly string[];
  [parameter: string]: unknown;
}

export const attribute = (address: readonly string[], name: string): Operation => ({
  operation: 'read-attribute',
  address,
  name,
});

/** With all that is below it. */
export const resource = (address: readonly string[]): Operation => ({ operation: 'read-resource', address, recursive: true });

const answerSchema = z.looseObject({
  outcome: z.string(),
  result: z.unknown().optional(),
  'failure-description': z.unknown().optional(),
});
type Answer = z.output<typeof answerSchema>;

interface Response {
  status: number;
  text: string;
  /** What the server wants to be answered, where it has refused. */
  challenge: DigestChallenge | null;
}

export class WildflyManagement {
  readonly url: string;
  private readonly pool: Pool;
  private challenge: DigestChallenge | null = null;
  /** Answers to one challenge have to come in their order, so calls go one after the other. */
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    readonly machine: MachineConfig,
    private readonly access: WildflyConfig['management'],
  ) {
    this.url = ofMachine(access.url, machine);
    this.pool = new Pool(this.url, { connections: 1, pipelining: 1, keepAliveTimeout: 4000 });
  }

  /** What an operation has returned, or null where there is no such resource. */
  async ask<Result>(operation: Operation, result: z.ZodType<Result>, signal: AbortSignal): Promise<Result | null> {
    return this.resultOf(await this.call(operation, CALL_TIMEOUT_MS, signal), result);
  }

  /** What several have returned that run one after the other, each null where there is no such session. Together they may take `limitMs`. */
  async askAll<Result>(
    steps: readonly Operation[],
    result: z.ZodType<Result>,
    signal: AbortSignal,
    limitMs = CALL_TIMEOUT_MS,
  ): Promise<(Result | null)[]> {
    const headers = { 'rollback-on-runtime-failure': false };
    const composite = { operation: 'composite', address: [], steps, 'operation-headers': headers };
    const answer = await this.call(composite, limitMs, signal);
    const answers = z.record(z.string(), answerSchema).safeParse(answer.result);
    if (answer.outcome !== 'success' || !answers.success) throw failed(this.machine, answer);
    return steps.map((_step, index) => this.resultOf(answers.data[`step-${index + 1}`] ?? answer, result));
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }

  private resultOf<Result>(answer: Answer, result: z.ZodType<Result>): Result | null {
    if (answer.outcome !== 'success' && NOT_THERE.test(JSON.stringify(answer['failure-description']) ?? '')) return null;
    const parsed = result.safeParse(answer.result);
    if (answer.outcome === 'success' && parsed.success) return parsed.data;
    throw failed(this.machine, answer);
  }

  private async call(operation: Operation, limitMs: number, signal: AbortSignal): Promise<Answer> {
    const { machine, access } = this;
    const body = JSON.stringify(operation);
    let response: Response;
    try {
      const answered = within(limitMs, signal, async (limited) => {
        await this.last;
        return this.postAsUser(body, limited);
      });
      this.last = answered.catch(() => undefined);
      response = await answered;
    } catch (cause) {
      signal.throwIfAborted();
      throw new OperatorError(
        'WILDFLY_UNREACHABLE',
        `The management API of machine ${machine.name} does not answer at ${this.url}.`,
        'Check that the machine runs, that sessions.management.url is its own, and that the worker may reach it.',
        { status: 502, retryable: true, cause },
      );
    }
    const { status, text } = response;
    if (status === 401 || status === 403) {
      throw new OperatorError(
        'WILDFLY_REFUSED',
        `The management API of machine ${machine.name} refused user ${access.user} (${status}).`,
        'Correct sessions.management, or add the user: bin/add-user.sh.',
        { status: 502 },
      );
    }
    try {
      return answerSchema.parse(JSON.parse(text));
    } catch (cause) {
      throw new OperatorError(
        'WILDFLY_FAILED',
        `What answers for machine ${machine.name} at ${this.url} is no management API, or is ill (${status}).`,
        "Correct sessions.management.url, or look at the machine's own output.",
        { status: 502, retryable: true, cause },
      );
    }
  }

  private async postAsUser(body: string, signal: AbortSignal): Promise<Response> {
    const response = await this.post(body, signal);
    // No challenge was known yet, or only one that has grown too old or was made before the server has restarted.
    if (response.status !== 401 || response.challenge === null) return response;
    this.challenge = response.challenge;
    return this.post(body, signal);
  }

  private async post(body: string, signal: AbortSignal): Promise<Response> {
    const { user, password } = this.access;
    const authorization = this.challenge?.answer(user, password, 'POST', PATH);
    const response = await this.pool.request({
      path: PATH,
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) },
      body,
      signal,
    });
    return {
      status: response.statusCode,
      text: await response.body.text(),
      challenge: DigestChallenge.from(response.headers['www-authenticate']),
    };
  }
}

function failed(machine: MachineConfig, answer: Answer): OperatorError {
  // Names of operations and resources; of a session only that there is none, which is no failure.
  const reason = /WFLY[A-Z]+\d+/.exec(JSON.stringify(answer['failure-description']) ?? '')?.[0] ?? answer.outcome;
  return new OperatorError(
    'WILDFLY_FAILED',
    `The management API of machine ${machine.name} could not tell what it was asked (${reason}).`,
    "Look at the machine's own output, and compare its version with docs/servers/wildfly.md.",
    { status: 502, retryable: true },
  );
}
