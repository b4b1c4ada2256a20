// Times of the week, and days of the year, by the clock of a named time zone.

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Day = (typeof DAYS)[number];

/** Every week, from `from` to `to`; one that ends before it begins goes on past midnight, and belongs to the day on which it began. */
export interface WeeklyWindow {
  days: Day[];
  /** HH:MM. */
  from: string;
  /** HH:MM, or `END_OF_DAY`. */
  to: string;
}

/** Later than any time of a day, by their order as text, which is that of HH:MM. */
export const END_OF_DAY = '24:00';

/** Whole days, both included, as YYYY-MM-DD. */
export interface DatesWindow {
  since: string;
  until: string;
}

export type Window = WeeklyWindow | DatesWindow;

interface LocalTime {
  /** YYYY-MM-DD */
  date: string;
  day: Day;
  /** HH:MM */
  time: string;
}

/** Whether a window is open at an instant, in ms since 1970. */
export function isOpen(window: Window, timeZone: string, atMs: number): boolean {
  const { date, day, time } = localTime(timeZone, atMs);
  if ('since' in window) return window.since <= date && date <= window.until;
  const { days, from, to } = window;
  if (from < to) return days.includes(day) && from <= time && time < to;
  return (days.includes(day) && from <= time) || (days.includes(dayBefore(day)) && time < to);
}

function localTime(timeZone: string, atMs: number): LocalTime {
  const parts = new Map(
    formatOf(timeZone)
      .formatToParts(atMs)
      .map(({ type, value }) => [type, value]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? '';
  return {
    date: `${part('year')}-${part('month')}-${part('day')}`,
    day: part('weekday').toLowerCase() as Day,
    time: `${part('hour')}:${part('minute')}`,
  };
}

const dayBefore = (day: Day): Day => DAYS.at(DAYS.indexOf(day) - 1) as Day;

/** To make one takes longer than to use it a hundred times. */
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en', {
    ...{ timeZone, hourCycle: 'h23', weekday: 'short', year: 'numeric' },
    ...{ month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' },
  });
  formats.set(timeZone, made);
  return made;
}
