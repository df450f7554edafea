//! From what poem-openapi generates to a document that other tools read without complaint, with examples.
//!
//! What is generated is OpenAPI 3.0 by and large. What is made of it is 3.1, where a schema is JSON Schema: only there
//! can be said of a part that is another schema that it may be null, and only what is said so is read alike by
//! validators and by generators of clients.

use serde_json::{Map, Value, json};

use super::examples;

/// The version that the document conforms to.
const OPENAPI: &str = "3.1.0";

/// Schemas whose parts may be missing: what clients send, and what mirrors only what there is. Everywhere else a part
/// that there is not is null.
fn may_miss_parts(name: &str) -> bool {
    name.ends_with("Request") || name == "EventMeta"
}

/// Finishes the generated document.
pub fn finished(generated: &str) -> String {
    // It was JSON when it was generated, and stays JSON below; a broken one fails the test that reads it.
    let mut document: Value = serde_json::from_str(generated).unwrap_or_default();
    if let Value::Object(root) = &mut document {
        root.insert("openapi".into(), OPENAPI.into());
        root.remove("webhooks");
    }
    tidy(&mut document);
    order_tags(&mut document);
    if let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") {
        for (_, schema) in schemas.iter_mut().filter(|(name, _)| !may_miss_parts(name)) {
            require_nullable(schema);
        }
        schemas.values_mut().for_each(modernise);
    }
    if let Some(Value::Object(paths)) = document.get_mut("paths") {
        for (path, methods) in paths {
            for operation in methods.as_object_mut().into_iter().flat_map(Map::values_mut) {
                if !crate::admission::is_about_the_process(path) {
                    add_refusals(operation);
                }
                add_examples(operation);
                let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
                for parameter in parameters.into_iter().flatten() {
                    allow_empty(parameter);
                    leave_blank(parameter);
                    modernise(&mut parameter["schema"]);
                }
                modernise_contents(operation);
            }
        }
    }
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

