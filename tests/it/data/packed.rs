//! Request bodies in a coding: taken as what they are worth, or refused by what is wrong with them.

use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use repoint::gateway::planes::data::Settings;

use super::caller::{Answer, Caller};
use super::plane::{GLM, KEY, Plane, RENAMED, settings};
use super::script::{Script, completion};

/// `{"model":"my-org/glm"}` as Python's `brotli` 1.2.1 and `zstandard` 0.25.0 pack it.
const BROTLI: &[u8] = include_bytes!("bodies/text.br");
const ZSTD: &[u8] = include_bytes!("bodies/text.zst");
/// 64 MiB of zeros in 102 bytes.
const BROTLI_ZEROS: &[u8] = include_bytes!("bodies/zeros.br");

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packing = GzEncoder::new(Vec::new(), Compression::default());
    packing.write_all(text).unwrap();
    packing.finish().unwrap()
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut packing = ZlibEncoder::new(Vec::new(), Compression::default());
    packing.write_all(text).unwrap();
    packing.finish().unwrap()
}

fn post(coding: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: gateway\r\nauthorization: Api-Key {KEY}\r\n\
         content-encoding: {coding}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

async fn call(caller: &mut Caller, coding: &str, body: &[u8]) -> Answer {
    caller.send(post(coding, body)).await;
    caller.answer().await
}

#[tokio::test]
async fn a_packed_body_goes_up_as_what_it_is_worth() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut caller = Caller::connect(plane.address).await;
    let text = br#"{"model":"my-org/glm"}"#;
    let mut connection = None;
    for (coding, body) in [
        ("gzip", gzip(text)),
        ("GZip", gzip(text)),
        ("deflate", zlib(text)),
        ("br", BROTLI.to_vec()),
        ("zstd", ZSTD.to_vec()),
        ("identity", text.to_vec()),
    ] {
        caller.send(post(coding, &body)).await;
        let connection = match &mut connection {
            Some(connection) => connection,
            none => none.insert(upstream.accept().await),
        };
        let arrived = connection.request().await;
        assert_eq!((arrived.body.as_slice(), arrived.header("content-encoding")), (text.as_slice(), None), "{coding}");
        connection.send(&completion()).await;
        assert_eq!(caller.answer().await.status, 200, "{coding}");
    }
    // The name of the target is put into what was unpacked.
    caller.send(post("gzip", &gzip(format!(r#"{{"model":"{RENAMED}","n":1.50}}"#).as_bytes()))).await;
    let arrived = connection.as_mut().unwrap().request().await;
    assert_eq!(String::from_utf8(arrived.body).unwrap(), r#"{"model":"upstream-model","n":1.50}"#);
}

#[tokio::test]
async fn a_coding_that_is_not_taken_is_415_with_those_that_are() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut caller = Caller::connect(plane.address).await;
    for coding in ["compress", "gzip, gzip", "gzip, br", "lz4", "aws-chunked"] {
        let answer = call(&mut caller, coding, b"{}").await;
        assert_eq!(
            (answer.status, answer.header("accept-encoding")),
            (415, Some("gzip, deflate, br, zstd")),
            "{coding}"
        );
        let said = "the request's Content-Encoding is not taken; hint: one of gzip, deflate, br, zstd, or none";
        assert_eq!((answer.json()["error"].as_str(), answer.header("x-should-retry")), (Some(said), Some("false")));
    }
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn a_body_that_is_not_what_its_coding_says_is_named() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let mut caller = Caller::connect(plane.address).await;
    let cut = gzip(br#"{"model":"my-org/glm"}"#);
    for (coding, body) in [
        ("gzip", br#"{"model":"my-org/glm"}"#.as_slice()),
        ("gzip", &cut[..cut.len() - 9]),
        ("zstd", BROTLI),
        ("br", ZSTD),
        ("zstd", &ZSTD[..20]),
        ("deflate", b"x"),
    ] {
        let answer = call(&mut caller, coding, body).await;
        let said = format!("the request's body is not the whole {coding} that its Content-Encoding says");
        assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some(said.as_str())), "{coding}");
    }
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn what_is_unpacked_has_the_limits_of_any_body_and_gives_back_what_it_held() {
    let upstream = Script::start().await.always(|_| completion());
    let settings = Settings { body_bytes_max: 150_000, bodies_bytes_max: 400_000, ..settings() };
    let plane = Plane::start_with(upstream, settings, |_| ()).await;
    let mut caller = Caller::connect(plane.address).await;
    // Numbers, so that it is packed as well as a prompt is, and not as one word over and over.
    let words = |bytes: usize| (0..bytes / 8).map(|number| format!("{number:07}")).collect::<Vec<_>>().join(" ");
    let prompt = |bytes: usize| gzip(format!(r#"{{"model":"{GLM}","user":"{}"}}"#, words(bytes)).as_bytes());
    let (good, large) = (prompt(100_000), prompt(200_000));
    for _ in 0..6 {
        assert_eq!(call(&mut caller, "gzip", &good).await.status, 200);
        let answer = call(&mut caller, "gzip", &large).await;
        let said = "the request's body is larger than 150000 bytes";
        assert_eq!((answer.status, answer.json()["error"].as_str()), (413, Some(said)));
        caller = Caller::connect(plane.address).await;
    }
}

#[tokio::test]
async fn a_hundred_bytes_do_not_become_millions() {
    let upstream = Script::start().await;
    let plane = Plane::start(upstream.address).await;
    let answer = call(&mut Caller::connect(plane.address).await, "br", BROTLI_ZEROS).await;
    let said = "the request's body is too many times larger than it came";
    assert_eq!((answer.status, answer.json()["error"].as_str()), (413, Some(said)));
    assert!(upstream.is_untouched());
}
