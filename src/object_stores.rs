//! Where recordings lie, by URL: a folder of this machine, or a bucket that speaks S3.

use std::{collections::BTreeMap, fmt, fs, path::PathBuf, sync::Arc, time::Duration};

use object_store::{
    ClientOptions, RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    local::LocalFileSystem,
    path::Path,
    prefix::PrefixStore,
};
use url::Url;

use crate::{access::Objects, start::StartError, values::Region};

/// How long it may take to reach a store, and until it sends what comes next.
const CONNECTING: Duration = Duration::from_secs(5);
const READING: Duration = Duration::from_secs(30);
/// How often, and for how long at most, what a store refuses for a moment is tried again.
const RETRIES: usize = 3;
const RETRYING: Duration = Duration::from_secs(20);

/// Where a store is.
#[derive(Clone, PartialEq, Eq)]
pub enum Place {
    /// A folder.
    Folder(PathBuf),
    /// A bucket, or a part of one.
    Bucket(Bucket),
}

/// A bucket that speaks S3. What its address does not say is taken from the environment
/// (`AWS_ACCESS_KEY_ID`, `AWS_REGION`, …).
#[derive(Clone, PartialEq, Eq)]
pub struct Bucket {
    name: String,
    /// What stands before all keys; may be empty.
    prefix: Path,
    settings: Vec<(AmazonS3ConfigKey, String)>,
}

impl Place {
    /// Reads `file:///folder`, or `s3://bucket/prefix` with, after a question mark, any of
    /// `endpoint`, `region`, `access_key_id`, `secret_access_key`, `token` and
    /// `virtual_hosted`.
    ///
    /// # Errors
    /// What is wrong, in words that give away no secret.
    pub fn parse(text: &str) -> Result<Self, String> {
        const UNKNOWN: &str = "not an address such as file:///folder or s3://bucket/prefix";
        let url = Url::parse(text).map_err(|_| UNKNOWN)?;
        match url.scheme() {
            "file" => url.to_file_path().map(Self::Folder).map_err(|()| UNKNOWN.to_owned()),
            "s3" => Bucket::parse(&url).map(Self::Bucket),
            _ => Err(UNKNOWN.to_owned()),
        }
    }

    /// Whether what is kept at one lies among what is kept at the other.
    pub fn is_where(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Folder(one), Self::Folder(other)) => one == other,
            (Self::Bucket(one), Self::Bucket(other)) => {
                let endpoint =
                    |bucket: &Bucket| bucket.setting(AmazonS3ConfigKey::Endpoint).map(str::to_owned);
                one.name == other.name && one.prefix == other.prefix && endpoint(one) == endpoint(other)
            }
            _ => false,
        }
    }

    fn open(&self) -> Result<Objects, String> {
        match self {
            Self::Folder(folder) => {
                let failed = |error: &dyn fmt::Display| format!("{}: {error}", folder.display());
                fs::create_dir_all(folder).map_err(|error| failed(&error))?;
                let store = LocalFileSystem::new_with_prefix(folder).map_err(|error| failed(&error))?;
                Ok(Arc::new(store.with_automatic_cleanup(true)))
            }
            Self::Bucket(bucket) => bucket.open(),
        }
    }
}

impl Bucket {
    fn parse(url: &Url) -> Result<Self, String> {
        let name =
            url.host_str().filter(|name| !name.is_empty()).ok_or("the name of the bucket is missing")?;
        if !url.username().is_empty() || url.password().is_some() || url.port().is_some() {
            return Err(
                "keys stand in the environment or after a question mark, not before the bucket".into()
            );
        }
        let mut settings = Vec::new();
        for (key, value) in url.query_pairs() {
            let key = match &*key {
                "endpoint" => AmazonS3ConfigKey::Endpoint,
                "region" => AmazonS3ConfigKey::Region,
                "access_key_id" => AmazonS3ConfigKey::AccessKeyId,
                "secret_access_key" => AmazonS3ConfigKey::SecretAccessKey,
                "token" => AmazonS3ConfigKey::Token,
                "virtual_hosted" => AmazonS3ConfigKey::VirtualHostedStyleRequest,
                unknown => return Err(format!("there is no setting {unknown:?} of a bucket")),
            };
            if settings.iter().any(|(known, _)| *known == key) {
                return Err("a setting of the bucket is given twice".into());
            }
            settings.push((key, value.into_owned()));
        }
        let bucket = Self {
            name: name.to_owned(),
            prefix: Path::from_url_path(url.path()).map_err(|_| "the prefix is none that keys can have")?,
            settings,
        };
        let is_web = |text: &str| {
            Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        };
        match bucket.setting(AmazonS3ConfigKey::Endpoint) {
            Some(endpoint) if !is_web(endpoint) => {
                Err("its endpoint is not an address such as https://host".into())
            }
            _ => Ok(bucket),
        }
    }

