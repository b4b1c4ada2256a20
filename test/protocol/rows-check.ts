// Runs random sequences of operations against the model's rows and against PostgreSQL, and compares outcomes and what can be read.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { OperatorError } from '../../config/operator-error.js';
import type { Database } from '../../state/database.js';
import * as hold from '../../state/hold.js';
import * as pools from '../../state/pool.js';
import * as register from '../../state/proxy-register.js';
import * as owner from '../../state/session-owner.js';
import { loadSnapshot } from '../../state/snapshot.js';
import type * as rows from './rows.js';

export type RowFunctions = typeof rows;

const PROXIES = ['A0', 'B0'];
const REQUEST_TIMEOUT_MS = 60_000;

const keys = fc.uniqueArray(fc.constantFrom('k1', 'k2', 'k3'), { maxLength: 3 });
const proxy = fc.constantFrom(...PROXIES);
const scope = fc.constantFrom('keys' as const, 'all' as const);
const run = fc.constantFrom('one', 'two');
const machine = fc.constantFrom('a', 'b');
/** Counted from the latest, which is the likeliest. */
const which = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 4 }) });

function of<Kind extends string, T extends object>(
  kind: Kind,
  fields: { [K in keyof T]: fc.Arbitrary<T[K]> },
): fc.Arbitrary<{ kind: Kind } & T> {
  return fc.record<T>(fields).map((values) => ({ kind, ...values }));
}

