// The orders as far as this page knows them. Every order's events are taken in their order, each once; on a
// jump the missing ones are read from the engine.

import { engine } from "./api.js";

const listeners = new Set();
const orders = new Map();

/** Statuses after which nothing happens any more. */
export const OVER = new Set(["confirmed", "failed", "cancelled", "expired"]);

/**
 * Hears of every order that changes: `listen((order, event) => …)`, without an event when it was read anew; `order.gone`
 * when the engine does not know it any more.
 */
export const listen = (listener) => listeners.add(listener);

const tell = (order, event) => listeners.forEach((listener) => listener(order, event));

export const book = {
  get: (id) => orders.get(id),
  all: () => [...orders.values()],
  open: () => [...orders.values()].filter((order) => !OVER.has(order.status)),
  clear: () => orders.clear(),

  /** An order as the engine shows it. What is known already and newer stays. */
  take(view) {
    const known = orders.get(view.orderId);
    if (known && known.version > view.version) return known;
    const order = Object.assign(known ?? {}, view);
    orders.set(order.orderId, order);
    tell(order);
    return order;
  },

  /** An order that the engine does not know any more. */
  forget(id) {
    const order = orders.get(id);
    if (!orders.delete(id)) return;
    order.gone = true;
    tell(order);
  },

  /** An event from the stream. */
  async hear(event) {
    const order = orders.get(event.orderId) ?? (await meet(event));
    if (!order || event.seq <= order.version) return;
    if (event.seq > order.version + 1) await this.catchUp(order);
    else apply(order, event);
  },

  /** Reads what happened to an order since the last event that this page has. */
  async catchUp(order) {
    let events;
    try {
      events = await engine.events(order.orderId, order.version);
    } catch (error) {
      if (error.status !== 404) throw error;
      return this.forget(order.orderId);
    }
    for (const event of events) {
      if (event.seq === order.version + 1) apply(order, event);
    }
  },
};

const meeting = new Map();

/** An order that this page has not heard of, as it stood before the event if that is its first. */
function meet(event) {
  const id = event.orderId;
  if (!meeting.has(id)) {
    const read = engine.order(id).then((view) => book.take(view), () => null);
    meeting.set(id, read.finally(() => meeting.delete(id)));
  }
  return meeting.get(id);
}

/** The terms that an order's owner has just replaced; those that stay are not in the event. */
function takeTerms(order, event) {
  for (const name of ["limitPrice", "stopPrice", "expiresAt"]) {
    if (event[name]) order[name] = event[name];
  }
}

/** What an event changes in an order: afterwards it is as the engine would show it, so that a reload changes nothing. */
function apply(order, event) {
  const { status } = event;
  order.version = event.seq;
  order.updatedAt = new Date(event.timestamp).toISOString();
  if (event.attempt) order.attempts = event.attempt;
  // The choice of a venue is a step within routing; the order has one once its transaction is built for it.
  if (status !== "best_dex") {
    order.status = status === "retrying" ? "pending" : status;
    for (const name of ["dex", "txHash", "waitingFor", "executedPrice", "amountOut"]) order[name] = event[name] ?? null;
    order.unknown = event.unknown === true;
  }
  if (status === "waiting") takeTerms(order, event);
  if (status === "failed") Object.assign(order, { error: event.error, code: event.code });
  tell(order, event);
}
