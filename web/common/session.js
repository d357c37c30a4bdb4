// Coming in: a one-time ticket from the mini-program becomes a cookie; a page opened again asks who it is.

import { askToComeIn, get, post } from "./api.js";
import { remember } from "./remember.js";

/** The resident of this page; leaves for come-in.html when nobody is signed in. */
export async function comeIn() {
  const ticket = new URLSearchParams(location.hash.slice(1)).get("ticket");
  if (ticket) {
    // Out of the address first: a ticket must not travel on in a shared or remembered link.
    history.replaceState(null, "", location.pathname + location.search);
    const entered = await exchanged(ticket);
    if (entered) return kept(entered);
  }
  try {
    return kept(await get("/page-sessions/current", { guest: true }));
  } catch (problem) {
    if (problem.status === 401 || problem.status === 404) return askToComeIn();
    throw problem;
  }
}

/** The new session, or null when the ticket is used up: an earlier cookie may still be good. */
async function exchanged(ticket) {
  try {
    return await post("/page-sessions", { ticket }, { guest: true });
  } catch (problem) {
    if (problem.status >= 400 && problem.status < 500) return null;
    history.replaceState(null, "", `${location.pathname}${location.search}#ticket=${encodeURIComponent(ticket)}`);
    throw problem;
  }
}

function kept(session) {
  if (!session.resident) return askToComeIn();
  remember("resident", session.resident.id, "sessionStorage");
  remember("csrf", session.csrf_token, "sessionStorage");
  return session.resident;
}
