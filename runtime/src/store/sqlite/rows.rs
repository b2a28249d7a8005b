//! Writing one row.
//!
//! Invariant: a write that is refused has changed nothing, because each writes with one statement.

use super::failure::Stop;
use super::statements;
use super::table::{Column, Table};
use crate::protocol::{Code, Error, Operation, Seq};
use crate::store::{Change, Row, Write};
use rusqlite::ffi::ErrorCode;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Statement};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// How many different updates of a table stay prepared.
const UPDATES: usize = 128;

/// The largest id that a create may choose where the database makes ids: above it they could run out.
const LARGEST_ID: i64 = (1 << 53) - 1;

/// The prepared statements of a table.
pub(super) struct Rows<'c> {
    conn: &'c Connection,
    table: Arc<Table>,
    select: Statement<'c>,
    insert: Statement<'c>,
    delete: Statement<'c>,
    /// By the columns that change.
    updates: HashMap<Vec<usize>, Statement<'c>>,
}

impl<'c> Rows<'c> {
    /// Prepares what is always needed.
    pub(super) fn new(conn: &'c Connection, table: Arc<Table>) -> rusqlite::Result<Rows<'c>> {
        Ok(Rows {
            conn,
            select: conn.prepare(&table.select)?,
            insert: conn.prepare(&table.insert)?,
            delete: conn.prepare(&table.delete)?,
            updates: HashMap::new(),
            table,
        })
    }

    /// Does a write, at a position of the log.
    pub(super) fn write(&mut self, write: &Write, seq: Seq) -> Result<Change, Stop> {
        if write.operation == Operation::Create {
            return self.create(write, seq);
        }
        if self.table.strict && write.expected.is_none() {
            return Err(Error::field("ifv", "is required: the collection is strict").into());
        }
        let Some(before) = self.find(&write.id)? else {
            return Err(Error::no_row(&self.table.name, &write.id).into());
        };
        if write.expected.is_some_and(|expected| expected != before.v) {
            return Err(self.stale(&before, write).into());
        }
        if write.operation == Operation::Delete {
            let id = stored(self.table.id_column(), &write.id)?;
            self.delete.raw_bind_parameter(1, id)?;
            self.delete.raw_execute()?;
            return Ok(self.change(write.id.clone(), Some(before), None));
        }
        self.update(write, before, seq)
    }

    fn create(&mut self, write: &Write, seq: Seq) -> Result<Change, Stop> {
        let table = self.table.clone();
        let mut values: Vec<Option<Value>> = vec![None; table.columns.len()];
        self.overlay(write, |place, value| values[place] = Some(value))?;
        if !write.id.is_null() {
            values[table.id] = Some(write.id.clone());
        }
        let columns = table.columns.iter();
        let values = values.into_iter().zip(columns).map(|(value, column)| {
            value.unwrap_or_else(|| column.default.clone().unwrap_or_default())
        });
        let mut values: Vec<Value> = values.collect();
        let made = values[table.id].is_null() && table.makes_ids;
        for (i, (column, value)) in table.columns.iter().zip(&values).enumerate() {
            if value.is_null() && !column.nullable && !(made && i == table.id) {
                return Err(Error::field(&column.name, "is required").into());
            }
            let stored = stored(column, value)?;
            self.insert.raw_bind_parameter(i + 1, stored)?;
        }
        if table.makes_ids && !made {
            let chosen = match &values[table.id] {
                Value::String(digits) => digits.parse().ok(),
                number => number.as_i64(),
            };
            if chosen.is_some_and(|id: i64| id > LARGEST_ID) {
                let problem = format!("must be at most {LARGEST_ID}");
                return Err(Error::field(&table.id_column().name, problem).into());
            }
        }
        self.insert
            .raw_bind_parameter(values.len() + 1, seq as i64)?;
        if let Err(error) = self.insert.raw_execute() {
            return Err(self.explain(error, &values, &Value::Null));
        }
        if made {
            let id = self.conn.last_insert_rowid();
            let id = table.id_column().kind.load(ValueRef::Integer(id));
            values[table.id] = id.unwrap_or_default();
        }
        let id = values[table.id].clone();
        let values = values.into();
        Ok(self.change(id, None, Some(Row { v: seq, values })))
    }

    fn update(&mut self, write: &Write, before: Row, seq: Seq) -> Result<Change, Stop> {
        let table = self.table.clone();
        let mut values = before.values.to_vec();
        self.overlay(write, |place, value| values[place] = value)?;
        // A row keeps its id.
        values[table.id] = before.values[table.id].clone();
        let changed: Vec<usize> = (0..values.len())
            .filter(|i| values[*i] != before.values[*i])
            .collect();
        let statement = match self.updates.get_mut(&changed) {
            Some(statement) => statement,
            None => {
                if self.updates.len() == UPDATES {
                    self.updates.clear();
                }
                let prepared = self.conn.prepare(&statements::update(&table, &changed))?;
                self.updates.entry(changed.clone()).or_insert(prepared)
            }
        };
        for (i, place) in changed.iter().enumerate() {
            let (column, value) = (&table.columns[*place], &values[*place]);
            if value.is_null() && !column.nullable {
                return Err(Error::field(&column.name, "must not be null").into());
            }
            statement.raw_bind_parameter(i + 1, stored(column, value)?)?;
        }
        let id = &values[table.id];
        statement.raw_bind_parameter(changed.len() + 1, seq as i64)?;
        statement.raw_bind_parameter(changed.len() + 2, stored(table.id_column(), id)?)?;
        if let Err(error) = statement.raw_execute() {
            return Err(self.explain(error, &values, id));
        }
        let id = id.clone();
        let values = values.into();
        Ok(self.change(id, Some(before), Some(Row { v: seq, values })))
    }

    /// Hands over the values of a write in canonical form.
    fn overlay(&self, write: &Write, mut set: impl FnMut(usize, Value)) -> Result<(), Error> {
        for (place, value) in &write.values {
            match self.table.columns.get(*place) {
                Some(column) => set(*place, column.kind.canonical(value)),
                None => {
                    let name = &self.table.name;
                    return Err(Error::internal(format!("{name} has no field {place}")));
                }
            }
        }
        Ok(())
    }

    /// The row of an id; a value that cannot be an id is the id of no row.
    pub(super) fn find(&mut self, id: &Value) -> Result<Option<Row>, Stop> {
        let Ok(id) = self.table.id_column().kind.store(id) else {
            return Ok(None);
        };
        self.select.raw_bind_parameter(1, id)?;
        let mut rows = self.select.raw_query();
        match rows.next()? {
            Some(row) => Ok(Some(self.table.row(row)?)),
            None => Ok(None),
        }
    }

    fn change(&self, id: Value, before: Option<Row>, after: Option<Row>) -> Change {
        let collection = self.table.name.clone();
        Change {
            collection,
            id,
            before,
            after,
        }
    }

    fn stale(&self, before: &Row, write: &Write) -> Error {
        let (name, id, v) = (&self.table.name, &write.id, before.v);
        let expected = write.expected.unwrap_or_default();
        Error {
            current: Some(self.table.object(before)),
            ..Error::new(
                Code::Conflict,
                format!("row {id} of {name} is at version {v}, not {expected}"),
            )
        }
    }

    /// Which constraint a write broke. `own` is the id of the row that was there before.
    fn explain(&mut self, error: rusqlite::Error, values: &[Value], own: &Value) -> Stop {
        if error.sqlite_error_code() != Some(ErrorCode::ConstraintViolation) {
            return error.into();
        }
        match self.conflict(values, own) {
            Ok(Some(conflict)) => conflict.into(),
            Ok(None) => Error::internal(error).into(),
            Err(stop) => stop,
        }
    }

    fn conflict(&mut self, values: &[Value], own: &Value) -> Result<Option<Error>, Stop> {
        let table = self.table.clone();
        let (name, id) = (&table.name, &values[table.id]);
        if own.is_null()
            && !id.is_null()
            && let Some(row) = self.find(id)?
        {
            let message = format!("there is a row {id} in {name} already");
            let current = Some(table.object(&row));
            return Ok(Some(Error {
                current,
                ..Error::new(Code::Conflict, message)
            }));
        }
        let mut fields = BTreeMap::new();
        let own = stored(table.id_column(), own)?;
        for (column, value) in table.columns.iter().zip(values) {
            if column.unique && !value.is_null() {
                let mut other = self
                    .conn
                    .prepare_cached(&statements::taken(&table, column))?;
                let value = stored(column, value)?;
                if other.exists(rusqlite::params![value, own])? {
                    fields.insert(column.name.clone(), "is taken".to_string());
                }
            }
        }
        if fields.is_empty() {
            return Ok(None);
        }
        let code = Code::Conflict;
        Ok(Some(Error {
            code,
            ..Error::fields(fields)
        }))
    }
}

/// A value as its column keeps it.
fn stored<'a>(column: &Column, value: &'a Value) -> Result<ToSqlOutput<'a>, Error> {
    let stored = column.kind.store(value);
    stored.map_err(|problem| Error::field(&column.name, problem))
}
