#!/usr/bin/env python3
"""Sells or buys a total in equal slices, and skips a slice while the price is worse than a limit."""

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid
from decimal import ROUND_DOWN, Decimal

TERMINAL = {"confirmed", "failed", "cancelled", "expired"}
TRIES = 5


class Refused(Exception):
    """The engine refused a request, with a reason."""


class Engine:
    """The part of the engine's API that a bot needs."""

    def __init__(self, url, key=None):
        self.url = url.rstrip("/")
        self.headers = {"X-API-Key": key} if key else {}

    def open(self, method, path, body=None, **headers):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **self.headers, **headers}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            return urllib.request.urlopen(request, timeout=30)
        except urllib.error.HTTPError as error:
            if error.code >= 500:
                raise  # The engine may be restarting: worth another try, as a broken connection is.
            raise Refused(json.load(error)["detail"]) from error

    def again(self, attempt):
        """Tries until there is an answer, and waits longer each time."""
        for number in range(TRIES):
            try:
                return attempt()
            except OSError as error:  # URLError and time-outs are OSErrors.
                if number == TRIES - 1:
                    raise
                print(f"no answer ({error}); trying again", file=sys.stderr)
                time.sleep(2**number / 4)

    def quote(self, token_in, token_out, amount):
        body = {"tokenIn": token_in, "tokenOut": token_out, "amountIn": str(amount)}
        return self.again(lambda: json.load(self.open("POST", "/api/quotes", body)))

    def submit(self, order):
        """The order's id. The key makes a request that has to be repeated the same order."""
        key = str(uuid.uuid4())
        send = lambda: json.load(self.open("POST", "/api/orders/execute", order, **{"Idempotency-Key": key}))
        return self.again(send)["orderId"]

    def follow(self, order_id):
        """The order's events to its end, each once, over as many connections as it takes."""
        seen = 0
        while True:
            headers = {"Accept": "text/event-stream", "Last-Event-ID": str(seen)}
            stream = self.again(lambda: self.open("GET", f"/api/orders/{order_id}/events", **headers))
            try:
                with stream:
                    for line in stream:
                        if line.startswith(b"data:"):
                            event = json.loads(line[len(b"data:") :])
                            seen = event["seq"]
                            yield event
                            if event["status"] in TERMINAL:
                                return
            except OSError as error:
                print(f"the stream broke ({error}); going on after {seen}", file=sys.stderr)
            time.sleep(0.25)


def worse(side, price, limit):
    return limit is not None and (price < limit if side == "sell" else price > limit)


def trade_slice(engine, number, amount, arguments):
    """What the slice brought in; nothing where it was skipped or came to nothing."""
    quote = engine.quote(arguments.token_in, arguments.token_out, amount)
    price = Decimal(quote["route"]["price"])
    print(f"slice {number}: quoted {price} on {quote['route']['dex']}")
    if worse(quote["side"], price, arguments.limit):
        print(f"slice {number}: skipped, the price is worse than {arguments.limit}")
        return Decimal(0)
    order = {
        "tokenIn": arguments.token_in,
        "tokenOut": arguments.token_out,
        "amountIn": str(amount),
        "quoteId": quote["quoteId"],
    }
    order_id = engine.submit(order)
    last = None
    for last in engine.follow(order_id):
        if last["status"] == "retrying":
            print(f"slice {number}: {last['error']}; attempt {last['attempt']} follows")
    if last["status"] != "confirmed":
        print(f"slice {number}: {order_id} {last['status']}: {last.get('error')}")
        return Decimal(0)
    received = Decimal(last["amountOut"])
    print(
        f"slice {number}: {order_id} confirmed: {received} {arguments.token_out}"
        f" at {last['executedPrice']} on {last['dex']}"
    )
    return received


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default=os.environ.get("ORDER_ENGINE_URL", "http://localhost:3000"))
    parser.add_argument("--token-in", default="SOL")
    parser.add_argument("--token-out", default="USDC")
    parser.add_argument("--total", type=Decimal, default=Decimal("1.5"), help="how much of the first token in all")
    parser.add_argument("--slices", type=int, default=3)
    parser.add_argument("--every", type=float, default=5, metavar="SECONDS")
    parser.add_argument("--limit", type=Decimal, help="skip a slice while the price is worse; quote token per base token")
    arguments = parser.parse_args()

    engine = Engine(arguments.url, os.environ.get("ORDER_ENGINE_API_KEY"))
    amount = (arguments.total / arguments.slices).quantize(Decimal("0.000001"), rounding=ROUND_DOWN)
    filled, received = 0, Decimal(0)
    for number in range(1, arguments.slices + 1):
        if number > 1:
            time.sleep(arguments.every)
        brought = trade_slice(engine, number, amount, arguments)
        filled += brought > 0
        received += brought
    spent = filled * amount
    print(f"paid {spent} {arguments.token_in} for {received} {arguments.token_out} in {filled} of {arguments.slices} slices")
    return 0 if filled == arguments.slices else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Refused as refusal:
        sys.exit(f"refused: {refusal}")
