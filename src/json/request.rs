//! What a request holds, read strictly: unknown fields, wrong types and text that no
//! database keeps are refused with the field's name (`domain.md` 6.4).

use std::{borrow::Cow, fmt, future::Future, marker::PhantomData, pin::Pin};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    error::{Error as ActixError, ErrorUnsupportedMediaType},
    http::header::{AUTHORIZATION, HeaderMap},
    web,
};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::Value;
use url::form_urlencoded;

use crate::{
    access::{
        Change, Denied, Scope, Tx,
        permission::{Permission, View},
    },
    domain::idempotency::{self, IdempotencyKey},
    error::Error,
};

/// The largest body, in bytes.
pub(crate) const LARGEST: usize = 256 * 1024;

/// The JSON body.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T> Body<T> {
    /// What was sent.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = ActixError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ActixError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_json = is_json(request);
        let bytes = web::Bytes::from_request(request, payload);
        let request = request.clone();
        let read = async move {
            if !is_json {
                return Err(ErrorUnsupportedMediaType("not JSON in UTF-8"));
            }
            Ok(Self(parse(&bytes.await?).map_err(Denied::from)?))
        };
        Box::pin(async move {
            match read.await {
                Ok(body) => Ok(body),
                Err(wrong) => {
                    check_target(&request).await?;
                    Err(wrong)
                }
            }
        })
    }
}

/// What is wrong with a body or a query is told to those alone whom the account in the address is
/// there for: the parts of a request are read at the same time, and whichever is refused
/// first would else be what is answered (`trust.md` S1).
async fn check_target(request: &HttpRequest) -> Result<(), Denied> {
    if request.match_info().get("sub_account_id").is_some() {
        Scope::<View>::extract(request).await?;
    }
    Ok(())
}

fn is_json(request: &HttpRequest) -> bool {
    let Ok(Some(mime)) = request.mime_type() else { return false };
    let charset = mime.get_param("charset");
    mime.essence_str() == "application/json"
        && charset.is_none_or(|name| name.as_str().eq_ignore_ascii_case("utf-8"))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let bytes = &*with_whole_numbers(bytes);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let Object(parsed) = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        // A path that leads into a list at the top leads into no field.
        let path = error.path().to_string();
        let field = if path.starts_with(['.', '[', '?']) { "body".to_owned() } else { path };
        Error::invalid(field, in_words(&error.into_inner()))
    })?;
    deserializer.end().map_err(|error| Error::invalid("body", in_words(&error)))?;
    if let Some(field) = field_with_nul(bytes) {
        return Err(Error::invalid(field, "Text must not contain the character U+0000."));
    }
    Ok(parsed)
}

/// The body with `10.0` and `1e1` written as `10`: to JSON they are the same whole number.
fn with_whole_numbers(bytes: &[u8]) -> Cow<'_, [u8]> {
    fn write_whole(value: &mut Value) {
        match value {
            Value::Number(number) if number.is_f64() => {
                let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < EXACT);
                // Exact: within these bounds every whole float is one integer.
                #[allow(clippy::cast_possible_truncation)]
                if let Some(whole) = float.map(|float| float as i64) {
                    *value = whole.into();
                }
            }
            Value::Array(items) => items.iter_mut().for_each(write_whole),
            Value::Object(fields) => fields.values_mut().for_each(write_whole),
            _ => {}
        }
    }
    // Rare, so that the second reading is paid for by few: digits before a point or an e.
    let may_have =
        bytes.windows(2).any(|pair| pair[0].is_ascii_digit() && matches!(pair[1], b'.' | b'e' | b'E'));
    let written = may_have.then(|| {
        let mut value = serde_json::from_slice::<Value>(bytes).ok()?;
        write_whole(&mut value);
        serde_json::to_vec(&value).ok()
    });
    written.flatten().map_or(Cow::Borrowed(bytes), Cow::Owned)
}

/// Below it, floats hold every whole number exactly.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// What is wrong, without the place in the text, which the field's name tells better.
fn in_words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((what, _)) if error.line() > 0 => what.to_owned(),
        _ => text,
    }
}

/// The first field whose text has a NUL, which no text of a database can hold.
fn field_with_nul(bytes: &[u8]) -> Option<String> {
    fn within(value: &Value, path: &str) -> Option<String> {
        let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match value {
            Value::String(text) => text.contains('\0').then(|| path.to_owned()),
            Value::Array(items) => {
                items.iter().enumerate().find_map(|(at, item)| within(item, &format!("{path}[{at}]")))
            }
            Value::Object(fields) => fields.iter().find_map(|(name, value)| {
                if name.contains('\0') { Some(path.to_owned()) } else { within(value, &below(name)) }
            }),
            _ => None,
        }
    }
    // Rare, so that the second reading is paid for by few.
    let may_have = bytes.windows(6).any(|part| part == b"\\u0000");
    may_have
        .then(|| serde_json::from_slice::<Value>(bytes).ok().and_then(|value| within(&value, "")))
        .flatten()
}

/// What must be a JSON object: left to itself, serde also reads a list as the fields in
/// their order.
#[derive(Debug)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(fields)).map(Object)
            }
        }

        deserializer.deserialize_map(Fields(PhantomData))
    }
}

/// Reads a field that may be left out but not null: what is sent is meant.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// The query of the address.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Query<T> {
    type Error = Denied;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Denied>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            match query(request.query_string()) {
                Ok(read) => Ok(Self(read)),
                Err(wrong) => {
                    check_target(&request).await?;
                    Err(Denied(wrong))
                }
            }
        })
    }
}

