//! A query: which rows of a collection, in which order, how many.
//!
//! Invariant: a `Query` is valid for the model it was read with: its columns exist, its values have their types, and no
//! column of it is secret.

use super::Error;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use vertebra_schema::{Flag, Model, Problems, Schema, accept};

/// `{collection, where?, sort?, limit?, after?}`, checked against the schema.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// The collection's name on the wire.
    pub collection: Arc<str>,
    /// All of these must hold. In the order of columns, so that equal queries are equal values.
    pub conditions: Vec<Condition>,
    /// First by the first, ties by the next; at last always by id.
    pub sort: Vec<Sort>,
    /// How many rows at most.
    pub limit: Option<u32>,
    /// Only what comes after this position.
    pub after: Option<After>,
}

/// A column equals a value (`null` included).
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Position of the field in the model.
    pub column: usize,
    /// In canonical wire form.
    pub value: Value,
}

/// One level of order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// Position of the field in the model.
    pub column: usize,
    /// Largest first.
    pub descending: bool,
}

/// The place where a page ended: the values of the sort columns of its last row, and its id.
#[derive(Clone, Debug, PartialEq)]
pub struct After {
    /// One for each level of `sort`.
    pub values: Vec<Value>,
    /// The id of the last row.
    pub id: Value,
}

impl Query {
    /// All rows of a collection.
    pub fn all(model: &Model) -> Query {
        Query {
            collection: (&*model.collection).into(),
            conditions: Vec::new(),
            sort: Vec::new(),
            limit: None,
            after: None,
        }
    }

    /// Reads `{collection, where?, sort?, limit?, after?}`; a bad part is named by its path.
    ///
    /// - `where` is `{field: value, …}` or `{field: {"$eq": value}}`
    /// - `sort` is `"-priority,title"` or `["-priority", "title"]`, a minus for descending
    /// - `limit` is 1 to 10,000
    /// - `after` is `[…values of the sort fields of the last row, its id]`, or its id alone where there is no `sort`
    pub fn parse(schema: &Schema, query: &Value) -> Result<Query, Error> {
        let parts = query.as_object().ok_or_else(|| {
            Error::malformed("a query is an object such as {\"collection\": \"todos\"}")
        })?;
        let name = parts
            .get("collection")
            .and_then(Value::as_str)
            .ok_or_else(|| Error::field("collection", "is required"))?;
        let model = schema
            .model(name)
            .ok_or_else(|| Error::no_collection(name))?;
        Query::parse_for(model, parts)
    }

    /// The same where the collection is known from elsewhere, as in a URL.
    pub fn parse_for(model: &Model, parts: &Map<String, Value>) -> Result<Query, Error> {
        let mut problems = Problems::new();
        let mut query = Query::all(model);
        for (name, value) in parts {
            match name.as_str() {
                "collection" => {}
                _ if value.is_null() => {}
                "where" => query.conditions = conditions(model, value, &mut problems),
                "sort" => query.sort = sort(model, value, &mut problems),
                "limit" => match value.as_u64() {
                    Some(limit @ 1..=10_000) => query.limit = Some(limit as u32),
                    _ => complain(
                        &mut problems,
                        "limit",
                        "must be a whole number from 1 to 10000",
                    ),
                },
                "after" => {}
                other => complain(
                    &mut problems,
                    other,
                    "is not part of a query: use where, sort, limit, after",
                ),
            }
        }
        if let Some(value) = parts.get("after").filter(|value| !value.is_null()) {
            query.after = after(model, &query.sort, value, &mut problems);
        }
        if problems.is_empty() {
            Ok(query)
        } else {
            Err(Error::fields(problems))
        }
    }

    /// Whether a row of the collection is one of those that the conditions choose.
    pub fn matches(&self, values: &[Value]) -> bool {
        self.conditions
            .iter()
            .all(|condition| values.get(condition.column) == Some(&condition.value))
    }

