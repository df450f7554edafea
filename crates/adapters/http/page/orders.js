// The table of orders: live at the top, history by cursor below.

import { engine } from "./api.js";
import { book, listen } from "./book.js";
import { openDetail } from "./detail.js";
import { byId, h, problem } from "./dom.js";
import { KINDS, ago, decimal, orderName, price } from "./format.js";
import { track } from "./track.js";
import { venueName } from "./venues.js";

const PAGE = 25;
/** Live orders push the oldest rows out, so that a busy engine does not fill the page's memory. */
const MOST = 500;

const rows = new Map();
let filter = {};
let cursor = null;
/** Counts the questions, so that a late answer to an old one is not shown. */
let asked = 0;

function fits(order) {
  const { status, type, token, dex } = filter;
  return (
    (!status || status.split(",").includes(order.status)) &&
    (!type || order.type === type) &&
    (!token || order.tokenIn === token || order.tokenOut === token) &&
    (!dex || order.dex === dex)
  );
}

function row(order) {
  const life = track(order);
  const cells = {
    price: h("td.num.price"),
    venue: h("td.venue-cell"),
    when: h("td.num.when"),
  };
  const name = h("button.open", { type: "button", "aria-label": `Order ending in ${order.orderId.slice(-6)}: show its history` }, orderName(order.orderId));
  const element = h(
    "tr",
    { "data-id": order.orderId, onclick: () => openDetail(order.orderId) },
    h("td.name", {}, name, h("small", {}, `${KINDS[order.type]}${order.priority === "normal" ? "" : `, ${order.priority}`}`)),
    h("td.pays", {}, `${decimal(order.amountIn)} ${order.tokenIn}`, h("small", { "data-part": "out" })),
    h("td.life", {}, life),
    cells.price,
    cells.venue,
    cells.when,
  );
  element.update = (order) => {
    life.move(order);
    const out = order.amountOut ? `${decimal(order.amountOut)} ` : "";
    element.querySelector("[data-part=out]").textContent = `→ ${out}${order.tokenOut}`;
    cells.price.replaceChildren(order.executedPrice ? price(order.executedPrice) : order.limitPrice ? h("small", {}, `limit ${price(order.limitPrice)}`) : "–");
    cells.venue.replaceChildren(...(order.dex ? [venueName(order.dex)] : []));
    cells.when.textContent = ago(order.createdAt);
  };
  element.update(order);
  return element;
}

/** Newest first: ids sort by the time at which they were minted. */
function insert(id, element) {
  const body = byId("rows");
  const next = [...body.children].find((other) => other.dataset.id < id);
  body.insertBefore(element, next ?? null);
}

function show(order, { wanted }) {
  const id = order.orderId;
  let element = rows.get(id);
  if (order.gone || !fits(order)) {
    element?.remove();
    rows.delete(id);
  } else if (element) {
    element.update(order);
  } else if (wanted || !isBeyond(id)) {
    element = row(order);
    rows.set(id, element);
    insert(id, element);
    if (Date.now() - Date.parse(order.createdAt) < 5000) element.classList.add("fresh");
  }
  trim();
  showEmpty();
}

/** Whether it is older than what has been read so far: "show older orders" will bring it. */
const isBeyond = (id) => cursor !== null && byId("rows").lastElementChild?.dataset.id > id;

function trim() {
  const body = byId("rows");
  while (body.childElementCount > MOST) {
    rows.delete(body.lastElementChild.dataset.id);
    body.lastElementChild.remove();
  }
}

function showEmpty(text) {
  const empty = byId("orders-empty");
  empty.hidden = rows.size > 0 && !text;
  if (empty.hidden) return;
  const filtered = Object.values(filter).some(Boolean);
  const [title, rest] = text ?? (filtered
    ? ["No order fits these filters", "Clear them to see all orders."]
    : ["No orders yet", "Place one, and its life runs here."]);
  empty.replaceChildren(h("strong", {}, title), rest);
}

/** Reads from the newest on. */
export async function reload() {
  const question = ++asked;
  cursor = null;
  rows.clear();
  byId("rows").replaceChildren();
  byId("more").hidden = true;
  showEmpty(["Reading…", ""]);
  await read(question);
}

async function read(question) {
  try {
    const page = await engine.orders({ ...filter, limit: String(PAGE), cursor });
    if (question !== asked) return;
    problem(byId("orders-problem"), null);
    cursor = page.nextCursor;
    for (const view of page.items) show(book.take(view), { wanted: true });
    byId("more").hidden = cursor === null;
    showEmpty();
  } catch (error) {
    if (question !== asked) return;
    problem(byId("orders-problem"), error);
    showEmpty(["The orders cannot be read", "This page tries again when the connection is back."]);
  }
}

export function startOrders() {
  const form = byId("filters");
  form.addEventListener("change", () => {
    filter = Object.fromEntries(new FormData(form));
    reload();
  });
  form.addEventListener("reset", () => {
    filter = {};
    setTimeout(reload);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  byId("more").addEventListener("click", () => read(asked));
  listen((order) => show(order, { wanted: false }));
  setInterval(() => {
    for (const [id, element] of rows) element.querySelector(".when").textContent = ago(book.get(id).createdAt);
  }, 5000);
}