    fn setting(&self, key: AmazonS3ConfigKey) -> Option<&str> {
        self.settings.iter().find(|(known, _)| *known == key).map(|(_, value)| value.as_str())
    }

    fn open(&self) -> Result<Objects, String> {
        let builder = AmazonS3Builder::from_env().with_bucket_name(&self.name);
        let builder =
            self.settings.iter().fold(builder, |builder, (key, value)| builder.with_config(*key, value));
        // Unencrypted only where somebody wrote so.
        let endpoint = builder.get_config_value(&AmazonS3ConfigKey::Endpoint).unwrap_or_default();
        let options = ClientOptions::new()
            .with_allow_http(endpoint.starts_with("http://"))
            .with_connect_timeout(CONNECTING)
            .with_read_timeout(READING)
            // A recording is sent on as fast as whoever listens takes it.
            .with_timeout_disabled();
        let retries = RetryConfig { max_retries: RETRIES, retry_timeout: RETRYING, ..RetryConfig::default() };
        let store = builder
            .with_client_options(options)
            .with_retry(retries)
            .build()
            .map_err(|error| format!("the bucket {}: {error}", self.name))?;
        if self.prefix.as_ref().is_empty() {
            Ok(Arc::new(store))
        } else {
            Ok(Arc::new(PrefixStore::new(store, self.prefix.clone())))
        }
    }
}

/// Opens the store of each region. A bucket is not asked for until something is kept in it.
///
/// # Errors
/// [`StartError::DataFolder`], in one line.
pub fn open(urls: &BTreeMap<Region, String>) -> Result<BTreeMap<Region, Objects>, StartError> {
    urls.iter()
        .map(|(region, url)| {
            let store = Place::parse(url).and_then(|place| place.open());
            let named = |why| StartError::DataFolder(format!("the object store of {region}: {why}"));
            Ok((region.clone(), store.map_err(named)?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        Place::parse(text).err().unwrap_or_else(|| panic!("{text} is taken for a place"))
    }

    #[test]
    fn a_place_is_a_folder_or_a_bucket() {
        assert!(
            matches!(Place::parse("file:///x/y"), Ok(Place::Folder(folder)) if folder.as_path() == std::path::Path::new("/x/y"))
        );
        let Ok(Place::Bucket(bucket)) = Place::parse(
            "s3://calls/india/voice?endpoint=http://127.0.0.1:9000&region=ap-south-1&access_key_id=a&secret_access_key=b%2Bc",
        ) else {
            panic!("a bucket")
        };
        assert_eq!((bucket.name.as_str(), bucket.prefix.as_ref()), ("calls", "india/voice"));
        assert_eq!(bucket.setting(AmazonS3ConfigKey::SecretAccessKey), Some("b+c"));
        assert!(Place::parse("s3://calls").is_ok_and(|place| place.open().is_ok()));
    }

    #[test]
    fn what_is_wrong_is_said_without_secrets() {
        for (text, says) in [
            ("folder", "not an address"),
            ("ftp://host/x", "not an address"),
            ("s3:///x", "bucket is missing"),
            ("s3://key:hunter2@calls", "question mark"),
            ("s3://calls?secret=hunter2", "no setting"),
            ("s3://calls?endpoint=hunter2", "its endpoint"),
            ("s3://calls?token=hunter2&token=hunter2", "twice"),
        ] {
            let why = wrong(text);
            assert!(why.contains(says) && !why.contains("hunter2"), "{text}: {why}");
        }
    }

    #[test]
    fn two_regions_never_share_a_place() {
        let place = |text: &str| Place::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"));
        assert!(place("s3://calls/a?region=x").is_where(&place("s3://calls/a/?region=y")));
        assert!(!place("s3://calls/a").is_where(&place("s3://calls/b")));
        assert!(!place("s3://calls?endpoint=https://a").is_where(&place("s3://calls?endpoint=https://b")));
        assert!(place("file:///a").is_where(&place("file:///a")));
        assert!(!place("file:///a").is_where(&place("s3://a")));
    }
}
