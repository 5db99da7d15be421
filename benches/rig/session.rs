//! Signing in, for what people see.

use super::rig::{Client, Outcome, Server};

/// Signs in through the form and gives the cookies.
pub fn sign_in(server: &Server, email: &str, password: &str) -> Outcome<String> {
    let mut client = Client::connect(server.address)?;
    let (_, headers, body) = client.get("/sign-in", "")?;
    let visitor = cookies(&headers);
    let field = |name: &str| {
        body.split(&format!("name=\"{name}\" value=\""))
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .unwrap_or("")
    };
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("context", field("context"))
        .append_pair("csrf_token", field("csrf_token"))
        .append_pair("email", email)
        .append_pair("password", password)
        .append_pair("next", "")
        .finish();
    let request = format!(
        "POST /sign-in HTTP/1.1\r\nHost: {0}\r\nOrigin: http://{0}\r\nCookie: {visitor}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {1}\r\n\r\n{form}",
        server.address,
        form.len()
    );
    let (status, headers, _) = client.ask(&request)?;
    if status != 303 {
        return Err(format!("signing in answered {status}").into());
    }
    Ok(cookies(&headers))
}

fn cookies(headers: &[String]) -> String {
    let set = headers.iter().filter_map(|header| {
        let (name, value) = header.split_once(':')?;
        name.eq_ignore_ascii_case("set-cookie")
            .then(|| value.trim().split(';').next().unwrap_or("").to_owned())
    });
    set.collect::<Vec<_>>().join("; ")
}
