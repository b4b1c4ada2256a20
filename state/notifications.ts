// LISTEN on the one channel that the schema's triggers notify. A hint to look, never the truth.

import pg from 'pg';

/** Waits this long before it connects again. Chosen: short against a hold's maximum. */
const RECONNECT_MS = 250;

export interface Notifications {
  close(): Promise<void>;
}

/** Calls `onChange` with the pool's name at each change, and with null after each (re)connect: something may have been missed. */
export function listenForChanges(url: string, onChange: (pool: string | null) => void): Notifications {
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const connect = async (): Promise<void> => {
    const next = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: 2000,
      keepAlive: true,
      application_name: 'vm-rejuv listen',
    });
    client = next;
    next.on('notification', (message) => onChange(message.payload ?? null));
    // 'end' follows every 'error'; there the next attempt is scheduled.
    next.on('error', () => undefined);
    next.once('end', reconnectLater);
    try {
      await next.connect();
      await next.query('listen vm_rejuv');
      onChange(null);
    } catch {
      await next.end().catch(() => undefined);
      reconnectLater();
    }
  };
  const reconnectLater = (): void => {
    if (closed || timer) return;
    timer = setTimeout(() => {
      timer = undefined;
      void connect();
    }, RECONNECT_MS);
  };

  void connect();
  return {
    async close() {
      closed = true;
      clearTimeout(timer);
      await client?.end().catch(() => undefined);
    },
  };
}
