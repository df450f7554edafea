"""Holds the description and what the engine answers against each other.

The document must be OpenAPI by an independent validator, its examples must fit their schemas, and every answer on a walk
through all kinds of orders and mistakes must be described, in each of its parts.

Usage: conformance.py URL KEY DOCUMENT
"""

import json
import sys
import time
import urllib.parse

import httpx
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

url, key, path = sys.argv[1:]
document = json.load(open(path))
validate(document)
print("the document is OpenAPI", document["openapi"])


def strict(node):
    """The same schemas, in which what is not described is not allowed."""
    if isinstance(node, dict):
        closed = {name: strict(value) for name, value in node.items()}
        if isinstance(node.get("properties"), dict) and node.get("type") == "object":
            closed.setdefault("additionalProperties", False)
        return closed
    return [strict(item) for item in node] if isinstance(node, list) else node


BASE = "urn:document"
resource = Resource(contents=strict(document), specification=DRAFT202012)
registry = Registry().with_resource(BASE, resource)
wrong = []


def check(where, pointer, value):
    """Notes how the value does not fit the schema at that place of the document."""
    schema = {"$ref": f"{BASE}#{urllib.parse.quote(pointer)}"}
    validator = Draft202012Validator(schema, registry=registry, format_checker=FormatChecker())
    for error in validator.iter_errors(value):
        wrong.append(f"{where}: {error.json_path}: {error.message[:300]}")


def place(*names):
    return "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)


def check_examples(content, pointer):
    """Those of a body, by media type."""
    seen = 0
    for media_type, described in content.items():
        examples = [example["value"] for example in described.get("examples", {}).values()]
        for example in examples + ([described["example"]] if "example" in described else []):
            check(f"example at {pointer} {media_type}", pointer + place(media_type, "schema"), example)
            seen += 1
    return seen


examples = 0
for name, schema in document["components"]["schemas"].items():
    for example in schema.get("examples", []):
        check(f"example of {name}", place("components", "schemas", name), example)
        examples += 1
for template, operations in document["paths"].items():
    for method, operation in operations.items():
        at = place("paths", template, method)
        examples += check_examples(operation.get("requestBody", {}).get("content", {}), at + "/requestBody/content")
        for status, response in operation["responses"].items():
            examples += check_examples(response.get("content", {}), at + place("responses", status, "content"))
assert examples > 60, examples
print(examples, "examples were held against their schemas")

client = httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=60)
answers, kinds = set(), set()


def ask(method, template, names=None, key=True, **request):
    """The answer to a request, which must be described. `names` fills the path."""
    filled = template
    for name, value in (names or {}).items():
        filled = filled.replace("{" + name + "}", urllib.parse.quote(value, safe=""))
    if not key:
        request["headers"] = {**request.get("headers", {}), "X-API-Key": "none"}
    answer = client.request(method, filled, **request)
    operation = document["paths"][template][method.lower()]
    where = f"{method} {filled} -> {answer.status_code}"
    responses = place("paths", template, method.lower(), "responses", str(answer.status_code))
    described = operation["responses"].get(str(answer.status_code))
    answers.add((operation["operationId"], answer.status_code))
    if described is None:
        wrong.append(f"{where}: the status is not described")
        return answer
    media_type = answer.headers.get("content-type", "").split(";")[0]
    if not answer.content and "content" not in described:
        return answer
    if media_type not in described.get("content", {}):
        wrong.append(f"{where}: {media_type} is not described")
    elif media_type == "text/event-stream":
        check(where, responses + place("content", media_type, "schema"), answer.text)
        for line in answer.text.splitlines():
            if line.startswith("data: "):
                event(where, json.loads(line[6:]))
    else:
        value = answer.json()
        check(where, responses + place("content", media_type, "schema"), value)
        if operation["operationId"] == "getEvents" and answer.status_code == 200:
            for happened in value:
                kinds.add(happened["status"])
    return answer


def event(where, happened):
    check(where, place("components", "schemas", "Event"), happened)
    kinds.add(happened["status"])


EXECUTE, ORDER, NAMED = "/api/orders/execute", "/api/orders/{id}", "/api/orders/by-client-id/{clientOrderId}"
SELL = {"tokenIn": "SOL", "tokenOut": "USDC", "amountIn": "1.5"}
OVER = {"confirmed", "failed", "cancelled", "expired"}


