//! Making the tables of a schema, and adding to them what is new.
//!
//! Invariant: everything that is wrong is found, and told at once, before anything is changed; and what is changed is
//! changed in one transaction.

use super::columns::Kind;
use super::failure::failure;
use super::quote;
use super::shapes::{kinds, shapes};
use super::statements;
use super::table::{Column, Table, Tables, VERSION};
use crate::protocol::{Code, Error};
use rusqlite::ffi::ErrorCode;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension};
use std::collections::HashMap;
use vertebra_schema::Schema;

/// Brings the database to a schema.
pub(super) fn migrate(conn: &Connection, schema: &Schema) -> Result<Tables, Error> {
    let mut tables = Tables::new(schema);
    let mut problems = Vec::new();
    names(&tables, &mut problems);
    refuse(&problems)?;
    let failed = |error| failure(&error);
    conn.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
    let migrated = transaction(conn, &mut tables);
    let end = if migrated.is_ok() {
        "COMMIT"
    } else {
        "ROLLBACK"
    };
    let ended = conn.execute_batch(end);
    if ended.is_err() && !conn.is_autocommit() {
        // The first failure is the one to tell.
        let _ = conn.execute_batch("ROLLBACK");
    }
    migrated?;
    ended.map_err(failed)?;
    Ok(tables)
}

fn refuse(problems: &[String]) -> Result<(), Error> {
    if problems.is_empty() {
        return Ok(());
    }
    let message = format!(
        "the database does not fit the models, and was not changed:\n- {}",
        problems.join("\n- ")
    );
    Err(Error::new(Code::Schema, message))
}

/// Names that SQLite cannot tell apart, or keeps for itself.
fn names(tables: &Tables, problems: &mut Vec<String>) {
    let mut seen: HashMap<String, &str> = HashMap::new();
    for table in &tables.all {
        let name = &*table.name;
        if let Some(problem) = quote::problem(name) {
            problems.push(format!(
                "the name of collection {name:?} {problem}: rename it"
            ));
        }
        if let Some(other) = seen.insert(name.to_ascii_lowercase(), name) {
            problems.push(format!(
                "collections `{other}` and `{name}` differ in case only, which tables cannot: rename one"
            ));
        }
        let mut seen: HashMap<String, &str> = HashMap::new();
        for column in &table.columns {
            let field = &*column.name;
            if field.contains('\0') {
                problems.push(format!(
                    "field {field:?} of `{name}` contains a NUL character: rename it"
                ));
            }
            if field.eq_ignore_ascii_case(VERSION) {
                problems.push(format!(
                    "field `{field}` of `{name}` is named as the column of versions: rename it"
                ));
            }
            if let Some(other) = seen.insert(field.to_ascii_lowercase(), field) {
                problems.push(format!(
                    "fields `{other}` and `{field}` of `{name}` differ in case only, which columns cannot: rename one"
                ));
            }
        }
    }
}

fn transaction(conn: &Connection, tables: &mut Tables) -> Result<(), Error> {
    let failed = |error| failure(&error);
    let mut plan = Plan::default();
    for table in &tables.all {
        plan.table(conn, table).map_err(failed)?;
    }
    refuse(&plan.problems)?;
    for step in &plan.steps {
        let done = conn.execute_batch(&step.sql);
        let Err(error) = done else { continue };
        match &step.duplicates {
            Some(problem) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                plan.problems.push(problem.clone());
            }
            _ => return Err(failure(&error)),
        }
    }
    refuse(&plan.problems)?;
    shapes(conn, tables).map_err(failed)
}

/// One statement.
struct Step {
    sql: String,
    /// What is wrong if a constraint stops it.
    duplicates: Option<String>,
}

/// What is to be done, and what is in the way of it.
#[derive(Default)]
struct Plan {
    steps: Vec<Step>,
    problems: Vec<String>,
}

/// A column as it is in the database.
struct Existing {
    name: String,
    sql: String,
    required: bool,
    key: bool,
}

