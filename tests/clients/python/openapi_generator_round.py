"""A round of every operation by the client that OpenAPI Generator makes for Python. Prints the name of each operation.

Usage: openapi_generator_round.py URL KEY
"""

import json
import sys
import time

import openapi_client
from openapi_client.models import (
    AmendRequest,
    DecimalInput,
    Event,
    OrderRequest,
    Problem,
    QuoteRequest,
)

url, key = sys.argv[1:]
client = openapi_client.ApiClient(openapi_client.Configuration(host=url, api_key={"ApiKey": key}))
orders = openapi_client.OrdersApi(client)
quotes = openapi_client.QuotesApi(client)
service = openapi_client.ServiceApi(client)
sockets = openapi_client.WebSocketsApi(client)
access = openapi_client.AccessApi(client)


def called(operation, answer):
    assert answer is not None, operation
    print(operation, flush=True)
    return answer


def refused(operation, status, code, call, *arguments, **named):
    """The problem that the call ends in."""
    try:
        answer = call(*arguments, **named)
    except openapi_client.ApiException as error:
        problem = Problem.from_json(error.body)
        assert (error.status, problem.code) == (status, code), error
        print(operation, flush=True)
        return problem
    raise AssertionError(f"{operation} is taken: {answer}")


def until(status, id):
    """The order, once it has that status."""
    end = time.monotonic() + 60
    while True:
        order = called("getOrder", orders.get_order(id))
        if order.status == status:
            return order
        assert time.monotonic() < end, order
        time.sleep(0.05)


def request(amount, **fields):
    return OrderRequest(token_in="SOL", token_out="USDC", amount_in=DecimalInput(amount), **fields)


def resting(name):
    limit = request("1", type="limit", limit_price=DecimalInput("1000"), client_order_id=name)
    return called("submitOrder", orders.submit_order(limit))


called("ping", service.ping())
called("live", service.live())
assert called("ready", service.ready()).status
assert {"SOL", "USDC"} <= {token.symbol for token in called("listTokens", quotes.list_tokens()).items}
assert {"Meteora", "Raydium"} <= {venue.name for venue in called("listVenues", quotes.list_venues()).items}
asked = QuoteRequest(token_in="SOL", token_out="USDC", amount_in=DecimalInput("1.5"))
assert called("quote", quotes.quote(asked)).route.legs
assert len(called("createTicket", access.create_ticket()).ticket) > 20

# An order to its end, and what is told of it.
placed = called("submitOrder", orders.submit_order(request("1.5", client_order_id="generated-1")))
assert (placed.status, placed.client_order_id) == ("pending", "generated-1"), placed
order = until("confirmed", placed.order_id)
assert float(order.amount_out) > 0 and order.dex and order.waiting_for is None, order
again = called("submitOrder", orders.submit_order(request("1.5", client_order_id="generated-1")))
assert (again.order_id, again.status) == (placed.order_id, "confirmed"), again
events = called("getEvents", orders.get_events(placed.order_id))
assert [event.seq for event in events] == list(range(1, len(events) + 1)), events
last = events[-1]
assert isinstance(last, Event) and last.status == "confirmed", last
assert (last.client_order_id, last.meta.amount_out) == ("generated-1", last.amount_out), last
told = called("explainOrder", orders.explain_order(placed.order_id))
assert told.result.amount_out == order.amount_out and told.attempts[0].route.legs, told

# The same as a stream, which is a text to this client.
raw = orders.submit_order_without_preload_content(
    request(2.0), _headers={"Accept": "text/event-stream"}
)
data = [json.loads(line[6:]) for line in raw.read().decode().splitlines() if line.startswith("data: ")]
assert Event.from_dict(data[-1]).status == "confirmed", data

# Orders that wait: found, replaced, cancelled.
first, second, third = (resting(f"generated-{n}") for n in (2, 3, 4))
waiting = until("waiting", first.order_id)
assert (waiting.waiting_for, waiting.dex, waiting.amount_out) == ("limit", None, None), waiting
page = called("listOrders", orders.list_orders(client_order_id="generated-2"))
assert [item.order_id for item in page.items] == [first.order_id] and page.next_cursor is None, page
change = AmendRequest(limit_price=DecimalInput("999"))
replaced = orders.replace_order(first.order_id, change, if_match=f'W/"{waiting.version}"')
assert called("replaceOrder", replaced).limit_price == "999", replaced
stale = f'"{waiting.version}"'
refused("replaceOrder", 412, "version_mismatch", orders.replace_order, first.order_id, change, if_match=stale)
named = called("getOrderByClientId", orders.get_order_by_client_id("generated-2"))
assert named.order_id == first.order_id, named
assert called("cancelOrderByClientId", orders.cancel_order_by_client_id("generated-2")).status == "cancelled"
assert called("cancelOrder", orders.cancel_order(second.order_id)).status == "cancelled"
assert called("cancelOrders", orders.cancel_orders(client_order_id="generated-4")).cancelled == 1

# What goes wrong is a problem, which names what is wrong.
wrong = refused("submitOrder", 400, "invalid_request", orders.submit_order, request("-1"))
assert wrong.errors[0].var_field == "amountIn", wrong
refused("getOrder", 404, "order_not_found", orders.get_order, "ORD-0")

# The WebSocket endpoints tell a plain request to come again.
refused("executeSocket", 426, "upgrade_required", sockets.execute_socket)
refused("watchOrder", 426, "upgrade_required", sockets.watch_order, placed.order_id)
refused("watchOrderUpdates", 426, "upgrade_required", sockets.watch_order_updates, placed.order_id)
refused("watchOrders", 426, "upgrade_required", sockets.watch_orders)
