//! `/v1/gateway/groups/{id}/api_keys`: every operation and every error, and where a key never stands.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use repoint::api::{KeyInfo, MintedKey, Page};
use repoint::gateway::rules::federated_key::PublicKey;
use reqwest::Method;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use super::groups::PATH;
use crate::support::gateway::{Reply, TestGateway, send};

/// A key that a customer made.
const REGISTERED: &str = "abcdefghijklmnopqrstuvwxyz0123456789";

fn pair() -> Ed25519KeyPair {
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap()
}

async fn gateway_of(pair: &Ed25519KeyPair) -> TestGateway {
    let public = PublicKey::from_bytes(pair.public_key().as_ref().try_into().unwrap());
    TestGateway::with(|options| options.workspace_public_key = Some(public)).await
}

async fn register(gateway: &TestGateway, path: &str, body: &str, signature: &str) -> Reply {
    let request = gateway.request(Method::POST, &format!("{path}/register"));
    send(request.header("x-baseten-signature", signature).body(body.to_owned())).await
}

fn sign(pair: &Ed25519KeyPair, body: &str) -> String {
    BASE64_STANDARD.encode(pair.sign(body.as_bytes()))
}

fn opens(gateway: &TestGateway, key: &str) -> bool {
    gateway.gateway().shared().access.find(key.as_bytes()).is_some()
}

#[tokio::test]
async fn a_minted_key_is_shown_once_and_opens_at_once() {
    let gateway = TestGateway::start().await;
    let path = format!("{PATH}/{}/api_keys", gateway.root("cust").await.id);
    let reply = gateway.post(&path, &json!({"name": "prod"})).await;
    assert_eq!(reply.status, 200);
    let minted: MintedKey = reply.body();
    let (prefix, secret) = minted.api_key.split_once('.').unwrap();
    assert_eq!((prefix, minted.name.as_deref()), (minted.prefix.as_str(), Some("prod")));
    assert!(prefix.starts_with("sky_") && prefix.len() == 16 && secret.len() == 43);
    assert!(opens(&gateway, &minted.api_key));
    let read = gateway.get(&format!("{path}/{prefix}")).await;
    assert_eq!(read.json(), json!({"prefix": prefix, "name": "prod"}));
    let list = gateway.get(&path).await;
    assert_eq!(list.json()["items"], json!([{"prefix": prefix, "name": "prod"}]));
    assert!(!read.text.contains(secret) && !list.text.contains(secret));
    // The body may be absent, since all in it is optional.
    let bare = send(gateway.request(Method::POST, &path)).await;
    assert_eq!((bare.status.as_u16(), &bare.json()["name"]), (200, &Value::Null));
}

#[tokio::test]
async fn a_revoked_key_opens_nothing_from_then_on() {
    let gateway = TestGateway::start().await;
    let path = format!("{PATH}/{}/api_keys", gateway.root("cust").await.id);
    let minted: MintedKey = gateway.post(&path, &json!({})).await.body();
    let key = format!("{path}/{}", minted.prefix);
    let reply = gateway.delete(&key).await;
    assert_eq!((reply.status.as_u16(), reply.json()), (200, json!({"prefix": minted.prefix})));
    assert!(!opens(&gateway, &minted.api_key));
    for method in [Method::GET, Method::DELETE] {
        send(gateway.request(method, &key)).await.is_error(404, "NOT_FOUND", minted.prefix.as_str());
    }
    assert_eq!(gateway.get(&path).await.json()["items"], json!([]));
}

