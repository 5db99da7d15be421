//! The files under `/static`, embedded in the program.
//!
//! A page links a file by [`asset_url`], which carries the file's content hash: such an address is cached
//! for good, and a changed file has a new one. Fonts are linked from the stylesheet by their plain name;
//! a changed font needs a new name.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS};
use actix_web::{HttpRequest, HttpResponse, web};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

static HASHES: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    Files::iter()
        .filter_map(|path| {
            let hash = hex(&Files::get(&path)?.metadata.sha256_hash());
            Some((path.into_owned(), hash))
        })
        .collect()
});

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// The address of a file of `static/`, with its content hash: `css/base.css` becomes
/// `/static/css/base.css?v=0a1b2c3d4e5f`. An unknown file keeps its plain address (and a test notices).
pub fn asset_url(path: &str) -> String {
    match HASHES.get(path) {
        Some(hash) => format!("/static/{path}?v={}", &hash[..12]),
        None => format!("/static/{path}"),
    }
}

/// The address of a symbol of the icon sprite.
pub fn icon_url(name: &str) -> String {
    static SPRITE: LazyLock<String> = LazyLock::new(|| asset_url("icons.svg"));
    format!("{}#{name}", *SPRITE)
}

/// `GET /static/{path:.*}`
pub async fn file(request: HttpRequest, path: web::Path<String>) -> HttpResponse {
    let (Some(file), Some(hash)) = (Files::get(&path), HASHES.get(path.as_str())) else {
        return HttpResponse::NotFound()
            .insert_header((CACHE_CONTROL, "no-store"))
            .content_type("text/plain; charset=utf-8")
            .body("Not found");
    };
    let tag = format!("\"{hash}\"");
    let pinned =
        request.query_string().strip_prefix("v=").is_some_and(|v| v.len() >= 12 && hash.starts_with(v));
    let caching = if pinned || path.starts_with("fonts/") {
        "public, max-age=31536000, immutable"
    } else {
        "public, max-age=300"
    };
    let known = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let mut response = if known.is_some_and(|known| known.split(',').any(|known| same_tag(known, &tag))) {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response
        .insert_header((CACHE_CONTROL, caching))
        .insert_header((ETAG, tag))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .content_type(content_type(&path, file.metadata.mimetype()));
    match file.data {
        Cow::Borrowed(bytes) => response.body(bytes),
        Cow::Owned(bytes) => response.body(bytes),
    }
}

/// Compression on the way turns a strong tag into a weak one; both name the same file.
fn same_tag(known: &str, tag: &str) -> bool {
    let known = known.trim();
    known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag
}

fn content_type(path: &str, guess: &str) -> String {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("css") => "text/css; charset=utf-8".into(),
        Some("js") => "text/javascript; charset=utf-8".into(),
        Some("txt") => "text/plain; charset=utf-8".into(),
        Some("woff2") => "font/woff2".into(),
        _ => guess.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::StatusCode;
    use actix_web::{App, test};

    #[test]
    async fn the_vendored_htmx_is_the_published_one() {
        // htmx.org 2.0.11, dist/htmx.min.js
        assert_eq!(
            HASHES.get("js/htmx.min.js").map(String::as_str),
            Some("d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717")
        );
    }

    #[test]
    async fn a_file_is_served_with_its_hash_for_good() {
        let app = test::init_service(App::new().route("/static/{path:.*}", web::get().to(file))).await;
        let get = |uri: &str| test::TestRequest::get().uri(uri).to_request();

        let url = asset_url("css/tokens.css");
        let answer = test::call_service(&app, get(&url)).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let header =
            |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
        assert_eq!(header("content-type"), "text/css; charset=utf-8");
        assert!(header("cache-control").contains("immutable"));
        assert_eq!(header("x-content-type-options"), "nosniff");

        let tag = header("etag").to_owned();
        let again =
            test::TestRequest::get().uri("/static/css/tokens.css").insert_header((IF_NONE_MATCH, tag));
        let again = test::call_service(&app, again.to_request()).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);

        for missing in
            ["/static/../Cargo.toml", "/static/css", "/static/none.css", "/static/%2e%2e/Cargo.toml"]
        {
            let answer = test::call_service(&app, get(missing)).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{missing}");
        }
    }
}
