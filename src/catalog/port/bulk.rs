//! The answer to a bulk upsert, matched with what was sent.

use serde::Deserialize;
use serde_json::Value;

use super::failure::retry_of;
use crate::catalog::{Entity, Retry, UpsertResult, WriteFailure, identifier_text};
use crate::port::text;

/// The identifier that Port names for a search that found nothing.
const UNKNOWN: &str = "unknown";

/// The answer to a bulk upsert: 200 or 207.
#[derive(Debug, Default, Deserialize)]
pub(super) struct BulkAnswer {
    #[serde(default)]
    pub(super) ok: Option<bool>,
    #[serde(default, deserialize_with = "rows")]
    pub(super) entities: Vec<Row>,
    #[serde(default, deserialize_with = "rows")]
    pub(super) errors: Vec<Row>,
}

/// What it says about one entity.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    #[serde(default)]
    pub(super) identifier: Value,
    #[serde(default)]
    pub(super) index: Value,
    #[serde(default)]
    pub(super) created: Value,
    #[serde(default)]
    pub(super) status_code: Value,
    #[serde(default)]
    pub(super) error: Value,
    #[serde(default)]
    pub(super) message: Value,
}

/// Rows that are no objects are left out: what they meant to say is then missing, which is noticed.
fn rows<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Row>, D::Error> {
    let Value::Array(rows) = Value::deserialize(deserializer)? else { return Ok(Vec::new()) };
    Ok(rows.into_iter().filter_map(|row| serde_json::from_value(row).ok()).collect())
}

impl BulkAnswer {
    /// Whether it says anything about entities.
    pub(super) fn is_silent(&self) -> bool {
        self.entities.is_empty() && self.errors.is_empty()
    }

    /// One result per entity sent, in order. What the answer says twice counts as failed if one of the two says
    /// so; what it does not mention has failed and may be sent again.
    pub(super) fn results(&self, sent: &[&Entity]) -> Vec<UpsertResult> {
        let mut results: Vec<Option<UpsertResult>> = vec![None; sent.len()];
        for row in &self.errors {
            row.settle(sent, &mut results, row.failure());
        }
        for row in &self.entities {
            row.settle(sent, &mut results, row.success());
        }
        results.into_iter().map(|result| result.unwrap_or_else(unmentioned)).collect()
    }
}

impl Row {
    /// Puts down a result for the entity that this row is about, unless there is one already.
    fn settle(&self, sent: &[&Entity], results: &mut [Option<UpsertResult>], result: UpsertResult) {
        let place = self.place(sent, results);
        if let Some(slot @ None) = place.and_then(|place| results.get_mut(place)) {
            *slot = Some(result);
        }
    }

    /// Which entity it is about: that of its index, or else the first of its identifier that has no result yet.
    fn place(&self, sent: &[&Entity], results: &[Option<UpsertResult>]) -> Option<usize> {
        let index = self.index.as_u64().or_else(|| whole(self.index.as_f64()?));
        if let Some(index) = index {
            return usize::try_from(index).ok().filter(|index| *index < sent.len());
        }
        let open = |nth: usize| results.get(nth).is_some_and(Option::is_none);
        let named = identifier_text(&self.identifier);
        let is_search = |entity: &Entity| named == UNKNOWN && entity.identifier.is_object();
        sent.iter()
            .enumerate()
            .position(|(nth, entity)| open(nth) && identifier_text(&entity.identifier) == named)
            .or_else(|| sent.iter().enumerate().position(|(nth, entity)| open(nth) && is_search(entity)))
    }

    fn success(&self) -> UpsertResult {
        if self.created == Value::Bool(true) { UpsertResult::Created } else { UpsertResult::Updated }
    }

    fn failure(&self) -> UpsertResult {
        if self.identifier == UNKNOWN {
            return UpsertResult::Unmatched;
        }
        let status = self.status_code.as_u64().and_then(|status| u16::try_from(status).ok());
        let said: Vec<String> = [status.map(|status| status.to_string()), text(&self.error), text(&self.message)]
            .into_iter()
            .flatten()
            .collect();
        let reason = if said.is_empty() { "Port refused it without a reason".to_owned() } else { said.join(" ") };
        UpsertResult::Failed(WriteFailure { reason, retry: retry_of(status) })
    }
}

fn whole(number: f64) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be a small whole number")]
    (number.fract() == 0.0 && (0.0..1e9).contains(&number)).then_some(number as u64)
}

