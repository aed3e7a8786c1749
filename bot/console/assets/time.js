// Moments as people read them, in the service's time zone.

import { language, say, timezone } from "./words.js";

const clock = new Intl.DateTimeFormat(language, { timeZone: timezone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(language, { timeZone: timezone, month: "long", day: "numeric", weekday: "short" });
const full = new Intl.DateTimeFormat(language, { timeZone: timezone, dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" });

export const clockOf = (moment) => clock.format(new Date(moment));
export const dayOf = (moment) => day.format(new Date(moment));
export const fullOf = (moment) => full.format(new Date(moment));

/** How long ago, in its largest unit. */
export function ageOf(moment) {
  const seconds = Math.max(0, (Date.now() - new Date(moment)) / 1000);
  if (seconds < 60) return say("age_now");
  if (seconds < 3600) return say("age_minutes", { n: Math.floor(seconds / 60) });
  if (seconds < 86400) return say("age_hours", { n: Math.floor(seconds / 3600) });
  return say("age_days", { n: Math.floor(seconds / 86400) });
}
