//! What every store must do, as tests that know the `Store` trait only.
//!
//! A store implements [`Place`] and says `conformance!(its::place::Type);` in its tests: that makes one test of each
//! case. Invariant: no case looks into a store; each begins with an empty one.

// A test that cannot go on ends.
#![allow(clippy::unwrap_used)]

pub(crate) mod lifecycle;
pub(crate) mod migration;
pub(crate) mod mutations;
pub(crate) mod reads;
pub(crate) mod schema;
pub(crate) mod tail;
pub(crate) mod values;
pub(crate) mod writes;

use super::{Answer, Ask, ChangeSet, Commit, Found, Origin, Row, Store, Want, Write, Written};
use crate::protocol::{Error, Operation, Query, Seq};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use vertebra_schema::Schema;

/// Where one database lives, as long as the value lives.
pub(crate) trait Place: Send + Sync + 'static {
    /// An empty one.
    fn fresh() -> Self;
    /// Opens it; what was stored is there.
    fn open(&self) -> Opened;
}

/// An opened store.
pub(crate) struct Opened {
    pub(crate) store: Arc<dyn Store>,
    /// Removes the log up to a position.
    pub(crate) forget: Box<dyn Fn(Seq) -> Answer<()> + Send + Sync>,
}

/// A store with a schema, and shorter words for what the cases say often.
pub(crate) struct Db {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) forget: Box<dyn Fn(Seq) -> Answer<()> + Send + Sync>,
    pub(crate) schema: Arc<Schema>,
}

impl Db {
    /// Opens a place with the schema of the cases.
    pub(crate) async fn start(place: &impl Place) -> Db {
        Db::with(place, schema::standard()).await.unwrap()
    }

    /// Opens a place with another schema.
    pub(crate) async fn with(place: &impl Place, schema: Schema) -> Result<Db, Error> {
        let Opened { store, forget } = place.open();
        let schema = Arc::new(schema);
        store.migrate(schema.clone()).await?;
        Ok(Db {
            store,
            forget,
            schema,
        })
    }

    /// A write whose values are given by name.
    pub(crate) fn write(&self, operation: Operation, collection: &str, row: Value) -> Write {
        let model = self.schema.model(collection).unwrap();
        let row: Map<String, Value> = serde_json::from_value(row).unwrap();
        let id = row.get(&*model.id().name).cloned().unwrap_or_default();
        let values = row.into_iter().map(|(name, value)| {
            let place = model.position(&name);
            (place.unwrap_or_else(|| panic!("no field {name}")), value)
        });
        Write {
            operation,
            collection: collection.into(),
            id,
            values: values.collect(),
            expected: None,
        }
    }

    pub(crate) async fn set(&self, writes: Vec<Write>) -> Result<Written, Error> {
        let writes = Ok(writes);
        let set = ChangeSet {
            origin: None,
            request: None,
            writes,
        };
        self.store.write(set).await
    }

    pub(crate) async fn one(&self, write: Write) -> Result<Written, Error> {
        self.set(vec![write]).await
    }

    pub(crate) async fn create(&self, collection: &str, row: Value) -> Result<Written, Error> {
        self.one(self.write(Operation::Create, collection, row))
            .await
    }

    pub(crate) async fn patch(&self, collection: &str, row: Value) -> Result<Written, Error> {
        self.one(self.write(Operation::Patch, collection, row))
            .await
    }

    pub(crate) async fn delete(&self, collection: &str, row: Value) -> Result<Written, Error> {
        self.one(self.write(Operation::Delete, collection, row))
            .await
    }

    /// A numbered set.
    pub(crate) async fn numbered(
        &self,
        origin: Origin,
        writes: Result<Vec<Write>, Error>,
    ) -> Result<Written, Error> {
        let origin = Some(origin);
        self.store
            .write(ChangeSet {
                origin,
                request: None,
                writes,
            })
            .await
    }

    /// What a todo's create needs besides its id.
    pub(crate) fn todo(&self, id: &str) -> Write {
        let row = json!({"id": id, "title": format!("title of {id}")});
        self.write(Operation::Create, "todos", row)
    }

    pub(crate) async fn want(&self, want: Want) -> Result<Found, Error> {
        let wants = vec![want];
        let view = self.store.read(Ask { wants, cid: None }).await?;
        Ok(view.found.into_iter().next().unwrap())
    }

    pub(crate) async fn get(&self, collection: &str, id: Value) -> Option<Row> {
        let collection = collection.into();
        match self.want(Want::Row { collection, id }).await.unwrap() {
            Found::Row(row) => row,
            other => panic!("{other:?} is no row"),
        }
    }

    /// The ids of a query's rows.
    pub(crate) async fn ids(&self, query: Value) -> Vec<Value> {
        let query = Query::parse(&self.schema, &query).unwrap();
        self.rows(query).await
    }

    pub(crate) async fn rows(&self, query: Query) -> Vec<Value> {
        let id = self.schema.model(&query.collection).unwrap().id_position();
        match self.want(Want::Rows(query)).await.unwrap() {
            Found::Rows(rows) => rows.iter().map(|row| row.values[id].clone()).collect(),
            other => panic!("{other:?} are no rows"),
        }
    }

