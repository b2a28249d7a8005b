//! What is known of a model's table: columns, how they are kept, and the texts of its statements.
//!
//! Invariant: built once a migration, from a schema that the database agrees with; never changed after.

use super::columns::Kind;
use super::failure::Stop;
use super::quote;
use super::statements;
use crate::protocol::{Error, Seq};
use crate::store::Row;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::Arc;
use vertebra_schema::{Flag, Model, Schema, Type};

/// The name of the column of versions.
pub(super) const VERSION: &str = "_v";

/// One field's column.
#[derive(Debug)]
pub(super) struct Column {
    /// The field's name.
    pub(super) name: String,
    /// The name as SQL text.
    pub(super) quoted: String,
    /// How values are kept.
    pub(super) kind: Kind,
    /// Whether it can be null.
    pub(super) nullable: bool,
    /// The value of a row without one.
    pub(super) default: Option<Value>,
    /// Whether it stays on the server.
    pub(super) secret: bool,
    /// Whether it has an index.
    pub(super) index: bool,
    /// Whether no two rows share a value.
    pub(super) unique: bool,
}

/// One model's table.
#[derive(Debug)]
pub(super) struct Table {
    /// Its place among the tables.
    pub(super) number: usize,
    /// The collection's name.
    pub(super) name: Arc<str>,
    /// In the order of the model's fields.
    pub(super) columns: Vec<Column>,
    /// Which column is the id.
    pub(super) id: usize,
    /// Whether the database makes ids.
    pub(super) makes_ids: bool,
    /// Whether a change needs an expected version.
    pub(super) strict: bool,
    /// The number of the list of columns of new log entries.
    pub(super) shape: i64,
    /// One row by id.
    pub(super) select: String,
    /// A new row.
    pub(super) insert: String,
    /// One row goes.
    pub(super) delete: String,
    /// Finds something if there are more rows than a number.
    pub(super) reaches: String,
}

impl Table {
    /// The table of a model.
    pub(super) fn new(number: usize, model: &Model) -> Table {
        let columns = model.fields.iter().map(|field| {
            let json = field.default.as_deref();
            Column {
                name: field.name.to_string(),
                quoted: quote::name(&field.name),
                kind: Kind::of(field),
                nullable: field.ty.is_nullable(),
                default: json.and_then(|json| serde_json::from_str(json).ok()),
                secret: field.is(Flag::Secret),
                index: field.is(Flag::Index),
                unique: field.is(Flag::Unique),
            }
        });
        let mut table = Table {
            number,
            name: (&*model.collection).into(),
            columns: columns.collect(),
            id: model.id_position(),
            makes_ids: matches!(*model.id().ty, Type::Integer { .. }),
            strict: model.strict,
            shape: 0,
            select: String::new(),
            insert: String::new(),
            delete: String::new(),
            reaches: format!(
                "SELECT 1 FROM {} LIMIT 1 OFFSET ?1",
                quote::name(&model.collection)
            ),
        };
        table.select = statements::select(&table);
        table.insert = statements::insert(&table);
        table.delete = statements::delete(&table);
        table
    }

    /// The id's column.
    pub(super) fn id_column(&self) -> &Column {
        &self.columns[self.id]
    }

    /// A row of `SELECT` with the columns of `statements::columns`.
    pub(super) fn row(&self, stored: &rusqlite::Row<'_>) -> Result<Row, Stop> {
        let load = |(i, column): (usize, &Column)| {
            let value = column.kind.load(stored.get_ref(i)?);
            value.ok_or_else(|| {
                let (table, column) = (&self.name, &column.name);
                Error::internal(format!("{table}.{column} holds what was never stored")).into()
            })
        };
        let values: Result<Arc<[Value]>, Stop> =
            self.columns.iter().enumerate().map(load).collect();
        let v: i64 = stored.get(self.columns.len())?;
        Ok(Row {
            v: v as Seq,
            values: values?,
        })
    }

    /// The row as an object, without what stays on the server.
    pub(super) fn object(&self, row: &Row) -> Value {
        let columns = self.columns.iter().zip(row.values.iter());
        let entries = columns.filter(|(column, _)| !column.secret);
        let entries = entries.map(|(column, value)| (column.name.clone(), value.clone()));
        Value::Object(entries.collect::<Map<String, Value>>())
    }
}

/// A list of columns that log entries were written with.
#[derive(Debug)]
pub(super) struct Shape {
    /// Name and kind, in the order of the values.
    pub(super) columns: Vec<(String, Kind)>,
}

/// All tables of a schema.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// In the order of the models.
    pub(super) all: Vec<Arc<Table>>,
    /// Places in `all`, by collection.
    names: HashMap<Arc<str>, usize>,
    /// Lists of columns that the log refers to.
    pub(super) shapes: HashMap<i64, Shape>,
}

impl Tables {
    /// The tables of a schema; the log's lists of columns are still to be set.
    pub(super) fn new(schema: &Schema) -> Tables {
        let models = schema.models.iter().enumerate();
        let all: Vec<_> = models
            .map(|(number, model)| Arc::new(Table::new(number, model)))
            .collect();
        Tables {
            names: all
                .iter()
                .map(|table| (table.name.clone(), table.number))
                .collect(),
            all,
            shapes: HashMap::new(),
        }
    }

    /// The table of a collection.
    pub(super) fn find(&self, collection: &str) -> Option<&Arc<Table>> {
        self.names.get(collection).map(|place| &self.all[*place])
    }

    /// The table of a collection, or the error that there is none.
    pub(super) fn get(&self, collection: &str) -> Result<&Arc<Table>, Error> {
        self.find(collection)
            .ok_or_else(|| Error::no_collection(collection))
    }
}
