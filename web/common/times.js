// Times as people say them, in the district's own time zone, by the server's clock and not the phone's.

import { language, say, sayCount } from "./words.js";

const ZONE = "Asia/Shanghai";
const MINUTE = 60000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const EVENING = 18;
let offset = 0;

/** Learn the server's clock from an answer asked for at `askedAt` (this phone's Date.now()). */
export function learnServerTime(serverTime, askedAt = Date.now()) {
  const travelled = (Date.now() - askedAt) / 2;
  offset = Date.parse(serverTime) + travelled - Date.now();
}

/** Now, by the server's clock, in milliseconds. */
export function serverNow() {
  return Date.now() + offset;
}

function parts(instant) {
  const told = new Intl.DateTimeFormat("en-GB", {
    timeZone: ZONE, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit",
  });
  return Object.fromEntries(told.formatToParts(new Date(instant)).map(part => [part.type, part.value]));
}

/** How many calendar days from today in the district; yesterday is -1. */
function daysAway(instant) {
  const midnight = when => {
    const { year, month, day } = parts(when);
    return Date.UTC(year, month - 1, day);
  };
  return Math.round((midnight(instant) - midnight(serverNow())) / DAY);
}

/** "14:05". */
export function hourWords(instant) {
  const { hour, minute } = parts(instant);
  return `${hour}:${minute}`;
}

/** "11 月 20 日" or "20 Nov"; with the year when it is another one. */
export function dateWords(instant) {
  const { year, month, day } = parts(instant);
  const name = new Intl.DateTimeFormat("en-GB", { timeZone: ZONE, month: "short" }).format(new Date(instant));
  return say(year === parts(serverNow()).year ? "date" : "date.year", { year, month, day, name });
}

/** "今晚 21:06", "明天 9:00", "11 月 20 日 21:06": the way one would tell a neighbour. */
export function whenWords(instant) {
  const away = daysAway(instant);
  const time = hourWords(instant);
  if (away === 0) return say(Number(parts(instant).hour) >= EVENING ? "when.tonight" : "when.today", { time });
  if (away === 1) return say("when.tomorrow", { time });
  if (away === -1) return say("when.yesterday", { time });
  return say("when.date", { date: dateWords(instant), time });
}

/** A deadline, with its weekday when it is some days away. */
export function dueWords(instant) {
  if (daysAway(instant) < 2) return whenWords(instant);
  const weekday = new Intl.DateTimeFormat(language(), { timeZone: ZONE, weekday: language() === "en" ? "long" : "short" }).format(new Date(instant));
  return say("when.weekday", { weekday, date: dateWords(instant), time: hourWords(instant) });
}

/** A stretch of time in its two largest units: "6 小时 20 分钟". */
export function spanWords(milliseconds) {
  const whole = Math.max(0, milliseconds);
  if (whole < MINUTE) return say("span.moment");
  const days = Math.floor(whole / DAY);
  const hours = Math.floor((whole % DAY) / HOUR);
  const minutes = Math.floor((whole % HOUR) / MINUTE);
  const told = [days && sayCount("span.days", days), hours && sayCount("span.hours", hours), !days && minutes && sayCount("span.minutes", minutes)];
  return told.filter(Boolean).join(" ");
}

/** A running clock: "06:42:18". */
export function tickingWords(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  return [seconds / 3600, (seconds / 60) % 60, seconds % 60].map(n => String(Math.floor(n)).padStart(2, "0")).join(":");
}

export { DAY, HOUR, MINUTE };
