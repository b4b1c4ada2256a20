// Names of pools, machines and proxies, as they stand in the configuration, in workflow ids and on command lines.

export const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** What is allowed where a name belongs. */
export const NAME_LIKE = 'a name of 1 to 63 letters, digits, ".", "_" or "-"';
