// Where the page begins.

import { startAccount } from "./account.js";
import { engine } from "./api.js";
import { OVER, book, listen } from "./book.js";
import { startDetail } from "./detail.js";
import { byId, everyWhileSeen, problem, toast } from "./dom.js";
import { decimal, price, swapText } from "./format.js";
import { connect, showParts } from "./link.js";
import { startMarket } from "./market.js";
import { reload, startOrders } from "./orders.js";
import { startPulse } from "./pulse.js";
import { startTicket } from "./ticket.js";
import { statusText } from "./track.js";
import { loadVenues } from "./venues.js";

const READY_EVERY = 10_000;
const RETRY = 3000;

/** Orders placed here, whose end is told aloud. */
const placed = new Set();

function tellEnd(order) {
  if (order.gone) placed.delete(order.orderId);
  if (!placed.has(order.orderId) || !OVER.has(order.status)) return;
  placed.delete(order.orderId);
  const result = order.status === "confirmed" ? `${decimal(order.amountOut)} ${order.tokenOut} at ${price(order.executedPrice)} on ${order.dex}` : order.error ?? "";
  toast(`${statusText(order)}: ${swapText(order)}${result ? `, ${result}` : ""}`, order.status !== "confirmed");
}

const MODES = { memory: "In memory: orders are forgotten when the engine stops", durable: "Durable" };

async function showReady() {
  const { parts = [], mode } = await engine.ready();
  const down = parts.filter((part) => part.status !== "up").map((part) => part.name);
  byId("mode").textContent = down.length ? `Down: ${down.join(", ")}` : MODES[mode] ?? "";
  byId("mode").classList.toggle("down", down.length > 0);
  showParts(down);
}

let started = false;

function everybody() {
  book.clear();
  if (!started) return start();
  reload();
  connect();
}

/** The venues and the tokens are needed for everything else; an engine that is not up yet is waited for, one that wants a key is not. */
async function start() {
  try {
    await loadVenues();
    await startTicket();
    problem(byId("ticket-problem"), null);
  } catch (error) {
    problem(byId("ticket-problem"), error);
    if (error.status !== 401) setTimeout(start, RETRY);
    return;
  }
  started = true;
  startPulse();
  reload();
  connect();
}

startDetail();
startOrders();
startAccount(everybody);
startMarket();
listen(tellEnd);
byId("ticket").addEventListener("placed", ({ detail }) => placed.add(detail));
everyWhileSeen(READY_EVERY, showReady);
start();
