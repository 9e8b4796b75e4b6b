//! What a context forbids is not even sent.

use repoint::api::{CreateKey, EndpointId, GroupId, UpdateEndpoint};
use repoint::client::{Access, Client, ErrorKind};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{ENDPOINT, options};

async fn server() -> MockServer {
    let server = MockServer::start().await;
    Mock::given(wiremock::matchers::any())
        .respond_with(ResponseTemplate::new(200).set_body_raw(ENDPOINT, "application/json"))
        .mount(&server)
        .await;
    server
}

fn client(server: &MockServer, access: Access) -> Client {
    let mut options = options(&server.uri());
    options.access = access;
    Client::new(options).unwrap()
}

#[tokio::test]
async fn a_read_only_context_sends_no_write_even_when_confirmed() {
    let server = server().await;
    let client = client(&server, Access::ReadOnly).confirmed();
    let id = EndpointId::new("abc123");
    let error = client.update_endpoint(&id, &UpdateEndpoint::default(), None).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    assert!(error.was_not_done());
    assert!(client.delete_endpoint(&id, None).await.is_err());
    assert!(client.mint_key(&GroupId::new("g"), &CreateKey::default()).await.is_err());
    assert_eq!(server.received_requests().await.unwrap().len(), 0);
    assert!(client.endpoint(&id).await.is_ok());
}

#[tokio::test]
async fn a_protected_context_writes_only_what_was_confirmed() {
    let server = server().await;
    let client = client(&server, Access::Protected);
    let id = EndpointId::new("abc123");
    let error = client.update_endpoint(&id, &UpdateEndpoint::default(), None).await.unwrap_err();
    assert_eq!(error.to_string(), "this context is protected");
    assert_eq!(server.received_requests().await.unwrap().len(), 0);
    assert!(client.confirmed().update_endpoint(&id, &UpdateEndpoint::default(), None).await.is_ok());
    assert_eq!(client.access(), Access::Protected);
}
