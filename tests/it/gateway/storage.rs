//! What lies in the data directory: kept over restarts, refused where it is damaged, silent about secrets.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use repoint::api::{Endpoint, Page};
use repoint::gateway::{DataLocation, Gateway, Options, Seed};
use secrecy::SecretString;
use serde_json::json;

use crate::support::gateway::TestGateway;

const PATH: &str = "/v1/gateway/endpoints";

/// The text with which a gateway on this directory refuses to start.
async fn refusal(data: &Path) -> String {
    let mut options = TestGateway::options();
    options.data = DataLocation::Directory(data.to_owned());
    refusal_of(options).await
}

async fn refusal_of(options: Options) -> String {
    Gateway::start(options).await.expect_err("the gateway refuses to start").to_string()
}

/// A directory with a database that a gateway has written and closed.
async fn written() -> (tempfile::TempDir, std::path::PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let mut options = TestGateway::options();
    options.data = DataLocation::Directory(data.clone());
    Gateway::start(options).await.unwrap().stop().await;
    (directory, data)
}

#[tokio::test]
async fn rows_key_and_revision_survive_a_restart_and_nothing_is_seeded_again() {
    let mut gateway = TestGateway::on_disk(|_| {}).await;
    let key = gateway.key();
    gateway.delete(&format!("{PATH}/e2Vq8mKd7Ra")).await;
    let made = gateway.endpoint("my-org/kept").await;
    let before = gateway.get(&format!("{PATH}?limit=1000")).await;
    gateway.restart().await;
    assert_eq!(gateway.key(), key);
    let after = gateway.get(&format!("{PATH}?limit=1000")).await;
    assert_eq!((&after.text, after.revision()), (&before.text, before.revision()));
    assert_eq!(gateway.get(&format!("{PATH}/{}", made.id)).await.body::<Endpoint>(), made);
}

#[tokio::test]
async fn a_start_serves_at_once_what_was_written_before() {
    let mut gateway = TestGateway::on_disk(|options| options.seed = Seed::Workspace).await;
    gateway.endpoint("my-org/kept").await;
    gateway.restart().await;
    assert!(gateway.gateway().shared().snapshots.enter().by_slug.get("my-org/kept").is_some());
}

#[tokio::test]
async fn files_are_for_their_owner_alone_and_foreign_ones_are_left_in_peace() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("notes.txt"), "mine").unwrap();
    let mut options = TestGateway::options();
    options.data = DataLocation::Directory(data.clone());
    options.management_key = None;
    let gateway = Gateway::start(options).await.unwrap();
    for entry in fs::read_dir(&data).unwrap().flatten() {
        let mode = entry.metadata().unwrap().mode() & 0o777;
        let name = entry.file_name();
        assert!(name == "notes.txt" || mode == 0o600, "{} has mode {mode:o}", name.display());
    }
    gateway.stop().await;
    assert_eq!(fs::read_to_string(data.join("notes.txt")).unwrap(), "mine");
}

#[tokio::test]
async fn a_store_that_is_read_in_two_halves_is_served_whole() {
    let mut gateway = TestGateway::on_disk(|_| {}).await;
    gateway.stop().await;
    let mut connection = rusqlite::Connection::open(gateway.directory().join("repoint.db")).unwrap();
    let transaction = connection.transaction().unwrap();
    let sql = "INSERT INTO endpoints (id, workspace, slug, region, provider, model_id, created_at, updated_at)
               VALUES (?1, 0, ?2, 'UNRESTRICTED', 'BASETEN', '3kZ9xqd', 0, 0)";
    for number in 0..12_000 {
        transaction.prepare_cached(sql).unwrap().execute((format!("x{number}"), format!("my-org/x{number}"))).unwrap();
    }
    transaction.commit().unwrap();
    connection.close().unwrap();
    gateway.restart().await;
    let routes = gateway.gateway().shared().snapshots.enter();
    assert_eq!(routes.by_slug.len(), 14 + 12_000);
    assert!((0..12_000).all(|number| routes.by_slug.get(&format!("my-org/x{number}")).is_some()));
    assert!(!routes.models.is_empty() && !routes.secrets.is_empty());
}

