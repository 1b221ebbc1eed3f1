//! Objects from a stream, one at a time: a list, a page with `values`, a single object, or JSON lines.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::{self, Read};
use std::rc::Rc;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Longest single object, in bytes.
const LONGEST: u64 = 64 << 20;

/// Fields of a page that may stand before its `values`.
const PAGING: &[&str] =
    &["size", "page", "pagelen", "next", "previous", "limit", "start", "isLastPage", "nextPageStart"];

/// Why a stream ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StreamError<E> {
    /// It is no JSON, or cannot be read.
    #[error("the objects cannot be read: {0}")]
    Read(#[source] serde_json::Error),
    /// The one who takes the objects had enough.
    #[error(transparent)]
    Taker(E),
}

/// Hands each object's JSON text over. No more than one object is held at a time.
pub(crate) fn each_object<E>(
    reader: impl Read,
    mut take: impl FnMut(&str) -> Result<(), E>,
) -> Result<(), StreamError<E>> {
    let allowance = Rc::new(Cell::new(LONGEST));
    let refused = RefCell::new(None);
    let mut hand_over = |raw: &str| {
        allowance.set(LONGEST);
        take(raw).map_err(|error| *refused.borrow_mut() = Some(error))
    };
    let mut reader = io::BufReader::new(Bounded { reader, allowance: Rc::clone(&allowance) });
    let start = unmarked_start(&mut reader).map_err(|error| StreamError::Read(serde_json::Error::io(error)))?;
    let reader = start.as_slice().chain(reader);
    let mut texts = serde_json::Deserializer::from_reader(reader);
    let result = loop {
        // `end` succeeds when only blanks are left; otherwise the next text begins here.
        if texts.end().is_ok() {
            break Ok(());
        }
        if let Err(error) = Top(&mut hand_over).deserialize(&mut texts) {
            break Err(error);
        }
    };
    match (refused.into_inner(), result) {
        (Some(error), _) => Err(StreamError::Taker(error)),
        (None, Err(error)) => Err(StreamError::Read(error)),
        (None, Ok(())) => Ok(()),
    }
}

/// The first bytes of a text, without the byte order mark that some programs put there.
fn unmarked_start(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    const MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];
    let mut start = Vec::with_capacity(MARK.len());
    reader.take(MARK.len() as u64).read_to_end(&mut start)?;
    if start == MARK {
        start.clear();
    }
    Ok(start)
}

/// A reader that gives up where one object takes too much.
struct Bounded<R> {
    reader: R,
    allowance: Rc<Cell<u64>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        let left = self.allowance.get().checked_sub(count as u64);
        self.allowance.set(left.ok_or_else(|| io::Error::other(format!("an object is longer than {LONGEST} bytes")))?);
        Ok(count)
    }
}

type HandOver<'a> = dyn FnMut(&str) -> Result<(), ()> + 'a;

/// A whole text of the stream.
struct Top<'a, 'b>(&'a mut HandOver<'b>);

impl<'de> DeserializeSeed<'de> for Top<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Top<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object, a list of objects or a page of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(object) = seq.next_element::<Box<RawValue>>()? {
            (self.0)(object.get()).map_err(|()| A::Error::custom("ended"))?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut fields: Vec<(String, Box<RawValue>)> = vec![];
        while let Some(name) = map.next_key::<String>()? {
            let page = name == "values" && fields.iter().all(|(name, _)| PAGING.contains(&name.as_str()));
            if page {
                map.next_value_seed(Top(self.0))?;
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                return Ok(());
            }
            fields.push((name, map.next_value()?));
        }
        let text = object(&fields).map_err(A::Error::custom)?;
        (self.0)(&text).map_err(|()| A::Error::custom("ended"))
    }
}

/// The text of an object, put together again.
fn object(fields: &[(String, Box<RawValue>)]) -> Result<String, serde_json::Error> {
    let mut text = String::from("{");
    for (at, (name, value)) in fields.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(&serde_json::to_string(name)?);
        text.push(':');
        text.push_str(value.get());
    }
    text.push('}');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn objects(text: &str) -> Result<Vec<String>, String> {
        let mut taken = vec![];
        each_object(text.as_bytes(), |object| {
            taken.push(object.to_owned());
            Ok::<(), ()>(())
        })
        .map_err(|_| "refused".to_owned())?;
        Ok(taken)
    }

    #[rstest]
    #[case::list(r#"[{"a":1},{"b":2}]"#, &[r#"{"a":1}"#, r#"{"b":2}"#])]
    #[case::page(r#"{"pagelen":10,"values":[{"a":1}],"next":"x"}"#, &[r#"{"a":1}"#])]
    #[case::single(r#"{"a":{"values":[1]}, "values": [2]}"#, &[r#"{"a":{"values":[1]},"values":[2]}"#])]
    #[case::lines("{\"a\":1}\n{\"b\":2}\n\n", &[r#"{"a":1}"#, r#"{"b":2}"#])]
    #[case::lines_of_pages("{\"values\":[{\"a\":1}]}\n{\"values\":[]}", &[r#"{"a":1}"#])]
    #[case::nothing("  \n", &[])]
    #[case::marked("\u{feff}[{\"a\":1}]", &[r#"{"a":1}"#])]
    #[case::only_a_mark("\u{feff}", &[])]
    #[case::short("{}", &["{}"])]
    fn every_form_is_read(#[case] text: &str, #[case] expected: &[&str]) {
        assert_eq!(objects(text).unwrap(), expected);
    }

    #[rstest]
    #[case("[{\"a\":1}")]
    #[case("{\"a\":")]
    #[case("7")]
    #[case("{\"a\":1} x")]
    fn what_is_no_object_is_refused(#[case] text: &str) {
        assert!(objects(text).is_err());
    }

    #[test]
    fn a_taker_can_stop() {
        let mut seen = 0;
        let ended = each_object("[1,2,3]".as_bytes(), |_| {
            seen += 1;
            if seen == 2 { Err("enough") } else { Ok(()) }
        });
        assert!(matches!(ended, Err(StreamError::Taker("enough"))));
        assert_eq!(seen, 2);
    }
}