impl Plan {
    fn step(&mut self, sql: String) {
        self.steps.push(Step {
            sql,
            duplicates: None,
        });
    }

    fn table(&mut self, conn: &Connection, table: &Table) -> rusqlite::Result<()> {
        let mut find = conn.prepare_cached(
            "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND lower(name) = lower(?1)",
        )?;
        let name: Option<String> = find
            .query_row([&*table.name], |row| row.get(0))
            .optional()?;
        match name {
            None => {
                self.step(statements::create(table));
                self.indexes(conn, table)
            }
            Some(name) if name == *table.name => {
                self.columns(conn, table)?;
                self.indexes(conn, table)
            }
            Some(name) => {
                let new = &table.name;
                self.problems.push(format!(
                    "table `{name}` and the new collection `{new}` differ in case only: rename one"
                ));
                Ok(())
            }
        }
    }

    fn columns(&mut self, conn: &Connection, table: &Table) -> rusqlite::Result<()> {
        let name = &*table.name;
        let existing = existing(conn, name)?;
        let kinds = kinds(conn, name)?;
        if !existing.iter().any(|column| column.name == VERSION) {
            self.problems.push(format!(
                "table `{name}` has no column `{VERSION}`, so it was not made by Vertebra: \
                 rename the table, or give the model another collection"
            ));
            return Ok(());
        }
        let keys: Vec<&str> = existing
            .iter()
            .filter(|column| column.key)
            .map(|column| &*column.name)
            .collect();
        let id = &*table.id_column().name;
        if keys != [id] {
            let keys = keys.join("`, `");
            self.problems.push(format!(
                "the id of table `{name}` is column `{keys}`, that of the model is `{id}`: \
                 keep the id, or copy the rows to a new collection"
            ));
        }
        for column in &table.columns {
            match existing.iter().find(|one| one.name == column.name) {
                Some(one) => self.same(table, column, one, kinds.get(&column.name)),
                None => self.added(conn, table, column, &existing)?,
            }
        }
        for column in &existing {
            let known = table.columns.iter().any(|one| one.name == column.name);
            if !known && column.name != VERSION {
                self.removed(conn, table, column)?;
            }
        }
        Ok(())
    }

    /// A column that is there must be kept as the field is.
    fn same(&mut self, table: &Table, column: &Column, found: &Existing, kind: Option<&Kind>) {
        let (name, field) = (&table.name, &column.name);
        let integers = [Kind::Number, Kind::Big];
        let fits = |kind: &Kind| {
            *kind == column.kind || (integers.contains(kind) && integers.contains(&column.kind))
        };
        if found.sql != column.kind.sql() || kind.is_some_and(|kind| !fits(kind)) {
            let was = kind.map_or(&*found.sql, |kind| kind.name());
            let is = column.kind.name();
            self.problems.push(format!(
                "column `{field}` of table `{name}` holds {was}, the model wants {is}: \
                 keep the type, or add a field of another name and copy the values"
            ));
        } else if found.required == column.nullable && !found.key {
            let (was, is, advice) = if column.nullable {
                ("required", "an `Option`", "take the `Option` away")
            } else {
                ("nullable", "required", "make it an `Option`")
            };
            self.problems.push(format!(
                "column `{field}` of table `{name}` is {was}, the field is {is}: \
                 {advice}, or add a field of another name and copy the values"
            ));
        }
    }

