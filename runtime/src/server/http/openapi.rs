//! The HTTP face as an OpenAPI 3.1 document.
//!
//! Invariant: what the document allows, the server accepts, and the other way round; secret fields are in neither.

use serde_json::{Map, Value, json};
use vertebra_schema::{Field, Flag, Model, Number, Rule, Schema, Type};

/// The document of a schema.
pub fn document(schema: &Schema) -> Value {
    let mut paths = Map::new();
    let mut schemas = Map::from_iter([("Problem".to_string(), problem())]);
    for model in &schema.models {
        let (name, collection) = (&*model.name, &*model.collection);
        schemas.insert(name.to_string(), row(model));
        schemas.insert(format!("{name}Create"), input(model, Use::Create));
        schemas.insert(format!("{name}Update"), input(model, Use::Update));
        schemas.insert(format!("{name}Patch"), input(model, Use::Patch));
        paths.insert(format!("/api/{collection}"), collection_paths(model));
        paths.insert(format!("/api/{collection}/{{id}}"), row_paths(model));
    }
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Vertebra", "version": "1"},
        "paths": paths,
        "components": {"schemas": schemas},
    })
}

fn collection_paths(model: &Model) -> Value {
    let name = &*model.name;
    let conditions = model.visible().filter(|(_, field)| !field.ty.is_nested());
    let conditions = conditions.map(|(_, field)| {
        json!({
            "name": &*field.name, "in": "query", "required": false,
            "description": "Only rows with this value.",
            "schema": type_schema(&field.ty, field.is_number()),
        })
    });
    let mut parameters = vec![
        json!({"name": "where", "in": "query", "required": false, "description": "Only rows with these values.",
            "content": {"application/json": {"schema": {"type": "object"}}}}),
        json!({"name": "sort", "in": "query", "required": false,
            "description": "Field names, comma-separated; a minus for descending.", "schema": {"type": "string"}}),
        json!({"name": "limit", "in": "query", "required": false,
            "schema": {"type": "integer", "minimum": 1, "maximum": 10_000}}),
        json!({"name": "after", "in": "query", "required": false,
            "description": "The values of the sort fields of the last row of the page before, and its id, as a JSON array.",
            "schema": {"type": "string"}}),
    ];
    parameters.extend(conditions);
    json!({
        "get": {
            "operationId": format!("list{name}"),
            "summary": format!("List {}", model.collection),
            "parameters": parameters,
            "responses": answers("200", "The rows.", &json!({"type": "array", "items": reference(name)})),
        },
        "post": {
            "operationId": format!("create{name}"),
            "summary": format!("Create a row of {}", model.collection),
            "requestBody": body(&format!("{name}Create")),
            "responses": answers("201", "The row as it was stored.", &reference(name)),
        },
    })
}

fn row_paths(model: &Model) -> Value {
    let name = &*model.name;
    let if_match = json!({
        "name": "If-Match", "in": "header", "required": false,
        "description": "The ETag that the row must have.", "schema": {"type": "string"},
    });
    let key = idempotency_key();
    let write = |kind: &str, words: &str| {
        json!({
            "operationId": format!("{}{name}", kind.to_lowercase()),
            "summary": words,
            "parameters": [if_match, key],
            "requestBody": body(&format!("{name}{kind}")),
            "responses": answers("200", "The row as it was stored.", &reference(name)),
        })
    };
    let id = field_schema(model.id());
    let gone = json!({"type": "object", "required": [&*model.id().name], "properties": {&*model.id().name: id}});
    json!({
        "parameters": [{"name": "id", "in": "path", "required": true, "schema": type_schema(&model.id().ty, false)}],
        "get": {
            "operationId": format!("get{name}"),
            "summary": "One row",
            "responses": answers("200", "The row.", &reference(name)),
        },
        "put": write("Update", "Replace a row"),
        "patch": write("Patch", "Change some fields of a row; null clears"),
        "delete": {
            "operationId": format!("delete{name}"),
            "summary": "Delete a row",
            "parameters": [if_match, key],
            "responses": answers("200", "The id of the row that is gone.", &gone),
        },
    })
}

fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key", "in": "header", "required": false,
        "description": "Names the request: sent again under this key it is answered again, and done once.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    })
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn body(name: &str) -> Value {
    json!({"required": true, "content": {"application/json": {"schema": reference(name)}}})
}

fn answers(status: &str, words: &str, schema: &Value) -> Value {
    json!({
        status: {"description": words, "content": {"application/json": {"schema": schema}}},
        "default": {
            "description": "What is wrong.",
            "content": {"application/problem+json": {"schema": reference("Problem")}},
        },
    })
}

fn problem() -> Value {
    json!({
        "type": "object",
        "required": ["code", "status", "title", "detail", "message", "retry"],
        "properties": {
            "code": {"enum": [
                "validation", "conflict", "not_found", "forbidden", "unauthenticated", "rate_limited",
                "overloaded", "out_of_order", "schema", "too_large", "unavailable", "internal",
            ]},
            "status": {"type": "integer"},
            "title": {"type": "string"},
            "detail": {"type": "string"},
            "message": {"type": "string"},
            "fields": {"type": "object", "additionalProperties": {"type": "string"}},
            "retry": {"enum": ["no", "same", "backoff", "reauth", "resync"]},
            "retry_ms": {"type": "integer"},
            "current": {"description": "With a conflict: the row as it is now."},
        },
    })
}

/// A row as it is answered.
fn row(model: &Model) -> Value {
    let fields = || model.visible().map(|(_, field)| field);
    let properties: Map<String, Value> = fields()
        .map(|field| (field.name.to_string(), field_schema(field)))
        .collect();
    let required: Vec<&str> = fields().map(|field| &*field.name).collect();
    let mut schema = json!({"type": "object", "required": required, "properties": properties});
    describe(&mut schema, &model.docs);
    schema
}

#[derive(Clone, Copy, PartialEq)]
enum Use {
    Create,
    Update,
    Patch,
}

/// What a client sends. An update may carry read-only fields, which are ignored.
fn input(model: &Model, purpose: Use) -> Value {
    let allowed = model.fields.iter().filter(|field| match purpose {
        Use::Create => {
            let made_by_database = field.is(Flag::Id) && model.database_makes_ids();
            !(field.is_read_only() || made_by_database)
        }
        Use::Update => true,
        Use::Patch => !field.is_read_only() && !field.is(Flag::CreateOnly),
    });
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in allowed {
        properties.insert(field.name.to_string(), field_schema(field));
        let needed = match purpose {
            Use::Create => field.is_required(),
            Use::Update => {
                field.is_required() && !field.is(Flag::Secret) && !field.is(Flag::CreateOnly)
            }
            Use::Patch => false,
        };
        if needed {
            required.push(&*field.name);
        }
    }
    json!({
        "type": "object", "required": required, "properties": properties, "additionalProperties": false,
    })
}

fn field_schema(field: &Field) -> Value {
    let mut schema = type_schema(&field.ty, field.is_number());
    describe(&mut schema, &field.docs);
    if let Value::Object(parts) = &mut schema {
        if let Some(default) = field
            .default
            .as_deref()
            .and_then(|json| serde_json::from_str(json).ok())
        {
            parts.insert("default".into(), default);
        }
        if field.is_read_only() {
            parts.insert("readOnly".into(), json!(true));
        }
        for rule in field.rules.iter() {
            add_rule(parts, rule, &field.ty);
        }
    }
    schema
}

fn describe(schema: &mut Value, docs: &str) {
    if let (Value::Object(parts), false) = (schema, docs.is_empty()) {
        parts.insert("description".into(), json!(docs));
    }
}

