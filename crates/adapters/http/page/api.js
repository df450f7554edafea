// Asking the engine. Everything that goes wrong becomes a Problem, with what the engine says about it.

const KEY = "order-engine.key";
const USER = "order-engine.user";
const PATIENCE = 15_000;

/** What went wrong: an RFC 9457 problem of the engine, or no answer at all. */
export class Problem extends Error {
  constructor(status, body) {
    super(text(status, body));
    this.status = status;
    this.code = body?.code ?? "";
    /** Field problems: {field, message}. */
    this.errors = body?.errors ?? [];
    this.unavailable = body?.unavailable ?? [];
    /** All that was answered; nothing if nobody answered. */
    this.body = body;
  }

  /** Whether nobody answered, so that nobody knows whether the request arrived. */
  get silent() {
    return this.status === 0;
  }
}

function text(status, body) {
  if (status === 0) return "The engine does not answer.";
  const title = body?.title ?? `The engine answers ${status}`;
  const detail = body?.detail && body.detail !== title ? `: ${body.detail}` : "";
  return `${title}${detail}.`;
}

export const account = {
  get key() {
    return sessionStorage.getItem(KEY) ?? "";
  },
  get user() {
    return sessionStorage.getItem(USER) || "anonymous";
  },
  use(key, user) {
    sessionStorage.setItem(KEY, key);
    sessionStorage.setItem(USER, user);
  },
};

let refused = () => {};

/** What to do when the engine wants a key. */
export function onRefused(ask) {
  refused = ask;
}

function headers(more) {
  return account.key ? { ...more, "X-API-Key": account.key } : more;
}

/** Sends a request; the answer's JSON, or a Problem. */
export async function call(method, path, { body, headers: more = {}, signal } = {}) {
  const signals = [AbortSignal.timeout(PATIENCE), signal].filter(Boolean);
  const request = { method, headers: headers(more), signal: signals.length > 1 ? AbortSignal.any(signals) : signals[0] };
  if (body !== undefined) {
    request.body = JSON.stringify(body);
    request.headers["Content-Type"] = "application/json";
  }
  let response;
  try {
    response = await fetch(path, request);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0);
  }
  const answer = await read(response);
  if (response.status === 401) refused(account.key ? "The engine does not take this key." : "This engine wants an API key.");
  if (!response.ok) throw new Problem(response.status, answer);
  return answer;
}

async function read(response) {
  const type = response.headers.get("content-type") ?? "";
  try {
    return type.includes("json") ? await response.json() : await response.text();
  } catch {
    return null;
  }
}

const query = (parameters) => {
  const given = Object.entries(parameters).filter(([, value]) => value);
  return given.length ? `?${new URLSearchParams(given)}` : "";
};

/** Without a key, orders are those of the chosen user; with one, those of the key's owner. */
const mine = () => (account.key ? {} : { userId: account.user });

export const engine = {
  tokens: () => call("GET", "/api/tokens"),
  venues: () => call("GET", "/api/venues"),
  /** How the engine is; one that takes no orders says so with a 503, and why. */
  ready: () => call("GET", "/health/ready").catch((error) => error.body ?? {}),
  metrics: () => call("GET", "/metrics"),
  quote: (question, signal) => call("POST", "/api/quotes", { body: question, signal }),
  place(order, key) {
    const owned = account.key || account.user === "anonymous" ? order : { ...order, userId: account.user };
    return call("POST", "/api/orders/execute", { body: owned, headers: { "Idempotency-Key": key } });
  },
  /** A stand-in for the key that a socket's address may hold; none where the engine wants no keys. */
  ticket: () =>
    call("POST", "/api/tickets").then(
      ({ ticket }) => ticket,
      (error) => (error.code === "keys_off" ? null : Promise.reject(error)),
    ),
  orders: (filter = {}) => call("GET", `/api/orders${query({ ...mine(), ...filter })}`),
  order: (id) => call("GET", `/api/orders/${id}`),
  execution: (id) => call("GET", `/api/orders/${id}/execution`),
  events: (id, after = 0) => call("GET", `/api/orders/${id}/events${query({ after: String(after) })}`),
  cancel: (id) => call("DELETE", `/api/orders/${id}`),
  replace: (id, version, changes) =>
    call("PATCH", `/api/orders/${id}`, { body: changes, headers: { "If-Match": `"${version}"` } }),
};

/** A fresh key for a request that may be sent twice and must count once. */
export function requestKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `page-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
