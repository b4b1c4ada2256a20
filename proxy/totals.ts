// Plain counters of the request path; the metrics page reads them when it is scraped.

export class Totals {
  /** machine -> status class ('2xx') -> requests. `proxy` stands for answers of our own. */
  readonly requests = new Map<string, Map<string, number>>();

  count(machine: string, status: number): void {
    const byClass = this.requests.get(machine) ?? new Map<string, number>();
    if (byClass.size === 0) this.requests.set(machine, byClass);
    const statusClass = CLASSES[Math.floor(status / 100)] ?? 'other';
    byClass.set(statusClass, (byClass.get(statusClass) ?? 0) + 1);
  }
}

const CLASSES = ['other', '1xx', '2xx', '3xx', '4xx', '5xx'];