fn add_rule(parts: &mut Map<String, Value>, rule: &Rule, ty: &Type) {
    let number = |number: &Number| match number {
        Number::Int(number) => json!(number),
        Number::Float(number) => json!(number),
    };
    // The bounds of a 64-bit integer are about the number in the string, which JSON Schema cannot say.
    let is_number = !matches!(ty.required(), Type::Integer { bits: 64, .. });
    let [shortest, longest] = match ty.required() {
        Type::List(_) => ["minItems", "maxItems"],
        _ => ["minLength", "maxLength"],
    };
    match rule {
        Rule::Min(least) if is_number => {
            parts.insert("minimum".into(), number(least));
        }
        Rule::Max(most) if is_number => {
            parts.insert("maximum".into(), number(most));
        }
        Rule::Min(_) | Rule::Max(_) => {}
        Rule::Len(least, most) => {
            parts.extend(least.map(|least| (shortest.to_string(), json!(least))));
            parts.extend(most.map(|most| (longest.to_string(), json!(most))));
        }
        Rule::Pattern(pattern) => {
            parts.insert("pattern".into(), json!(&**pattern));
        }
        Rule::OneOf(values) => {
            let mut values: Vec<Value> = values.iter().map(|value| json!(&**value)).collect();
            if ty.is_nullable() {
                values.push(Value::Null);
            }
            parts.insert("enum".into(), Value::Array(values));
        }
    }
}

fn type_schema(ty: &Type, as_number: bool) -> Value {
    match ty {
        Type::Bool => json!({"type": "boolean"}),
        Type::Integer { bits, signed } if *bits < 64 || as_number => {
            let width = if *bits < 64 { *bits } else { 54 };
            let most = if *signed {
                (1_i64 << (width - 1)) - 1
            } else {
                (1_i64 << width.min(53)) - 1
            };
            let least = match (*signed, width) {
                (false, _) => 0,
                (true, 54) => -most,
                (true, _) => -most - 1,
            };
            json!({"type": "integer", "minimum": least, "maximum": most})
        }
        Type::Integer { signed, .. } => {
            let pattern = if *signed { "^-?[0-9]+$" } else { "^[0-9]+$" };
            json!({"type": "string", "pattern": pattern})
        }
        Type::Float => json!({"type": "number"}),
        Type::String => json!({"type": "string"}),
        Type::Char => json!({"type": "string", "minLength": 1, "maxLength": 1}),
        Type::Uuid => json!({"type": "string", "format": "uuid"}),
        Type::Timestamp => json!({"type": "string", "format": "date-time"}),
        Type::Date => json!({"type": "string", "format": "date"}),
        Type::Decimal => json!({"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$"}),
        Type::Bytes => json!({"type": "string", "contentEncoding": "base64"}),
        Type::Json => json!({}),
        Type::Optional(inner) => match type_schema(inner, as_number) {
            Value::Object(mut parts) => {
                if let Some(Value::String(one)) = parts.get("type").cloned() {
                    parts.insert("type".into(), json!([one, "null"]));
                }
                if let Some(Value::Array(values)) = parts.get_mut("enum") {
                    values.push(Value::Null);
                }
                Value::Object(parts)
            }
            other => other,
        },
        Type::List(item) => json!({"type": "array", "items": type_schema(item, false)}),
        Type::Map(item) => {
            json!({"type": "object", "additionalProperties": type_schema(item, false)})
        }
        Type::Tuple(types) => {
            let items: Vec<Value> = types.iter().map(|ty| type_schema(ty, false)).collect();
            json!({"type": "array", "prefixItems": items, "minItems": types.len(), "maxItems": types.len()})
        }
        Type::Enum { values, .. } => {
            let values: Vec<&str> = values.iter().map(|value| &**value).collect();
            json!({"type": "string", "enum": values})
        }
        Type::Struct { fields, .. } => {
            let properties = fields
                .iter()
                .map(|field| (field.name.to_string(), field_schema(field)));
            let properties: Map<String, Value> = properties.collect();
            let required: Vec<&str> = fields
                .iter()
                .filter(|field| field.is_required())
                .map(|field| &*field.name)
                .collect();
            json!({
                "type": "object", "properties": properties, "required": required, "additionalProperties": false,
            })
        }
    }
}