def submit(headers=None, **fields):
    return ask("POST", EXECUTE, json={**SELL, **fields}, headers=headers or {})


def until(id, statuses):
    """The order, once it has one of these statuses; it is described all the way."""
    end = time.monotonic() + 60
    while True:
        order = ask("GET", ORDER, {"id": id}).json()
        if order["status"] in statuses:
            return order
        assert time.monotonic() < end, order
        time.sleep(0.05)


def told(id):
    """Everything that is told of an order."""
    ask("GET", ORDER + "/events", {"id": id})
    ask("GET", ORDER + "/execution", {"id": id})


# Orders of all kinds, to their ends.
LIMIT = {"type": "limit", "limitPrice": "1000"}
for fields in [
    {},
    {"clientOrderId": "named", "minAmountOut": "100", "priority": "high"},
    {"amountIn": 10000, "slippage": "5"},
    {"amountIn": "10000", "maxLegs": 1, "venues": ["Meteora"], "slippageBps": 9000},
    {"tokenIn": "RAY", "tokenOut": "JUP"},
    {"tokenIn": "USDC", "tokenOut": "SOL", "amountIn": None, "amount": 250, "side": "buy", "priority": 0},
    {"minAmountOut": "100000"},
    {"type": "limit", "limitPrice": "100", "timeInForce": "ioc", "amountIn": "30000", "minAmountOut": "100"},
    {"type": "limit", "limitPrice": "1000", "timeInForce": "fok"},
    {**LIMIT, "timeInForce": "gtd", "expiresAt": "soon"},
    {**LIMIT, "timeInForce": "gtd", "expiresAt": "2999-01-01T00:00:00Z", "clientOrderId": "resting"},
    {"type": "stop_limit", "stopPrice": "1", "limitPrice": "0.5", "allowImmediate": False},
    {"type": "sniper", "tokenIn": "JUP", "tokenOut": "BONK", "maxLegs": 1},
]:
    for seconds in (1, 4, 16, 64):
        soon = {"expiresAt": int((time.time() + seconds) * 1000)} if fields.get("expiresAt") == "soon" else {}
        placed = submit(**{**fields, **soon})
        # On a machine that is slow just now, soon may be too soon.
        if placed.status_code == 202 or "already_expired" not in placed.text:
            break
    assert placed.status_code == 202, (fields, placed.text)
    id = placed.json()["orderId"]
    order = until(id, OVER | {"waiting"})
    told(id)
    if order["status"] == "waiting" and order["expiresAt"] is None:
        ask("DELETE", ORDER, {"id": id})
        until(id, {"cancelled"})
        told(id)
    elif order["status"] == "waiting" and not order["expiresAt"].startswith("2999"):
        until(id, {"expired"})
        told(id)
# Until a venue has failed once, so that the order was tried again.
for _ in range(200):
    id = submit().json()["orderId"]
    until(id, OVER)
    told(id)
    if "retrying" in kinds and "failed" in kinds:
        break

# The same as streams, and what is repeated.
ask("POST", EXECUTE, json=SELL, headers={"Accept": "text/event-stream"})
ask("GET", ORDER + "/events", {"id": id}, headers={"Accept": "text/event-stream"})
ask("GET", ORDER + "/events", {"id": id}, headers={"Accept": "text/event-stream", "Last-Event-ID": "4000"})
for amount in ("1", "1", "2"):
    submit({"Idempotency-Key": "k"}, amountIn=amount)
submit(clientOrderId="named", amountIn="7")
again = {"Idempotency-Key": "k", "Accept": "text/event-stream", "Last-Event-ID": "4000"}
until(submit({"Idempotency-Key": "k"}, amountIn="1").json()["orderId"], OVER)
submit(again, amountIn="1")

# Lists, names, conditions.
for query in ["", "?limit=1", "?status=waiting,failed&type=limit&token=sol", "?clientOrderId=resting", "?status=odd&page=2"]:
    client_query = dict(urllib.parse.parse_qsl(query[1:]))
    ask("GET", "/api/orders", params=client_query)