fn query<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    let strict = match web::Query::<T>::from_query(text) {
        Ok(read) => return Ok(read.into_inner()),
        Err(error) => error,
    };
    // This reader names the field. It takes an empty value for an absent one, which a
    // number is not: where it finds nothing wrong, that is what is.
    let pairs = serde_html_form::Deserializer::from_bytes(text.as_bytes());
    Err(match serde_path_to_error::deserialize::<_, T>(pairs) {
        Err(error) => {
            let path = error.path().to_string();
            let field = if path == "." { "query".to_owned() } else { path };
            Error::invalid(field, error.into_inner().to_string())
        }
        Ok(_) => {
            let empty = form_urlencoded::parse(text.as_bytes()).find(|(_, value)| value.is_empty());
            let field = empty.map_or_else(|| "query".to_owned(), |(name, _)| name.into_owned());
            Error::invalid(field, strict.to_string())
        }
    })
}

/// What stands in the header `Authorization` as a bearer's (RFC 6750), if it stands there once.
pub(crate) fn bearer(request: &HttpRequest) -> Option<&str> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let (one, other) = (headers.next()?, headers.next());
    let (scheme, text) = one.to_str().ok().filter(|_| other.is_none())?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| text.trim())
}

/// The parts of the path. One that is no id of its kind is not found, as one that is
/// nobody's.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Path<T> {
    type Error = Denied;
    type Future = std::future::Ready<Result<Self, Denied>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let read = web::Path::<T>::extract(request).into_inner();
        std::future::ready(read.map(|parts| Self(parts.into_inner())).map_err(|_| Denied(Error::NotFound)))
    }
}

/// The header by which a program asks for something to be done once, however often it
/// sends it (`trust.md` R4).
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The key in the headers, if there is one.
///
/// # Errors
/// [`Error::Invalid`] when it is not 1 to 255 printable characters, or is there twice.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Error> {
    let mut keys = headers.get_all(IDEMPOTENCY_KEY);
    match (keys.next(), keys.next()) {
        (None, _) => Ok(None),
        (Some(key), None) => {
            IdempotencyKey::parse("Idempotency-Key", key.to_str().unwrap_or_default()).map(Some)
        }
        (Some(_), Some(_)) => Err(Error::invalid("Idempotency-Key", "Send one key.")),
    }
}

/// Whether what is asked is to be done once.
#[derive(Debug)]
pub struct Once(Option<IdempotencyKey>);

impl Once {
    /// The key, for an operation that spans several transactions.
    pub fn key(self) -> Option<IdempotencyKey> {
        self.0
    }

    /// Does `work`, unless this key of the API did `operation` under this idempotency key
    /// before, and then answers what was answered then.
    ///
    /// # Errors
    /// As [`idempotency::once`].
    pub fn perform<P: Permission, D, T: Serialize + DeserializeOwned>(
        &self,
        tx: &mut Tx<'_, P, D>,
        operation: &'static str,
        request: &impl Serialize,
        work: impl FnOnce(&mut Tx<'_, P, D>) -> Result<Change<T>, Error>,
    ) -> Result<Change<T>, Error> {
        match &self.0 {
            Some(key) => idempotency::once(tx, operation, key, request, work),
            None => work(tx),
        }
    }
}

impl FromRequest for Once {
    type Error = Denied;
    type Future = std::future::Ready<Result<Self, Denied>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(idempotency_key(request.headers()).map(Self).map_err(Denied))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Example {
        name: String,
        inner: Option<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Inner {
        list: Vec<i32>,
    }

    fn refused(json: &str) -> String {
        parse::<Example>(json.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn whole_numbers_are_read_however_they_are_written() {
        let json = r#"{"name": "1.5", "inner": {"list": [10.0, 1e1, -0.0]}}"#;
        let read = parse::<Example>(json.as_bytes()).unwrap();
        assert_eq!((read.name.as_str(), read.inner.unwrap().list), ("1.5", vec![10, 10, 0]));
        assert!(refused(r#"{"name": "a", "inner": {"list": [10.5]}}"#).starts_with("inner.list[0]: "));
    }

    #[test]
    fn an_empty_number_in_a_query_is_none() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Asked {
            page: Option<i64>,
            search: Option<String>,
        }
        let read = query::<Asked>("search=").unwrap();
        assert_eq!((read.page, read.search.as_deref()), (None, Some("")));
        for (text, field) in [("page=", "page: "), ("page=x", "page: "), ("page=1&colour=red", "colour: ")] {
            let told = query::<Asked>(text).unwrap_err().to_string();
            assert!(told.starts_with(field), "{text}: {told}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(refused(r#"{"name": 5}"#).starts_with("name: invalid type"));
        assert!(refused(r#"{"name": "a", "inner": {"list": [1, "2"]}}"#).starts_with("inner.list[1]: "));
        assert!(refused(r#"{"name": "a", "price": 1}"#).contains("unknown field `price`"));
        assert!(refused(r#"{"name": "a"} x"#).starts_with("body: "));
        assert!(refused(r#"["a"]"#).starts_with("body: "));
        assert!(refused("").starts_with("body: "));
        assert!(refused(&"[".repeat(100_000)).starts_with("body: "));
        assert!(refused(&format!(r#"{{"name": {}"#, "[".repeat(100_000))).starts_with("name: "));
        assert!(refused("{\"name\": \"\\u0000\"}").starts_with("name: Text must not"));
        assert!(!refused(r#"{"name": 5}"#).contains("line"));
    }
}