const operation = fc.oneof(
  { weight: 9, arbitrary: of('advance', { which }) },
  { weight: 1, arbitrary: of('claim', { run, from: fc.constantFrom('one', 'two', null) }) },
  { weight: 1, arbitrary: of('take-token', { run }) },
  { weight: 1, arbitrary: of('abandon', { run }) },
  { weight: 1, arbitrary: of('fail-over', { which, machine }) },
  { weight: 1, arbitrary: of('free', { which }) },
  { weight: 3, arbitrary: of('register', { proxy }) },
  { weight: 1, arbitrary: of('deregister', { proxy }) },
  { weight: 1, arbitrary: of('end', { proxy }) },
  { weight: 1, arbitrary: of('time-out', {}) },
  { weight: 6, arbitrary: of('open-hold', { which, scope, keys }) },
  {
    weight: 8,
    arbitrary: of('commit', {
      which,
      pen: which,
      keys,
      acknowledged: fc.oneof(fc.constant(PROXIES), fc.subarray(PROXIES)),
      seal: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: of('release', { which }) },
  { weight: 1, arbitrary: of('overdue', {}) },
  { weight: 2, arbitrary: of('record', { run, machine, keys }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

/** Holds for every sequence if the model's rows do what SQL does. */
export function rowsProperty(database: Database, model: RowFunctions): fc.IAsyncProperty<[Operation[]]> {
  return fc.asyncProperty(fc.array(operation, { maxLength: 40, size: 'max' }), async (operations) => {
    const check = await RowsCheck.begin(database, model);
    for (const next of operations) await check.take(next);
  });
}

class RowsCheck {
  private readonly inModel: rows.Rows;
  /** Incarnations are UUIDs in the rows. */
  private readonly uuids = new Map(PROXIES.map((name) => [name, randomUUID() as string]));
  private readonly pens: rows.Pen[] = [{ run: 'nobody', token: 0 }];
  /** Of each hold there ever was, its id in the model and in the rows. */
  private readonly holds: { model: number; row: number }[] = [{ model: 0, row: 0 }];
  /** A run ends for good: the next one of its name is another. */
  private ended = 0;

  private constructor(
    private readonly database: Database,
    private readonly model: RowFunctions,
    private readonly pool: string,
  ) {
    this.inModel = model.createRows();
  }

  static async begin(database: Database, model: RowFunctions): Promise<RowsCheck> {
    const name = `pool-${randomUUID()}`;
    await pools.ensurePool(database, { name, machines: [{ name: 'a' }, { name: 'b' }] });
    return new RowsCheck(database, model, name);
  }

  async take(next: Operation): Promise<void> {
    const [modelled, real] = await this.apply(next);
    const show = JSON.stringify(next);
    assert.deepEqual(modelled, real, `outcome of ${show}`);
    assert.deepEqual(this.modelled(), await this.read(), `rows after ${show}`);
  }

  /** What both say of the operation. */
  private async apply(next: Operation): Promise<[unknown, unknown]> {
    const { database, inModel, model, pool } = this;
    switch (next.kind) {
      case 'advance':
        return this.advance(next.which);
      case 'claim':
        return this.claim(this.named(next.run), next.from === null ? null : this.named(next.from));
      case 'take-token':
        return this.takeToken(this.named(next.run));
      case 'abandon': {
        const name = this.named(next.run);
        const modelled = model.abandonPool(inModel, name);
        const real = await pools.abandonPool(database, pool, name, { code: 'TEST' });
        if (modelled || real) this.ended++;
        return [modelled, real];
      }
      case 'fail-over': {
        const pen = latest(this.pens, next.which);
        return [
          model.failOverPool(inModel, pen, next.machine),
          await orFenced(pools.failOverPool(database, { pool, ...pen }, next.machine)),
        ];
      }
      case 'free': {
        const pen = latest(this.pens, next.which);
        const modelled = model.releasePool(inModel, pen);
        if (modelled === 'done') this.ended++;
        return [modelled, await orFenced(pools.releasePool(database, { pool, ...pen }, {}))];
      }
      case 'register':
        model.registerProxy(inModel, next.proxy);
        return [undefined, await register.registerProxy(database, pool, this.proxyRow(next.proxy))];
      case 'deregister':
        model.deregisterProxy(inModel, next.proxy);
        return [undefined, await register.deregisterProxy(database, pool, this.uuid(next.proxy))];
      case 'end':
        return [model.endProxy(inModel, next.proxy), await register.endProxy(database, pool, this.uuid(next.proxy))];
      case 'time-out': {
        for (const [name, end] of inModel.proxies) if (end === 'lately') inModel.proxies.set(name, 'long-ago');
        await database.query("update proxy set ended_at = ended_at - interval '1 hour' where pool = $1", [pool]);
        return [undefined, undefined];
      }
      case 'open-hold':
        return this.openHold(next);
      case 'commit':
        return this.commit(next);
      case 'release': {
        const { model: id, row } = latest(this.holds, next.which);
        return [model.releaseHold(inModel, id), await hold.releaseHold(database, row)];
      }
      case 'overdue': {
        for (const { id, state } of inModel.holds) if (state === 'held') model.releaseHold(inModel, id);
        await database.query("update hold set deadline = now() - interval '1 second' where pool = $1", [pool]);
        await hold.releaseOverdueHolds(database, pool);
        return [undefined, undefined];
      }
      case 'record': {
        const name = this.named(next.run);
        return [
          model.recordStandbyKeys(inModel, name, next.machine, next.keys),
          await owner.recordStandbyKeys(database, pool, name, next.machine, next.keys),
        ];
      }
    }
  }

  /** The next step of a clean restart, by the pen of the latest attempt or of an earlier one. */
  private async advance(which: number): Promise<[unknown, unknown]> {
    const { database, inModel, model, pool } = this;
    const pen = latest(this.pens, which);
    const { run: holder, phase } = inModel.pool;
    if (holder === null) return this.claim(this.named('one'), null);
    if (!this.pens.some((one) => one.run === holder)) return this.takeToken(holder);
    switch (phase) {
      case 'steady':
        return [model.openPool(inModel, pen), await orFenced(pools.openPool(database, { pool, ...pen }))];
      case 'opening':
        return [model.startMoving(inModel, pen), await orFenced(pools.startMoving(database, { pool, ...pen }))];
      case 'moving':
        return [undefined, undefined];
      case 'sealed': {
        const modelled = model.swapPool(inModel, pen);
        if (modelled === 'done') this.ended++;
        return [modelled, await orFenced(pools.swapPool(database, { pool, ...pen }, {}))];
      }
    }
  }

  private async claim(name: string, from: string | null): Promise<[unknown, unknown]> {
    this.model.claimPool(this.inModel, name, from);
    await pools.claimPool(this.database, this.pool, name, from);
    return [undefined, undefined];
  }

  private async takeToken(name: string): Promise<[unknown, unknown]> {
    const token = this.model.takeToken(this.inModel, name);
    const real = await orFenced(pools.takeToken(this.database, this.pool, name), (row) => row.token);
    if (token !== 'fenced') this.pens.push({ run: name, token });
    return [token, real];
  }

  private async openHold({ which, scope: held, keys: named }: Extract<Operation, { kind: 'open-hold' }>) {
    const pen = latest(this.pens, which);
    const id = this.model.openHold(this.inModel, pen, held, named);
    const what = { scope: held, keys: named, deadlineMs: 3_600_000 };
    const row = await orFenced(hold.openHold(this.database, { pool: this.pool, ...pen }, what), (real) => real);
    if (id !== 'fenced' && typeof row === 'number') this.holds.push({ model: id, row });
    return [id === 'fenced', row === 'fenced'] as [unknown, unknown];
  }

  private async commit({ which, pen, keys: moved, acknowledged, seal }: Extract<Operation, { kind: 'commit' }>) {
    const id = latest(this.holds, which);
    const by = latest(this.pens, pen);
    const said = { moved, seal, requestTimeoutMs: REQUEST_TIMEOUT_MS };
    const uuids = new Set(acknowledged.map((name) => this.uuid(name)));
    return [
      this.model.commitHold(this.inModel, by, { ...said, holdId: id.model, acknowledged: new Set(acknowledged) }),
      await orFenced(
        hold.commitHold(this.database, { pool: this.pool, ...by }, { ...said, holdId: id.row, acknowledged: uuids }),
        (outcome) => outcome,
      ),
    ] as [unknown, unknown];
  }

  private modelled(): unknown {
    const { inModel, model } = this;
    const known = this.holds.map((one) => one.model);
    return {
      snapshots: PROXIES.map((name) => this.comparable(model.loadSnapshot(inModel, name, known), 'model')),
      token: inModel.pool.token,
      live: model.liveIncarnations(inModel).sort(),
      owners: [...model.standbyKeys(inModel)].sort(),
      atStandby: [...model.lookUpOwners(inModel, ['k1', 'k2', 'k3'])].sort(),
    };
  }

  private async read(): Promise<unknown> {
    const { database, pool } = this;
    const known = this.holds.map((one) => one.row);
    const names = new Map([...this.uuids].map(([name, uuid]) => [uuid, name]));
    const snapshots = [];
    for (const name of PROXIES) {
      const snapshot = await loadSnapshot(database, { pool, incarnation: this.uuid(name) }, known);
      snapshots.push(this.comparable(snapshot, 'row'));
    }
    return {
      snapshots,
      token: (await pools.readPool(database, pool)).token,
      live: (await register.liveIncarnations(database, pool)).map((uuid) => names.get(uuid)).sort(),
      owners: [...(await owner.standbyKeys(database, pool))].sort(),
      atStandby: [...(await owner.lookUpOwners(database, pool, ['k1', 'k2', 'k3']))].sort(),
    };
  }

  /** Holds by the order in which they were opened, whatever their ids. */
  private comparable(snapshot: ReturnType<typeof rows.loadSnapshot>, side: 'model' | 'row'): unknown {
    const order = (id: number): number => this.holds.findIndex((one) => one[side] === id);
    const holds = snapshot.holds.map((one) => ({ ...one, id: order(one.id), moved: [...one.moved] }));
    return { ...snapshot, holds: holds.sort((a, b) => a.id - b.id) };
  }

  private named(name: string): string {
    return `${name}-${this.ended}-${this.pool}`;
  }

  private uuid(name: string): string {
    return this.uuids.get(name) ?? '';
  }

  private proxyRow(name: string): register.ProxyRow {
    return { incarnation: this.uuid(name), name, adminUrl: 'http://127.0.0.1:1', host: 'h', pid: 1, startTime: '1' };
  }
}

/** A write that the row refuses throws; in the model it says so. */
async function orFenced<T>(write: Promise<T>, outcome: (value: T) => unknown = () => 'done'): Promise<unknown> {
  try {
    return outcome(await write);
  } catch (error) {
    if (error instanceof OperatorError && error.code === 'FENCED') return 'fenced';
    throw error;
  }
}

function latest<T>(all: readonly T[], fromEnd: number): T {
  return all[Math.max(0, all.length - 1 - fromEnd)] as T;
}