ask("GET", NAMED, {"clientOrderId": "resting"})
ask("GET", NAMED, {"clientOrderId": "a/b c"})
for method in ("GET", "DELETE"):
    for owner in ("somebody", "\n"):
        ask(method, NAMED, {"clientOrderId": "resting"}, params={"userId": owner})
resting = ask("GET", NAMED, {"clientOrderId": "resting"}, headers={"If-None-Match": "*"})
resting = until(ask("GET", NAMED, {"clientOrderId": "resting"}).json()["orderId"], {"waiting"})
here = {"id": resting["orderId"]}
change = {"limitPrice": "999"}
ask("PATCH", ORDER, here, json=change)
for tag in ['"1"', "odd", f'W/"{resting["version"]}"', "*"]:
    ask("PATCH", ORDER, here, json=change, headers={"If-Match": tag})
ask("PATCH", ORDER, here, json={"stopPrice": "1"}, headers={"If-Match": "*"})
ask("PATCH", ORDER, here, content="{", headers={"If-Match": "*", "Content-Type": "application/json"})
ask("PATCH", ORDER, here, content="{}", headers={"If-Match": "*", "Content-Type": "text/plain"})
told(resting["orderId"])
ask("DELETE", ORDER, here, headers={"If-Match": '"1"'})
ask("DELETE", ORDER, here, headers={"If-Match": "odd"})
ask("DELETE", NAMED, {"clientOrderId": "resting"})
ask("DELETE", NAMED, {"clientOrderId": "named"})
ask("PATCH", ORDER, here, json=change, headers={"If-Match": "*"})
ask("DELETE", "/api/orders", params={"limit": 1})
ask("DELETE", "/api/orders", params={"status": "waiting"})

# Mistakes.
for fields in [
    {"amountIn": "-1"}, {"amountIn": None}, {"tokenOut": "SOL"}, {"side": "buy"}, {"size": 1}, {"type": "sniper", "timeInForce": "ioc"},
    {"allowImmediate": True}, {"amountIn": "1000000000"}, {"quoteId": "QUO1-x"}, {"slippage": 1, "minAmountOut": 1},
    {"timeInForce": "gtd", "expiresAt": 0, **LIMIT}, {"excludeVenues": ["Raydium", "Meteora"]}, {"userId": "somebody"},
]:
    assert submit(**fields).status_code >= 400, fields
for body, kind in [("{", "application/json"), ("{}", "text/plain"), (" " * 70000, "application/json")]:
    ask("POST", EXECUTE, content=body, headers={"Content-Type": kind})
    ask("POST", "/api/quotes", content=body, headers={"Content-Type": kind})
unknown = {"id": "ORD-01890a5d-ac96-774b-bcce-b302099a8057"}
for method, template in [("GET", ORDER), ("DELETE", ORDER), ("GET", ORDER + "/events"), ("GET", ORDER + "/execution")]:
    ask(method, template, unknown)
ask("PATCH", ORDER, unknown, json=change, headers={"If-Match": "*"})
ask("GET", ORDER + "/events", unknown, params={"after": "x"})

# Everything else, and everything without a key.
quote = ask("POST", "/api/quotes", json=SELL).json()
submit(quoteId=quote["quoteId"])
submit(quoteId=quote["quoteId"], amountIn="2")
for fields in [{"amountIn": "20000"}, {"tokenIn": "RAY", "tokenOut": "JUP"}, {"amountIn": "0"}, {"venues": ["Meteora"], "maxLegs": 1}]:
    ask("POST", "/api/quotes", json={**SELL, **fields})
for template, operations in document["paths"].items():
    for method, operation in operations.items():
        names = {"id": id, "clientOrderId": "named"}
        if operation.get("security"):
            ask(method.upper(), template, names, key=False)
        if method == "get" or template == "/api/tickets":
            ask(method.upper(), template, names)

operations = {operation["operationId"] for path in document["paths"].values() for operation in path.values()}
missing = operations - {operation for operation, status in answers if status < 500 and status != 401}
assert not missing, missing
all_kinds = set(document["components"]["schemas"]["EventStatus"]["enum"])
assert kinds == all_kinds, all_kinds - kinds
assert not wrong, "\n".join(sorted(set(wrong)))
print(len(answers), "kinds of answers are as described")
