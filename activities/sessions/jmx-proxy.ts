// Tomcat's JMX proxy (manager application, role manager-jmx): attributes and operations of MBeans over HTTP.
// https://tomcat.apache.org/tomcat-10.1-doc/manager-howto.html#Using_the_JMX_Proxy_Servlet

import { Pool } from 'undici';
import { OperatorError } from '../../config/operator-error.js';
import { within } from '../../config/within.js';
import type { MachineConfig } from '../../config/types.js';

/** Questions about single sessions go out in parallel. Chosen. */
const CONNECTIONS = 8;
const CALL_TIMEOUT_MS = 10_000;
/** A background pass writes every idle session to its store: 50,000 took up to 30 s on a slow disk (measured). */
const INVOKE_TIMEOUT_MS = 120_000;

export interface ManagerAccess {
  user: string;
  password: string;
  /** Path of the manager application, such as /manager. */
  path: string;
}

export interface Bean {
  /** Its object name. */
  name: string;
  attributes: ReadonlyMap<string, string>;
}

interface Answer {
  text: string;
  dateMs: number;
}

export class JmxProxy {
  private readonly pool: Pool;
  private readonly authorization: string;

  constructor(
    readonly machine: MachineConfig,
    private readonly access: ManagerAccess,
  ) {
    this.pool = new Pool(machine.url, { connections: CONNECTIONS, pipelining: 1, keepAliveTimeout: 4000 });
    this.authorization = `Basic ${Buffer.from(`${access.user}:${access.password}`).toString('base64')}`;
  }

  /** Sets an attribute. The change is in force when this resolves. */
  async set(bean: string, attribute: string, value: number, signal: AbortSignal): Promise<void> {
    await this.call({ set: bean, att: attribute, val: String(value) }, CALL_TIMEOUT_MS, signal);
  }

  /** The value of an attribute as text. */
  async get(bean: string, attribute: string, signal: AbortSignal): Promise<string> {
    const { text } = await this.call({ get: bean, att: attribute }, CALL_TIMEOUT_MS, signal);
    return text.slice(text.lastIndexOf(' = ') + 3).trim();
  }

  /** Invokes an operation; what it returned as text, '' for nothing. */
  async invoke(bean: string, operation: string, parameters: readonly string[], signal: AbortSignal): Promise<string> {
    const ps = parameters.length > 0 ? { ps: parameters.join(',') } : {};
    const { text } = await this.call({ invoke: bean, op: operation, ...ps }, INVOKE_TIMEOUT_MS, signal);
    const returned = text.indexOf(' returned:\n');
    return returned < 0 ? '' : text.slice(returned + ' returned:\n'.length).trim();
  }

  /** The readable attributes of the first MBean that `pattern` names, or null. */
  async query(pattern: string, signal: AbortSignal): Promise<ReadonlyMap<string, string> | null> {
    const [bean] = await this.queryAll(pattern, signal);
    return bean?.attributes ?? null;
  }

  /** Every MBean that `pattern` names. */
  async queryAll(pattern: string, signal: AbortSignal): Promise<Bean[]> {
    const { text } = await this.call({ qry: pattern }, CALL_TIMEOUT_MS, signal);
    return text.split('\n\n').flatMap((block): Bean[] => {
      const [head = '', ...lines] = block.trim().split('\n');
      if (!head.startsWith('Name: ')) return [];
      const attributes = lines.map((line): [string, string] => {
        const at = line.indexOf(': ');
        return [line.slice(0, at), line.slice(at + 2)];
      });
      return [{ name: head.slice('Name: '.length), attributes: new Map(attributes) }];
    });
  }

  /** The server's clock by the Date of its answer (RFC 9110 section 6.6.1): whole seconds, rounded down. */
  async clockMs(bean: string, signal: AbortSignal): Promise<number> {
    const { dateMs } = await this.call({ get: bean, att: 'className' }, CALL_TIMEOUT_MS, signal);
    if (Number.isFinite(dateMs)) return dateMs;
    throw new OperatorError(
      'TOMCAT_JMX_FAILED',
      `Machine ${this.machine.name} sends no Date header, so its clock is not known.`,
      'Let Tomcat send it, as it does by default.',
      { status: 502 },
    );
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }

  private async call(query: Record<string, string>, timeoutMs: number, signal: AbortSignal): Promise<Answer> {
    const { machine, access } = this;
    let status: number;
    let text: string;
    let dateMs: number;
    try {
      ({ status, text, dateMs } = await within(timeoutMs, signal, async (limited) => {
        const response = await this.pool.request({
          path: `${access.path}/jmxproxy/?${new URLSearchParams(query).toString()}`,
          method: 'GET',
          headers: { authorization: this.authorization },
          signal: limited,
        });
        const date = Date.parse(String(response.headers['date']));
        return { status: response.statusCode, text: (await response.body.text()).replaceAll('\r', ''), dateMs: date };
      }));
    } catch (cause) {
      signal.throwIfAborted();
      throw new OperatorError(
        'TOMCAT_UNREACHABLE',
        `The manager of machine ${machine.name} does not answer at ${machine.url}${access.path}.`,
        'Check that the machine runs and that its manager application is deployed.',
        { status: 502, retryable: true, cause },
      );
    }
    if (status === 401 || status === 403) throw refused(machine, access, status);
    if (status >= 500) throw ill(machine, access, status);
    if (status !== 200) throw missing(machine, access, status);
    if (text.startsWith('OK')) return { text, dateMs };
    throw new OperatorError(
      'TOMCAT_JMX_FAILED',
      `The JMX proxy of machine ${machine.name} answered "${text.split('\n')[0] ?? ''}".`,
      'Check pools.*.sessions.contexts and that the application is deployed.',
      { status: 502, retryable: true },
    );
  }
}

function refused(machine: MachineConfig, { user }: ManagerAccess, status: number): OperatorError {
  return new OperatorError(
    'TOMCAT_MANAGER_PASSWORD',
    `The manager of machine ${machine.name} refused user ${user} (${status}).`,
    'Correct pools.*.sessions.manager, give the user the role manager-jmx, and let the manager be reached from the worker.',
    { status: 502 },
  );
}

/** A server in trouble, and maybe not for long. */
function ill(machine: MachineConfig, { path }: ManagerAccess, status: number): OperatorError {
  return new OperatorError(
    'TOMCAT_JMX_FAILED',
    `The manager of machine ${machine.name} answers with ${status}.`,
    `Look at the machine's own output, and at ${machine.url}${path}.`,
    { status: 502, retryable: true },
  );
}

function missing(machine: MachineConfig, { path }: ManagerAccess, status: number): OperatorError {
  return new OperatorError(
    'TOMCAT_MANAGER_MISSING',
    `Machine ${machine.name} has no manager application at ${path} (${status}).`,
    'Deploy it (tomcat10-admin on Debian), or correct pools.*.sessions.manager.path.',
    { status: 502 },
  );
}