#[tokio::test]
async fn a_second_gateway_on_the_same_directory_is_told_where_the_first_is() {
    let gateway = TestGateway::on_disk(|_| {}).await;
    let text = refusal(&gateway.directory()).await;
    assert!(text.contains("in use") && text.contains(gateway.management_url()), "{text}");
    assert_eq!(gateway.get(PATH).await.status, 200, "the first goes on");
}

#[tokio::test]
async fn what_is_no_database_of_ours_is_refused_and_left_as_it_is() {
    let page = vec![0x42_u8; 8192];
    for (content, part) in
        [(&b""[..], "it is empty"), (b"SQLite format 3\0", "only 16 bytes"), (&page, "does not begin like a database")]
    {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("repoint.db");
        fs::write(&file, content).unwrap();
        let text = refusal(directory.path()).await;
        assert!(text.contains("damaged") && text.contains(part) && text.contains("hint:"), "{text}");
        assert_eq!(fs::read(&file).unwrap(), content);
    }
}

#[tokio::test]
async fn a_log_without_its_database_is_no_reason_for_a_new_one() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("repoint.db-wal"), [1; 100]).unwrap();
    let text = refusal(directory.path()).await;
    assert!(text.contains("damaged") && text.contains("-wal"), "{text}");
    assert!(!directory.path().join("repoint.db").exists());
}

#[tokio::test]
async fn a_newer_database_is_refused_with_both_versions() {
    let (_directory, data) = written().await;
    let connection = rusqlite::Connection::open(data.join("repoint.db")).unwrap();
    connection.execute_batch("PRAGMA user_version = 9999").unwrap();
    connection.close().unwrap();
    let text = refusal(&data).await;
    assert!(text.contains("version 9999") && text.contains("newer repoint"), "{text}");
}

#[tokio::test]
async fn another_programs_database_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let connection = rusqlite::Connection::open(directory.path().join("repoint.db")).unwrap();
    connection.execute_batch("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)").unwrap();
    connection.close().unwrap();
    assert!(refusal(directory.path()).await.contains("another program"));
}

#[tokio::test]
async fn a_row_that_does_not_parse_is_named() {
    for (sql, part) in [
        ("UPDATE endpoints SET slug = 'no slug' WHERE id = 'e2Vq8mKd7Ra'", "e2Vq8mKd7Ra"),
        ("UPDATE endpoints SET provider = 'GROQ' WHERE id = 'e2Vq8mKd7Ra'", "GROQ"),
        ("UPDATE secrets SET sealed = x'00' WHERE id = 's3cOpAi'", "secret"),
    ] {
        let (_directory, data) = written().await;
        rusqlite::Connection::open(data.join("repoint.db")).unwrap().execute_batch(sql).unwrap();
        let text = refusal(&data).await;
        assert!(text.contains(part) && text.contains("hint:"), "{text}");
    }
}

#[tokio::test]
async fn a_page_that_is_overwritten_is_found_at_the_start_or_behind_it() {
    let (_directory, data) = written().await;
    let file = data.join("repoint.db");
    let mut bytes = fs::read(&file).unwrap();
    for byte in &mut bytes[4096..] {
        *byte = 0xa5;
    }
    fs::write(&file, bytes).unwrap();
    let text = refusal(&data).await;
    assert!(text.contains("damaged") || text.contains("malformed"), "{text}");
}

#[tokio::test]
async fn the_vaults_key_is_needed_for_what_it_has_sealed() {
    let (_directory, data) = written().await;
    fs::remove_file(data.join("secrets.key")).unwrap();
    let text = refusal(&data).await;
    assert!(text.contains("secrets.key"), "{text}");
}

#[tokio::test]
async fn a_secret_is_in_no_file_and_a_key_only_in_its_own() {
    let mut gateway = TestGateway::on_disk(|_| {}).await;
    gateway.post("/v1/secrets", &json!({"name": "openai_api_key", "value": "sk-canary-4711"})).await;
    let key = gateway.key();
    gateway.stop().await;
    for entry in fs::read_dir(gateway.directory()).unwrap().flatten() {
        let bytes = fs::read(entry.path()).unwrap();
        let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!holds("sk-canary"), "{}", entry.path().display());
        assert_eq!(holds(&key), entry.file_name() == "management.key", "{}", entry.path().display());
    }
}