#[tokio::test]
async fn what_does_not_exist_is_404_and_what_is_wrong_400() {
    let gateway = TestGateway::start().await;
    let (one, other) = (gateway.root("one").await, gateway.root("other").await);
    let path = format!("{PATH}/{}/api_keys", one.id);
    let minted: MintedKey = gateway.post(&path, &json!({})).await.body();
    let through_another = format!("{PATH}/{}/api_keys/{}", other.id, minted.prefix);
    for (method, path) in [
        (Method::GET, format!("{path}/sky_none")),
        (Method::DELETE, format!("{path}/sky_none")),
        (Method::GET, through_another.clone()),
        (Method::DELETE, through_another),
        (Method::GET, format!("{PATH}/none/api_keys")),
        (Method::POST, format!("{PATH}/none/api_keys")),
        (Method::POST, format!("{PATH}/none/api_keys/register")),
        (Method::GET, format!("{PATH}/none/api_keys/{}", minted.prefix)),
        (Method::DELETE, format!("{PATH}/none/api_keys/{}", minted.prefix)),
    ] {
        send(gateway.request(method, &path).body("{}")).await.is_error(404, "NOT_FOUND", "");
    }
    assert!(opens(&gateway, &minted.api_key));
    for (body, part) in [
        (json!({"name": 5}), "name must be a string"),
        (json!({"name": "n".repeat(256)}), "name"),
        (json!([]), "object"),
    ] {
        gateway.post(&path, &body).await.is_error(400, "VALIDATION_ERROR", part);
    }
    for bad in ["limit=0", "cursor=zz"] {
        gateway.get(&format!("{path}?{bad}")).await.is_error(400, "VALIDATION_ERROR", "");
    }
}

#[tokio::test]
async fn a_registered_key_opens_and_is_named_by_its_beginning() {
    let pair = pair();
    let gateway = gateway_of(&pair).await;
    let path = format!("{PATH}/{}/api_keys", gateway.root("cust").await.id);
    // The signature is over the exact bytes, spaces and all.
    let body = format!("{{ \"key\" :\"{REGISTERED}\",\"name\":\"theirs\"}}\n");
    let reply = register(&gateway, &path, &body, &sign(&pair, &body)).await;
    assert_eq!((reply.status.as_u16(), reply.json()), (200, json!({"ok": true})));
    assert!(opens(&gateway, REGISTERED));
    assert_eq!(
        gateway.get(&format!("{path}/abcdefghijklmnop")).await.json(),
        json!({"prefix": "abcdefghijklmnop", "name": "theirs"})
    );
    // Another one that begins the same could not be told from it.
    let body = json!({"key": format!("{REGISTERED}x")}).to_string();
    let twin = register(&gateway, &path, &body, &sign(&pair, &body)).await;
    twin.is_error(400, "VALIDATION_ERROR", "begins with the same 16 characters");
    assert!(!twin.text.contains(REGISTERED));
    assert_eq!(gateway.delete(&format!("{path}/abcdefghijklmnop")).await.status, 200);
    assert!(!opens(&gateway, REGISTERED));
}

