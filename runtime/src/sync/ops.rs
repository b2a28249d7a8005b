//! What changes mean to a query: enter, change, leave.
//!
//! The same function serves one commit that is pushed and the thousand that a client missed: a row that changed nine
//! times counts once, by what it was first and what it is last.
//! Invariant: a leave carries no row data, and a row that neither was nor is in the query leaves no trace.

use super::rows::{push_json, push_tuple};
use crate::protocol::Query;
use crate::store::{Change, Row};
use serde_json::Value;
use std::collections::HashMap;
use vertebra_schema::Model;

/// The JSON text of the operations, comma-separated without brackets; empty when the query is not concerned.
pub fn net<'a>(model: &Model, query: &Query, changes: impl Iterator<Item = &'a Change>) -> String {
    let mut text = String::new();
    for (id, first, last) in net_changes(&query.collection, changes) {
        let was = first.filter(|row| query.matches(&row.values));
        let is = last.filter(|row| query.matches(&row.values));
        let comma = if text.is_empty() { "" } else { "," };
        match (was, is) {
            (None, None) => {}
            (None, Some(row)) => {
                text.push_str(comma);
                open(&mut text, '+', id);
                push_number(&mut text, row.v);
                text.push(',');
                push_tuple(&mut text, model, row);
                text.push(']');
            }
            (Some(old), Some(new)) => {
                text.push_str(comma);
                open(&mut text, '~', id);
                push_number(&mut text, new.v);
                text.push(',');
                push_patch(&mut text, model, old, new);
                text.push(']');
            }
            (Some(_), None) => {
                text.push_str(comma);
                open(&mut text, '-', id);
                text.push_str(if last.is_none() { "\"d\"]" } else { "\"l\"]" });
            }
        }
    }
    text
}

/// Each changed row of a collection once: its id, what it was before, what it is after.
fn net_changes<'a>(
    collection: &str,
    changes: impl Iterator<Item = &'a Change>,
) -> Vec<(&'a Value, Option<&'a Row>, Option<&'a Row>)> {
    let mut rows: Vec<(&Value, Option<&Row>, Option<&Row>)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for change in changes.filter(|change| &*change.collection == collection) {
        let place = *places.entry(change.id.to_string()).or_insert_with(|| {
            rows.push((&change.id, change.before.as_ref(), None));
            rows.len() - 1
        });
        rows[place].2 = change.after.as_ref();
    }
    rows
}

fn open(text: &mut String, op: char, id: &Value) {
    text.push_str("[\"");
    text.push(op);
    text.push_str("\",");
    push_json(text, id);
    text.push(',');
}

fn push_number(text: &mut String, number: u64) {
    push_json(text, &number.into());
}

/// The fields that differ, by name.
fn push_patch(text: &mut String, model: &Model, old: &Row, new: &Row) {
    text.push('{');
    let mut comma = false;
    for (column, field) in model.visible() {
        if old.values[column] != new.values[column] {
            if comma {
                text.push(',');
            }
            comma = true;
            push_json(text, &Value::String(field.name.to_string()));
            text.push(':');
            push_json(text, &new.values[column]);
        }
    }
    text.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::sync::Arc;
    use vertebra_schema::{Described, Field, Flag};

    const FIELDS: &[Field] = &[
        Field::new("id", "id", u32::TYPE, "", None, &[Flag::Id], &[]),
        Field::new("done", "done", bool::TYPE, "", None, &[], &[]),
        Field::new("word", "word", String::TYPE, "", None, &[Flag::Secret], &[]),
    ];
    const TASK: Model = Model::new("Task", "tasks", "", true, false, FIELDS);

    fn row(v: u64, done: bool) -> Option<Row> {
        Some(Row {
            v,
            values: Arc::new([json!(1), json!(done), json!("canary")]),
        })
    }

    fn change(before: Option<Row>, after: Option<Row>) -> Change {
        Change {
            collection: "tasks".into(),
            id: json!(1),
            before,
            after,
        }
    }

    #[track_caller]
    fn check(only_open: bool, changes: &[Change], expect: &str) {
        let query = if only_open {
            json!({"where": {"done": false}})
        } else {
            json!({})
        };
        let query = Query::parse_for(&TASK, query.as_object().unwrap()).unwrap();
        assert_eq!(net(&TASK, &query, changes.iter()), expect);
    }

    #[test]
    fn a_row_enters_changes_and_is_deleted() {
        check(
            false,
            &[change(None, row(1, false))],
            r#"["+",1,1,[1,false]]"#,
        );
        check(
            false,
            &[change(row(1, false), row(2, true))],
            r#"["~",1,2,{"done":true}]"#,
        );
        check(false, &[change(row(2, true), None)], r#"["-",1,"d"]"#);
    }

    #[test]
    fn a_row_leaves_and_enters_a_filter() {
        check(
            true,
            &[change(row(1, false), row(2, true))],
            r#"["-",1,"l"]"#,
        );
        check(
            true,
            &[change(row(1, true), row(2, false))],
            r#"["+",1,2,[1,false]]"#,
        );
        check(true, &[change(row(1, true), None)], "");
    }

    #[test]
    fn many_changes_of_a_row_count_once() {
        let back_and_forth = [
            change(None, row(1, false)),
            change(row(1, false), row(2, true)),
            change(row(2, true), row(3, false)),
        ];
        check(true, &back_and_forth, r#"["+",1,3,[1,false]]"#);
        check(
            false,
            &[change(None, row(1, false)), change(row(1, false), None)],
            "",
        );
    }
}