#[tokio::test]
async fn a_secret_given_at_the_start_is_used_and_neither_stored_nor_written_to() {
    let given = |options: &mut Options| {
        options.given_secrets = vec![
            ("openai_api_key".to_owned(), SecretString::from("sk-canary-given")),
            ("brand_new".to_owned(), SecretString::from("sk-canary-new")),
        ];
    };
    let mut gateway = TestGateway::on_disk(given).await;
    let served = |gateway: &TestGateway, name: &str| {
        let routes = gateway.gateway().shared().snapshots.enter();
        let secret = routes.secrets.values().find(|secret| secret.name == name).cloned();
        secret.map(|secret| (secrecy::ExposeSecret::expose_secret(&secret.value).to_owned(), secret.simulated))
    };
    assert_eq!(served(&gateway, "openai_api_key"), Some(("sk-canary-given".to_owned(), false)));
    assert_eq!(served(&gateway, "brand_new"), Some(("sk-canary-new".to_owned(), false)));
    let reply = gateway.post("/v1/secrets", &json!({"name": "brand_new", "value": "v"})).await;
    reply.is_error(400, "VALIDATION_ERROR", "--secret");
    gateway.delete("/v1/secrets/brand_new").await.is_error(400, "VALIDATION_ERROR", "--secret");
    gateway.stop().await;
    for entry in fs::read_dir(gateway.directory()).unwrap().flatten() {
        let bytes = fs::read(entry.path()).unwrap();
        assert!(!bytes.windows(9).any(|window| window == b"sk-canary"), "{}", entry.path().display());
    }
    // At the next start it is not given: the seeded one is simulated again, the new one is lost.
    gateway.restart_with(|options| options.given_secrets.clear()).await;
    assert_eq!(served(&gateway, "openai_api_key"), Some(("simulated".to_owned(), true)));
    assert_eq!(served(&gateway, "brand_new"), None);
}

#[tokio::test]
async fn a_key_file_that_others_can_read_is_refused() {
    let (_directory, data) = written().await;
    fs::set_permissions(data.join("secrets.key"), fs::Permissions::from_mode(0o640)).unwrap();
    let text = refusal(&data).await;
    assert!(text.contains("secrets.key") && text.contains("chmod 600"), "{text}");
}

#[tokio::test]
async fn options_that_cannot_be_meant_are_refused_with_a_hint() {
    let case = async |change: &dyn Fn(&mut Options), part: &str| {
        let mut options = TestGateway::options();
        change(&mut options);
        let text = refusal_of(options).await;
        assert!(text.contains(part), "{text}");
    };
    case(&|options| options.management_key = None, "REPOINT_GATEWAY_KEY").await;
    case(&|options| options.management_key = Some(SecretString::from("short")), "at least 16").await;
    case(&|options| options.management_key = Some(SecretString::from("with a space in it")), "ASCII").await;
    case(&|options| options.listen = "0.0.0.0:0".parse().unwrap(), "--listen-beyond-loopback").await;
    case(&|options| options.inference_listen = "[::]:0".parse().unwrap(), "--listen-beyond-loopback").await;
    case(&|options| options.org_prefixes = vec!["my org".to_owned()], "org prefix").await;
    case(&|options| options.org_prefixes = Vec::new(), "--org-prefix").await;
    case(&|options| options.sync_interval = std::time::Duration::ZERO, "sync interval").await;
    let busy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = busy.local_addr().unwrap();
    case(&|options| options.listen = address, &address.to_string()).await;
}

#[tokio::test]
async fn a_store_without_rows_is_seeded_later_and_then_never_again() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = TestGateway::options();
    options.data = DataLocation::Directory(directory.path().to_owned());
    for (seed, endpoints) in [(Seed::None, 0), (Seed::Workspace, 0), (Seed::Demo, 0)] {
        options.seed = seed;
        let gateway = Gateway::start(options.clone()).await.unwrap();
        assert_eq!(gateway.shared().snapshots.len(), endpoints);
        gateway.stop().await;
    }
}

#[tokio::test]
async fn a_demo_of_another_prefix_has_its_slugs() {
    let gateway = TestGateway::with(|options| options.org_prefixes = vec!["acme".to_owned()]).await;
    let page: Page<Endpoint> = gateway.get(PATH).await.body();
    assert_eq!(page.items.len(), 14);
    assert!(page.items.iter().all(|endpoint| endpoint.slug.org_prefix() == "acme"));
}
