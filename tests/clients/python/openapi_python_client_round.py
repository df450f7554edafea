"""A round of every operation by the client that openapi-python-client generates. Prints the name of each operation.

Usage: openapi_python_client_round.py URL KEY
"""

import json
import sys
import time

from order_engine_client import AuthenticatedClient
from order_engine_client.api.access import create_ticket
from order_engine_client.api.orders import (
    cancel_order,
    cancel_order_by_client_id,
    cancel_orders,
    explain_order,
    get_events,
    get_order,
    get_order_by_client_id,
    list_orders,
    replace_order,
    submit_order,
)
from order_engine_client.api.quotes import list_tokens, list_venues, quote
from order_engine_client.api.service import live, ping, ready
from order_engine_client.api.web_sockets import execute_socket, watch_order, watch_order_updates, watch_orders
from order_engine_client.models import (
    Accepted,
    AmendRequest,
    Cancelled,
    Event,
    Execution,
    Order,
    OrderPage,
    OrderRequest,
    OrderType,
    Problem,
    QuoteReport,
    QuoteRequest,
    Ticket,
    Tokens,
    Venues,
)

url, key = sys.argv[1:]


def client_with(**headers):
    return AuthenticatedClient(
        base_url=url, token=key, prefix="", auth_header_name="X-API-Key", raise_on_unexpected_status=True, headers=headers
    )


client = client_with()


def called(operation, answer, kind, status=None, code=None):
    """The parsed answer, which must be of that kind."""
    assert isinstance(answer.parsed, kind), (operation, answer)
    assert status is None or answer.status_code == status, (operation, answer)
    assert code is None or answer.parsed.code == code, (operation, answer.parsed)
    print(operation, flush=True)
    return answer.parsed


def until(status, id):
    """The order, once it has that status."""
    end = time.monotonic() + 60
    while True:
        order = called("getOrder", get_order.sync_detailed(id, client=client), Order, 200)
        if order.status.value == status:
            return order
        assert time.monotonic() < end, order
        time.sleep(0.05)


def submit(**fields):
    body = OrderRequest(token_in="SOL", token_out="USDC", **fields)
    return submit_order.sync_detailed(client=client, body=body)


def resting(name):
    answer = submit(amount_in="1", type_=OrderType.LIMIT, limit_price="1000", client_order_id=name)
    return called("submitOrder", answer, Accepted, 202)


assert ping.sync(client=client) is not None
print("ping")
assert live.sync(client=client) is not None
print("live")
assert ready.sync(client=client).status
print("ready")
tokens = called("listTokens", list_tokens.sync_detailed(client=client), Tokens)
assert {"SOL", "USDC"} <= {token.symbol for token in tokens.items}, tokens
venues = called("listVenues", list_venues.sync_detailed(client=client), Venues)
assert {"Meteora", "Raydium"} <= {venue.name for venue in venues.items}, venues
asked = quote.sync_detailed(client=client, body=QuoteRequest(token_in="SOL", token_out="USDC", amount_in="1.5"))
assert called("quote", asked, QuoteReport, 200).route.legs
assert len(called("createTicket", create_ticket.sync_detailed(client=client), Ticket, 201).ticket) > 20

# An order to its end, and what is told of it.
placed = called("submitOrder", submit(amount_in="1.5", client_order_id="python-1"), Accepted, 202)
assert (placed.status.value, placed.client_order_id) == ("pending", "python-1"), placed
order = until("confirmed", placed.order_id)
assert float(order.amount_out) > 0 and order.dex and order.waiting_for is None, order
again = called("submitOrder", submit(amount_in="1.5", client_order_id="python-1"), Accepted, 202)
assert (again.order_id, again.status.value) == (placed.order_id, "confirmed"), again
events = get_events.sync(placed.order_id, client=client)
assert all(isinstance(event, Event) for event in events), events
assert [event.seq for event in events] == list(range(1, len(events) + 1)), events
last = events[-1]
assert (last.status.value, last.client_order_id, last.meta.amount_out) == ("confirmed", "python-1", last.amount_out)
print("getEvents")
told = called("explainOrder", explain_order.sync_detailed(placed.order_id, client=client), Execution, 200)
assert told.result.amount_out == order.amount_out and told.attempts[0].route.legs, told

# The same as a stream, which is a text to this client.
streaming = client_with(Accept="text/event-stream")
body = OrderRequest(token_in="SOL", token_out="USDC", amount_in=2)
stream = submit_order.sync(client=streaming, body=body)
data = [json.loads(line[6:]) for line in stream.splitlines() if line.startswith("data: ")]
assert Event.from_dict(data[-1]).status.value == "confirmed", stream

# Orders that wait: found, replaced, cancelled.
first, second, third = (resting(f"python-{n}") for n in (2, 3, 4))
waiting = until("waiting", first.order_id)
assert (waiting.waiting_for.value, waiting.dex, waiting.amount_out) == ("limit", None, None), waiting
page = called("listOrders", list_orders.sync_detailed(client=client, client_order_id="python-2"), OrderPage, 200)
assert [item.order_id for item in page.items] == [first.order_id] and page.next_cursor is None, page
change = AmendRequest(limit_price="999")
replace = lambda tag: replace_order.sync_detailed(first.order_id, client=client, body=change, if_match=tag)
replaced = called("replaceOrder", replace(f'W/"{waiting.version}"'), Order, 200)
assert replaced.limit_price == "999", replaced
called("replaceOrder", replace(f'"{waiting.version}"'), Problem, 412, "version_mismatch")
named = get_order_by_client_id.sync_detailed("python-2", client=client)
assert called("getOrderByClientId", named, Order, 200).order_id == first.order_id
known = get_order_by_client_id.sync_detailed("python-2", client=client, if_none_match=f'"{replaced.version}"')
assert known.status_code == 304, known
cancelled = cancel_order_by_client_id.sync_detailed("python-2", client=client)
assert called("cancelOrderByClientId", cancelled, Order, 200).status.value == "cancelled"
cancelled = cancel_order.sync_detailed(second.order_id, client=client)
assert called("cancelOrder", cancelled, Order, 200).status.value == "cancelled"
many = cancel_orders.sync_detailed(client=client, client_order_id="python-4")
assert called("cancelOrders", many, Cancelled, 200).cancelled == 1

# What goes wrong is a problem, which names what is wrong.
wrong = called("submitOrder", submit(amount_in="-1"), Problem, 400, "invalid_request")
assert wrong.errors[0].field == "amountIn", wrong
called("getOrder", get_order.sync_detailed("ORD-0", client=client), Problem, 404, "order_not_found")

# The WebSocket endpoints tell a plain request to come again.
for operation, answer in [
    ("executeSocket", execute_socket.sync_detailed(client=client)),
    ("watchOrder", watch_order.sync_detailed(placed.order_id, client=client)),
    ("watchOrderUpdates", watch_order_updates.sync_detailed(placed.order_id, client=client)),
    ("watchOrders", watch_orders.sync_detailed(client=client)),
]:
    called(operation, answer, Problem, 426, "upgrade_required")
