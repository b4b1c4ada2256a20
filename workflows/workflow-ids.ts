// Customary workflow ids. Each is a mutex: Temporal runs one workflow of an id at a time.

export const restartOf = (pool: string): string => `clean-restart/${pool}`;
export const failOverOf = (pool: string): string => `fail-over/${pool}`;
/** Whether the run that has the pool is a fail-over of it, and no clean restart. */
export const isFailOver = (pool: string, workflowId: string): boolean => workflowId.startsWith(failOverOf(pool));
export const supervisorOf = (pool: string): string => `pool/${pool}`;
