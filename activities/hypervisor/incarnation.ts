// What tells one boot of a machine from the next: `<instance>/<boot id>`, the first by its hypervisor and the second by its guest.

/** In place of the boot id of a guest that does not tell it. */
export const SILENT = '?';

/** `bootId` is null when the guest does not tell, and absent where it is never asked. */
export function incarnationOf(instance: string, bootId?: string | null): string {
  return bootId === undefined ? instance : `${instance}/${bootId ?? SILENT}`;
}

/** Whether the guest has told its boot id. */
export function isTold(incarnation: string): boolean {
  const { bootId } = partsOf(incarnation);
  return bootId !== undefined && bootId !== SILENT;
}

/** Whether it was asked and has not told it. */
export function isMissing(incarnation: string): boolean {
  return partsOf(incarnation).bootId === SILENT;
}

/**
 * Whether a machine has booted between two sights of it; null when nobody can tell. Boot ids decide where both are known: a machine that
 * was saved and restored, or has moved to another host, is another instance and the same boot.
 */
export function hasBooted(before: string, now: string): boolean | null {
  const [old, current] = [partsOf(before), partsOf(now)];
  if (isTold(before) && isTold(now)) return old.bootId !== current.bootId;
  if (old.instance !== current.instance) return true;
  return old.bootId === undefined && current.bootId === undefined ? false : null;
}

function partsOf(incarnation: string): { instance: string; bootId: string | undefined } {
  const [instance = '', bootId] = incarnation.split('/');
  return { instance, bootId };
}
