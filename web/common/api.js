// Speaking with /api/v1: one call, one answer or one Problem; a visitor without a session is shown how to come in.

import { agreed, isConsent } from "./consent.js";
import { recall, remember } from "./remember.js";
import { language, say } from "./words.js";

export const API = "/api/v1";
const PATIENCE_MS = 15000;

/** Why a call did not work: `status` 0 means it never reached the product, or no answer came back. */
export class Problem extends Error {
  constructor(status, told = {}, retryAfter = null) {
    super(told.title || `status ${status}`);
    this.status = status;
    this.type = told.type || "";
    this.title = told.title || "";
    this.detail = told.detail || "";
    this.errors = told.errors || [];
    this.retryAfter = retryAfter;
  }

  /** Nothing wrong was said; the same call may work later. */
  get passing() {
    const stillWorking = this.status === 409 && this.retryAfter !== null;
    return [0, 502, 503, 504].includes(this.status) || stillWorking;
  }
}

/** What to tell about a Problem that belongs to no field. */
export function problemWords(problem) {
  if (problem.status === 429 && problem.retryAfter) return say("trouble.wait", { n: Math.ceil(problem.retryAfter / 60) });
  if (problem.passing) return say("trouble.unreachable");
  return [problem.title || say("trouble.ours"), problem.detail].filter((words, at, all) => words && all.indexOf(words) === at).join(" ");
}

/** The headers of an unsafe call. */
export function unsafeHeaders(key = null) {
  const headers = { "Accept-Language": language() };
  const csrf = recall("csrf", "sessionStorage");
  if (csrf) headers["X-CSRF-Token"] = csrf;
  if (key) headers["Idempotency-Key"] = key;
  return headers;
}

/** A Problem out of a status and a body that may or may not be a problem document. */
export function problemFrom(status, text, retryAfter) {
  let told = {};
  try {
    told = JSON.parse(text);
  } catch (error) {
    // A body that is no JSON came from something in between; the status says enough.
  }
  return new Problem(status, told, Number(retryAfter) || null);
}

/** One call. `key` is the Idempotency-Key of a creating call; `guest` keeps a 401 for the caller. */
export async function call(method, path, { body, key, signal, patience = PATIENCE_MS, guest = false, mended = [] } = {}) {
  const answer = await send(method, path, { body, key, signal, patience });
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  const problem = problemFrom(answer.status, await answer.text(), answer.headers.get("Retry-After"));
  if (!mended.includes(problem.type) && (await mend(problem))) {
    return call(method, path, { body, key, signal, patience, guest, mended: [...mended, problem.type] });
  }
  if (problem.status === 401 && !guest) return askToComeIn();
  throw problem;
}

/** Put right what kept a call back, a worn token or a yes that was never given; answers whether it may go again. */
export async function mend(problem) {
  if (isCsrf(problem)) await renew();
  return isCsrf(problem) || (isConsent(problem) && agreed(problem));
}

async function send(method, path, { body, key, signal, patience }) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), patience);
  if (signal) signal.addEventListener("abort", () => stop.abort());
  const headers = method === "GET" ? { "Accept-Language": language() } : unsafeHeaders(key);
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const text = body === undefined ? undefined : JSON.stringify(body);
  try {
    return await fetch(API + path, { method, headers, body: text, signal: stop.signal, credentials: "same-origin", cache: "no-store" });
  } catch (error) {
    throw new Problem(0);
  } finally {
    clearTimeout(timer);
  }
}

/** Leave for the page that says how to come in. Never answers: the page is going away. */
export function askToComeIn() {
  remember("csrf", null, "sessionStorage");
  location.replace(new URL("../resident/come-in.html", import.meta.url));
  return new Promise(() => {});
}

const isCsrf = problem => problem.type.includes("csrf");

/** Another page of the same person took the cookie over: learn its CSRF token. Of another person: show the page as theirs. */
async function renew() {
  const session = await call("GET", "/page-sessions/current");
  if (!session.resident || session.resident.id !== recall("resident", "sessionStorage")) {
    location.reload();
    await new Promise(() => {});
  }
  remember("csrf", session.csrf_token, "sessionStorage");
}

/** A path with its question, leaving out what is empty. */
export function ask(path, question) {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(question)) if (value !== null && value !== undefined && value !== "") asked.set(name, value);
  return String(asked) === "" ? path : `${path}?${asked}`;
}

export const get = (path, options) => call("GET", path, options);
export const post = (path, body, options) => call("POST", path, { body, ...options });