fn unmentioned() -> UpsertResult {
    let reason = "Port's answer does not say what became of it".to_owned();
    UpsertResult::Failed(WriteFailure { reason, retry: Retry::Later })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn entities(count: usize) -> Vec<Entity> {
        let entity =
            |nth| Entity { identifier: json!(format!("e{nth}")), blueprint: "b".to_owned(), ..Entity::default() };
        (0..count).map(entity).collect()
    }

    fn results(answer: Value, sent: &[Entity]) -> Vec<UpsertResult> {
        let answer: BulkAnswer = serde_json::from_value(answer).unwrap();
        answer.results(&sent.iter().collect::<Vec<_>>())
    }

    fn failed(result: &UpsertResult) -> Option<Retry> {
        match result {
            UpsertResult::Failed(failure) => Some(failure.retry),
            UpsertResult::Created | UpsertResult::Updated | UpsertResult::Unmatched => None,
        }
    }

    #[test]
    fn results_come_by_index_and_holes_may_be_filled_later() {
        let sent = entities(5);
        let answer = json!({ "ok": true,
            "entities": [{ "identifier": "e2", "index": 2, "created": false }, { "identifier": "e0", "index": 0, "created": true }],
            "errors": [{ "identifier": "e3", "index": 3, "statusCode": 422, "error": "invalid_request", "message": "no" },
                       { "identifier": "e4", "index": 4, "statusCode": 404, "error": "not_found" }] });
        let results = results(answer, &sent);
        assert_eq!(results[0], UpsertResult::Created);
        assert_eq!(failed(&results[1]), Some(Retry::Later));
        assert_eq!(results[2], UpsertResult::Updated);
        let refused = WriteFailure { reason: "422 invalid_request no".to_owned(), retry: Retry::Never };
        assert_eq!(results[3], UpsertResult::Failed(refused));
        assert_eq!(failed(&results[4]), Some(Retry::Later));
    }

    #[test]
    fn without_an_index_the_identifier_tells() {
        let mut sent = entities(2);
        sent[1].identifier = json!({ "combinator": "and", "rules": [] });
        let answer = json!({ "entities": [{ "identifier": "e0", "created": true }],
                             "errors": [{ "identifier": "unknown", "statusCode": 404 }] });
        let results = results(answer, &sent);
        assert_eq!(results, [UpsertResult::Created, UpsertResult::Unmatched]);
    }

    #[test]
    fn what_is_both_done_and_refused_is_refused() {
        let answer =
            json!({ "entities": [{ "index": 0, "created": true }], "errors": [{ "index": 0, "statusCode": 500 }] });
        assert_eq!(failed(&results(answer, &entities(1))[0]), Some(Retry::Later));
    }

    fn row() -> impl Strategy<Value = Value> {
        let index = prop_oneof![
            (-2i64..12).prop_map(Value::from),
            Just(Value::Null),
            any::<f64>().prop_map(|number| json!(number)),
            Just(json!(u64::MAX)),
            "\\PC{0,4}".prop_map(Value::from)
        ];
        let identifier =
            prop_oneof![(0u8..12).prop_map(|nth| json!(format!("e{nth}"))), Just(json!("unknown")), Just(json!(7))];
        let status = prop_oneof![any::<u32>().prop_map(Value::from), Just(Value::Null), Just(json!("422"))];
        let object = (index, identifier, status, any::<bool>()).prop_map(|(index, identifier, status, created)| {
            json!({ "index": index, "identifier": identifier, "statusCode": status, "created": created })
        });
        prop_oneof![9 => object, 1 => Just(json!("row")), 1 => Just(json!({}))]
    }

    proptest! {
        #[test]
        fn every_entity_gets_exactly_one_result(
            count in 0usize..10,
            entities_said in prop::collection::vec(row(), 0..15),
            errors_said in prop::collection::vec(row(), 0..15),
        ) {
            let sent = entities(count);
            let results = results(json!({ "entities": entities_said, "errors": errors_said }), &sent);
            prop_assert_eq!(results.len(), count);
        }

        #[test]
        fn success_needs_a_word_of_success_and_none_of_failure(
            done in prop::collection::btree_set(0usize..10, 0..10),
            refused in prop::collection::btree_set(0usize..10, 0..10),
            turn in 0usize..10,
        ) {
            let sent = entities(10);
            let mut said: Vec<Value> = done.iter().map(|nth| json!({ "index": nth, "created": true })).collect();
            let turn = turn.min(said.len());
            said.rotate_left(turn);
            let errors: Vec<Value> = refused.iter().map(|nth| json!({ "index": nth, "statusCode": 422 })).collect();
            let results = results(json!({ "entities": said, "errors": errors }), &sent);
            for (nth, result) in results.iter().enumerate() {
                prop_assert_eq!(*result == UpsertResult::Created, done.contains(&nth) && !refused.contains(&nth));
                prop_assert_eq!(failed(result) == Some(Retry::Never), refused.contains(&nth));
            }
        }
    }
}
