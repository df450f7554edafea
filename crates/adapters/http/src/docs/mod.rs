//! The API's description: generated from the endpoints, made a clean OpenAPI 3.1 document, shown by Swagger UI.

mod document;
mod examples;
mod policy;

use std::collections::HashMap;
use std::sync::LazyLock;

use bytes::Bytes;
use http::{HeaderValue, Method};
use poem::endpoint::BoxEndpoint;
use poem_openapi::registry::{MetaApi, MetaPath, Registry};
use poem_openapi::{LicenseObject, OpenApi, OpenApiService, ServerObject};

use crate::api::Api;
use crate::request::param::expanded;

/// The API without an engine behind it: enough to be described.
struct Described;

impl OpenApi for Described {
    fn meta() -> Vec<MetaApi> {
        let operations = Api::meta().into_iter().flat_map(|api| api.paths);
        let mut paths: Vec<MetaPath> = Vec::new();
        for mut one in operations {
            for operation in &mut one.operations {
                let params = std::mem::take(&mut operation.params).into_iter();
                operation.params = params.flat_map(expanded).collect();
            }
            // Endpoints of one path stand in several files.
            match paths.iter_mut().find(|known| known.path == one.path) {
                Some(known) => known.operations.extend(one.operations),
                None => paths.push(one),
            }
        }
        vec![MetaApi { paths }]
    }

    fn register(registry: &mut Registry) {
        Api::register(registry);
    }

    fn add_routes(self, _table: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {}
}

fn service() -> OpenApiService<Described, ()> {
    OpenApiService::new(Described, "Order Engine", env!("CARGO_PKG_VERSION"))
        .description(include_str!("description.md"))
        .license(LicenseObject::new("MIT").url("https://opensource.org/license/mit"))
        .server(ServerObject::new("/"))
}

/// The OpenAPI 3.1 document, the same text every time.
pub fn openapi_json() -> String {
    document::finished(&service().spec())
}

/// The document, and a page that shows it and lets requests be tried, without loading anything from
/// elsewhere. Both are written when somebody first asks for them: they are large, and few do.
pub static PAGES: LazyLock<Pages> = LazyLock::new(|| {
    let service = service();
    let generated = service.spec();
    let document = document::finished(&generated);
    let swagger_ui = service.swagger_ui_html().replace(&generated, &document);
    Pages {
        policy: policy::for_page(&swagger_ui),
        document: document.into(),
        swagger_ui: swagger_ui.into(),
    }
});

/// The pages of documentation.
pub struct Pages {
    /// The OpenAPI document.
    pub document: Bytes,
    /// Swagger UI with the document in it.
    pub swagger_ui: Bytes,
    /// What that page may do.
    pub policy: HeaderValue,
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::api::execute::read_example;
    use crate::api::quotes::tests::refused;

    fn document() -> Value {
        serde_json::from_str(&openapi_json()).unwrap()
    }

    fn operations(document: &Value) -> impl Iterator<Item = &Value> {
        document["paths"]
            .as_object()
            .unwrap()
            .values()
            .flat_map(|path| path.as_object().unwrap().values())
    }

    /// What of a value its schema does not allow. Knows as much of JSON Schema as the document uses.
    fn violations(document: &Value, schema: &Value, value: &Value, path: &str) -> Vec<String> {
        if let Some(reference) = schema["$ref"].as_str() {
            let schema = document.pointer(reference.trim_start_matches('#')).unwrap();
            return violations(document, schema, value, path);
        }
        if let Some(all) = schema["allOf"].as_array() {
            return all
                .iter()
                .flat_map(|schema| violations(document, schema, value, path))
                .collect();
        }
        if let Some(one) = schema["oneOf"].as_array().or(schema["anyOf"].as_array()) {
            let fits = one
                .iter()
                .any(|schema| violations(document, schema, value, path).is_empty());
            return if fits {
                Vec::new()
            } else {
                vec![format!("{path} fits none")]
            };
        }
        let is = |name: &Value| match name.as_str().unwrap() {
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            "null" => value.is_null(),
            other => panic!("{path}: no type is called {other}"),
        };
        let typed = match &schema["type"] {
            Value::Array(names) => names.iter().any(is),
            Value::Null => true,
            name => is(name),
        };
        let mut wrong = if typed {
            Vec::new()
        } else {
            vec![format!("{path} is {value}")]
        };
        if let Some(names) = schema["enum"].as_array().filter(|names| !names.contains(value)) {
            wrong.push(format!("{path} is {value}, not one of {names:?}"));
        }
        for (index, item) in value.as_array().into_iter().flatten().enumerate() {
            wrong.extend(violations(
                document,
                &schema["items"],
                item,
                &format!("{path}[{index}]"),
            ));
        }
        for (name, member) in value.as_object().into_iter().flatten() {
            match schema["properties"].get(name) {
                Some(schema) => wrong.extend(violations(document, schema, member, &format!("{path}.{name}"))),
                None if schema["properties"].is_null() => {}
                None => wrong.push(format!("{path}.{name} is not described")),
            }
        }
        let required = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        wrong.extend(
            required
                .filter(|name| value.get(name).is_none())
                .map(|name| format!("{path}.{name} is missing")),
        );
        wrong
    }