#[tokio::test]
async fn a_registration_that_is_not_right_is_400_and_never_repeats_the_key() {
    let pair = pair();
    let gateway = gateway_of(&pair).await;
    let path = format!("{PATH}/{}/api_keys", gateway.root("cust").await.id);
    let body = |key: &str| json!({"key": key}).to_string();
    let good = body(REGISTERED);
    let other = self::pair();
    for signature in [String::new(), "no base64!".to_owned(), sign(&other, &good), sign(&pair, &format!("{good} "))] {
        let reply = register(&gateway, &path, &good, &signature).await;
        reply.is_error(400, "VALIDATION_ERROR", "Signature verification failed");
    }
    let unsigned = send(gateway.request(Method::POST, &format!("{path}/register")).body(good.clone())).await;
    unsigned.is_error(400, "VALIDATION_ERROR", "Signature verification failed");
    for (body, part) in [
        ("{".to_owned(), "JSON"),
        ("{}".to_owned(), "key is required"),
        (r#"{"key":5}"#.to_owned(), "key must be a string"),
        (body(&REGISTERED[..31]), "32 to 128"),
        (body(&REGISTERED.repeat(4)), "32 to 128"),
        (body(&"ab".repeat(16)), "entropy"),
        (body(&format!("{REGISTERED} x")), "visible ASCII"),
    ] {
        let reply = register(&gateway, &path, &body, &sign(&pair, &body)).await;
        reply.is_error(400, "VALIDATION_ERROR", part);
        assert!(!reply.text.contains("abcdefgh"));
    }
    assert!(!opens(&gateway, REGISTERED));
    let keyless = TestGateway::start().await;
    let path = format!("{PATH}/{}/api_keys", keyless.root("cust").await.id);
    let reply = register(&keyless, &path, &good, &sign(&pair, &good)).await;
    reply.is_error(400, "VALIDATION_ERROR", "Must configure a public key before registering API keys");
}

#[tokio::test]
async fn a_prefix_with_odd_characters_is_found_and_revoked() {
    let pair = pair();
    let gateway = gateway_of(&pair).await;
    let path = format!("{PATH}/{}/api_keys", gateway.root("cust").await.id);
    let key = "a/b?c#d%e&f=g+h;i@j:k,l.m~n!o$p(q)r*s";
    let body = json!({"key": key}).to_string();
    assert_eq!(register(&gateway, &path, &body, &sign(&pair, &body)).await.status, 200);
    let encoded = "a%2Fb%3Fc%23d%25e%26f%3Dg%2Bh%3B";
    assert_eq!(gateway.get(&format!("{path}/{encoded}")).await.json()["prefix"], &key[..16]);
    assert_eq!(gateway.delete(&format!("{path}/{encoded}")).await.status, 200);
    assert!(!opens(&gateway, key));
}

#[tokio::test]
async fn keys_page_in_the_order_in_which_they_were_made() {
    let gateway = TestGateway::start().await;
    let (one, other) = (gateway.root("one").await, gateway.root("other").await);
    let path = format!("{PATH}/{}/api_keys", one.id);
    let mut made = Vec::new();
    for number in 0..5 {
        gateway.post(&format!("{PATH}/{}/api_keys", other.id), &json!({})).await;
        let minted: MintedKey = gateway.post(&path, &json!({"name": format!("k{number}")})).await.body();
        made.push(minted.prefix);
    }
    let first: Page<KeyInfo> = gateway.get(&format!("{path}?limit=2")).await.body();
    gateway.delete(&format!("{path}/{}", made[1])).await;
    gateway.delete(&format!("{path}/{}", made[3])).await;
    let cursor = first.pagination.cursor.clone().unwrap();
    let second: Page<KeyInfo> = gateway.get(&format!("{path}?limit=2&cursor={cursor}")).await.body();
    let prefixes = |page: &Page<KeyInfo>| page.items.iter().map(|key| key.prefix.clone()).collect::<Vec<_>>();
    assert_eq!(prefixes(&first), made[..2]);
    assert_eq!(prefixes(&second), [made[2].clone(), made[4].clone()]);
    assert!(!second.pagination.has_more);
}

#[tokio::test]
async fn minting_and_revoking_are_in_the_audit_log_without_the_secret() {
    let gateway = TestGateway::start().await;
    let group = gateway.root("cust").await;
    let path = format!("{PATH}/{}/api_keys", group.id);
    let minted: MintedKey = gateway.post(&path, &json!({})).await.body();
    gateway.delete(&format!("{path}/{}", minted.prefix)).await;
    let log = gateway.get("/v1/audit_logs?event_type_groups=API_KEYS").await;
    let kinds: Vec<_> = log.json()["items"].as_array().unwrap().iter().map(|row| row["event_type"].clone()).collect();
    assert_eq!(kinds, ["API_KEY_DELETED", "API_KEY_CREATED"]);
    assert_eq!(log.json()["items"][0]["event_data"]["prefix"], json!(minted.prefix));
    assert!(!log.text.contains(minted.api_key.split_once('.').unwrap().1));
}

#[tokio::test]
async fn no_file_on_disk_holds_a_key() {
    let pair = pair();
    let public = PublicKey::from_bytes(pair.public_key().as_ref().try_into().unwrap());
    let mut gateway = TestGateway::on_disk(|options| options.workspace_public_key = Some(public)).await;
    let path = format!("{PATH}/{}/api_keys", gateway.root("cust").await.id);
    let minted: MintedKey = gateway.post(&path, &json!({"name": "a name to be found"})).await.body();
    let body = json!({"key": REGISTERED}).to_string();
    assert_eq!(register(&gateway, &path, &body, &sign(&pair, &body)).await.status, 200);
    let (_, secret) = minted.api_key.split_once('.').unwrap();
    let scan = |gateway: &TestGateway| {
        let mut names_found = 0;
        for entry in std::fs::read_dir(gateway.directory()).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
            assert!(!holds(secret) && !holds(REGISTERED) && !holds(&REGISTERED[16..]));
            names_found += usize::from(holds("a name to be found"));
        }
        assert!(names_found > 0, "the scan reads the right files");
    };
    scan(&gateway);
    gateway.stop().await;
    scan(&gateway);
}
