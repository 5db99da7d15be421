//! A browser as a person uses it: cookies, pages, forms found on them.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use reqwest::{Client, Method, RequestBuilder, StatusCode, header::HeaderMap, multipart, redirect};
use scraper::{ElementRef, Html, Selector};

/// A browser with its cookies.
#[derive(Clone)]
pub struct Browser {
    client: Client,
    base: String,
}

/// What a browser was answered.
#[derive(Debug)]
pub struct Page {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
    pub path: String,
}

/// A form of a page, with what stands in it.
#[derive(Debug, Clone, Default)]
pub struct Form {
    pub action: String,
    pub fields: BTreeMap<String, String>,
}

fn selector(css: &str) -> Selector {
    Selector::parse(css).unwrap_or_else(|error| panic!("{css}: {error}"))
}

impl Page {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn location(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.text());
        self.header("location")
    }

    /// The text of the page's elements.
    pub fn text(&self) -> String {
        let html = Html::parse_document(&self.body);
        html.root_element().text().map(str::trim).filter(|t| !t.is_empty()).collect::<Vec<_>>().join(" ")
    }

    pub fn has(&self, words: &str) -> bool {
        self.text().contains(words)
    }

    /// The form that posts to `action`.
    pub fn form(&self, action: &str) -> Form {
        let html = Html::parse_document(&self.body);
        let forms = selector("form");
        let form = html.select(&forms).find(|form| form.value().attr("action") == Some(action));
        let form = form.unwrap_or_else(|| panic!("no form for {action} on {}: {}", self.path, self.text()));
        Form { action: action.to_owned(), fields: fields(form) }
    }

    /// The addresses that the page's forms post to.
    pub fn actions(&self) -> Vec<String> {
        let html = Html::parse_document(&self.body);
        html.select(&selector("form[method=post]"))
            .filter_map(|form| form.value().attr("action").map(str::to_owned))
            .collect()
    }

    /// An attribute of the first element that a selector finds, if there is one.
    pub fn attribute(&self, css: &str, name: &str) -> Option<String> {
        let html = Html::parse_document(&self.body);
        let found = html.select(&selector(css)).next();
        found.and_then(|element| element.value().attr(name)).map(str::to_owned)
    }

    /// The value of an input.
    pub fn input(&self, name: &str) -> String {
        let html = Html::parse_document(&self.body);
        let input = selector(&format!("[name={name}]"));
        let found = html.select(&input).next().and_then(|input| input.value().attr("value"));
        found.unwrap_or_default().to_owned()
    }
}

fn fields(form: ElementRef<'_>) -> BTreeMap<String, String> {
    let inputs = selector("input, select, textarea");
    form.select(&inputs)
        .filter(|input| {
            let kind = input.value().attr("type").unwrap_or("text");
            !matches!(kind, "checkbox" | "radio") || input.value().attr("checked").is_some()
        })
        .filter_map(|input| {
            let name = input.value().attr("name")?;
            let chosen = input.select(&selector("option[selected]")).next();
            let value = match input.value().name() {
                "textarea" => input.text().collect(),
                "select" => chosen.and_then(|o| o.value().attr("value")).unwrap_or_default().to_owned(),
                _ => input.value().attr("value").unwrap_or_default().to_owned(),
            };
            Some((name.to_owned(), value))
        })
        .collect()
}

impl Form {
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.insert(name.to_owned(), value.to_owned());
        self
    }

    pub fn with_action(self, action: &str) -> Self {
        Self { action: action.to_owned(), ..self }
    }

    pub fn without(mut self, name: &str) -> Self {
        self.fields.remove(name);
        self
    }
}

impl Browser {
    pub fn new(base: &str) -> Self {
        Self::from_address(base, IpAddr::from([127, 0, 0, 1]))
    }

    /// A browser at another address of the loopback.
    pub fn from_address(base: &str, address: IpAddr) -> Self {
        let client = Client::builder()
            .cookie_store(true)
            // A connection that is kept would hold up the server's stop.
            .pool_max_idle_per_host(0)
            .redirect(redirect::Policy::none())
            .local_address(address)
            .user_agent("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0")
            .timeout(Duration::from_secs(30))
            .build()
            .unwrap();
        Self { client, base: base.to_owned() }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub async fn send(&self, request: RequestBuilder) -> Page {
        let mut response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let path = response.url().path().to_owned();
        let mut page = Page { status, headers, path, body: String::new() };
        if page.header("content-type").starts_with("text/event-stream") {
            // It goes on for as long as one looks: the first event is enough.
            while !page.body.contains("\n\n") {
                let chunk = response.chunk().await.unwrap().expect("an event");
                page.body.push_str(std::str::from_utf8(&chunk).unwrap());
            }
            return page;
        }
        page.body = response.text().await.unwrap();
        page
    }

    pub async fn get(&self, path: &str) -> Page {
        self.send(self.request(Method::GET, path)).await
    }

    /// Sends a form as a browser of today does.
    pub async fn submit(&self, form: &Form) -> Page {
        let request = self.posting(form).header("Sec-Fetch-Site", "same-origin").header("Origin", &self.base);
        self.send(request).await
    }

    /// Sends a form with a file that was chosen in its field `name`.
    pub async fn upload(&self, form: &Form, name: &str, file: Vec<u8>) -> Page {
        let chosen = multipart::Part::bytes(file).file_name("logo.png").mime_str("image/png").unwrap();
        let fields = form.fields.iter().filter(|(field, _)| *field != name);
        let sent = fields
            .fold(multipart::Form::new(), |sent, (name, value)| sent.text(name.clone(), value.clone()))
            .part(name.to_owned(), chosen);
        let request = self.request(Method::POST, &form.action).multipart(sent);
        self.send(request.header("Sec-Fetch-Site", "same-origin").header("Origin", &self.base)).await
    }

    /// Sends a form without saying from where.
    pub fn posting(&self, form: &Form) -> RequestBuilder {
        self.request(Method::POST, &form.action).form(&form.fields)
    }

    /// Opens the sign-in page and sends it.
    pub async fn sign_in(&self, email: &str, password: &str) -> Page {
        let form = self.get("/sign-in").await.form("/sign-in");
        self.submit(&form.with("email", email).with("password", password)).await
    }

    /// Signs in with the demo password, and must succeed.
    pub async fn signed_in(self, email: &str) -> Self {
        let page = self.sign_in(email, super::world::PASSWORD).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text());
        self
    }
}
