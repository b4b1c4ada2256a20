// Customary workflow ids. Each is a mutex: Temporal runs one workflow of an id at a time.

export const restartOf = (pool: string): string => `clean-restart/${pool}`;
export const failOverOf = (pool: string): string => `fail-over/${pool}`;
export const supervisorOf = (pool: string): string => `pool/${pool}`;