/// Whole numbers are written without a fraction, everywhere.
fn tidy(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(tidy),
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Number(number) => {
            if let Some(whole) = number
                .to_string()
                .strip_suffix(".0")
                .and_then(|whole| whole.parse::<i64>().ok())
            {
                *number = whole.into();
            }
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// A part that may be null is there all the same.
fn require_nullable(schema: &mut Value) {
    let properties = schema.get("properties").and_then(Value::as_object);
    let nullable = properties
        .into_iter()
        .flatten()
        .filter(|(_, property)| is_nullable(property));
    let names: Vec<Value> = nullable.map(|(name, _)| name.as_str().into()).collect();
    if names.is_empty() {
        return;
    }
    if let Some(schema) = schema.as_object_mut() {
        let required = schema
            .entry("required")
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Some(required) = required.as_array_mut() {
            required.extend(names);
        }
    }
}

/// Whether a schema of OpenAPI 3.0 allows null, by itself or by what it says besides another one.
fn is_nullable(schema: &Value) -> bool {
    let besides = schema["allOf"].as_array().into_iter().flatten();
    schema["nullable"] == true || besides.into_iter().any(|part| part["nullable"] == true)
}

/// Makes JSON Schema of a schema of OpenAPI 3.0.
fn modernise(schema: &mut Value) {
    let nullable = is_nullable(schema);
    let Some(members) = schema.as_object_mut() else {
        return;
    };
    members.remove("nullable");
    if let Some(example) = members.remove("example") {
        members.insert("examples".into(), json!([example]));
    }
    let parts = match (members.remove("allOf"), members.remove("$ref")) {
        (Some(Value::Array(parts)), _) => parts,
        (_, Some(reference)) => vec![json!({"$ref": reference})],
        (Some(_) | None, None) => Vec::new(),
    };
    merge(members, parts, nullable);
    if let Some(kind) = members.get("type").filter(|_| nullable).cloned() {
        members.insert("type".into(), json!([kind, "null"]));
        if let Some(names) = members.get_mut("enum").and_then(Value::as_array_mut) {
            names.push(Value::Null);
        }
    }
    if let Some(types) = members.get("oneOf").and_then(only_types) {
        members.remove("oneOf");
        members.insert("type".into(), types);
    }
    if let Some(alternatives) = members
        .get_mut("oneOf")
        .and_then(Value::as_array_mut)
        .filter(|_| nullable)
    {
        alternatives.push(json!({"type": "null"}));
    }
    let parts = ["oneOf", "anyOf"]
        .into_iter()
        .filter_map(|name| members.get(name).cloned().map(|value| (name, value)));
    for (name, mut value) in parts.collect::<Vec<_>>() {
        value.as_array_mut().into_iter().flatten().for_each(modernise);
        members.insert(name.into(), value);
    }
    if let Some(items) = members.get_mut("items") {
        modernise(items);
    }
    let properties = members.get_mut("properties").and_then(Value::as_object_mut);
    properties
        .into_iter()
        .flat_map(Map::values_mut)
        .for_each(modernise);
}

/// What is said beside a reference stands beside it in JSON Schema.
fn merge(members: &mut Map<String, Value>, parts: Vec<Value>, nullable: bool) {
    for part in parts {
        let Value::Object(mut part) = part else { continue };
        part.remove("nullable");
        match part.remove("$ref") {
            Some(reference) if nullable => {
                let either = json!([{"$ref": reference}, {"type": "null"}]);
                members.insert("anyOf".into(), either);
            }
            Some(reference) => {
                members.insert("$ref".into(), reference);
            }
            None => {}
        }
        members.extend(part);
    }
}

/// The types of alternatives that differ in nothing else.
fn only_types(alternatives: &Value) -> Option<Value> {
    let alternatives = alternatives.as_array()?;
    let alone = |schema: &Value| {
        let members = schema.as_object()?;
        members.get("type").filter(|_| members.len() == 1).cloned()
    };
    alternatives.iter().map(alone).collect()
}

/// The same for whatever an operation takes and answers.
fn modernise_contents(operation: &mut Value) {
    let responses = operation["responses"].as_object_mut();
    let contents = responses
        .into_iter()
        .flat_map(Map::values_mut)
        .filter_map(|response| response.get_mut("content"));
    for content in contents {
        for media_type in content.as_object_mut().into_iter().flat_map(Map::values_mut) {
            modernise(&mut media_type["schema"]);
        }
    }
}

/// The chapters as they are read: those that a newcomer needs first.
const CHAPTERS: [&str; 5] = ["Orders", "Quotes", "WebSockets", "Service", "Access"];

fn order_tags(document: &mut Value) {
    if let Some(tags) = document["tags"].as_array_mut() {
        let place = |tag: &Value| CHAPTERS.iter().position(|name| tag["name"] == *name);
        tags.sort_by_key(|tag| place(tag).unwrap_or(CHAPTERS.len()));
    }
}

/// A parameter that may be left out has no example, since the page that tries operations out would send it along.
fn leave_blank(parameter: &mut Value) {
    if parameter["required"] != true
        && let Some(schema) = parameter["schema"].as_object_mut()
    {
        schema.remove("example");
    }
}

/// A parameter of a query that is empty counts as absent, whatever its schema.
fn allow_empty(parameter: &mut Value) {
    if parameter["in"] == "query" {
        parameter["allowEmptyValue"] = true.into();
    }
}

/// What the guard before the endpoints may answer instead of them.
const REFUSALS: [(&str, &str); 4] = [
    (
        "403",
        "A page of an origin that is not listed calls: `origin_not_allowed`.",
    ),
    (
        "421",
        "No keys are wanted, and the engine is called by a name that is not among its own: `host_not_allowed`.",
    ),
    (
        "429",
        "The caller takes too much: `rate_limited`, `too_many_streams`, `too_many_open_orders`. Retry-After says when \
         to go on, RateLimit what is left.",
    ),
    (
        "503",
        "More is asked than can be done in time: `overloaded`, `timed_out`. Retry-After says when to try again.",
    ),
];

/// Adds those answers to an operation's own.
fn add_refusals(operation: &mut Value) {
    let Some(responses) = operation["responses"].as_object_mut() else {
        return;
    };
    for (status, text) in REFUSALS {
        let refusal = || {
            let reference = json!({"schema": {"$ref": "#/components/schemas/Problem"}});
            json!({"description": "", "content": {crate::wire::problem::PROBLEM_JSON: reference}})
        };
        let response = responses.entry(status).or_insert_with(refusal);
        let own = response["description"].as_str().unwrap_or_default();
        response["description"] = format!("{own} {text}").trim_start().into();
    }
    // In order again.
    let mut sorted: Vec<_> = std::mem::take(responses).into_iter().collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    responses.extend(sorted);
}

/// Examples of what an operation takes and answers.
fn add_examples(operation: &mut Value) {
    let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
    if let Some(body) = operation.pointer_mut("/requestBody/content/application~1json") {
        body["examples"] = named(examples::requests(&id));
    }
    let Some(responses) = operation["responses"].as_object_mut() else {
        return;
    };
    for response in responses.values_mut() {
        let description = response["description"].as_str().unwrap_or_default().to_owned();
        let Some(content) = response.get_mut("content").and_then(Value::as_object_mut) else {
            continue;
        };
        if let Some(problem) = content.get_mut(crate::wire::problem::PROBLEM_JSON) {
            problem["examples"] = named(codes(&description).map(|code| (code, examples::problem(code))));
        }
        if let Some(stream) = content.get_mut("text/event-stream") {
            stream["example"] = examples::event_stream().into();
        }
        if let Some(events) = content
            .get_mut("application/json")
            .filter(|content| content["schema"]["type"] == "array")
        {
            events["example"] = examples::events().into();
        }
    }
}

fn named<'a>(examples: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    let wrap = |value| Value::Object(Map::from_iter([("value".to_owned(), value)]));
    Value::Object(
        examples
            .into_iter()
            .map(|(name, value)| (name.to_owned(), wrap(value)))
            .collect(),
    )
}

/// The codes that a response's description lists, in backticks.
fn codes(description: &str) -> impl Iterator<Item = &str> {
    description.split('`').skip(1).step_by(2)
}