    fn assert_conforms(document: &Value, schema: &str, value: &Value) {
        let schema = &document["components"]["schemas"][schema];
        assert_eq!(
            violations(document, schema, value, "$"),
            Vec::<String>::new(),
            "{value}"
        );
    }

    #[test]
    fn examples_are_what_they_are_examples_of() {
        let document = document();
        for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
            for example in schema["examples"].as_array().into_iter().flatten() {
                assert_conforms(&document, name, example);
            }
        }
        for event in examples::events() {
            assert_conforms(&document, "Event", &event);
        }
    }

    #[test]
    fn example_requests_are_taken() {
        let document = document();
        for (_, order) in examples::requests("submitOrder") {
            assert_conforms(&document, "OrderRequest", &order);
            assert!(read_example(&order.to_string()).is_ok(), "{order}");
        }
        for (_, question) in examples::requests("quote") {
            assert_conforms(&document, "QuoteRequest", &question);
            assert!(refused(&question.to_string()).is_none(), "{question}");
        }
    }

    #[test]
    fn every_documented_code_has_an_example_that_conforms() {
        let document = document();
        let mut seen = 0;
        for operation in operations(&document) {
            for (status, response) in operation["responses"].as_object().unwrap() {
                let problem = &response["content"]["application/problem+json"];
                for (code, example) in problem["examples"].as_object().into_iter().flatten() {
                    let value = &example["value"];
                    assert_conforms(&document, "Problem", value);
                    assert_eq!(value["code"], code.as_str());
                    assert_eq!(value["status"].to_string(), *status, "{code}");
                    seen += 1;
                }
                assert_eq!(problem.is_null(), problem["examples"].is_null(), "{response}");
            }
        }
        assert!(seen > 20, "{seen}");
    }

    #[test]
    fn every_operation_is_explained_and_every_request_has_examples() {
        let document = document();
        for operation in operations(&document) {
            let id = operation["operationId"].as_str().unwrap();
            assert!(
                operation["summary"]
                    .as_str()
                    .is_some_and(|summary| !summary.is_empty()),
                "{id}"
            );
            assert!(!operation["tags"].as_array().unwrap().is_empty(), "{id}");
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                assert!(parameter["description"].is_string(), "{id} {parameter}");
            }
            if let Some(body) = operation.get("requestBody") {
                assert!(
                    body["content"]["application/json"]["examples"].is_object(),
                    "{id}"
                );
            }
        }
    }

    #[test]
    fn media_types_are_bare_and_nothing_is_left_of_3_0() {
        let text = openapi_json();
        assert!(!text.contains("charset"));
        assert!(!text.contains("\"nullable\""));
        let document = document();
        assert_eq!(document["openapi"], "3.1.0");
        assert!(document.get("webhooks").is_none());
    }

    /// Every schema there is, and where it stands.
    fn schemas<'a>(value: &'a Value, path: String, found: &mut Vec<(String, &'a Value)>) {
        match value {
            Value::Object(members) => {
                found.push((path.clone(), value));
                for (name, member) in members {
                    schemas(member, format!("{path}/{name}"), found);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    schemas(item, format!("{path}/{index}"), found);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// Generators of clients make a class of every schema, and stumble over one in the middle of another.
    #[test]
    fn a_reference_stands_alone_and_null_is_listed_where_it_is_allowed() {
        let document = document();
        let mut found = Vec::new();
        schemas(&document["components"], String::new(), &mut found);
        for (path, schema) in found {
            assert!(schema.get("allOf").is_none(), "{path}");
            let allows_null = schema["type"]
                .as_array()
                .is_some_and(|types| types.contains(&"null".into()));
            if let Some(names) = schema["enum"].as_array() {
                assert_eq!(names.contains(&Value::Null), allows_null, "{path}");
            }
        }
        let order = &document["components"]["schemas"]["Order"]["properties"];
        for (part, shared) in [("dex", "Dex"), ("waitingFor", "WaitingFor")] {
            let either =
                serde_json::json!([{"$ref": format!("#/components/schemas/{shared}")}, {"type": "null"}]);
            assert_eq!(order[part]["anyOf"], either);
        }
    }

    #[test]
    fn whoever_tries_an_operation_out_finds_no_parameter_filled_in() {
        let document = document();
        for operation in operations(&document) {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let filled = parameter.get("example").or(parameter["schema"].get("examples"));
                assert!(parameter["required"] == true || filled.is_none(), "{parameter}");
            }
        }
        assert_eq!(document["tags"][0]["name"], "Orders");
    }

    #[test]
    fn swagger_ui_holds_the_finished_document_and_loads_nothing() {
        let page = std::str::from_utf8(&PAGES.swagger_ui).unwrap();
        assert!(page.contains(&openapi_json()));
        assert_eq!(PAGES.document, openapi_json());
        assert!(!openapi_json().contains("</script"));
        for tag in ["<script src", "<link ", "@import", "url(http"] {
            assert!(!page.contains(tag), "{tag}");
        }
    }
}
