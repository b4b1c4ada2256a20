// One virtual machine of a vSphere server: how it is found, what it is, and what can be done to it.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Element } from '@xmldom/xmldom';
import type { Target } from './errors.js';
import { faultMeant, unknownVm, unreachable, VimFault } from './errors.js';
import type { VimSession } from './session.js';
import type { ManagedObject } from './xml.js';
import { childrenOf, find, objectOf, textOf, typeOf } from './xml.js';

const TASK_POLL_MS = 250;
/** A task of power takes seconds. Chosen: who waits longer looks at the machine instead. */
const TASK_LIMIT_MS = 30_000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export class VirtualMachine {
  /** As it was last looked at. */
  private found: ManagedObject | undefined;

  constructor(
    private readonly target: Target,
    private readonly session: VimSession,
  ) {}

  /** Values of the API's properties by their paths; without those that are unset. */
  async properties(paths: readonly string[], signal: AbortSignal): Promise<Record<string, string | undefined>> {
    // By the same path it may be another object by now, while the one of before is still there under another name.
    this.found = undefined;
    const values = await this.propertiesOf(await this.self(signal), paths, signal);
    return Object.fromEntries([...values].map(([path, value]) => [path, textOf(value)]));
  }

  /** Calls a method without a task: done, or accepted, when it answers. */
  async ask(method: string, signal: AbortSignal): Promise<Element> {
    const _this = await this.self(signal);
    return this.session.call(method, () => ({ _this }), signal);
  }

  /** Calls a method with a task, and waits for its end. */
  async run(method: string, signal: AbortSignal): Promise<void> {
    const task = objectOf(find(await this.ask(method, signal), 'returnval'));
    if (task === undefined) throw new Error(`${method} gives no task`);
    for (const deadline = performance.now() + TASK_LIMIT_MS; ; await sleep(TASK_POLL_MS, undefined, { signal })) {
      const info = (await this.propertiesOf(task, ['info'], signal)).get('info');
      const state = textOf(info, 'state');
      if (state === 'success') return;
      if (state === 'error') throw faultMeant(this.target, faultOf(find(info, 'error')));
      if (performance.now() > deadline)
        throw unreachable(this.target, `${method} has not ended within ${TASK_LIMIT_MS / 1000} s`);
    }
  }

  /** Those of the privileges that our user lacks on it. */
  async lacking(privileges: readonly string[], signal: AbortSignal): Promise<string[]> {
    const entity = await this.self(signal);
    const answer = await this.session.call(
      'HasPrivilegeOnEntities',
      ({ services, key }) => ({ _this: services.authorizationManager, entity, sessionId: key, privId: privileges }),
      signal,
    );
    const rights = childrenOf(answer, 'returnval').flatMap((of) => childrenOf(of, 'privAvailability'));
    const granted = rights.filter((right) => textOf(right, 'isGranted') === 'true').map((right) => textOf(right, 'privId'));
    return privileges.filter((privilege) => !granted.includes(privilege));
  }

  private async self(signal: AbortSignal): Promise<ManagedObject> {
    if (this.found !== undefined) return this.found;
    const { vm } = this.target;
    const [method, what] = UUID.test(vm)
      ? ['FindByUuid', { uuid: vm, vmSearch: 'true', instanceUuid: 'true' }]
      : ['FindByInventoryPath', { inventoryPath: vm.replace(/^\//, '') }];
    const answer = await this.session.call(method, ({ services }) => ({ _this: services.searchIndex, ...what }), signal);
    const found = objectOf(find(answer, 'returnval'));
    if (found?.type !== 'VirtualMachine') throw unknownVm(this.target, true);
    return (this.found = found);
  }

  private async propertiesOf(of: ManagedObject, paths: readonly string[], signal: AbortSignal): Promise<Map<string, Element>> {
    const answer = await this.session.call(
      'RetrievePropertiesEx',
      ({ services }) => ({
        _this: services.propertyCollector,
        specSet: { propSet: { type: of.type, pathSet: paths }, objectSet: { obj: of } },
        options: {},
      }),
      signal,
    );
    const object = find(answer, 'returnval', 'objects');
    const [missing] = object === undefined ? [] : childrenOf(object, 'missingSet');
    if (missing !== undefined) throw faultMeant(this.target, faultOf(find(missing, 'fault')));
    return new Map(
      (object === undefined ? [] : childrenOf(object, 'propSet')).flatMap((property) => {
        const value = find(property, 'val');
        return value === undefined ? [] : [[textOf(property, 'name') ?? '', value]];
      }),
    );
  }
}

/** Of a LocalizedMethodFault. */
function faultOf(localized: Element | undefined): VimFault {
  return new VimFault(typeOf(find(localized, 'fault')) ?? 'Fault', textOf(localized, 'localizedMessage') ?? '');
}
