// Named defaults. Each says where its value comes from.

/** Below one frame of human notice (about 100 ms) twice over; busy sessions come back in a later batch. Chosen. */
export const HOLD_BUDGET_MS = 100;
/** Longer than anybody may be made to wait for a batch. Chosen. */
export const MAX_HOLD_BUDGET_MS = 60_000;
/** What a timer of Node takes (2^31 - 1): a longer one would fire at once. */
export const MAX_TIMER_MS = 2_147_483_647;
/** Servers end a response before the session is saved: none was stale after 100 ms (measured with Liberty and WildFly). */
export const SETTLE_MS = 100;
/** Everybody in a batch waits for it. Chosen. */
export const MAX_SETTLE_MS = 5000;
/** Five times what no session took (measured with Liberty); requests of others may keep the count of unsaved ones above none. Chosen. */
export const BUSY_SETTLE_MS = 500;
/** Hazelcast's own, where cluster-name is not set. */
export const HAZELCAST_CLUSTER = 'dev';
/** Far above any hold, far below browsers' and load balancers' time-outs (30 to 60 s). Chosen. */
export const HOLD_MAX_MS = 10_000;
/** Memory bound: a held request keeps a socket and its headers, about 20 KiB. Chosen. */
export const MAX_HELD_REQUESTS = 5000;
/** One commit of 500 rows takes a few milliseconds. Chosen. */
export const BATCH_SIZE = 500;
/** nginx's and HAProxy's customary server time-out. */
export const REQUEST_TIMEOUT_MS = 60_000;
/** Tomcat's maxThreads is 200; more connections of one proxy would only queue there. */
export const MAX_CONNECTIONS = 200;
/** A one-hour upload is somebody's work; after that an operator looks. Chosen. */
export const DRAIN_LIMIT_MS = 3_600_000;
export const HEALTH_INTERVAL_MS = 200;
export const HEALTH_TIMEOUT_MS = 2000;
/** Large application servers take minutes to deploy. Chosen. */
export const BOOT_TIMEOUT_MS = 300_000;
/** Docker's and systemd's stop time-outs lie at 10 and 90 s. Chosen. */
export const STOP_TIMEOUT_MS = 30_000;
/** Tomcat's default session time-out is 30 minutes. */
export const NONE_IDLE_MS = 1_800_000;
/** A server that ages faster needs another cure than restarts. Chosen. */
export const COOLDOWN_MS = 3_600_000;
export const MOST_PER_DAY = 4;
/** What state/pool.ts reads of a day is twice as much. */
export const MOST_MOST_PER_DAY = 50;
/** What is younger has hardly warmed up. Chosen. */
export const LEAST_MAX_AGE_MS = 60_000;
export const TEMPORAL_ADDRESS = '127.0.0.1:7233';
export const TEMPORAL_NAMESPACE = 'default';
export const TASK_QUEUE = 'vm-rejuv';
export const PROXY_LISTEN = { host: '127.0.0.1', port: 8080 };
export const PROXY_ADMIN = { host: '127.0.0.1', port: 8081 };
/** What detection of aging is made for (docs/detection.md). */
export const SAMPLE_INTERVAL_MS = 60_000;
/** Far above what a healthy machine takes to tell of itself, far below the interval. Chosen. */
export const SAMPLE_TIMEOUT_MS = 10_000;
/** Where samples come more often than that, one may take so long all the same: a busy machine needs it. Chosen. */
export const LEAST_MOST_SAMPLE_TIMEOUT_MS = 1000;
/** Ten times the threads of a Tomcat's connector: a server that has as many leaks them. Chosen. */
export const THREAD_LIMIT = 2000;
/** Far apart enough for a machine that answers slowly, and a health check each is nothing. Chosen. */
export const DOWN_INTERVAL_MS = 2000;
/** With it a machine counts as down after some six seconds, and a pause of a collector is none. Chosen. */
export const DOWN_LOOKS = 3;
/** More often looks would be one and the same, and a burden. Chosen. */
export const LEAST_DOWN_INTERVAL_MS = 200;
/** A single look may meet a pause of a collector, or a connection that was just closed. Chosen. */
export const LEAST_DOWN_LOOKS = 2;
/** No process of a server has less: a smaller limit is one in another unit than was meant. Chosen. */
export const LEAST_MEMORY_LIMIT_BYTES = 2 ** 20;
/** More often the machine would do little else. Chosen. */
export const LEAST_COLLECT_MS = 60_000;