    /// The query as it goes over the wire.
    pub fn to_json(&self, model: &Model) -> Value {
        let name = |column: usize| model.fields[column].name.to_string();
        let mut parts = Map::new();
        parts.insert("collection".into(), json!(*self.collection));
        if !self.conditions.is_empty() {
            let conditions = self.conditions.iter();
            let conditions = conditions.map(|one| (name(one.column), one.value.clone()));
            parts.insert("where".into(), Value::Object(conditions.collect()));
        }
        if !self.sort.is_empty() {
            let sort = self.sort.iter().map(|one| {
                let minus = if one.descending { "-" } else { "" };
                json!(format!("{minus}{}", name(one.column)))
            });
            parts.insert("sort".into(), sort.collect());
        }
        if let Some(limit) = self.limit {
            parts.insert("limit".into(), limit.into());
        }
        if let Some(after) = &self.after {
            let values = after.values.iter().chain([&after.id]).cloned();
            parts.insert("after".into(), values.collect());
        }
        Value::Object(parts)
    }
}

fn complain(problems: &mut Problems, path: &str, problem: &str) {
    problems.insert(path.to_string(), problem.to_string());
}

/// The column of a name that a client may ask about. A secret field is as unknown as one that does not exist.
fn column(model: &Model, name: &str) -> Option<usize> {
    let column = model.position(name)?;
    (!model.fields[column].is(Flag::Secret)).then_some(column)
}

fn conditions(model: &Model, value: &Value, problems: &mut Problems) -> Vec<Condition> {
    let Some(parts) = value.as_object() else {
        complain(
            problems,
            "where",
            "must be an object such as {\"done\": false}",
        );
        return Vec::new();
    };
    let mut all = Vec::new();
    for (name, value) in parts {
        let path = format!("where.{name}");
        let Some(column) = column(model, name) else {
            complain(
                problems,
                &path,
                &format!("is not a field of {}", model.collection),
            );
            continue;
        };
        let field = &model.fields[column];
        let wanted = match value.as_object() {
            Some(operators) if !field.ty.is_nested() => match operators.iter().next() {
                Some((operator, value)) if operator == "$eq" && operators.len() == 1 => value,
                _ => {
                    complain(problems, &path, "must be a value or {\"$eq\": value}");
                    continue;
                }
            },
            _ => value,
        };
        if wanted.is_null() && field.ty.is_nullable() {
            all.push(Condition {
                column,
                value: Value::Null,
            });
            continue;
        }
        // Only the type counts: a value that no rule allows simply matches nothing.
        let mut plain = field.clone();
        plain.rules = vertebra_schema::Shared::Static(&[]);
        plain.name = path.into();
        if let Some(value) = accept(&plain, wanted.clone(), problems) {
            all.push(Condition { column, value });
        }
    }
    all.sort_by_key(|condition| condition.column);
    all
}

fn sort(model: &Model, value: &Value, problems: &mut Problems) -> Vec<Sort> {
    let names: Vec<&str> = match value {
        Value::String(names) => names.split(',').map(str::trim).collect(),
        Value::Array(names) => names
            .iter()
            .map(|name| name.as_str().unwrap_or_default())
            .collect(),
        _ => {
            complain(
                problems,
                "sort",
                "must be field names such as \"-priority,title\"",
            );
            return Vec::new();
        }
    };
    let mut all = Vec::new();
    for name in names {
        let descending = name.starts_with('-');
        let name = name.strip_prefix('-').unwrap_or(name);
        match column(model, name) {
            Some(column) if model.fields[column].ty.is_nested() => {
                complain(
                    problems,
                    "sort",
                    &format!("cannot be by {name:?}, whose values have no order"),
                );
            }
            Some(column) => all.push(Sort { column, descending }),
            None => complain(
                problems,
                "sort",
                &format!("{name:?} is not a field of {}", model.collection),
            ),
        }
    }
    all
}

fn after(model: &Model, sort: &[Sort], value: &Value, problems: &mut Problems) -> Option<After> {
    let parts = match value {
        Value::Array(parts) => parts.clone(),
        id => vec![id.clone()],
    };
    let columns: Vec<usize> = sort
        .iter()
        .map(|one| one.column)
        .chain([model.id_position()])
        .collect();
    if parts.len() != columns.len() {
        complain(
            problems,
            "after",
            "must be the values of the sort fields of a row, and its id",
        );
        return None;
    }
    let mut values = Vec::new();
    for (column, value) in columns.into_iter().zip(parts) {
        let mut plain = model.fields[column].clone();
        plain.rules = vertebra_schema::Shared::Static(&[]);
        plain.name = format!("after.{}", plain.name).into();
        values.push(accept(&plain, value, problems)?);
    }
    let id = values.pop()?;
    Some(After { values, id })
}
