// The link to the engine: a WebSocket that tells of every order, opened again whenever it breaks.
//
// A break loses nothing. When the socket is open again, the newest orders and all that were open are compared
// with what this page has, and the events in between are read with `after`; those that come twice are known by
// their number. Where there can be no socket (behind a proxy) the same comparison, repeated, takes its place. A key
// has no place in a URL: where there is one, each socket is opened by a ticket.

import { account, engine } from "./api.js";
import { OVER, book } from "./book.js";
import { byId, say, toast } from "./dom.js";

const FIRST_PAUSE = 400;
const LONGEST_PAUSE = 8_000;
const COMPARE_EVERY = 15_000;
/** Of how many of the newest orders the page is compared with the engine. */
const COMPARED = 50;

let socket = null;
let pause = FIRST_PAUSE;
let timer = null;
let comparing = null;
/** Counts the openings, so that one that is late gives way to a newer one. */
let turn = 0;

const TEXT = {
  live: "Live",
  polling: "Live, by asking",
  connecting: "Connecting…",
  offline: "Connection lost, trying again…",
};

/** Says which parts of the engine are down. The link may be well while nothing can be traded. */
export function showParts(down) {
  const link = byId("link");
  link.dataset.parts = down.length ? "down" : "up";
  write(link);
}

function write({ dataset }) {
  const text = dataset.parts === "down" && dataset.state === "live" ? "Live, parts down" : TEXT[dataset.state];
  if (byId("link-text").textContent !== text) byId("link-text").textContent = text;
}

function show(state) {
  const link = byId("link");
  const before = link.dataset.state;
  if (before === state) return;
  link.dataset.state = state;
  write(link);
  if (state === "live" && before === "offline") say("Connected again. Nothing was missed.");
}

/** Compares what this page has with what the engine has, and drops what the engine does not know any more. */
export async function compare() {
  const before = book.all();
  const page = await engine.orders({ limit: String(COMPARED) });
  const listed = new Set(page.items.map((view) => view.orderId));
  for (const view of page.items.toReversed()) {
    const known = book.get(view.orderId);
    if (!known) book.take(view);
    else if (known.version < view.version) await book.catchUp(known);
  }
  // Of what is older than this list, only the open ones are asked for.
  const oldest = page.nextCursor ? page.items.at(-1).orderId : "";
  const missing = before.filter((order) => order.orderId > oldest && !listed.has(order.orderId));
  missing.forEach((order) => book.forget(order.orderId));
  if (missing.length) toast(`The engine has forgotten ${missing.length === 1 ? "1 order" : `${missing.length} orders`} of this page.`, missing.some((order) => !OVER.has(order.status)));
  const rest = book.open().filter((order) => !listed.has(order.orderId));
  await Promise.all(rest.map((order) => book.catchUp(order)));
  return page;
}

async function address() {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const ticket = account.key ? await engine.ticket() : null;
  const parameters = ticket ? { ticket } : { userId: account.user };
  return `${scheme}//${location.host}/ws/orders?${new URLSearchParams(parameters)}`;
}

/** Opens the link, or opens it anew. */
export async function connect() {
  clearTimeout(timer);
  clearInterval(comparing);
  socket?.close();
  socket = null;
  const mine = ++turn;
  let where;
  try {
    where = await address();
  } catch {
    if (mine === turn) broken();
    return;
  }
  // Somebody else may be trading by now.
  if (mine !== turn) return;
  const opened = new WebSocket(where);
  socket = opened;
  opened.onopen = async () => {
    try {
      await compare();
      pause = FIRST_PAUSE;
      show("live");
      comparing = setInterval(() => compare().catch(() => opened.close()), COMPARE_EVERY);
    } catch {
      opened.close();
    }
  };
  opened.onmessage = (message) => book.hear(JSON.parse(message.data)).catch(() => opened.close());
  opened.onclose = () => {
    if (socket === opened) broken();
  };
}

/** The socket is gone. Until there is another one, asking must do. */
async function broken() {
  clearInterval(comparing);
  socket = null;
  try {
    await compare();
    show("polling");
  } catch (error) {
    show("offline");
    // The engine wants another key; whoever gives one opens the link anew.
    if (error.status === 401) return;
  }
  const jitter = 0.5 + Math.random() / 2;
  timer = setTimeout(connect, pause * jitter);
  pause = Math.min(pause * 2, LONGEST_PAUSE);
}

addEventListener("online", () => socket?.readyState === WebSocket.OPEN || connect());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !socket) connect();
});