    fn added(
        &mut self,
        conn: &Connection,
        table: &Table,
        column: &Column,
        existing: &[Existing],
    ) -> rusqlite::Result<()> {
        let (name, field) = (&table.name, &column.name);
        let same = |one: &&Existing| one.name.eq_ignore_ascii_case(field);
        if let Some(other) = existing.iter().find(same) {
            let other = &other.name;
            self.problems.push(format!(
                "column `{other}` of table `{name}` and the new field `{field}` differ in case only: rename the field"
            ));
            return Ok(());
        }
        if column.name == table.id_column().name {
            // Said already: the id is another one.
            return Ok(());
        }
        let (quoted, sql) = (quote::name(name), column.kind.sql());
        let new = format!("ALTER TABLE {quoted} ADD COLUMN {} {sql}", column.quoted);
        let default = match &column.default {
            Some(value) => column.kind.store(value).ok().map(|stored| match stored {
                ToSqlOutput::Borrowed(value) => quote::constant(value),
                ToSqlOutput::Owned(value) => quote::constant((&value).into()),
                // `store` makes no other.
                _ => quote::constant(ValueRef::Null),
            }),
            None => None,
        };
        match default {
            Some(default) if column.nullable => self.step(format!("{new} DEFAULT {default}")),
            Some(default) => self.step(format!("{new} NOT NULL DEFAULT {default}")),
            None if column.nullable => self.step(new),
            None if !any(conn, &format!("SELECT 1 FROM {quoted}"))? => {
                self.step(format!("{new} NOT NULL"));
            }
            None => self.problems.push(format!(
                "the new column `{field}` of table `{name}` is required, and the table has rows: \
                 give it `#[model(default = …)]` or make it an `Option`"
            )),
        }
        Ok(())
    }

    /// A column without values goes; one with values must be dropped by a person.
    fn removed(
        &mut self,
        conn: &Connection,
        table: &Table,
        column: &Existing,
    ) -> rusqlite::Result<()> {
        let (name, field) = (&table.name, &column.name);
        if column.key {
            // Said already: the id is another one.
            return Ok(());
        }
        let (quoted, gone) = (quote::name(name), quote::name(field));
        let drop = format!("ALTER TABLE {quoted} DROP COLUMN {gone}");
        let drops = [false, true].map(|unique| {
            let index = quote::name(&quote::index_name(unique, name, field));
            format!("DROP INDEX IF EXISTS {index}")
        });
        if any(
            conn,
            &format!("SELECT 1 FROM {quoted} WHERE {gone} IS NOT NULL"),
        )? {
            self.problems.push(format!(
                "column `{field}` of table `{name}` is not in the model any more, and holds data: \
                 put the field back, or to drop it run: {}; {drop};",
                drops.join("; ")
            ));
        } else {
            drops.into_iter().for_each(|sql| self.step(sql));
            self.step(drop);
        }
        Ok(())
    }

    fn indexes(&mut self, conn: &Connection, table: &Table) -> rusqlite::Result<()> {
        let name = &*table.name;
        let mut there = conn.prepare_cached(
            "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?1",
        )?;
        let there: Vec<String> = there
            .query_map([name], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let mut wanted = Vec::new();
        for column in &table.columns {
            // A unique index is an index.
            let unique = column.unique;
            if !(unique || column.index) {
                continue;
            }
            let index = quote::index_name(unique, name, &column.name);
            if !there.contains(&index) {
                let field = &column.name;
                self.steps.push(Step {
                    sql: statements::index(table, column, unique),
                    duplicates: unique.then(|| {
                        format!(
                            "column `{field}` of table `{name}` is to be unique, and several rows share a value: \
                             make their values differ, or leave `unique` away"
                        )
                    }),
                });
            }
            wanted.push(index);
        }
        let ours = quote::index_prefixes(name);
        for index in there {
            let ours = ours.iter().any(|prefix| index.starts_with(prefix));
            if ours && !wanted.contains(&index) {
                self.step(format!("DROP INDEX IF EXISTS {}", quote::name(&index)));
            }
        }
        Ok(())
    }
}

fn any(conn: &Connection, sql: &str) -> rusqlite::Result<bool> {
    conn.prepare(&format!("{sql} LIMIT 1"))?.exists([])
}

fn existing(conn: &Connection, table: &str) -> rusqlite::Result<Vec<Existing>> {
    let mut columns =
        conn.prepare_cached("SELECT name, type, \"notnull\", pk FROM pragma_table_info(?1)")?;
    let columns = columns.query_map([table], |row| {
        Ok(Existing {
            name: row.get(0)?,
            sql: row.get(1)?,
            required: row.get(2)?,
            key: row.get::<_, i64>(3)? > 0,
        })
    })?;
    columns.collect()
}
