// Age and work: the oldest reasons for a restart (Huang et al., "Software Rejuvenation", FTCS 1995), off unless a policy sets them.

/** Whether a machine has run for longer than allowed; false where its boot or a limit is not known. */
export function isTooOld(bootedAtMs: number | null, nowMs: number, maxAgeMs: number | null): boolean {
  return bootedAtMs !== null && maxAgeMs !== null && nowMs - bootedAtMs >= maxAgeMs;
}

/** Whether it has served more requests than allowed: some systems age with work, not with time (Andrzejak and Silva, 2007). */
export function hasServedEnough(served: number | null, maxRequests: number | null): boolean {
  return served !== null && maxRequests !== null && served >= maxRequests;
}
