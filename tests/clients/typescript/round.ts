// A round of every operation by openapi-fetch, with the types that openapi-typescript generates. Prints the name of each
// operation. Usage: node round.js URL KEY
import assert from "node:assert/strict";

import createClient from "openapi-fetch";

import type { components, paths } from "./schema.js";

type Order = components["schemas"]["Order"];
type Event = components["schemas"]["Event"];
type Problem = components["schemas"]["Problem"];
type OrderRequest = components["schemas"]["OrderRequest"];

const [url, key] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl: url, headers: { "X-API-Key": key } });

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** What the operation answers with. */
function called<T>(operation: string, answer: Answer<T>, status = 200): NonNullable<T> {
  assert.equal(answer.response.status, status, `${operation}: ${JSON.stringify(answer.error)}`);
  assert.ok(answer.data !== undefined && answer.data !== null, operation);
  console.log(operation);
  return answer.data;
}

/** The problem that the operation ends in. */
function refused(operation: string, answer: Answer<unknown>, status: number, code: string): Problem {
  const problem = answer.error as Problem;
  assert.deepEqual([answer.response.status, problem.code], [status, code], operation);
  console.log(operation);
  return problem;
}

async function read(id: string): Promise<Order> {
  return called("getOrder", await client.GET("/api/orders/{id}", { params: { path: { id } } }));
}

/** The order, once it has that status. */
async function until(status: Order["status"], id: string): Promise<Order> {
  const end = Date.now() + 60_000;
  for (;;) {
    const order = await read(id);
    if (order.status === status) return order;
    assert.ok(Date.now() < end, JSON.stringify(order));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const request = (fields: Partial<OrderRequest>): OrderRequest => ({
  tokenIn: "SOL", tokenOut: "USDC", amountIn: "1.5", ...fields,
});
const submit = (fields: Partial<OrderRequest>) => client.POST("/api/orders/execute", { body: request(fields) });

async function placed(fields: Partial<OrderRequest>) {
  const answer = called("submitOrder", await submit(fields), 202);
  assert.ok(typeof answer !== "string");
  return answer;
}

const resting = (name: string) => placed({ type: "limit", limitPrice: 1000, clientOrderId: name });

called("ping", await client.GET("/ping"));
called("live", await client.GET("/health/live"));
assert.ok(called("ready", await client.GET("/health/ready")).status);
const { items: tokens } = called("listTokens", await client.GET("/api/tokens"));
assert.ok(tokens.some((token) => token.symbol === "SOL"));
const { items: venues } = called("listVenues", await client.GET("/api/venues"));
assert.ok(venues.some((venue) => venue.name === "Raydium"));
const size = { tokenIn: "SOL", tokenOut: "USDC", amountIn: "1.5" };
assert.ok(called("quote", await client.POST("/api/quotes", { body: size })).route.legs.length > 0);
assert.ok(called("createTicket", await client.POST("/api/tickets"), 201).ticket.length > 20);

// An order to its end, and what is told of it.
const market = await placed({ clientOrderId: "script-1" });
assert.deepEqual([market.status, market.clientOrderId], ["pending", "script-1"]);
const order = await until("confirmed", market.orderId);
assert.ok(Number(order.amountOut) > 0 && order.dex !== null && order.waitingFor === null);
const again = await placed({ clientOrderId: "script-1" });
assert.deepEqual([again.orderId, again.status], [market.orderId, "confirmed"]);
const path = { id: market.orderId };
const events = called("getEvents", await client.GET("/api/orders/{id}/events", { params: { path } }));
assert.ok(Array.isArray(events));
assert.deepEqual(events.map((event: Event) => event.seq), events.map((_: Event, index: number) => index + 1));
const last: Event = events[events.length - 1];
assert.deepEqual([last.status, last.clientOrderId, last.meta?.amountOut], ["confirmed", "script-1", last.amountOut]);
const told = called("explainOrder", await client.GET("/api/orders/{id}/execution", { params: { path } }));
assert.equal(told.result?.amountOut, order.amountOut);
assert.ok((told.attempts[0].route?.legs.length ?? 0) > 0);

// The same as a stream, which is a text to this client.
const streamed = await client.POST("/api/orders/execute", {
  body: request({ amountIn: 2 }), headers: { Accept: "text/event-stream" }, parseAs: "text",
});
const text: unknown = called("submitOrder", streamed);
assert.ok(typeof text === "string");
const data = text.split("\n").filter((line) => line.startsWith("data: "));
assert.equal((JSON.parse(data[data.length - 1].slice(6)) as Event).status, "confirmed");

// Orders that wait: found, replaced, cancelled.
const first = await resting("script-2");
const second = await resting("script-3");
await resting("script-4");
const waiting = await until("waiting", first.orderId);
assert.deepEqual([waiting.waitingFor, waiting.dex, waiting.amountOut], ["limit", null, null]);
const listed = await client.GET("/api/orders", { params: { query: { clientOrderId: "script-2" } } });
const page = called("listOrders", listed);
assert.deepEqual([page.items.map((item) => item.orderId), page.nextCursor], [[first.orderId], null]);
const replace = (tag: string) =>
  client.PATCH("/api/orders/{id}", {
    params: { path: { id: first.orderId }, header: { "If-Match": tag } }, body: { limitPrice: "999" },
  });
assert.equal(called("replaceOrder", await replace(`W/"${waiting.version}"`)).limitPrice, "999");
refused("replaceOrder", await replace(`"${waiting.version}"`), 412, "version_mismatch");
const byName = { params: { path: { clientOrderId: "script-2" } } };
const named = called("getOrderByClientId", await client.GET("/api/orders/by-client-id/{clientOrderId}", byName));
assert.equal(named.orderId, first.orderId);
const cancelled = await client.DELETE("/api/orders/by-client-id/{clientOrderId}", byName);
assert.equal(called("cancelOrderByClientId", cancelled).status, "cancelled");
const byId = { params: { path: { id: second.orderId } } };
assert.equal(called("cancelOrder", await client.DELETE("/api/orders/{id}", byId)).status, "cancelled");
const many = await client.DELETE("/api/orders", { params: { query: { clientOrderId: "script-4" } } });
assert.equal(called("cancelOrders", many).cancelled, 1);

// What goes wrong is a problem, which names what is wrong.
const wrong = refused("submitOrder", await submit({ amountIn: "-1" }), 400, "invalid_request");
assert.equal(wrong.errors[0].field, "amountIn");
const unknown = await client.GET("/api/orders/{id}", { params: { path: { id: "ORD-0" } } });
refused("getOrder", unknown, 404, "order_not_found");

// The WebSocket endpoints tell a plain request to come again.
const upgrade = (operation: string, answer: Answer<unknown>) => refused(operation, answer, 426, "upgrade_required");
upgrade("executeSocket", await client.GET("/api/orders/execute"));
upgrade("watchOrder", await client.GET("/ws/orders/{id}", { params: { path } }));
upgrade("watchOrderUpdates", await client.GET("/api/orders/updates/{id}", { params: { path } }));
upgrade("watchOrders", await client.GET("/ws/orders"));