    pub(crate) async fn head(&self) -> Seq {
        self.store.read(Ask::default()).await.unwrap().seq
    }

    /// Every commit after a position. A commit is answered before it is shown: those answered are waited for.
    pub(crate) async fn log(&self, after: Seq) -> Vec<Arc<Commit>> {
        follow(&*self.store, after, self.head().await).await
    }

    /// A row's value of a field.
    #[track_caller]
    pub(crate) fn value<'r>(&self, collection: &str, row: &'r Row, field: &str) -> &'r Value {
        let model = self.schema.model(collection).unwrap();
        &row.values[model.position(field).unwrap()]
    }
}

/// Everything up to a position, followed from another.
pub(crate) async fn follow(store: &dyn Store, mut after: Seq, to: Seq) -> Vec<Arc<Commit>> {
    let mut all: Vec<Arc<Commit>> = Vec::new();
    while after < to {
        let commits = store.tail(after).await.unwrap();
        assert!(!commits.is_empty(), "a tail answers at least one");
        assert!(commits.iter().all(|commit| commit.seq > after));
        after = commits.last().unwrap().seq;
        all.extend(commits);
    }
    assert!(all.is_sorted_by_key(|commit| commit.seq));
    all
}

/// Makes one test of each case for a [`Place`], named by its full path.
macro_rules! conformance {
    ($place:ty) => {
        conformance! { @each $place;
            writes {
                a_create_answers_the_row_with_its_defaults
                a_create_with_an_id_that_exists_is_a_conflict_with_the_row
                a_create_without_an_id_where_clients_make_them_is_refused
                the_database_makes_ids_and_never_twice
                an_id_that_a_create_chose_is_kept
                a_patch_keeps_the_rest_and_null_clears
                an_update_keeps_what_it_leaves_out
                a_row_keeps_its_id
                a_delete_answers_the_row_before_it
                a_missing_row_is_not_found
                an_unknown_collection_is_not_found
                an_expected_version_must_be_the_row_s
                a_strict_collection_needs_an_expected_version
                a_unique_value_is_taken_once
                null_is_never_taken
                a_write_that_changes_nothing_makes_a_version
                a_set_is_all_or_nothing
                a_set_sees_its_own_writes
                concurrent_sets_share_the_log
            }
            values {
                a_required_value_cannot_be_null
                every_type_comes_back_as_it_was_sent
                hostile_names_are_names
                hostile_values_are_values
            }
            mutations {
                numbers_follow_each_other
                a_number_that_came_before_gets_its_result_again
                a_refused_mutation_consumes_its_number
                a_mutation_refused_by_its_caller_is_kept
                another_request_under_a_number_is_refused
                a_set_takes_a_number_for_each_write
                a_retry_beside_its_original_runs_once
                numbers_survive_a_restart
                a_result_that_is_no_longer_kept_is_out_of_order
                a_strict_collection_is_strict_in_a_queue
            }
            reads {
                conditions_choose_rows
                null_is_a_value_to_ask_for
                nested_values_are_equal_by_content
                rows_come_in_order_and_ties_by_id
                integers_are_ordered_as_numbers
                moments_are_ordered_by_time
                a_limit_is_kept
                pages_are_the_sorted_rows
                everything_of_one_ask_is_of_one_position
                commits_since_a_position
                a_position_that_never_was_gets_rows
                a_log_that_was_shortened_gets_rows
                an_unknown_collection_cannot_be_read
            }
            tail {
                commits_come_in_order_with_both_images
                a_tail_waits_for_the_next_commit
                no_wake_up_is_lost
                an_old_position_is_answered_from_the_table
                a_position_below_the_log_is_unavailable
                many_commits_come_in_pieces
                a_refused_set_is_no_commit
                a_write_is_readable_when_it_is_answered
            }
            migration {
                nothing_changes_when_nothing_changed
                a_new_column_has_its_default
                old_images_have_the_columns_of_today
                a_new_table_and_a_new_index_are_made
                a_new_required_column_is_refused
                a_removed_column_with_data_is_refused
                a_removed_column_without_data_goes
                a_changed_type_is_refused
                a_changed_nullability_is_refused
                another_id_is_refused
                a_unique_index_over_duplicates_is_refused
                a_refused_migration_changes_nothing
                names_that_cannot_be_told_apart_are_refused
                every_problem_is_told_at_once
            }
            lifecycle {
                rows_log_and_epoch_survive_a_restart
                positions_go_on_after_a_restart
                positions_go_on_after_the_log_was_removed
                a_closed_store_is_unavailable
                close_finishes_what_was_queued
                close_ends_waiting_tails
                a_write_nobody_waits_for_is_done
            }
        }
    };
    (@each $place:ty; $($topic:ident { $($case:ident)* })*) => {
        $(mod $topic {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                let place = <$place as $crate::store::conformance::Place>::fresh();
                $crate::store::conformance::$topic::$case(place).await;
            })*
        })*
    };
}
