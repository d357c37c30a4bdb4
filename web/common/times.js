// Times as people say them, in the district's own time zone, by the server's clock and not the phone's.

import { language, say, sayCount } from "./words.js";

const ZONE = "Asia/Shanghai";
const MINUTE = 60000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const JUMP = 20000;
/** From which hour on people call it so. */
const PARTS = [[18, "evening"], [13, "afternoon"], [12, "noon"], [6, "morning"], [0, "early"]];
let offset = 0;
let apart = Date.now() - performance.now();

/** Learn the server's clock from an answer asked for at `askedAt` (this phone's Date.now()). */
export function learnServerTime(serverTime, askedAt = Date.now()) {
  const told = Date.parse(serverTime);
  if (Number.isNaN(told)) return;
  const travelled = Math.max(0, Date.now() - askedAt) / 2;
  offset = told + travelled - Date.now();
}

/** Now, by the server's clock, in milliseconds. */
export function serverNow() {
  return Date.now() + offset;
}

/** Whether this phone's clock was set, or slept, since one last asked: then what is known of the server's is worth nothing. */
export function clockJumped() {
  const before = apart;
  apart = Date.now() - performance.now();
  return Math.abs(apart - before) > JUMP;
}

const told = new Intl.DateTimeFormat("en-GB", {
  timeZone: ZONE, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit",
});

function parts(instant) {
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

/** "14:05", "9:30". */
export function hourWords(instant) {
  const { hour, minute } = parts(instant);
  return `${Number(hour)}:${minute}`;
}

function partOfDay(instant) {
  const hour = Number(parts(instant).hour);
  return PARTS.find(([from]) => hour >= from)[1];
}

/** "11 月 20 日" or "20 Nov"; with the year when it is another one. */
export function dateWords(instant) {
  const { year, month, day } = parts(instant);
  const name = new Intl.DateTimeFormat("en-GB", { timeZone: ZONE, month: "short" }).format(new Date(instant));
  return say(year === parts(serverNow()).year ? "date" : "date.year", { year, month: Number(month), day: Number(day), name });
}

/** "今天 14:05", "今晚 21:06", "明天上午 9:30", "11 月 20 日 21:06": the way one would tell a neighbour. */
export function whenWords(instant) {
  const away = daysAway(instant);
  const time = hourWords(instant);
  const part = partOfDay(instant);
  if (away === 0) return say(part === "evening" ? "when.tonight" : "when.today", { time });
  if (away === 1) return say(`when.tomorrow.${part}`, { time });
  if (away === -1) return say(part === "evening" ? "when.lastnight" : "when.yesterday", { time });
  return say("when.date", { date: dateWords(instant), time });
}

/** What has just happened, by how long ago: "刚刚", "10 分钟前"; after an hour the time itself. */
export function agoWords(instant) {
  const ago = serverNow() - new Date(instant).getTime();
  if (ago < -MINUTE || ago >= HOUR) return whenWords(instant);
  return ago < MINUTE ? say("when.now") : sayCount("when.ago", Math.floor(ago / MINUTE));
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
